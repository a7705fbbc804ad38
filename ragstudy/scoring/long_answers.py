"""Accuracy and completeness of answers whose reference is longer, from claims and from surprisal.

Each is the mean of two equal parts: what the claims say (`alignment`), and how well the answer explains the quarter of
the reference's words, at least four, that it explains best (`surprisal`), without what an unrelated text explains.
Nothing in the combination is fitted; the form was chosen among eleven on human labels, by leaving one domain out at a
time (docs/results/scorer.md). Without a language model both are what the claims say.

Examples:
    >>> beyond_chance(0.15), beyond_chance(1.0)
    (0.0, 1.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.scoring.claims import declines, is_free_form, is_long, without_list_marks
from ragstudy.scoring.surprisal import best_share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ragstudy.records import Case
    from ragstudy.scoring.alignment import Aligner
    from ragstudy.scoring.surprisal import Reading, SurprisalEvidence

# What an answer to another question explains of the best quarter of a reference's words: .143 on 80 answers of
# RAGChecker's meta-evaluation.
_BY_CHANCE = 0.15
# Raised whenever long answers are scored otherwise than before, where a language model helps.
LONG_ANSWER_RULES = 1


class LongAnswers:
    """Scores answers whose reference is longer.

    Args:
        aligner: looks for claims.
        surprisal: explains words; None where there is no language model for it.
    """

    def __init__(self, aligner: Aligner, surprisal: SurprisalEvidence | None = None) -> None:
        self._aligner, self._surprisal = aligner, surprisal
        self._scored: dict[tuple[str, str, str], tuple[float, float]] = {}

    def prepare(self, cases: Iterable[Case], done: Callable[[int], object] = lambda _: None) -> None:
        """Embed claims and read texts of many answers at once; what is not prepared is so when it is needed.

        Args:
            cases: answers with their questions.
            done: called with how many more texts are read, of `n_readings`.
        """
        free = [case for case in cases if is_free_form(case.question)]
        references = dict.fromkeys(text for case in free for text in case.question.references)
        self._aligner.prepare([*references, *(without_list_marks(case.answer) for case in free)])
        if self._surprisal is not None:
            self._surprisal.prepare(readings_of(free), done)

    def n_readings(self, cases: Iterable[Case]) -> int:
        """How many texts `prepare` reads with the language model, or finds kept.

        Args:
            cases: answers with their questions.
        """
        return 0 if self._surprisal is None else len(set(readings_of(cases)))

    def both(self, question: str, reference: str, answer: str) -> tuple[float, float]:
        """Accuracy and completeness, each in [0, 1]; kept, because each is asked for by a measure of its own.

        Args:
            question: text of the question.
            reference: text of the reference.
            answer: the text given.
        """
        key = (question, reference, answer)
        if key not in self._scored:
            self._scored[key] = self._combined(*key)
        return self._scored[key]

    def _combined(self, question: str, reference: str, answer: str) -> tuple[float, float]:
        accuracy, completeness = self._aligner.both(question, reference, answer)
        if self._surprisal is None:
            return accuracy, completeness
        explained = beyond_chance(best_share(self._surprisal.of(question, reference, answer)))
        return (accuracy + explained) / 2, (completeness + explained) / 2


def beyond_chance(share: float) -> float:
    """A share of surprisal without what an unrelated text explains, in [0, 1].

    Args:
        share: that is explained, in [0, 1].
    """
    return max(0.0, (share - _BY_CHANCE) / (1 - _BY_CHANCE))


def readings_of(cases: Iterable[Case]) -> Iterator[Reading]:
    """What a language model has to read for answers to free-form questions: each reference after the answer.

    Args:
        cases: answers with their questions.
    """
    for case in cases:
        if not is_free_form(case.question) or declines(case.question, case.answer):
            continue
        answer = without_list_marks(case.answer)
        for reference in filter(is_long, case.question.references):
            yield case.question.text, reference, answer
