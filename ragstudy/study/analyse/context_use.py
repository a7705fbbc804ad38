"""What generators make of passages with wrong values: do answers follow what is read, or what the weights know?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ragstudy.results import ContextUse
from ragstudy.scoring.claims import declines
from ragstudy.scoring.words import holds, variants, without_citations, words
from ragstudy.study.analyse.arm_means import Columns, means_by_arm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ragstudy.records import Answer, Question
    from ragstudy.statistics import AnalysisSettings, Interval
    from ragstudy.study.analyse.tables import DomainData

Use = Literal["context_faithful", "parametric", "neither"]
USES: tuple[Use, ...] = ("context_faithful", "parametric", "neither")


def use_of(question: Question, values: Mapping[str, str], answer: str) -> Use:
    """Whether an answer follows the changed passages, gives the true value from the model's weights, or does neither.

    An answer that names both a changed and a true value, or declines, does neither.

    Args:
        question: that was asked.
        values: the new value of each replaced fact, by fact id.
        answer: the text given.
    """
    facts = [fact for fact in question.facts if fact.id in values]
    new = [replace(fact, id=f"{fact.id}/new", forms=(values[fact.id],)) for fact in facts]
    if declines(replace(question, facts=(*facts, *new)), answer):
        return "neither"
    said = words(without_citations(answer))
    faithful = any(holds(said, form) for fact in facts for form in variants(values[fact.id]))
    parametric = any(holds(said, form) for fact in facts for text in fact.forms for form in variants(text))
    if faithful == parametric:
        return "neither"
    return "context_faithful" if faithful else "parametric"


def context_use(
    domain: DomainData,
    contexts: str,
    values: Mapping[str, Mapping[str, str]],
    answer_of: Callable[[str, Question], Answer | None],
    settings: AnalysisSettings,
) -> list[ContextUse]:
    """For each arm, the shares of answers that follow the passages, give the true value, or do neither.

    Args:
        domain: that is asked about.
        contexts: name of the counterfactual context.
        values: the new value of each replaced fact, by question id and fact id.
        answer_of: the answer of a generator to a question; None where there is none.
        settings: of the bootstrap over groups of questions and its intervals.
    """

    def values_of(generator: str, question: Question) -> Sequence[float] | None:
        answer = answer_of(generator, question)
        if answer is None or answer.stopped == "error":
            return None
        mine = use_of(question, values[question.id], answer.text)
        return [float(mine == use) for use in USES]

    asked = [question for question in domain.questions if question.id in values]
    columns = Columns(USES, values_of, (0.0, 1.0), len(USES))
    return [
        ContextUse(
            domain=domain.name,
            contexts=contexts,
            arm=one.arm.name,
            n=one.n,
            n_left_out=len(domain.questions) - len(asked),
            context_faithful=one.means["context_faithful"],
            parametric=one.means["parametric"],
            neither=one.means["neither"],
            faithful_difference=_known(one.shifts, "context_faithful"),
            parametric_difference=_known(one.shifts, "parametric"),
        )
        for one in means_by_arm(domain.arms, asked, columns, settings)
        if one.n
    ]


def _known(shifts: Mapping[str, Interval] | None, use: Use) -> Interval | None:
    return shifts[use] if shifts and shifts[use].is_known else None
