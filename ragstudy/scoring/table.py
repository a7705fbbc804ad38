"""Scoring all answers: every expected (question, generator, measure) gets a value or a reason.

Examples:
    >>> from ragstudy.records import Case, Question
    >>> from ragstudy.scoring.measures.overlap import EXACT_MATCH
    >>> asked = Question('q', 'Which colour?', ('green',))
    >>> [one.value for one in score_cases(EXACT_MATCH.make(None), [Case(asked, 'Green.'), Case(asked, 'red')])]
    [1.0, 0.0]
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ragstudy.protocols import BatchMeasure
from ragstudy.records import Answer, Case, Score, Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ragstudy.protocols import Measure
    from ragstudy.records import Question

_DECLINED = "The passages do not say."


def score_answers(
    answers: Sequence[Answer],
    questions: Mapping[str, Question],
    measures: Mapping[str, Measure | BatchMeasure],
    passages: Callable[[Answer], tuple[str, ...]] | None = None,
    done: Callable[[], object] = lambda: None,
) -> list[Score]:
    """One score per answer and measure, in that order; what could not be scored has a reason, never a 0.

    Args:
        answers: of one domain.
        questions: of that domain, by id.
        measures: by name.
        passages: texts that an answer's prompt showed; needed by measures that look at them.
        done: called after each score.
    """
    if not measures:
        return []
    columns = [_column(answers, questions, measure, passages, done) for measure in measures.values()]
    return [
        Score(answer.domain, answer.question, answer.generator, answer.contexts, name, one.value, one.reason)
        for answer, row in zip(answers, zip(*columns, strict=True), strict=True)
        for name, one in zip(measures, row, strict=True)
    ]


def _column(
    answers: Sequence[Answer],
    questions: Mapping[str, Question],
    measure: Measure | BatchMeasure,
    passages: Callable[[Answer], tuple[str, ...]] | None,
    done: Callable[[], object],
) -> list[Scored]:
    """The scores of one measure; answers that failed are not shown to it."""
    shown = passages if getattr(measure, "needs_passages", False) else None
    there = [answer for answer in answers if answer.stopped != "error"]
    cases = [Case(questions[answer.question], answer.text, shown(answer) if shown else None) for answer in there]
    scored = iter(score_cases(measure, cases, done))
    column = []
    for answer in answers:
        if answer.stopped == "error":
            column.append(Scored(None, f"no answer: {answer.error}"))
            done()
        else:
            column.append(next(scored))
    return column


def score_cases(
    measure: Measure | BatchMeasure, cases: Sequence[Case], done: Callable[[], object] = lambda: None
) -> list[Scored]:
    """One result per case, in order: a finite value, or the reason why there is none.

    Args:
        measure: scores one answer at a time, or all of them.
        cases: answers with their questions.
        done: called after each.

    Raises:
        ValueError: a measure that scores all answers at a time gives another number of results.
    """
    if not isinstance(measure, BatchMeasure):
        return [_counted(_scored(case, measure), done) for case in cases]
    scored = list(measure.score_many(cases, done))
    if len(scored) != len(cases):
        msg = f"a measure gave {len(scored)} scores for {len(cases)} answers"
        raise ValueError(msg)
    return [_finite(one) for one in scored]


def _counted(scored: Scored, done: Callable[[], object]) -> Scored:
    done()
    return scored


def reference_means(
    questions: Sequence[Question], measures: Mapping[str, Measure | BatchMeasure]
) -> dict[str, float | None]:
    """Mean of each measure if every answer were its question's first reference: how high a perfect answer gets.

    A question without an answer is declined. Where this is well below 1, the measure is at fault, not the generator.
    None where no reference could be scored.

    Args:
        questions: of one domain.
        measures: by name.
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


def _scored(case: Case, measure: Measure) -> Scored:
    try:
        return _finite(Scored(float(measure.score(case.question, case.answer))))
    except ValueError as error:
        return Scored(None, str(error) or type(error).__name__)
    except Exception as error:  # noqa: BLE001 - a measure of the user's own may raise anything
        return Scored(None, f"{type(error).__name__}: {error}")


def _finite(scored: Scored) -> Scored:
    if scored.value is None or math.isfinite(scored.value):
        return scored
    return Scored(None, f"the measure gave {scored.value}")
