"""Running a study: retrieve, tune, answer, score, compare, report; only what is missing or changed."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError
from ragstudy.files import fingerprint, write_json, write_text
from ragstudy.generation.make import generator_fingerprint, make_generator
from ragstudy.specs import TransformersSpec, parse_context, seen_from
from ragstudy.study.answering import (
    AnswerBook,
    Cell,
    answer_cell,
    final_answers,
    tally,
    test_prompts,
    tuned_fingerprint,
)
from ragstudy.study.comparing import COMPARING_VERSION, compare
from ragstudy.study.contexts import swapped_values
from ragstudy.study.correcting import load_audits
from ragstudy.study.counterfactual import context_use
from ragstudy.study.manifest import new_manifest
from ragstudy.study.ready import check_ready
from ragstudy.study.retrieve import retrieve
from ragstudy.study.scoring import Scoring
from ragstudy.study.store import RunFolder
from ragstudy.study.tune import is_trained, job_fingerprint, tune
from ragstudy.study.watch import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ragstudy.generation.causal import CausalModel
    from ragstudy.protocols import Generator
    from ragstudy.records import Answer, Prompt, Score
    from ragstudy.specs import GeneratorSpec
    from ragstudy.study.plan import DomainPlan, Job, Plan
    from ragstudy.study.retrieve import Retrieved
    from ragstudy.study.watch import Watcher


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes:
        folder: of the run.
        made: how many indexes, adapters, answers and scores were made; all 0 if nothing had changed.
        n_failed: answers that failed, by their reason kept in the run folder.
        seconds: of each stage in this session.
    """

    folder: Path
    made: dict[str, int]
    n_failed: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def anything_made(self) -> bool:
        """Whether this run made anything."""
        return any(self.made.values())


def run_study(plan: Plan, out: Path, watcher: Watcher | None = None) -> Outcome:
    """Run a study, or go on with one.

    Args:
        plan: what to do.
        out: run folder; what it holds already and is still right is kept.
        watcher: hears what is done.

    Raises:
        InputError: something turns out wrong only now, such as top_k larger than the number of passages.
        UnavailableError: a model is not to be had.
    """
    return _Run(plan, RunFolder(out), watcher or Silent()).go()


def rescore(plan: Plan, out: Path, watcher: Watcher | None = None) -> Outcome:
    """Score the answers of a finished run with the plan's measures, and compare again; nothing is generated.

    Scores that are there and still right are kept.

    Args:
        plan: of the run, with other measures or judges.
        out: run folder.
        watcher: hears what is done.

    Raises:
        InputError: the run is not finished, or a judge cannot be used.
        UnavailableError: a package is missing.
    """
    return _Run(plan, RunFolder(out), watcher or Silent()).rescore()


class _Run:
    """One run; its methods are the stages in order."""

    def __init__(self, plan: Plan, folder: RunFolder, watcher: Watcher) -> None:
        self.plan = plan
        self.folder = folder
        self.watcher = watcher
        self.made = {"retrievals": 0, "adapters": 0, "answers": 0, "scores": 0, "comparisons": 0}
        self.seconds: dict[str, float] = {}
        self._prompts: dict[tuple[str, str, int], tuple[Prompt, ...]] = {}

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def go(self) -> Outcome:
        """All stages."""
        check_ready(self.plan)
        with self.folder.held():
            return self._stages()

    def rescore(self) -> Outcome:
        """Score, compare and nothing before that: every answer must be there.

        Raises:
            InputError: the run is not finished.
        """
        check_ready(self.plan)
        with self.folder.held():
            answers = self.folder.answers()
            asked = {
                (domain.name, name, contexts, question.id)
                for domain in self.plan.domains
                for name, contexts in self.plan.cells(domain)
                for question in domain.test
            }
            there = {(a.domain, a.generator, a.contexts, a.question) for a in answers}
            if asked != there:
                msg = (
                    f"{self.folder.path}: {len(asked - there)} of {len(asked)} answers are missing; finish the run "
                    "with `ragstudy run` before scoring it anew"
                )
                raise InputError(msg)
            retrieved, _ = retrieve(self.plan, self.folder, self.watcher)
            return self._judge_and_compare(answers, retrieved)

    def _stages(self) -> Outcome:
        with self._timed("retrieve"):
            retrieved, searched = retrieve(self.plan, self.folder, self.watcher)
            self.made["retrievals"] = int(searched)
        return self._judge_and_compare(self._answer_all(retrieved), retrieved)

    def _judge_and_compare(self, answers: list[Answer], retrieved: dict[str, Retrieved]) -> Outcome:
        with self._timed("score"):
            scores = self._score(answers, retrieved)
        with self._timed("compare"):
            self._compare(scores, answers, retrieved)
        n_failed = tally(answers)["error"]
        self._finish(n_failed)
        return Outcome(self.folder.path, dict(self.made), n_failed, dict(self.seconds))

    def _answer_all(self, retrieved: dict[str, Retrieved]) -> list[Answer]:
        book = AnswerBook.open(self.folder)
        before = self.folder.answers()
        cells: dict[tuple[str, str], list[Cell]] = {}
        for spec in self.plan.spec.generators:
            cells |= self._answer_family(spec, retrieved, book)
        ordered = [
            cell
            for domain in self.plan.domains
            for name, contexts in self.plan.cells(domain)
            for cell in cells[domain.name, name]
            if cell.contexts == contexts
        ]
        # Failed answers were left out of the book when it was opened and are in it now if they failed again.
        answers = final_answers(ordered, book)
        self.made["answers"] = book.n_made
        if before != answers:
            unasked = book.unasked(answers)
            self.folder.write_unasked_answers(unasked)
            self.folder.write_answers(answers)
            if unasked:
                self.watcher.say(f"answers: {len(unasked)} of earlier plans are kept in unasked_answers.jsonl")
        else:
            self.watcher.say(f"answers: nothing to do, {len(answers)} are there")
        return answers

    def _answer_family(
        self, spec: GeneratorSpec, retrieved: dict[str, Retrieved], book: AnswerBook
    ) -> dict[tuple[str, str], list[Cell]]:
        """Answers of one declared generator and of all adapters trained on it; the model is loaded at most once."""
        own = generator_fingerprint(spec)
        jobs = [job for job in self.plan.jobs if job.base.name == spec.name]
        model = _Lazy(spec)
        cells: dict[tuple[str, str], list[Cell]] = {}
        for domain in self.plan.domains:
            here = retrieved[domain.name]
            n_examples = getattr(spec, "examples", 0)
            cells[domain.name, spec.name] = self._cells(domain, spec.name, own, here, n_examples)
            for job in (job for job in jobs if job.domain == domain.name):
                wanted = job_fingerprint(self.plan, domain, job, here)
                if not is_trained(self.folder.adapter_folder(domain.name, job.generator), wanted):
                    with self._timed("tune"):
                        tune(self.plan, domain, job, here, model.causal(), self.folder, wanted, self.watcher)
                    self.made["adapters"] += 1
                cells[domain.name, job.generator] = self._cells(
                    domain, job.generator, tuned_fingerprint(own, wanted), here
                )
            with self._timed("answer"):
                self._answer(spec, model, domain, jobs, cells, book)
        model.release()
        return cells

    def _cells(
        self, domain: DomainPlan, name: str, print_of_it: str, retrieved: Retrieved, n_examples: int = 0
    ) -> list[Cell]:
        return [
            Cell(domain, name, contexts, print_of_it, self._prompts_of(domain, contexts, retrieved, n_examples))
            for contexts in self.plan.spec.contexts
        ]

    def _prompts_of(
        self, domain: DomainPlan, contexts: str, retrieved: Retrieved, n_examples: int = 0
    ) -> tuple[Prompt, ...]:
        """Made once and shared by all generators: finding gold passages and distractors reads many passages."""
        key = (domain.name, contexts, n_examples)
        if key not in self._prompts:
            self._prompts[key] = test_prompts(self.plan, domain, contexts, retrieved, n_examples)
        return self._prompts[key]

    def _answer(  # noqa: PLR0913 - one domain of a family
        self,
        spec: GeneratorSpec,
        model: _Lazy,
        domain: DomainPlan,
        jobs: list[Job],
        cells: dict[tuple[str, str], list[Cell]],
        book: AnswerBook,
    ) -> None:
        mine = [(spec.name, None), *((j.generator, j) for j in jobs if j.domain == domain.name)]
        for name, job in mine:
            for cell in cells[domain.name, name]:
                if not cell.missing(book):
                    continue
                if job is None:
                    answer_cell(cell, model.generator(), spec.batch_size, book, self.watcher)
                else:
                    adapter = str(self.folder.adapter_folder(domain.name, name))
                    answer_cell(cell, model.adapted(adapter), spec.batch_size, book, self.watcher)

    def _score(self, answers: list[Answer], retrieved: dict[str, Retrieved]) -> list[Score]:
        def prompts_of(domain: DomainPlan, contexts: str) -> tuple[Prompt, ...]:
            return self._prompts_of(domain, contexts, retrieved[domain.name])

        scores, self.made["scores"] = Scoring(self.plan, self.folder, prompts_of, self.watcher).score(answers)
        return scores

    def _compare(self, scores: list[Score], answers: list[Answer], retrieved: dict[str, Retrieved]) -> None:
        wanted = fingerprint(
            COMPARING_VERSION,
            self.folder.state().get("scores"),
            [self.folder.state().get(f"retrieval/{d.name}") for d in self.plan.domains],
            self.plan.spec.statistics.model_dump(mode="json"),
            [(arm.name, arm.generators, arm.base) for arm in self.plan.arms],
            load_audits(self.plan.spec),
        )
        if self.folder.state().get("comparisons") == wanted:
            self.watcher.say("comparisons: nothing to do")
            return
        uses = self._context_use(answers, retrieved)
        compared = compare(self.plan, scores, self.folder.retrievals(), self.folder.ceilings(), uses)
        write_json(self.folder.path / "comparisons.json", compared)
        self.folder.write_state({**self.folder.state(), "comparisons": wanted})
        self.made["comparisons"] = 1

    def _context_use(self, answers: list[Answer], retrieved: dict[str, Retrieved]) -> list[dict[str, Any]]:
        """What the arms make of counterfactual passages, by domain and context."""
        known = {(a.domain, a.generator, a.contexts, a.question): a for a in answers}
        rows: list[dict[str, Any]] = []
        for domain in self.plan.domains:
            for contexts in self.plan.spec.contexts:
                if parse_context(contexts).kind != "counterfactual":
                    continue
                asked = swapped_values(domain, contexts, retrieved[domain.name], self.plan.spec.retrieval.top_k)
                found = context_use(
                    self.plan.arms,
                    asked,
                    lambda name, q, d=domain.name, c=contexts: known.get((d, name, c, q.id)),  # type: ignore[misc]
                    self.plan.spec.statistics,
                )
                rows += [{"domain": domain.name, "contexts": contexts, **row} for row in found]
        return rows

    def _finish(self, n_failed: int) -> None:
        before = self.folder.manifest()
        study = seen_from(self.plan.spec, self.folder.path).model_dump(mode="json")
        if not any(self.made.values()) and before.get("study") == study:
            return
        import yaml

        write_text(
            self.folder.path / "study.yaml", yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=100)
        )
        manifest = new_manifest(self.plan, study, before, self.seconds, self.made, n_failed)
        write_json(self.folder.path / "manifest.json", manifest)


class _Lazy:
    """A declared generator that is made only when something has to be generated or trained."""

    def __init__(self, spec: GeneratorSpec) -> None:
        self._spec = spec
        self._model: CausalModel | None = None

    def causal(self) -> CausalModel:
        """The loaded base model, with its own adapter not switched on."""
        from ragstudy.generation.causal import CausalModel

        if not isinstance(self._spec, TransformersSpec):
            msg = f"generator {self._spec.name!r} is of kind {self._spec.kind!r} and cannot be tuned here"
            raise TypeError(msg)
        if self._model is None:
            self._model = CausalModel(self._spec)
        return self._model

    def generator(self) -> Generator:
        """The generator as declared."""
        if isinstance(self._spec, TransformersSpec):
            return self.adapted(self._spec.adapter)
        return make_generator(self._spec)

    def adapted(self, adapter: str | None) -> Generator:
        """The loaded base with an adapter, or without one."""
        from ragstudy.generation.causal import CausalGenerator

        return CausalGenerator(self.causal(), adapter)

    def release(self) -> None:
        """Give the memory back."""
        self._model = None
        gc.collect()
