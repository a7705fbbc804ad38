"""The files of a run that reports are made of, read once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    from ragstudy.records import Answer, Evidence, FailurePoint, Question, Retrieval, Score
    from ragstudy.results import Results
    from ragstudy.study.layout import Layout
    from ragstudy.study.manifest import Manifest
    from ragstudy.study.run_folder import RunFolder

    Row = TypeVar("Row")
    Cell = tuple[str, str, str, str]


@dataclass(frozen=True)
class RunFiles:
    """What a run folder says; nothing else is needed for a report.

    Attributes:
        manifest: where the run comes from.
        layout: what it is made of.
        results: what the analysis found.
        answers: by domain, generator, contexts and question id.
        scores: of all answers.
        questions: by domain and id.
        retrievals: by domain and question id.
        points: failure point of every answer that has one, under the same keys as the answers.
        claims: that the answers to questions without facts were judged by, under the same keys as the answers.
        texts_shown: from a domain to a function that maps an answer to the passages of its prompt, id to text.
    """

    manifest: Manifest
    layout: Layout
    results: Results
    answers: Mapping[Cell, Answer]
    scores: Sequence[Score]
    questions: Mapping[tuple[str, str], Question]
    retrievals: Mapping[tuple[str, str], Retrieval]
    points: Mapping[Cell, FailurePoint]
    claims: Mapping[Cell, Sequence[Evidence]]
    texts_shown: Callable[[str], Callable[[Answer], dict[str, str]]]

    @property
    def headline(self) -> str:
        """The context that headlines and plots are about."""
        return self.results.headline_context

    @property
    def verdict_measures(self) -> list[str]:
        """Measures that get a verdict, the first of which is the main one."""
        return self.results.settings.verdict_measures

    @cached_property
    def values(self) -> dict[Cell, dict[str, float | None]]:
        """Value of every score by measure, under the same keys as the answers."""
        found: dict[tuple[str, str, str, str], dict[str, float | None]] = defaultdict(dict)
        for score in self.scores:
            found[score.domain, score.generator, score.contexts, score.question][score.measure] = score.value
        return dict(found)


def read_run(folder: RunFolder) -> RunFiles:
    """Read what reports are made of.

    Args:
        folder: of the run.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    from ragstudy.study.texts_shown import texts_shown

    folder.check()
    claims: dict[tuple[str, str, str, str], list[Evidence]] = defaultdict(list)
    for row in folder.claims():
        claims[row.domain, row.generator, row.contexts, row.question].append(row)
    return RunFiles(
        manifest=folder.manifest(),
        layout=folder.known_layout(),
        results=folder.results(),
        answers={(a.domain, a.generator, a.contexts, a.question): a for a in folder.answers()},
        scores=folder.scores(),
        questions=folder.questions(),
        retrievals={(one.domain, one.question): one for one in folder.retrievals()},
        points={(d.domain, d.generator, d.contexts, d.question): d.point for d in folder.failure_points()},
        claims=dict(claims),
        texts_shown=lambda domain: texts_shown(folder, domain),
    )


def in_gold_document(passage: str, question: Question) -> bool:
    """Whether a passage is cut from a document that holds the answer.

    Args:
        passage: its id.
        question: that names the documents.
    """
    return any(passage == gold or passage.startswith(f"{gold}#") for gold in question.gold_documents)


def about(rows: Iterable[Row], domain: str, contexts: str | None = None) -> list[Row]:
    """Rows about a domain, in one context or all.

    Args:
        rows: any with a domain.
        domain: its name.
        contexts: name of the test context; None for all.
    """
    return [
        row
        for row in rows
        if getattr(row, "domain", None) == domain and (contexts is None or getattr(row, "contexts", None) == contexts)
    ]
