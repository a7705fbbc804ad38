"""Scoring all answers: every expected (question, generator, measure) gets a value or a reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ragstudy.protocols import BatchMeasure
from ragstudy.records import Answer, Case, Score, Scored
from ragstudy.scoring.claims import is_free_form, without_list_marks

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
    columns = [
        _column(answers, questions, measure, passages, done)
        if isinstance(measure, BatchMeasure)
        else [_counted(_scored(answer, questions[answer.question], measure), done) for answer in answers]
        for measure in measures.values()
    ]
    return [
        Score(answer.domain, answer.question, answer.generator, answer.contexts, name, one.value, one.reason)
        for answer, row in zip(answers, zip(*columns, strict=True), strict=True)
        for name, one in zip(measures, row, strict=True)
    ]


def _counted(scored: Scored, done: Callable[[], object]) -> Scored:
    done()
    return scored


def _column(
    answers: Sequence[Answer],
    questions: Mapping[str, Question],
    measure: BatchMeasure,
    passages: Callable[[Answer], tuple[str, ...]] | None,
    done: Callable[[], object],
) -> list[Scored]:
    """The scores of one measure that takes all answers at a time; answers that failed are not shown to it."""
    shown = passages if measure.needs_passages else None
    there = [answer for answer in answers if answer.stopped != "error"]
    cases = [Case(questions[answer.question], answer.text, shown(answer) if shown else None) for answer in there]
    found = iter(measure.score_many(cases, done))
    return [
        _counted(_failed(answer), done) if answer.stopped == "error" else _finite(next(found)) for answer in answers
    ]


def texts_with_claims(answers: Sequence[Answer], questions: Mapping[str, Question]) -> list[str]:
    """The answers to free-form questions and their references: what claims are looked for in."""
    free = [answer for answer in answers if is_free_form(questions[answer.question])]
    references = {text: None for answer in free for text in questions[answer.question].references}
    return [*references, *(without_list_marks(answer.text) for answer in free)]


def reference_means(
    questions: Sequence[Question], measures: Mapping[str, Measure | BatchMeasure]
) -> dict[str, float | None]:
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


def _failed(answer: Answer) -> Scored:
    return Scored(None, f"no answer: {answer.error}")


def _scored(answer: Answer, question: Question, measure: Measure) -> Scored:
    if answer.stopped == "error":
        return _failed(answer)
    try:
        return _finite(Scored(float(measure.score(question, answer.text))))
    except ValueError as error:
        return Scored(None, str(error) or type(error).__name__)
    except Exception as error:  # noqa: BLE001 - a measure of the user's own may raise anything
        return Scored(None, f"{type(error).__name__}: {error}")


def _finite(scored: Scored) -> Scored:
    if scored.value is None or math.isfinite(scored.value):
        return scored
    return Scored(None, f"the measure gave {scored.value}")
