"""Overlap of an answer with the texts that would be acceptable: exact match, words, subsequences, n-grams.

Examples:
    >>> from ragstudy.records import Question
    >>> token_f1(Question('q', 'Which colour?', ('dark green',)), 'green')
    0.6666666666666666
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ragstudy.protocols import MeasureKind
from ragstudy.scoring.words import normalised, without_citations, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.records import Question


class FunctionMeasure:
    """A measure from a function of question and answer; numbers of passages in brackets are left out.

    Args:
        function: from question and answer to the score.
    """

    def __init__(self, function: Callable[[Question, str], float]) -> None:
        self._function = function

    def score(self, question: Question, answer: str) -> float:
        """What the function gives.

        Args:
            question: that was asked.
            answer: the text given.
        """
        return self._function(question, without_citations(answer))


def acceptable(question: Question) -> list[str]:
    """Texts that string measures compare with: references, and the forms of the fact if there is only one.

    Args:
        question: that was asked.

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
    """1 if the answer equals an acceptable text after SQuAD's normalisation, else 0.

    Args:
        question: that was asked.
        answer: the text given.
    """
    return float(normalised(answer) in {normalised(text) for text in acceptable(question)})


def token_f1(question: Question, answer: str) -> float:
    """Harmonic mean of precision and recall of words, for the acceptable text where it is highest.

    Args:
        question: that was asked.
        answer: the text given.
    """
    return max(_f1(words(normalised(answer)), words(normalised(text))) for text in acceptable(question))


def _f1(said: list[str], wanted: list[str]) -> float:
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


class RougeL:
    """F1 of the longest common subsequence (Lin 2004), by Google's rouge-score, for the best acceptable text.

    Its own tokens are the letters a to z and digits; a text with any other letter is cut by the rules used here.
    """

    def __init__(self) -> None:
        from rouge_score.rouge_scorer import RougeScorer
        from rouge_score.tokenizers import DefaultTokenizer

        own = DefaultTokenizer(use_stemmer=False)

        class Tokenizer:
            def tokenize(self, text: str) -> list[str]:
                tokens: list[str] = own.tokenize(text) if text.isascii() else words(text)
                return tokens

        self._scorer = RougeScorer(["rougeL"], tokenizer=Tokenizer())

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better.

        Args:
            question: that was asked.
            answer: the text given.
        """
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
        """In [0, 1], more is better.

        Args:
            question: that was asked.
            answer: the text given.
        """
        said = words(without_citations(answer))
        wanted = [words(text) for text in acceptable(question)]
        return float(self._bleu(wanted, said, smoothing_function=self._smoothing)) if said else 0.0


EXACT_MATCH = MeasureKind(
    "exact_match",
    "the answer is an acceptable text, word for word",
    lambda _resources: FunctionMeasure(exact_match),
)
TOKEN_F1 = MeasureKind(
    "token_f1",
    "word overlap with the nearest acceptable text",
    lambda _resources: FunctionMeasure(token_f1),
    version=2,
)
ROUGE_L = MeasureKind(
    "rouge_l",
    "longest common subsequence with the nearest acceptable text",
    lambda _resources: RougeL(),
    version=2,
)
BLEU = MeasureKind(
    "bleu",
    "runs of up to four words in common with the acceptable texts",
    lambda _resources: Bleu(),
    version=2,
)
