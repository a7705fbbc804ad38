"""Running a study: retrieve, tune, answer, score, analyse; only what is missing or changed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import fingerprint, write_json, write_text
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.scoring.measures import looks_for_claims
from ragstudy.specs import rebase_paths
from ragstudy.study.analyse.analyse import analyse
from ragstudy.study.analyse.evidence import evidence, has_claims
from ragstudy.study.execute.answer import tally
from ragstudy.study.execute.answering import Answering
from ragstudy.study.execute.provenance import new_manifest
from ragstudy.study.execute.retrieve import retrieve
from ragstudy.study.execute.score import Scoring
from ragstudy.study.looks import count_look
from ragstudy.study.manifest import Session
from ragstudy.study.plan.audits import load_audits
from ragstudy.study.plan.checks import check_ready
from ragstudy.study.progress import NullReporter
from ragstudy.study.run_folder import COMPARING_VERSION, RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ragstudy.records import Answer
    from ragstudy.study.plan.model import Plan
    from ragstudy.study.progress import ProgressReporter


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes:
        folder: the run folder.
        made: how many indexes, adapters, answers and scores were made; all 0 if nothing had changed.
        n_failed: answers that failed, by their reason kept in the run folder.
        seconds: of each stage this time.
        stopped: why a generator could not answer at all, by its name; its answers are among the failed ones.
    """

    folder: Path
    made: dict[str, int]
    n_failed: int
    seconds: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)

    @property
    def anything_made(self) -> bool:
        """Whether this run made anything."""
        return any(self.made.values())


def run_study(plan: Plan, out: Path, progress: ProgressReporter | None = None) -> Outcome:
    """Run a study, or go on with one.

    Args:
        plan: what to do.
        out: run folder; what it holds already and is still right is kept.
        progress: is told what is done.

    Raises:
        InputError: something turns out wrong only now, such as top_k larger than the number of passages.
        UnavailableError: a model is not to be had.
    """
    return _Run(plan, RunFolder(out), progress or NullReporter()).go()


def rescore(plan: Plan, out: Path, progress: ProgressReporter | None = None) -> Outcome:
    """Score the answers of a finished run with the plan's measures, and analyse again; nothing is generated.

    Scores that are there and still right are kept.

    Args:
        plan: of the run, with other measures or judges.
        out: run folder.
        progress: is told what is done.

    Raises:
        InputError: the run is not finished, or a judge cannot be used.
        UnavailableError: a package is missing.
    """
    return _Run(plan, RunFolder(out), progress or NullReporter()).rescore()


class _Run:
    """One run; its methods are the stages in order."""

    def __init__(self, plan: Plan, folder: RunFolder, progress: ProgressReporter) -> None:
        self.plan, self.folder, self.progress = plan, folder, progress
        stages = ("retrievals", "labels", "adapters", "answers", "model_tests", "scores", "comparisons")
        self.made = dict.fromkeys(stages, 0)
        self.shared = {"adapters": 0, "answers": 0}
        self.seconds: dict[str, float] = {}
        self.stopped: dict[str, str] = {}

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def go(self) -> Outcome:
        """All stages."""
        check_ready(self.plan)
        with self.folder.locked():
            with self._timed("retrieve"):
                retrieved, searched = retrieve(self.plan, self.folder, self.progress)
                self.made["retrievals"] = int(searched)
            self._keep_layout()
            answering = Answering(self.plan, self.folder, retrieved, self.progress, self._timed)
            answers = answering.answer_all()
            self.made |= answering.made
            self.shared, self.stopped = answering.shared, answering.stopped
            return self._score_and_analyse(answers)

    def rescore(self) -> Outcome:
        """Score, analyse and nothing before that: every answer must be there.

        Raises:
            InputError: the run is not finished.
        """
        check_ready(self.plan)
        with self.folder.locked():
            answers = self.folder.answers()
            asked = {
                (domain.name, name, contexts, question.id)
                for domain in self.plan.domains
                for name, contexts in self.plan.answer_sets(domain)
                for question in domain.test
            }
            there = {(a.domain, a.generator, a.contexts, a.question) for a in answers}
            if asked != there:
                msg = (
                    f"{self.folder.path}: {len(asked - there)} of {len(asked)} answers are missing; finish the run "
                    "with `ragstudy run` before scoring it anew"
                )
                raise InputError(msg)
            if self.folder.layout() is None or any(answer.n_passages and not answer.passages for answer in answers):
                # An earlier version did not keep what scoring needs; answering adds it and generates nothing.
                retrieved, _ = retrieve(self.plan, self.folder, self.progress)
                answers = Answering(self.plan, self.folder, retrieved, self.progress, self._timed).answer_all()
            self._keep_layout()
            return self._score_and_analyse(answers)

    def _keep_layout(self) -> None:
        """Keep what everything after answering needs to know of the study; untouched where it is the same."""
        if self.folder.layout() != self.plan.layout:
            self.folder.write_layout(self.plan.layout)
        questions = {(one.name, question.id): question for one in self.plan.domains for question in one.test}
        if self.folder.questions() != questions:
            self.folder.write_questions((domain, question) for (domain, _), question in questions.items())

    def _score_and_analyse(self, answers: list[Answer]) -> Outcome:
        with self._timed("score"):
            scoring = Scoring(self.plan.spec, self.plan.layout, self.folder, self.progress)
            _, self.made["scores"] = scoring.score(answers)
        with self._timed("compare"):
            self._analyse()
        with self._timed("claims"):
            self._keep_claims()
        n_failed = tally(answers)["error"]
        self._finish(n_failed)
        return Outcome(self.folder.path, dict(self.made), n_failed, dict(self.seconds), dict(self.stopped))

    def _analyse(self) -> None:
        state = self.folder.state()
        wanted = fingerprint(
            COMPARING_VERSION,
            self.folder.model_tests(),
            state.get("scores"),
            [state.get(f"retrieval/{domain.name}") for domain in self.plan.domains],
            self.plan.spec.statistics.model_dump(mode="json"),
            self.plan.arms,
            load_audits(self.plan.spec),
        )
        if state.get("comparisons") == wanted and self.folder.has_results():
            self.progress.log("comparisons: nothing to do")
            return
        look = count_look(self.folder.path, self.plan.layout)
        results, points = analyse(self.plan.spec, self.plan.layout, self.folder, look)
        self.folder.write_failure_points(points)
        self.folder.write_results(results)
        self.folder.write_state({**self.folder.state(), "comparisons": wanted})
        self.made["comparisons"] = 1

    def _keep_claims(self) -> None:
        """Keep the claims that long answers were judged by, so that reports can show them without a model."""
        state = self.folder.state()
        if state.get("claims") == state.get("scores"):
            return
        judges = [judge.name for judge in self.plan.spec.judges]
        by_claims = any(looks_for_claims(name, judges) for name in self.plan.spec.measures)
        if not by_claims or not has_claims(self.folder):
            self.folder.write_claims([])
            return
        self.progress.log("claims: the evidence behind the scores of long answers")
        rows = evidence(self.folder, likelihood_source(self.plan.spec.likelihood_model))
        self.folder.write_claims([row for row in rows if row.side != "fact"])
        self.folder.write_state({**self.folder.state(), "claims": state.get("scores", "")})

    def _finish(self, n_failed: int) -> None:
        before = self.folder.manifest_so_far()
        study = rebase_paths(self.plan.spec, self.folder.path).model_dump(mode="json")
        if not any(self.made.values()) and before is not None and before.study == study:
            return
        import yaml

        text = yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=100)
        write_text(self.folder.path / "study.yaml", text)
        session = Session(self.seconds, self.made, self.shared, n_failed)
        write_json(self.folder.path / "manifest.json", new_manifest(self.plan, study, before, session))
