"""The measures by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, nearest
from ragstudy.plugins import is_plugin, make_plugin
from ragstudy.scoring.claims import declines, judge
from ragstudy.scoring.words import normalised, without_citations, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.protocols import Embedder, Measure
    from ragstudy.records import Question
    from ragstudy.scoring.alignment import Aligner
    from ragstudy.scoring.words import WordWeights


@dataclass(frozen=True)
class Named:
    """What is known of a built-in measure.

    Attributes:
        make: from the domain's word weights, and what looks for claims, to the measure.
        describes: one line for reports.
        more_is_better: whether a higher value is a better answer; None where it is neither.
        in_unit: whether values lie in [0, 1].
    """

    make: Callable[[WordWeights, Aligner | None], Measure]
    describes: str
    more_is_better: bool | None = True
    in_unit: bool = True


class _Function:
    """A measure from a function of question and answer; numbers of passages in brackets are left out."""

    def __init__(self, function: Callable[[Question, str], float]) -> None:
        self._function = function

    def score(self, question: Question, answer: str) -> float:
        return self._function(question, without_citations(answer))


def acceptable(question: Question) -> list[str]:
    """Texts that string measures compare with: references, and the forms of the fact if there is only one.

    Raises:
        ValueError: there is none, because the question cannot be answered.
    """
    forms = list(question.facts[0].forms) if len(question.facts) == 1 else []
    texts = list(dict.fromkeys([*question.references, *forms])) if question.answerable else []
    if not texts:
        msg = "the question has no reference answer to compare with"
        raise ValueError(msg)
    return texts


def exact_match(question: Question, answer: str) -> float:
    """1 if the answer equals an acceptable text after SQuAD's normalisation, else 0."""
    return float(normalised(answer) in {normalised(text) for text in acceptable(question)})


def token_f1(question: Question, answer: str) -> float:
    """Harmonic mean of precision and recall of words, for the acceptable text where it is highest."""
    return max(_f1(words(normalised(answer)), words(normalised(text))) for text in acceptable(question))


def _f1(said: list[str], wanted: list[str]) -> float:
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


class RougeL:
    """F1 of the longest common subsequence (Lin 2004), by Google's rouge-score, for the best acceptable text."""

    def __init__(self) -> None:
        from rouge_score.rouge_scorer import RougeScorer

        self._scorer = RougeScorer(["rougeL"], use_stemmer=False)

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better."""
        said = without_citations(answer)
        found = (self._scorer.score(text, said)["rougeL"].fmeasure for text in acceptable(question))
        return float(max(found))


class Bleu:
    """BLEU of up to four words (Papineni et al. 2002) against all acceptable texts, by nltk.

    Counts of 0 are smoothed by a tenth of a match (method 1 of Chen and Cherry 2014), because most answers are shorter
    than a sentence.
    """

    def __init__(self) -> None:
        from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

        self._bleu, self._smoothing = sentence_bleu, SmoothingFunction().method1

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better."""
        said = words(without_citations(answer))
        wanted = [words(text) for text in acceptable(question)]
        return float(self._bleu(wanted, said, smoothing_function=self._smoothing)) if said else 0.0


MEASURES: dict[str, Named] = {
    "accuracy": Named(
        lambda w, c: _Function(lambda q, a: judge(q, a, w, c).accuracy), "how much of what the answer says is right"
    ),
    "completeness": Named(
        lambda w, c: _Function(lambda q, a: judge(q, a, w, c).completeness),
        "how much of what a right answer has to say the answer says",
    ),
    "exact_match": Named(lambda *_: _Function(exact_match), "the answer is an acceptable text, word for word"),
    "token_f1": Named(lambda *_: _Function(token_f1), "word overlap with the nearest acceptable text"),
    "rouge_l": Named(lambda *_: RougeL(), "longest common subsequence with the nearest acceptable text"),
    "bleu": Named(lambda *_: Bleu(), "runs of up to four words in common with the acceptable texts"),
    "answer_words": Named(
        lambda *_: _Function(lambda _q, a: float(len(a.split()))), "length of the answer in words", None, in_unit=False
    ),
    "abstention": Named(
        lambda *_: _Function(lambda q, a: float(declines(q, a))),
        "the answer declines to answer",
        None,
    ),
}
# Raised whenever a measure gives other values than before, so that old scores are made anew.
SCORING_VERSION = 8
# Measures that look for the claims of longer references and so need an embedder.
CLAIM_MEASURES = frozenset({"accuracy", "completeness"})
RAGAS_SIMILARITY = "ragas:semantic_similarity"
RAGAS_MEASURES = (
    "ragas:exact_match",
    "ragas:rouge_l",
    "ragas:string_presence",
    "ragas:string_similarity",
    RAGAS_SIMILARITY,
)


def make_measure(
    name: str,
    weights: WordWeights,
    aligner: Aligner | None = None,
    embedder: Callable[[], Embedder] | None = None,
) -> Measure:
    """A built-in measure, one of ragas', or `package.module:object` of the user's own.

    Args:
        name: of the measure.
        weights: of the domain's words.
        aligner: looks for the claims of longer references; without one they are compared by their words.
        embedder: of the ragas measure that compares embeddings.

    Raises:
        InputError: there is no such measure.
    """
    if name in MEASURES:
        return MEASURES[name].make(weights, aligner)
    if name == RAGAS_SIMILARITY:
        if embedder is None:
            msg = f"measures: {name!r} needs an embedder"
            raise InputError(msg)
        from ragstudy.scoring.ragas_measures import RagasSimilarity

        return RagasSimilarity(embedder)
    if name in RAGAS_MEASURES:
        from ragstudy.scoring.ragas_measures import RagasStrings

        return RagasStrings(name.removeprefix("ragas:"))
    if is_plugin(name) and not name.startswith("ragas:"):
        made: Measure = make_plugin(name, "measures", "score")
        return made
    msg = f"measures: {name!r} is no measure{nearest(name, [*MEASURES, *RAGAS_MEASURES])}"
    raise InputError(msg)


def more_is_better(name: str) -> bool | None:
    """Whether more is better; measures of the user's own and ragas' string measures are taken to be so."""
    return MEASURES[name].more_is_better if name in MEASURES else True
