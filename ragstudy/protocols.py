"""The seams: what a study asks of generators, embedders, retrievers, contexts and measures.

A kind of thing that can be exchanged is described here, as a protocol of one or two methods and, where a study has to
know more about it than how to call it, as an entry: a frozen record that says so. Built-in entries and those of the
user's own are looked up in the same way (`ragstudy.registry`).

Examples:
    >>> from ragstudy.generation.scripted import ScriptedGenerator
    >>> isinstance(ScriptedGenerator({}), Generator)
    True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np

    from ragstudy.records import Case, Completion, Passage, Prompt, Question, Scored

GoldPosition = Literal["first", "middle", "last", "shuffled"]


@runtime_checkable
class Generator(Protocol):
    """Answers prompts."""

    def generate(self, prompts: Sequence[Prompt]) -> Sequence[Completion]:
        """One completion per prompt, in the same order; a prompt that fails gives a completion that says so.

        Args:
            prompts: answered as one batch.
        """


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 array (n, d) of unit-length rows, one per text, in order.

        Args:
            texts: of any length; what is longer than the model reads is cut.
        """


@runtime_checkable
class Retriever(Protocol):
    """Finds passages."""

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[Passage, float]]]:
        """For each query the `k` best passages with their score, best first; a higher score is a better match.

        Args:
            queries: searched in one batch.
            k: passages per query, at most as many as there are.
        """


@runtime_checkable
class Reranker(Protocol):
    """Orders passages that a retriever has found."""

    def rerank(self, query: str, passages: Sequence[Passage]) -> Sequence[float]:
        """A score for each passage, in order; the passages are then shown by falling score.

        Args:
            query: the question.
            passages: that the retriever found, best first.
        """


@dataclass(frozen=True)
class RetrieverKind:
    """A kind of retriever.

    Attributes:
        name: of the kind, as a study writes it under `retrieval.retriever`.
        build: from passages and an embedder to a retriever over them.
        needs_embedder: whether `build` embeds; without it the embedder is only asked how long a text is.
        save: writes what `build` made into a folder; None where building is quick enough to do it again.
        load: from such a folder, its passages and an embedder to the retriever; None as `save`.
    """

    name: str
    build: Callable[[Sequence[Passage], Embedder], Retriever]
    needs_embedder: bool = True
    save: Callable[[Retriever, Path], None] | None = None
    load: Callable[[Path, Sequence[Passage], Embedder], Retriever] | None = None


class ContextMaterial(Protocol):
    """What a context can choose passages from, for one question.

    Attributes:
        question: that is asked.
        k: number of passages that the context's name asks for; None if it names none.
        top_k: number of passages that the study shows by default.
        position: where gold passages stand among distractors.
    """

    @property
    def question(self) -> Question: ...  # noqa: D102 - see the class
    @property
    def k(self) -> int | None: ...  # noqa: D102 - see the class
    @property
    def top_k(self) -> int: ...  # noqa: D102 - see the class
    @property
    def position(self) -> GoldPosition: ...  # noqa: D102 - see the class

    def retrieved(self, n: int) -> list[Passage]:
        """The first `n` passages that the retriever found, best first.

        Args:
            n: how many.
        """

    def gold(self, most: int) -> list[Passage]:
        """The fewest passages that hold all gold evidence; none where the question names none.

        Args:
            most: passages are left out beyond this number.
        """

    def distractors(self) -> list[Passage]:
        """Retrieved passages that cannot answer the question, best first."""

    def with_values_replaced(
        self, gold: Sequence[Passage], others: Sequence[Passage]
    ) -> tuple[list[Passage], dict[str, str]]:
        """Passages in which the right values are replaced by wrong ones of their type.

        Args:
            gold: passages that state the values.
            others: passages shown beside them.

        Returns:
            All of them in the given order, and the new value of every fact by its id; as they were, and no value,
            where replacing is not safe.
        """

    def placed(self, gold: Sequence[Passage], distractors: Sequence[Passage]) -> list[Passage]:
        """Gold passages among distractors, at `position`.

        Args:
            gold: in the order in which they are shown.
            distractors: likewise.
        """


@dataclass(frozen=True)
class ContextKind:
    """What the passages of a test prompt are.

    Attributes:
        name: of the kind, as a study writes it before `@K` and `:POSITION`.
        about: one line for reports and help.
        select: from the material about a question to the passages of its prompt, in the order in which they are shown.
        takes_k: whether `@K` may say how many passages are shown.
        takes_position: whether `:first`, `:middle` or `:last` may say where the gold passages stand.
        needs_gold: whether the domain's questions must name gold passages.
        meant_to_answer: whether the passages are meant to hold the answer, so that failure points are told by them.
        is_compared: whether arms are compared on scores in this context.
        replaces_values: whether right values in the passages are replaced by wrong ones.
        draws_distractors: whether distractors are looked for among what retrieval finds, which then has to go deeper.
        has_passages: whether prompts show any passage.
        typical_passages: passages of a prompt, for estimates; None for `@K` or the study's `retrieval.top_k`.
        headline_rank: of the contexts of a study, headlines and plots are about the one with the lowest rank.
    """

    name: str
    about: str
    select: Callable[[ContextMaterial], Sequence[Passage]]
    takes_k: bool = True
    takes_position: bool = False
    needs_gold: bool = False
    meant_to_answer: bool = False
    is_compared: bool = True
    replaces_values: bool = False
    draws_distractors: bool = False
    has_passages: bool = True
    typical_passages: int | None = None
    headline_rank: int = 90


@runtime_checkable
class Measure(Protocol):
    """Scores one answer."""

    def score(self, question: Question, answer: str) -> float:
        """A number on the scale that the measure declares.

        Args:
            question: that was asked.
            answer: the text given.

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
        """One result per case, in order; a case that fails gives one that says why.

        Args:
            cases: answers with their questions.
            done: called after each.
        """


class TokenLog(NamedTuple):
    """How likely a language model finds one token of a text.

    Attributes:
        start: where its characters begin in the text.
        end: where they end, exclusive.
        log: natural logarithm of its probability given all that stands before; 0 downwards, nearer 0 is likelier.
    """

    start: int
    end: int
    log: float


@runtime_checkable
class LikelihoodModel(Protocol):
    """Says how likely a language model finds a text."""

    def token_logs(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Sequence[TokenLog]]:
        """For each pair (what stands before, text), the tokens of the text in order; none of an empty text.

        Args:
            pairs: read in batches.
        """


@dataclass(frozen=True)
class LikelihoodSource:
    """Where a likelihood model comes from.

    Attributes:
        name: of the model, as a study writes it.
        identity: of everything that decides its numbers: weights and precision.
        load: loads it.
        only_english: whether it was chosen for English texts and is to read no others.
    """

    name: str
    identity: str
    load: Callable[[], LikelihoodModel]
    only_english: bool = False


@runtime_checkable
class ChatModel(Protocol):
    """A language model that replies to messages."""

    def reply(self, text: str) -> tuple[str, bool]:
        """What it says greedily, and whether that was cut at its longest.

        Args:
            text: of the message, without instructions of a system.

        Raises:
            ValueError: the model gives none; the message says why.
        """

    def weigh(self, text: str, among: Sequence[str]) -> list[float]:
        """How likely each of some replies is to be the whole of what it says first, given that it is one of them.

        Args:
            text: of the message.
            among: the replies, a token each.

        Returns:
            Natural logarithms of probabilities that sum to 1.
        """


@dataclass(frozen=True)
class ChatSource:
    """Where a chat model comes from.

    Attributes:
        identity: of everything that decides what it says.
        load: loads it.
    """

    identity: str
    load: Callable[[], ChatModel]


@dataclass(frozen=True)
class MeasureKind:
    """A measure and what its numbers mean.

    Attributes:
        name: of the measure, as a study writes it under `measures`.
        about: one line for reports and help.
        make: from what a domain offers (`ragstudy.scoring.measures.Resources`) to the measure.
        higher_is_better: whether a higher value is a better answer; None where it is neither, or not declared.
        scale: lowest and highest possible value; None where there is none, or it is not declared.
        version: raised whenever the measure gives other values than before.
        needs_claims: whether it looks for the claims of longer references and so needs an embedder.
    """

    name: str
    about: str
    make: Callable[..., Measure | BatchMeasure]
    higher_is_better: bool | None = True
    scale: tuple[float, float] | None = (0.0, 1.0)
    version: int = 1
    needs_claims: bool = False

    @property
    def gets_verdict(self) -> bool:
        """Whether arms can be said to be better or worse by it: its direction is known and its scale is [0, 1]."""
        return self.higher_is_better is not None and self.scale == (0.0, 1.0)
