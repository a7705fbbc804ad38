"""What tuning does to the form of answers, whatever they say: length, citing, declining, sentences, lists."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.scoring.abstention import abstains
from ragstudy.statistics.means import mean_intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ragstudy.records import Answer, Question
    from ragstudy.specs import StatisticsSpec
    from ragstudy.study.plan import Arm

_CITES = re.compile(r"\[\d{1,3}\]")
_SENTENCE_END = re.compile(r"[.!?](\s|$)")
_LISTED = re.compile(r"^\s*([-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_FORMS: dict[str, Callable[[Answer], float]] = {
    "words": lambda answer: float(len(answer.text.split())),
    "cites passages": lambda answer: float(_CITES.search(answer.text) is not None),
    "declines": lambda answer: float(abstains(answer.text)),
    "whole sentences": lambda answer: float(_SENTENCE_END.search(answer.text) is not None),
    "several sentences": lambda answer: float(len(_SENTENCE_END.findall(answer.text)) > 1),
    "lists": lambda answer: float(_LISTED.search(answer.text) is not None),
    "cut at its longest": lambda answer: float(answer.stopped == "length"),
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
    values = {arm.name: _values(arm, questions, answer_of) for arm in arms}
    groups = [question.group for question in questions]
    lengths = [len(question.references[0].split()) for question in questions if question.references]
    rows: list[dict[str, Any]] = []
    for arm in arms:
        mine = values[arm.name]
        row: dict[str, Any] = {
            "arm": arm.name,
            "reference_words": math.fsum(lengths) / len(lengths) if lengths else None,
            "forms": _with_intervals(mine, groups, settings),
        }
        if arm.base is not None:
            row |= {"base": arm.base, "shifts": _with_intervals(mine - values[arm.base], groups, settings)}
        rows.append(row)
    return rows


def _values(
    arm: Arm, questions: Sequence[Question], answer_of: Callable[[str, Question], Answer | None]
) -> NDArray[np.float64]:
    """(n questions, n forms) means over the arm's seeds; NaN where a seed has no answer."""
    rows = []
    for question in questions:
        answers = [answer_of(name, question) for name in arm.generators]
        there = [answer for answer in answers if answer is not None and answer.stopped != "error"]
        whole = len(there) == len(answers)
        rows.append([math.fsum(map(form, there)) / len(there) if whole else math.nan for form in _FORMS.values()])
    return np.asarray(rows, dtype=np.float64).reshape(-1, len(_FORMS))


def _with_intervals(
    values: NDArray[np.float64], groups: Sequence[str], settings: StatisticsSpec
) -> dict[str, dict[str, float | None]]:
    found = mean_intervals(
        values, groups, confidence=settings.confidence, n_resamples=settings.n_resamples, seed=settings.seed
    )
    return dict(zip(FORMS, found, strict=True))
