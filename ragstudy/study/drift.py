"""What tuning does to the form of answers, whatever they say: length, citing, declining, sentences, lists."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ragstudy.scoring.claims import declines
from ragstudy.study.by_arm import means_by_arm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Answer, Question
    from ragstudy.specs import StatisticsSpec
    from ragstudy.study.plan import Arm

_CITES = re.compile(r"\[\d{1,3}\]")
_SENTENCE_END = re.compile(r"[.!?](\s|$)")
_LISTED = re.compile(r"^\s*([-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_FORMS: dict[str, Callable[[Question, Answer], float]] = {
    "words": lambda _, answer: float(len(answer.text.split())),
    "cites passages": lambda _, answer: float(_CITES.search(answer.text) is not None),
    "declines": lambda question, answer: float(declines(question, answer.text)),
    "whole sentences": lambda _, answer: float(_SENTENCE_END.search(answer.text) is not None),
    "several sentences": lambda _, answer: float(len(_SENTENCE_END.findall(answer.text)) > 1),
    "lists": lambda _, answer: float(_LISTED.search(answer.text) is not None),
    "cut at its longest": lambda _, answer: float(answer.stopped == "length"),
}
FORMS = tuple(_FORMS)


def drift(
    arms: Sequence[Arm],
    questions: Sequence[Question],
    answer_of: Callable[[str, Question], Answer | None],
    settings: StatisticsSpec,
) -> list[dict[str, Any]]:
    """For each arm the mean of every form, and for tuned arms the shift against the base.

    Args:
        arms: with the names of their generators.
        questions: of one domain.
        answer_of: the answer of a generator to a question in one context; None where there is none.
        settings: of the bootstrap over groups of questions and its intervals.

    Returns:
        Per arm `arm`, `reference_words` (mean length of the references) and `forms`: by form `value`, `low`, `high`,
        words for `words` and a share of the answers for the others; of tuned arms also `shifts` likewise.
    """
    lengths = [len(question.references[0].split()) for question in questions if question.references]
    reference_words = math.fsum(lengths) / len(lengths) if lengths else None

    def values_of(generator: str, question: Question) -> list[float] | None:
        answer = answer_of(generator, question)
        if answer is None or answer.stopped == "error":
            return None
        return [form(question, answer) for form in _FORMS.values()]

    rows: list[dict[str, Any]] = []
    for one in means_by_arm(arms, questions, values_of, FORMS, settings):
        row: dict[str, Any] = {"arm": one.arm.name, "reference_words": reference_words, "forms": one.means}
        rows.append(row | ({"base": one.arm.base, "shifts": one.shifts} if one.shifts else {}))
    return rows
