"""From jobs to finished adapters: labels first, then each training once, whoever shares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.endpoints import BUDGET_SPENT
from ragstudy.errors import InputError, UnavailableError
from ragstudy.generation.make import generator_fingerprint
from ragstudy.records import Labelled
from ragstudy.study.execute.answer import complete
from ragstudy.study.execute.hosted_trainings import HostedTrainings
from ragstudy.study.execute.model_session import LazyModel
from ragstudy.study.execute.training import (
    Training,
    adapters_by_fingerprint,
    described,
    is_trained,
    job_fingerprint,
    keep_hosted,
    share,
    tune,
    weights_fingerprint,
)
from ragstudy.study.execute.training_pairs import ANSWER, LabelBook, Labelling
from ragstudy.study.plan.labels import labeller_of, sampled_use
from ragstudy.text import some_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ragstudy.records import Completion, Prompt
    from ragstudy.specs import GeneratorSpec
    from ragstudy.study.execute.retrieved import Retrieved
    from ragstudy.study.execute.training_pairs import TrainingPair
    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.plan.model import DomainPlan, Plan
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder

_SAMPLED_AT_ONCE = 64


class AdapterTrainer:
    """The fine-tuning stage of a run.

    Args:
        plan: of the study.
        folder: the run folder.
        retrieved: by domain.
        progress: is told what is done.
    """

    def __init__(
        self, plan: Plan, folder: RunFolder, retrieved: dict[str, Retrieved], progress: ProgressReporter
    ) -> None:
        self._plan, self._folder, self._progress = plan, folder, progress
        self._book = LabelBook(folder)
        fingerprints = {spec.name: generator_fingerprint(spec) for spec in plan.spec.generators}
        self._labellings = {
            domain.name: Labelling(plan, domain, retrieved[domain.name], self._book, fingerprints)
            for domain in plan.domains
        }
        self._fingerprints = fingerprints
        self._wanted: dict[tuple[str, str], str] = {}
        self.n_trained = 0
        self.n_shared = 0
        self._there: dict[str, Path] = adapters_by_fingerprint(folder)
        self._hosted = HostedTrainings(folder)
        self.failed_label = ""

    def label(self) -> int:
        """Have everything said that decides about training pairs; returns how much was said now."""
        self._each(self._sample)
        n_before = -1
        # A round waits for the labels of the rounds before it, which another generator may give.
        while n_before < self._book.n_made:
            n_before = self._book.n_made
            self._each(self._answer)
        return self._book.n_made

    def _each(self, work: Callable[[GeneratorSpec, LazyModel, DomainPlan], None]) -> None:
        for spec in self._plan.spec.generators:
            model = LazyModel(spec)
            for domain in self._plan.domains:
                work(spec, model, domain)
            model.release()

    def _jobs(self, domain: DomainPlan) -> list[TrainingJob]:
        return [job for job in self._plan.jobs if job.domain == domain.name and not job.variant.checkpoint]

    def _sample(self, spec: GeneratorSpec, model: LazyModel, domain: DomainPlan) -> None:
        """Closed-book answers of a base to all training questions, for the filter of what it knows."""
        labelling = self._labellings[domain.name]
        jobs = [job for job in self._jobs(domain) if job.base.name == spec.name and job.variant.pairs != "all"]
        for use, job in {sampled_use(job): job for job in jobs}.items():
            questions = [one for one in domain.domain.split("train") if one.references and one.answerable]
            prompts = [labelling.closed_book_prompt(job, question) for question in questions]
            missing = [one for one in prompts if self._said(domain, use, one, spec.name) is None]
            with self._progress.task(f"asking {domain.name} {spec.name} what it knows", len(missing)) as task:
                size = max(1, _SAMPLED_AT_ONCE // job.spec.n_samples)
                for start in range(0, len(missing), size):
                    batch = missing[start : start + size]
                    texts = model.causal().sample(batch, job.spec.n_samples, int(batch[0].digest, 16) % 2**31)
                    self._keep(domain, spec.name, use, batch, [(tuple(one), "") for one in texts])
                    task.advance(len(batch))

    def _answer(self, spec: GeneratorSpec, model: LazyModel, domain: DomainPlan) -> None:
        """Answers of a labeller to training prompts, until every job has its pairs."""
        labelling = self._labellings[domain.name]
        for job in self._jobs(domain):
            if labeller_of(job) != spec.name:
                continue
            while missing := labelling.missing(job):
                with self._progress.task(f"labelling {domain.name} for {job.name}", len(missing)) as task:
                    for start in range(0, len(missing), spec.batch_size):
                        batch = missing[start : start + spec.batch_size]
                        said = complete(model.generator(), batch)
                        found = [((one.text,) if one.stopped != "error" else (), one.error) for one in said]
                        self._keep(domain, spec.name, ANSWER, batch, found)
                        self._check_budget(spec.name, said)
                        task.advance(len(batch))

    def _check_budget(self, generator: str, said: Sequence[Completion]) -> None:
        """Check that a labeller may go on: pairs that a spent budget left out would be another training.

        Raises:
            UnavailableError: its budget is spent.
        """
        spent = next((one.error for one in said if one.error.startswith(BUDGET_SPENT)), "")
        if spent:
            msg = f"labels of {generator!r}: {spent}"
            raise UnavailableError(msg)

    def _said(self, domain: DomainPlan, use: str, prompt: Prompt, generator: str) -> Labelled | None:
        return self._book.get(domain.name, use, prompt, self._fingerprints[generator])

    def _keep(
        self,
        domain: DomainPlan,
        generator: str,
        use: str,
        batch: list[Prompt],
        said: Sequence[tuple[tuple[str, ...], str]],
    ) -> None:
        self.failed_label = next((error for _, error in said if error), self.failed_label)
        self._book.add(
            [
                Labelled(domain.name, generator, use, p.key, p.digest, self._fingerprints[generator], texts, error)
                for p, (texts, error) in zip(batch, said, strict=True)
            ]
        )

    def pairs(self, job: TrainingJob) -> list[TrainingPair]:
        """The pairs that a job learns, once `label` is done.

        Args:
            job: to be trained.

        Raises:
            InputError: there is no pair at all.
        """
        return self._labellings[job.domain].pairs(job)

    def trained(self, job: TrainingJob, model: LazyModel) -> str:
        """The fingerprint of a job's adapter, which lies in its folder now.

        Args:
            job: to be trained.
            model: loads the base.
        """
        wanted = self.fingerprint(job)
        place = self._folder.adapter_folder(job.domain, job.name)
        if is_trained(place, wanted):
            return weights_fingerprint(place, wanted)
        if wanted in self._there and is_trained(self._there[wanted], wanted):
            share(self._there[wanted], place)
            self.n_shared += 1
            return weights_fingerprint(place, wanted)
        if model_name := self._hosted.model(wanted):
            questions = [pair.question.id for pair in self.pairs(job)]
            known = self._hosted.known(wanted)
            record = {**described(job, wanted), "questions": questions, "training": known.get("training")}
            keep_hosted(place, {**record, "n_trained_tokens": known.get("n_trained_tokens", 0)}, model_name)
            return weights_fingerprint(place, wanted)
        self._train(self._fullest(job.at(0)), model)
        if not is_trained(place, wanted):
            share(self._there[wanted], place)
            self.n_shared += 1
        return wanted

    def check_hosted(self) -> None:
        """Check that what services train is trained: that costs money, and only the command for it starts it.

        Raises:
            InputError: a training is missing.
        """
        missing = [job for job in self._plan.jobs if job.is_hosted and not self._is_there(job)]
        if missing:
            named = some_of([f"{job.name} on {job.domain}" for job in missing], most=3)
            msg = (
                f"finetuning: the service of {missing[0].base.name!r} has not trained {named}; "
                "`ragstudy training hosted STUDY` says how much there is to train, asks, starts it and waits"
            )
            raise InputError(msg)

    def _is_there(self, job: TrainingJob) -> bool:
        wanted = self.fingerprint(job)
        is_here = is_trained(self._folder.adapter_folder(job.domain, job.name), wanted) or wanted in self._there
        return is_here or bool(self._hosted.model(wanted))

    def _fullest(self, job: TrainingJob) -> TrainingJob:
        """The same training under another name that keeps checkpoints, if there is one: it serves both."""
        wanted, needed = self.fingerprint(job), set(job.spec.checkpoints)
        others = [
            one
            for one in self._plan.jobs
            if needed < set(one.spec.checkpoints)
            and not one.variant.checkpoint
            and (one.domain, one.seed) == (job.domain, job.seed)
            and self.fingerprint(one) == wanted
        ]
        return max(others, key=lambda one: len(one.spec.checkpoints), default=job)

    def fingerprint(self, job: TrainingJob) -> str:
        """Changes with everything that decides what a job's adapter is.

        Args:
            job: to be trained.
        """
        key = (job.domain, job.name)
        if key not in self._wanted:
            self._wanted[key] = job_fingerprint(job, self._labellings[job.domain], self.fingerprint)
        return self._wanted[key]

    def _train(self, job: TrainingJob, model: LazyModel) -> None:
        """Train a job to its last epoch, with its checkpoints on the way."""
        jobs = (job, *(job.at(epoch) for epoch in sorted(job.spec.checkpoints)))
        first = None
        if job.first:
            self.trained(job.first, model)
            first = self._folder.adapter_folder(job.first.domain, job.first.name)
        training = Training(job, jobs, tuple(map(self.fingerprint, jobs)), self._labellings[job.domain], first)
        tune(training, model.causal(), self._folder, self._progress)
        self.n_trained += len(jobs)
        for one in jobs:
            self._there[self.fingerprint(one)] = self._folder.adapter_folder(one.domain, one.name)
