"""What tuning does to the form of answers, whatever they say: length, citing, declining, sentences, lists."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ragstudy.results import AnswerStyle
from ragstudy.scoring.claims import declines
from ragstudy.scoring.words import without_citations
from ragstudy.study.analyse.arm_means import Columns, means_by_arm
from ragstudy.text import n_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Answer, Question
    from ragstudy.statistics import AnalysisSettings
    from ragstudy.study.analyse.tables import DomainData

_SENTENCE_END = re.compile(r"[.!?](\s|$)")
_LISTED = re.compile(r"^\s*([-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_FEATURES: dict[str, Callable[[Question, Answer], float]] = {
    "words": lambda _, answer: float(n_words(answer.text)),
    "cites passages": lambda _, answer: float(_cites(answer.text)),
    "declines": lambda question, answer: float(declines(question, answer.text)),
    "whole sentences": lambda _, answer: float(_SENTENCE_END.search(answer.text) is not None),
    "several sentences": lambda _, answer: float(len(_SENTENCE_END.findall(answer.text)) > 1),
    "lists": lambda _, answer: float(_LISTED.search(answer.text) is not None),
    "cut at its longest": lambda _, answer: float(answer.stopped == "length"),
}
FEATURES = tuple(_FEATURES)


def _cites(text: str) -> bool:
    """Whether a text names passages in brackets, in any form that scoring leaves out (`[2]`, `[1, 3]`)."""
    return without_citations(text) != text.strip()


def answer_style(
    domain: DomainData,
    contexts: str,
    answer_of: Callable[[str, Question], Answer | None],
    settings: AnalysisSettings,
) -> list[AnswerStyle]:
    """For each arm the mean of every feature, and for tuned arms the shift against the base.

    Args:
        domain: that is asked about.
        contexts: name of the test context.
        answer_of: the answer of a generator to a question in the context; None where there is none.
        settings: of the bootstrap over groups of questions and its intervals.
    """
    lengths = [n_words(question.references[0]) for question in domain.questions if question.references]
    reference_words = math.fsum(lengths) / len(lengths) if lengths else math.nan

    def values_of(generator: str, question: Question) -> Sequence[float] | None:
        answer = answer_of(generator, question)
        if answer is None or answer.stopped == "error":
            return None
        return [feature(question, answer) for feature in _FEATURES.values()]

    columns = Columns(FEATURES, values_of, n_together=len(FEATURES))
    return [
        AnswerStyle(
            domain.name,
            contexts,
            one.arm.name,
            reference_words,
            one.means,
            one.arm.base if one.shifts else None,
            one.shifts,
        )
        for one in means_by_arm(domain.arms, domain.questions, columns, settings)
    ]
