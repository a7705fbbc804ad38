"""Scoring all answers: every expected (question, generator, measure) gets a value or a reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ragstudy.records import Answer, Score
from ragstudy.scoring.claims import is_free_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.protocols import Measure
    from ragstudy.records import Question

_DECLINED = "The passages do not say."


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


def texts_with_claims(answers: Sequence[Answer], questions: Mapping[str, Question]) -> list[str]:
    """The answers to free-form questions and their references: what claims are looked for in."""
    free = [answer for answer in answers if is_free_form(questions[answer.question])]
    references = {text: None for answer in free for text in questions[answer.question].references}
    return [*references, *(answer.text for answer in free)]


def reference_means(questions: Sequence[Question], measures: Mapping[str, Measure]) -> dict[str, float | None]:
    """Mean of each measure if every answer were its question's first reference: how high a perfect answer gets.

    A question without an answer is declined. Where this is well below 1, the measure is at fault, not the generator.
    None where no reference could be scored.
    """
    perfect = [
        Answer(
            domain="",
            question=question.id,
            generator="",
            contexts="",
            digest="",
            fingerprint="",
            text=question.references[0] if question.answerable else _DECLINED,
            stopped="end",
            n_tokens=0,
            n_passages=0,
        )
        for question in questions
    ]
    scores = score_answers(perfect, {question.id: question for question in questions}, measures)
    values = {name: [s.value for s in scores if s.measure == name and s.value is not None] for name in measures}
    return {name: math.fsum(found) / len(found) if found else None for name, found in values.items()}


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
