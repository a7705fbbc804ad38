"""Scoring all answers: every expected (question, generator, measure) gets a value or a reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ragstudy.records import Score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.protocols import Measure
    from ragstudy.records import Answer, Question


def score_answers(
    answers: Sequence[Answer], questions: Mapping[str, Question], measures: Mapping[str, Measure]
) -> list[Score]:
    """One score per answer and measure, in that order; what could not be scored has a reason, never a 0.

    Args:
        answers: of one domain.
        questions: of that domain, by id.
        measures: by name.
    """
    return [
        _score(answer, questions[answer.question], name, measure)
        for answer in answers
        for name, measure in measures.items()
    ]


def _score(answer: Answer, question: Question, name: str, measure: Measure) -> Score:
    value: float | None = None
    reason = ""
    if answer.stopped == "error":
        reason = f"no answer: {answer.error}"
    else:
        try:
            value = float(measure.score(question, answer.text))
        except ValueError as error:
            reason = str(error) or type(error).__name__
        except Exception as error:  # noqa: BLE001 - a measure of the user's own may raise anything
            reason = f"{type(error).__name__}: {error}"
        if value is not None and not math.isfinite(value):
            value, reason = None, f"the measure gave {value}"
    return Score(answer.domain, answer.question, answer.generator, answer.contexts, name, value, reason)
