"""The run folder: what a study leaves on disk (docs/run_folder.md describes every file)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.corpus.rows import question_of, question_row
from ragstudy.errors import InputError
from ragstudy.files import (
    SCHEMA_VERSION,
    append_lines,
    drop_torn_line,
    plain,
    read_json,
    read_lines,
    read_record,
    read_records,
    write_json,
    write_lines,
)
from ragstudy.records import Answer, Diagnosed, Evidence, Labelled, ModelTestValue, ReplacedValues, Retrieval, Score
from ragstudy.results import Results
from ragstudy.scoring.words import WordCounts, WordWeights
from ragstudy.study.earlier import EARLIER_MODEL_TESTS, earlier_model_tests
from ragstudy.study.folder_lock import locked
from ragstudy.study.layout import Layout
from ragstudy.study.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ragstudy.records import Question


MODEL_TESTS = "model_tests.jsonl"
# Raised whenever comparing the same scores gives other rows than before, so that they are compared anew.
COMPARING_VERSION = 25


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
        version = self._mapping("manifest.json").get("schema_version")
        if version != SCHEMA_VERSION:
            msg = (
                f"{self.path / 'manifest.json'}: schema_version is {version}, this ragstudy reads {SCHEMA_VERSION}; "
                "run the study again, or install the ragstudy that wrote it"
            )
            raise InputError(msg)

    def locked(self) -> AbstractContextManager[None]:
        """Keep other runs out of this folder for a while.

        Raises:
            InputError: another run is writing to it.
        """
        return locked(self.path)

    def manifest(self) -> Manifest:
        """Where the run comes from.

        Raises:
            InputError: the file is missing or damaged.
        """
        return read_record(self.path / "manifest.json", Manifest)

    def manifest_so_far(self) -> Manifest | None:
        """Where the run comes from; None before the first session has ended."""
        return self.manifest() if (self.path / "manifest.json").is_file() else None

    def _mapping(self, name: str) -> dict[str, Any]:
        """The mapping in a JSON file; empty where there is none yet."""
        path = self.path / name
        return dict(read_json(path)) if path.is_file() else {}

    def state(self) -> dict[str, str]:
        """Fingerprints of what finished stages were made from."""
        return self._mapping("state.json")

    def write_state(self, state: dict[str, str]) -> None:
        """Keep the fingerprints.

        Args:
            state: fingerprints by stage.
        """
        write_json(self.path / "state.json", dict(sorted(state.items())))

    def index_folder(self, domain: str) -> Path:
        """Where a domain's index lies.

        Args:
            domain: name of the domain.
        """
        return self.path / "indexes" / domain

    def adapter_folder(self, domain: str, generator: str) -> Path:
        """Where a trained adapter lies.

        Args:
            domain: name of the domain it was trained on.
            generator: name of the adapter.
        """
        return self.path / "adapters" / domain / generator

    def retrievals(self) -> list[Retrieval]:
        """All retrievals; none before the stage has run."""
        return read_records(self.path / "retrievals.jsonl", Retrieval)

    def write_retrievals(self, retrievals: Iterable[Retrieval]) -> None:
        """Write all retrievals.

        Args:
            retrievals: of all domains.
        """
        write_lines(self.path / "retrievals.jsonl", retrievals)

    def answers(self) -> list[Answer]:
        """All answers so far; a line torn by a kill is dropped."""
        drop_torn_line(self.path / "answers.jsonl")
        return read_records(self.path / "answers.jsonl", Answer)

    def unasked_answers(self) -> list[Answer]:
        """Answers that an earlier plan asked for and the last one did not."""
        return read_records(self.path / "unasked_answers.jsonl", Answer)

    def write_unasked_answers(self, answers: list[Answer]) -> None:
        """Keep answers that the plan does not ask for; they may have cost hours or money.

        Args:
            answers: of earlier plans.
        """
        self._write_or_drop("unasked_answers.jsonl", answers)

    def append_answers(self, answers: Iterable[Answer]) -> None:
        """Add answers as soon as they exist.

        Args:
            answers: made now.
        """
        append_lines(self.path / "answers.jsonl", answers)

    def write_answers(self, answers: Iterable[Answer]) -> None:
        """Write all answers in their final order.

        Args:
            answers: in the plan's order.
        """
        write_lines(self.path / "answers.jsonl", answers)

    def scores(self) -> list[Score]:
        """All scores; none before the stage has run."""
        return read_records(self.path / "scores.jsonl", Score)

    def write_scores(self, scores: Iterable[Score]) -> None:
        """Write all scores.

        Args:
            scores: of all answers.
        """
        write_lines(self.path / "scores.jsonl", scores)

    def labels(self) -> list[Labelled]:
        """What generators said to training prompts so far; a line torn by a kill is dropped."""
        drop_torn_line(self.path / "labels.jsonl")
        return read_records(self.path / "labels.jsonl", Labelled)

    def append_labels(self, labels: Iterable[Labelled]) -> None:
        """Add what was said as soon as it was.

        Args:
            labels: what generators said now.
        """
        append_lines(self.path / "labels.jsonl", labels)

    def model_tests(self) -> list[ModelTestValue]:
        """All values of tests of the models so far; a line torn by a kill is dropped.

        Earlier versions kept them in `probes.jsonl`, under another name for passage ablation.
        """
        path, earlier = self.path / MODEL_TESTS, self.path / EARLIER_MODEL_TESTS
        if not path.is_file() and earlier.is_file():
            return earlier_model_tests(earlier)
        drop_torn_line(path)
        return read_records(path, ModelTestValue)

    def append_model_tests(self, rows: Iterable[ModelTestValue]) -> None:
        """Add values as soon as they exist.

        Args:
            rows: new values.
        """
        if (self.path / EARLIER_MODEL_TESTS).is_file() and not (self.path / MODEL_TESTS).is_file():
            self.write_model_tests(self.model_tests())
        append_lines(self.path / MODEL_TESTS, rows)

    def write_model_tests(self, rows: Iterable[ModelTestValue]) -> None:
        """Write all values in their final order.

        Args:
            rows: all of them.
        """
        write_lines(self.path / MODEL_TESTS, rows)
        (self.path / EARLIER_MODEL_TESTS).unlink(missing_ok=True)

    def write_failure_points(self, rows: Iterable[Diagnosed]) -> None:
        """Write the failure point of every answer that has one.

        Args:
            rows: one per answer that has one.
        """
        write_lines(self.path / "failure_points.jsonl", rows)

    def failure_points(self) -> list[Diagnosed]:
        """The failure point of every answer that has one; none before the stage has run."""
        return read_records(self.path / "failure_points.jsonl", Diagnosed)

    def claims(self) -> list[Evidence]:
        """The claims that answers without facts were judged by; none where the study has no such question."""
        return read_records(self.path / "claims.jsonl", Evidence)

    def write_claims(self, rows: Sequence[Evidence]) -> None:
        """Keep the claims that answers were judged by; no file where there is none.

        Args:
            rows: of all answers.
        """
        self._write_or_drop("claims.jsonl", rows)

    def ceilings(self) -> dict[str, dict[str, float | None]]:
        """Mean score of the reference answers themselves, by domain and measure."""
        return self._mapping("ceilings.json")

    def write_ceilings(self, ceilings: dict[str, dict[str, float | None]]) -> None:
        """Write the means of the reference answers.

        Args:
            ceilings: means by domain and measure.
        """
        write_json(self.path / "ceilings.json", ceilings)

    def questions(self) -> dict[tuple[str, str], Question]:
        """The test questions that were asked, by domain and id.

        Raises:
            InputError: a question in the file is damaged; every problem is named.
        """
        problems: list[str] = []
        known = {}
        path = self.path / "questions.jsonl"
        for _, row in read_lines(path) if path.is_file() else ():
            question = question_of(row["question"], str(path), problems)
            if question is not None:
                known[row["domain"], question.id] = question
        if problems:
            raise InputError(problems)
        return known

    def write_questions(self, questions: Iterable[tuple[str, Question]]) -> None:
        """Write the test questions, so that nothing after answering needs the corpora.

        Args:
            questions: each with the name of its domain.
        """
        rows = [{"domain": domain, "question": question_row(question)} for domain, question in questions]
        write_lines(self.path / "questions.jsonl", rows)

    def layout(self) -> Layout | None:
        """What the run is made of; None in a folder of an earlier version."""
        path = self.path / "layout.json"
        return read_record(path, Layout) if path.is_file() else None

    def known_layout(self) -> Layout:
        """What the run is made of.

        Raises:
            InputError: an earlier version wrote the run; the message says the cure.
        """
        layout = self.layout()
        if layout is None:
            msg = (
                f"{self.path / 'layout.json'}: no such file; an earlier version wrote this run: `ragstudy run "
                f"{self.path / 'study.yaml'} --out {self.path}` adds it and generates nothing again"
            )
            raise InputError(msg)
        return layout

    def write_layout(self, layout: Layout) -> None:
        """Keep what the run is made of.

        Args:
            layout: arms, domains and contexts of the run.
        """
        write_json(self.path / "layout.json", plain(layout))

    def replaced_values(self) -> list[ReplacedValues]:
        """The passages of counterfactual prompts whose values were replaced."""
        return read_records(self.path / "replaced_values.jsonl", ReplacedValues)

    def write_replaced_values(self, rows: Sequence[ReplacedValues]) -> None:
        """Keep the passages of counterfactual prompts; no file where there is none.

        Args:
            rows: one per question and context of which values could be replaced.
        """
        self._write_or_drop("replaced_values.jsonl", rows)

    def _write_or_drop(self, name: str, rows: Sequence[object]) -> None:
        """Write lines; no file where there is none."""
        if rows:
            write_lines(self.path / name, rows)
        else:
            (self.path / name).unlink(missing_ok=True)

    def word_weights(self, domain: str) -> WordWeights:
        """How much each word of a domain's corpus tells.

        Args:
            domain: name of the domain.

        Raises:
            InputError: the file is missing or damaged.
        """
        kept = read_record(self.index_folder(domain) / "words.json", WordCounts)
        return WordWeights.of_counts(kept)

    def write_word_weights(self, domain: str, weights: WordWeights) -> None:
        """Keep how much each word of a domain's corpus tells.

        Args:
            domain: name of the domain.
            weights: of its documents.
        """
        write_json(self.index_folder(domain) / "words.json", plain(weights.counts))

    def has_results(self) -> bool:
        """Whether there is an analysis by this version that can be read."""
        try:
            self.results()
        except InputError:
            return False
        return True

    def results(self) -> Results:
        """What the analysis found.

        Raises:
            InputError: nothing was analysed yet, or another version of ragstudy did.
        """
        path = self.path / "comparisons.json"
        if not path.is_file():
            msg = f"{path}: no such file; `ragstudy run` writes it when all answers are there"
            raise InputError(msg)
        content = read_json(path)
        version = content.get("comparing_version") if isinstance(content, dict) else None
        if version != COMPARING_VERSION:
            msg = (
                f"{path}: comparing_version is {version}, this ragstudy reads {COMPARING_VERSION}; `ragstudy run "
                f"{self.path / 'study.yaml'} --out {self.path}` compares anew what is there and generates nothing again"
            )
            raise InputError(msg)
        return read_record(path, Results)

    def write_results(self, results: Results) -> None:
        """Keep what the analysis found.

        Args:
            results: of the analysis.
        """
        write_json(self.path / "comparisons.json", plain(results))
