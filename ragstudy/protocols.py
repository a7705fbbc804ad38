"""The seams: what the study asks of generators, embedders, retrievers, judges and measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from ragstudy.records import Case, Completion, Passage, Prompt, Question, Scored


@runtime_checkable
class Generator(Protocol):
    """Answers prompts."""

    def generate(self, prompts: Sequence[Prompt]) -> Sequence[Completion]:
        """One completion per prompt, in the same order; a prompt that fails gives a completion that says so."""


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 array (n, d) of unit-length rows, one per text, in order."""


@runtime_checkable
class Retriever(Protocol):
    """Finds passages."""

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[Passage, float]]]:
        """For each query the `k` nearest passages with their cosine similarity, best first."""


@runtime_checkable
class Measure(Protocol):
    """Scores one answer."""

    def score(self, question: Question, answer: str) -> float:
        """A number whose range and direction the measure documents.

        Raises:
            ValueError: the answer cannot be scored; the message is recorded as the reason.
        """


@runtime_checkable
class BatchMeasure(Protocol):
    """Scores many answers at a time, such as one that waits for a server.

    Attributes:
        needs_passages: whether its cases must hold the passages that were shown.
    """

    needs_passages: bool

    def score_many(self, cases: Sequence[Case], done: Callable[[], object]) -> Sequence[Scored]:
        """One result per case, in order; `done` is called after each. A case that fails gives one that says why."""
