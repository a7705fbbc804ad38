"""ragas' measures that need no language model, called so that nothing is lost or reordered.

Examples:
    >>> STRING_PRESENCE.about
    'ragas: an acceptable text stands in the answer'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.protocols import MeasureKind
from ragstudy.scoring.judges.ragas_judges import load_collections, own_embeddings
from ragstudy.scoring.measures.overlap import acceptable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.protocols import Embedder
    from ragstudy.records import Question


class RagasSimilarity:
    """ragas' SemanticSimilarity: cosine of the embeddings of answer and reference, for the best acceptable text.

    Args:
        embedder: makes the embeddings.

    Raises:
        UnavailableError: ragas cannot be imported; the message says the cure.
    """

    def __init__(self, embedder: Callable[[], Embedder]) -> None:
        self._metric = load_collections().SemanticSimilarity(embeddings=own_embeddings(embedder))

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better.

        Args:
            question: that was asked.
            answer: the text given.

        Raises:
            ValueError: the answer is empty, or the question has no acceptable text.
        """
        return _best(self._metric, question, answer)


class RagasStrings:
    """One of ragas' string measures, for the acceptable text where it is highest.

    Args:
        name: 'exact_match', 'rouge_l', 'string_presence' or 'string_similarity'.

    Raises:
        UnavailableError: ragas cannot be imported; the message says the cure.
    """

    def __init__(self, name: str) -> None:
        collections = load_collections()
        made: dict[str, Any] = {
            "exact_match": collections.ExactMatch,
            "rouge_l": collections.RougeScore,
            "string_presence": collections.StringPresence,
            "string_similarity": collections.NonLLMStringSimilarity,
        }
        self._metric = made[name]()

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better.

        Args:
            question: that was asked.
            answer: the text given.

        Raises:
            ValueError: the answer is empty, which ragas does not score.
        """
        return _best(self._metric, question, answer)


def _best(metric: Any, question: Question, answer: str) -> float:  # noqa: ANN401 - an untyped package
    """The highest value over the acceptable texts."""
    if not answer.strip():
        msg = "ragas does not score an empty answer"
        raise ValueError(msg)
    return max(float(metric.score(reference=text, response=answer).value) for text in acceptable(question))


def _strings(name: str, about: str) -> MeasureKind:
    return MeasureKind(f"ragas:{name}", about, lambda _resources: RagasStrings(name))


EXACT_MATCH = _strings("exact_match", "ragas: the answer is an acceptable text")
ROUGE_L = _strings("rouge_l", "ragas: longest common subsequence with an acceptable text")
STRING_PRESENCE = _strings("string_presence", "ragas: an acceptable text stands in the answer")
STRING_SIMILARITY = _strings("string_similarity", "ragas: edit distance to an acceptable text")
SEMANTIC_SIMILARITY = MeasureKind(
    "ragas:semantic_similarity",
    "ragas: cosine of the embeddings of answer and acceptable text",
    lambda resources: RagasSimilarity(resources.embedder),
)
