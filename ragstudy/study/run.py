"""Running a study: retrieve, tune, answer, score, compare, report; only what is missing or changed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import fingerprint, read_json, write_json, write_text
from ragstudy.generation.make import generator_fingerprint
from ragstudy.specs import TransformersSpec, seen_from
from ragstudy.study.answering import (
    AnswerBook,
    Cell,
    answer_cell,
    final_answers,
    tally,
    test_prompts,
    tuned_fingerprint,
)
from ragstudy.study.comparing import compare
from ragstudy.study.correcting import load_audits
from ragstudy.study.diagnosing import Diagnosis
from ragstudy.study.manifest import new_manifest
from ragstudy.study.plan import Style
from ragstudy.study.probing import ModelAt, Probes, compare_probes
from ragstudy.study.ready import check_ready
from ragstudy.study.retrieve import retrieve
from ragstudy.study.scoring import Scoring
from ragstudy.study.store import COMPARING_VERSION, RunFolder
from ragstudy.study.tuning import LazyModel, Tuning
from ragstudy.study.watch import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
        self.made = {
            "retrievals": 0,
            "labels": 0,
            "adapters": 0,
            "answers": 0,
            "probes": 0,
            "scores": 0,
            "comparisons": 0,
        }
        self.shared = {"adapters": 0, "answers": 0}
        self.probes = Probes(plan, folder, watcher)
        self.seconds: dict[str, float] = {}
        self._prompts: dict[tuple[str, str, Style], tuple[Prompt, ...]] = {}

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
        tuning = Tuning(self.plan, self.folder, retrieved, self.watcher)
        with self._timed("label"):
            self.made["labels"] = tuning.label()
        cells: dict[tuple[str, str], list[Cell]] = {}
        for spec in self.plan.spec.generators:
            cells |= self._answer_family(spec, retrieved, book, tuning)
        self.made["adapters"] = tuning.n_trained
        self.probes.finish()
        self.made["probes"] = self.probes.n_made
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
        self.shared = {"adapters": tuning.n_shared, "answers": book.n_shared}
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
        self, spec: GeneratorSpec, retrieved: dict[str, Retrieved], book: AnswerBook, tuning: Tuning
    ) -> dict[tuple[str, str], list[Cell]]:
        """Answers of one declared generator and of all adapters trained on it; the model is loaded at most once."""
        own = generator_fingerprint(spec)
        model = LazyModel(spec)
        cells: dict[tuple[str, str], list[Cell]] = {}
        for domain in self.plan.domains:
            jobs = [job for job in self.plan.jobs if job.base.name == spec.name and job.answers(domain.name)]
            style, here = self.plan.style(spec), retrieved[domain.name]
            mine: list[tuple[str, Job | None, str]] = [(spec.name, None, own)]
            for job in jobs:
                with self._timed("tune"):
                    trained = tuning.trained(job, model)
                mine.append((job.generator_on(domain.name), job, tuned_fingerprint(own, trained)))
            for name, _, print_of_it in mine:
                cells[domain.name, name] = [
                    Cell(domain, name, contexts, print_of_it, self._prompts_of(domain, contexts, here, style))
                    for contexts in self.plan.contexts
                ]
            for name, answering, print_of_it in mine:
                at = self._model_at(spec, model, answering) if isinstance(spec, TransformersSpec) else None
                with self._timed("answer"):
                    self._answer(spec, model, at, cells[domain.name, name], book)
                if at:
                    with self._timed("probe"):
                        self._probe(domain, name, answering, print_of_it, cells[domain.name, name], book, at)
        model.release()
        return cells

    def _prompts_of(self, domain: DomainPlan, contexts: str, retrieved: Retrieved, style: Style) -> tuple[Prompt, ...]:
        """Made once and shared by all generators: finding gold passages and distractors reads many passages."""
        key = (domain.name, contexts, style)
        if key not in self._prompts:
            self._prompts[key] = test_prompts(self.plan, domain, contexts, retrieved, style)
        return self._prompts[key]

    def _model_at(self, spec: TransformersSpec, model: LazyModel, job: Job | None) -> ModelAt:
        """The model that answers for a job, or the declared one."""
        if job is None:
            return ModelAt(model.causal, spec.adapter)
        folder = str(self.folder.adapter_folder(job.domain, job.generator))
        if job.spec.method == "full":
            return ModelAt(LazyModel(job.base.model_copy(update={"model": folder})).causal, None)
        return ModelAt(model.causal, folder)

    def _answer(
        self, spec: GeneratorSpec, model: LazyModel, at: ModelAt | None, cells: list[Cell], book: AnswerBook
    ) -> None:
        for cell in cells:
            book.share(cell)
            if cell.missing(book):
                generator = at.generator() if at else model.generator()
                answer_cell(cell, generator, spec.batch_size, book, self.watcher)

    def _probe(  # noqa: PLR0913 - a generator with its answers
        self,
        domain: DomainPlan,
        name: str,
        job: Job | None,
        print_of_it: str,
        cells: list[Cell],
        book: AnswerBook,
        at: ModelAt,
    ) -> None:
        """Probe a generator: for forgetting once, at home; for sensitivity on every domain it answers."""
        if job is None or job.domain == domain.name:
            self.probes.forgetting(name, job.domain if job else "", print_of_it, at)
        for cell in (cell for cell in cells if cell.contexts == self.probes.context):
            answers = {p.key: book.known[cell.key(p)] for p in cell.prompts if cell.key(p) in book.known}
            self.probes.sensitivity(name, domain, print_of_it, cell.prompts, answers, at)

    def _plain_prompts(self, retrieved: dict[str, Retrieved]) -> Callable[[DomainPlan, str], tuple[Prompt, ...]]:
        """Prompts in the study's own words, for what looks at their passages only."""
        words = self.plan.spec.prompt
        style = Style(words.instruction, words.instruction_without_passages)
        return lambda domain, contexts: self._prompts_of(domain, contexts, retrieved[domain.name], style)

    def _score(self, answers: list[Answer], retrieved: dict[str, Retrieved]) -> list[Score]:
        prompts_of = self._plain_prompts(retrieved)
        scores, self.made["scores"] = Scoring(self.plan, self.folder, prompts_of, self.watcher).score(answers)
        return scores

    def _compare(self, scores: list[Score], answers: list[Answer], retrieved: dict[str, Retrieved]) -> None:
        probed = self.probes.known()
        wanted = fingerprint(
            COMPARING_VERSION,
            probed,
            self.folder.state().get("scores"),
            [self.folder.state().get(f"retrieval/{d.name}") for d in self.plan.domains],
            self.plan.spec.statistics.model_dump(mode="json"),
            self.plan.arms,
            load_audits(self.plan.spec),
        )
        if self.folder.state().get("comparisons") == wanted:
            self.watcher.say("comparisons: nothing to do")
            return
        diagnosis = Diagnosis(self.plan, retrieved, self._plain_prompts(retrieved), answers, scores)
        rows = {**diagnosis.rows(), **compare_probes(self.plan, probed)}
        compared = compare(
            self.plan, scores, self.folder.retrievals(), self.folder.ceilings(), rows, self._pairs_trained_on()
        )
        self.folder.write_failure_points(diagnosis.points)
        write_json(self.folder.path / "comparisons.json", compared)
        self.folder.write_state({**self.folder.state(), "comparisons": wanted})
        self.made["comparisons"] = 1

    def _pairs_trained_on(self) -> dict[tuple[str, str], int]:
        """How many pairs each adapter was trained on, by domain and name."""
        found = {}
        for job in self.plan.jobs:
            record = self.folder.adapter_folder(job.domain, job.generator) / "record.json"
            if record.is_file():
                found[job.domain, job.generator] = len(read_json(record)["questions"])
        return found

    def _finish(self, n_failed: int) -> None:
        before = self.folder.manifest()
        study = seen_from(self.plan.spec, self.folder.path).model_dump(mode="json")
        if not any(self.made.values()) and before.get("study") == study:
            return
        import yaml

        write_text(
            self.folder.path / "study.yaml", yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=100)
        )
        manifest = new_manifest(self.plan, study, before, self.seconds, self.made, self.shared, n_failed)
        write_json(self.folder.path / "manifest.json", manifest)
