"""The run folder: what a study leaves on disk (docs/run_folder.md describes every file)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.rows import question_of, question_row
from ragstudy.errors import InputError
from ragstudy.files import (
    SCHEMA_VERSION,
    append_lines,
    drop_torn_line,
    read_json,
    read_lines,
    write_json,
    write_lines,
)
from ragstudy.records import Answer, Diagnosed, Labelled, Probed, Retrieval, Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ragstudy.records import Question


# Raised whenever comparing the same scores gives other rows than before, so that they are compared anew.
COMPARING_VERSION = 18


class RunFolder:
    """Reads and writes the files of one run.

    Args:
        path: of the folder; created by the first write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        """Check that the folder holds a run that this version reads.

        Raises:
            InputError: there is no run in it, or one of another schema version.
        """
        if not (self.path / "manifest.json").is_file():
            msg = f"{self.path}: no run in this folder; expected one that `ragstudy run` wrote, with a manifest.json"
            raise InputError(msg)
        version = self.manifest().get("schema_version")
        if version != SCHEMA_VERSION:
            msg = (
                f"{self.path / 'manifest.json'}: schema_version is {version}, this ragstudy reads {SCHEMA_VERSION}; "
                "run the study again, or install the ragstudy that wrote it"
            )
            raise InputError(msg)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out of this folder for a while.

        Raises:
            InputError: another run is writing to it.
        """
        from filelock import FileLock, Timeout

        parent = self.path.parent
        made = not parent.exists()
        parent.mkdir(parents=True, exist_ok=True)
        beside = parent / f".{self.path.name}.lock"
        try:
            with FileLock(beside, timeout=0):
                try:
                    yield
                finally:
                    beside.unlink(missing_ok=True)
                    if made and not any(parent.iterdir()):
                        parent.rmdir()
        except Timeout:
            msg = f"{self.path}: another run is writing to this folder; wait for it, or name another one with --out"
            raise InputError(msg) from None

    def manifest(self) -> dict[str, Any]:
        """What manifest.json holds; empty before the first run."""
        path = self.path / "manifest.json"
        return dict(read_json(path)) if path.is_file() else {}

    def state(self) -> dict[str, str]:
        """Fingerprints of what finished stages were made from."""
        path = self.path / "state.json"
        return dict(read_json(path)) if path.is_file() else {}

    def write_state(self, state: dict[str, str]) -> None:
        """Keep the fingerprints."""
        write_json(self.path / "state.json", dict(sorted(state.items())))

    def index_folder(self, domain: str) -> Path:
        """Where a domain's index lies."""
        return self.path / "indexes" / domain

    def adapter_folder(self, domain: str, generator: str) -> Path:
        """Where a trained adapter lies."""
        return self.path / "adapters" / domain / generator

    def retrievals(self) -> list[Retrieval]:
        """All retrievals; none before the stage has run."""
        return [
            Retrieval(
                row["domain"],
                row["question"],
                tuple(row["passages"]),
                tuple(row["similarities"]),
                tuple(tuple(units) for units in row["covers"]),
                row["n_units"],
                tuple(row["best_gains"]),
            )
            for row in self._rows("retrievals.jsonl")
        ]

    def write_retrievals(self, retrievals: Iterable[Retrieval]) -> None:
        """Write all retrievals."""
        write_lines(self.path / "retrievals.jsonl", retrievals)

    def answers(self) -> list[Answer]:
        """All answers so far; a line torn by a kill is dropped."""
        drop_torn_line(self.path / "answers.jsonl")
        return [Answer(**row) for row in self._rows("answers.jsonl")]

    def unasked_answers(self) -> list[Answer]:
        """Answers that an earlier plan asked for and the last one did not."""
        return [Answer(**row) for row in self._rows("unasked_answers.jsonl")]

    def write_unasked_answers(self, answers: list[Answer]) -> None:
        """Keep answers that the plan does not ask for; they may have cost hours or money."""
        path = self.path / "unasked_answers.jsonl"
        if answers:
            write_lines(path, answers)
        else:
            path.unlink(missing_ok=True)

    def append_answers(self, answers: Iterable[Answer]) -> None:
        """Add answers as soon as they exist."""
        append_lines(self.path / "answers.jsonl", answers)

    def write_answers(self, answers: Iterable[Answer]) -> None:
        """Write all answers in their final order."""
        write_lines(self.path / "answers.jsonl", answers)

    def scores(self) -> list[Score]:
        """All scores; none before the stage has run."""
        return [Score(**row) for row in self._rows("scores.jsonl")]

    def write_scores(self, scores: Iterable[Score]) -> None:
        """Write all scores."""
        write_lines(self.path / "scores.jsonl", scores)

    def labels(self) -> list[Labelled]:
        """What generators said to training prompts so far; a line torn by a kill is dropped."""
        drop_torn_line(self.path / "labels.jsonl")
        return [Labelled(**{**row, "texts": tuple(row["texts"])}) for row in self._rows("labels.jsonl")]

    def append_labels(self, labels: Iterable[Labelled]) -> None:
        """Add what was said as soon as it was."""
        append_lines(self.path / "labels.jsonl", labels)

    def probes(self) -> list[Probed]:
        """All values of probes so far; a line torn by a kill is dropped."""
        drop_torn_line(self.path / "probes.jsonl")
        return [Probed(**row) for row in self._rows("probes.jsonl")]

    def append_probes(self, rows: Iterable[Probed]) -> None:
        """Add values as soon as they exist."""
        append_lines(self.path / "probes.jsonl", rows)

    def write_probes(self, rows: Iterable[Probed]) -> None:
        """Write all values in their final order."""
        write_lines(self.path / "probes.jsonl", rows)

    def write_failure_points(self, rows: Iterable[Diagnosed]) -> None:
        """Write the failure point of every answer that has one."""
        write_lines(self.path / "failure_points.jsonl", rows)

    def failure_points(self) -> list[Diagnosed]:
        """The failure point of every answer that has one; none before the stage has run."""
        return [Diagnosed(**row) for row in self._rows("failure_points.jsonl")]

    def ceilings(self) -> dict[str, dict[str, float | None]]:
        """Mean score of the reference answers themselves, by domain and measure."""
        path = self.path / "ceilings.json"
        return dict(read_json(path)) if path.is_file() else {}

    def write_ceilings(self, ceilings: dict[str, dict[str, float | None]]) -> None:
        """Write the means of the reference answers."""
        write_json(self.path / "ceilings.json", ceilings)

    def questions(self) -> dict[tuple[str, str], Question]:
        """The test questions that were asked, by domain and id."""
        problems: list[str] = []
        found = {}
        for row in self._rows("questions.jsonl"):
            question = question_of(row["question"], str(self.path / "questions.jsonl"), problems)
            if question is not None:
                found[row["domain"], question.id] = question
        if problems:
            raise InputError(problems)
        return found

    def write_questions(self, questions: Iterable[tuple[str, Question]]) -> None:
        """Write the test questions, so that reports need nothing but this folder."""
        rows = [{"domain": domain, "question": question_row(question)} for domain, question in questions]
        write_lines(self.path / "questions.jsonl", rows)

    def comparisons(self) -> dict[str, Any]:
        """What comparisons.json holds; empty before the stage has run.

        Raises:
            InputError: another version of ragstudy has compared.
        """
        path = self.path / "comparisons.json"
        if not path.is_file():
            return {}
        found = dict(read_json(path))
        version = found.get("comparing_version")
        if version != COMPARING_VERSION:
            msg = (
                f"{path}: comparing_version is {version}, this ragstudy reads {COMPARING_VERSION}; `ragstudy run "
                f"{self.path / 'study.yaml'} --out {self.path}` compares anew what is there and generates nothing again"
            )
            raise InputError(msg)
        return found

    def _rows(self, name: str) -> Iterable[dict[str, Any]]:
        path = self.path / name
        return (row for _, row in read_lines(path)) if path.is_file() else ()
