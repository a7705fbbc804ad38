"""All answers of a run: labels and adapters first, then every generator with every adapter on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.errors import RagstudyError, UnavailableError
from ragstudy.generation.make import generator_fingerprint
from ragstudy.specs import TransformersSpec
from ragstudy.study.execute.adapters import AdapterTrainer
from ragstudy.study.execute.answer import (
    AnswerBook,
    AnswerSet,
    answer_all,
    final_answers,
    keep_failed,
    prompts_of,
    tuned_fingerprint,
)
from ragstudy.study.execute.model_session import AdaptedModel, LazyModel
from ragstudy.study.execute.model_tests import ModelTests
from ragstudy.study.execute.training import hosted_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ragstudy.protocols import Generator
    from ragstudy.records import Answer
    from ragstudy.specs import GeneratorSpec
    from ragstudy.study.execute.answer import ContextPrompts
    from ragstudy.study.execute.retrieved import Retrieved
    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.plan.model import DomainPlan, Plan, PromptStyle
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder


@dataclass(frozen=True)
class _Answerer:
    """What answers under one name on one domain: a declared generator, or an adapter on it."""

    name: str
    job: TrainingJob | None
    fingerprint: str


class Answering:
    """Trains what has to be trained and answers what has to be answered.

    Args:
        plan: of the study.
        folder: the run folder.
        retrieved: by domain.
        progress: is told what is done.
        timed: adds the seconds of a block to a stage.
    """

    def __init__(
        self,
        plan: Plan,
        folder: RunFolder,
        retrieved: dict[str, Retrieved],
        progress: ProgressReporter,
        timed: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._plan, self._folder, self._retrieved = plan, folder, retrieved
        self._progress, self._timed = progress, timed
        self._book = AnswerBook.open(folder, plan.layout.declared)
        self._trainer = AdapterTrainer(plan, folder, retrieved, progress)
        self._tests = ModelTests(plan, folder, progress)
        self._prompts: dict[tuple[str, str, PromptStyle], ContextPrompts] = {}
        self.made: dict[str, int] = {}
        self.shared: dict[str, int] = {}
        self.stopped: dict[str, str] = {}

    def answer_all(self) -> list[Answer]:
        """The answers of the plan, in its order; they are in the run folder too.

        What keeps a generator from answering at all stops its arms, whose answers have failed for that reason; the
        others go on.

        Raises:
            InputError: a training has no pair left.
            UnavailableError: a model that is to be tuned is not to be had, or no generator answers.
        """
        before = self._folder.answers()
        with self._timed("label"):
            n_labels = self._trainer.label()
            self._trainer.check_hosted()
        sets: dict[tuple[str, str], list[AnswerSet]] = {}
        for spec in self._plan.spec.generators:
            sets |= self._answer_family(spec)
        self._tests.finish()
        ordered = [
            one
            for domain in self._plan.domains
            for name, contexts in self._plan.answer_sets(domain)
            for one in sets[domain.name, name]
            if one.contexts == contexts
        ]
        self._keep_replaced_values()
        # Failed answers were left out of the book when it was opened and are in it now if they failed again.
        answers = final_answers(ordered, self._book)
        if self.stopped and all(answer.stopped == "error" for answer in answers):
            raise UnavailableError("\n".join(dict.fromkeys(self.stopped.values())))
        self.made = {
            "labels": n_labels,
            "adapters": self._trainer.n_trained,
            "answers": self._book.n_made,
            "model_tests": self._tests.n_made,
        }
        self.shared = {"adapters": self._trainer.n_shared, "answers": self._book.n_shared}
        self._keep(before, answers)
        return answers

    def _keep(self, before: list[Answer], answers: list[Answer]) -> None:
        if before == answers:
            self._progress.log(f"answers: nothing to do, {len(answers)} are there")
            return
        unasked = self._book.unasked(answers)
        self._folder.write_unasked_answers(unasked)
        self._folder.write_answers(answers)
        if unasked:
            self._progress.log(f"answers: {len(unasked)} of earlier plans are kept in unasked_answers.jsonl")

    def _answer_family(self, spec: GeneratorSpec) -> dict[tuple[str, str], list[AnswerSet]]:
        """Answers of one declared generator and of all adapters trained on it; the model is loaded at most once."""
        own, model = generator_fingerprint(spec), LazyModel(spec)
        sets: dict[tuple[str, str], list[AnswerSet]] = {}
        for domain in self._plan.domains:
            answerers = [_Answerer(spec.name, None, own)]
            for job in (job for job in self._plan.jobs if job.base.name == spec.name and job.answers(domain.name)):
                with self._timed("tune"):
                    trained = self._trainer.trained(job, model)
                answerers.append(_Answerer(job.name_on(domain.name), job, tuned_fingerprint(own, trained)))
            for one in answerers:
                mine = self._sets_of(one, domain, self._plan.style(spec))
                sets[domain.name, one.name] = mine
                self._answer(spec, model, one, domain, mine)
        model.release()
        return sets

    def _sets_of(self, answerer: _Answerer, domain: DomainPlan, style: PromptStyle) -> list[AnswerSet]:
        return [
            AnswerSet(
                domain, answerer.name, contexts, answerer.fingerprint, self._prompts_of(domain, contexts, style).prompts
            )
            for contexts in self._plan.contexts
        ]

    def _prompts_of(self, domain: DomainPlan, contexts: str, style: PromptStyle) -> ContextPrompts:
        """Made once and shared by all generators: finding gold passages and distractors reads many passages."""
        key = (domain.name, contexts, style)
        if key not in self._prompts:
            self._prompts[key] = prompts_of(self._plan, domain, contexts, self._retrieved[domain.name], style)
        return self._prompts[key]

    def _keep_replaced_values(self) -> None:
        """Keep the passages in which values were replaced; they are the same in every style."""
        rows = {
            (row.domain, row.contexts, row.question): row for made in self._prompts.values() for row in made.replaced
        }
        ordered = [rows[key] for key in sorted(rows)]
        if self._folder.replaced_values() != ordered:
            self._folder.write_replaced_values(ordered)

    def _answer(
        self,
        spec: GeneratorSpec,
        model: LazyModel,
        answerer: _Answerer,
        domain: DomainPlan,
        sets: list[AnswerSet],
    ) -> None:
        """Answer what is missing of all contexts, and test the model while it is loaded."""
        adapted = self._adapted(spec, model, answerer.job) if isinstance(spec, TransformersSpec) else None
        if answerer.job and answerer.job.is_hosted:
            place = self._folder.adapter_folder(answerer.job.domain, answerer.job.name)
            model = LazyModel(spec.model_copy(update={"model": hosted_model(place)}))
        with self._timed("answer"):
            for one in sets:
                self._book.share(one)
                if one.missing(self._book):
                    self._try(one, spec, lambda: adapted.generator() if adapted else model.generator())
        if adapted and answerer.name not in self.stopped:
            with self._timed("test"):
                self._test(answerer, domain, sets, adapted)

    def _try(self, wanted: AnswerSet, spec: GeneratorSpec, make: Callable[[], Generator]) -> None:
        """Answer a set, unless what answers has been stopped; then its answers have failed for the same reason."""
        name = wanted.generator
        if name not in self.stopped:
            try:
                answer_all(wanted, make(), spec.batch_size, self._book, self._progress)
            except RagstudyError as error:
                self.stopped[name] = str(error)
                self._progress.log(f"{name}: stopped: {error}")
        if name in self.stopped:
            keep_failed(wanted, self.stopped[name], self._book)

    def _adapted(self, spec: TransformersSpec, model: LazyModel, job: TrainingJob | None) -> AdaptedModel:
        """The model that answers for a job, or the declared one."""
        if job is None:
            return AdaptedModel(model.causal, spec.adapter)
        folder = str(self._folder.adapter_folder(job.domain, job.name))
        if job.spec.method == "full":
            return AdaptedModel(LazyModel(job.base.model_copy(update={"model": folder})).causal, None)
        return AdaptedModel(model.causal, folder)

    def _test(self, answerer: _Answerer, domain: DomainPlan, sets: list[AnswerSet], adapted: AdaptedModel) -> None:
        """Test a model: for forgetting once, at home; without gold passages on every domain it answers."""
        job = answerer.job
        if job is None or job.domain == domain.name:
            self._tests.forgetting(answerer.name, job.domain if job else "", answerer.fingerprint, adapted)
        for one in (one for one in sets if one.contexts == self._tests.context):
            known = self._book.known
            answers = {prompt.key: known[key] for prompt in one.prompts if (key := one.key(prompt)) in known}
            self._tests.passage_ablation(answerer.name, domain, answerer.fingerprint, one.prompts, answers, adapted)
