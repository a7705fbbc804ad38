"""How much of a difference the scorer's known errors make, because one arm's answers are longer than the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ragstudy.results import LengthBias
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.known_errors import known_errors
from ragstudy.statistics import Interval
from ragstudy.statistics.length_errors import LengthErrors, without_bias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.records import Question
    from ragstudy.statistics import Comparison
    from ragstudy.study.analyse.tables import Sides
    from ragstudy.study.plan.audits import Audit

# Share of a comparison's questions that have to be like the labelled ones.
_LEAST_ALIKE = 0.5
_CONFIDENCE = 0.95


def errors_of(measures: Sequence[str], audits: Mapping[str, Audit]) -> dict[str, LengthErrors]:
    """How often each measure errs: as the study's own audit found, else as is known of the scorers that come with it.

    Args:
        measures: of the study.
        audits: of the study, by measure.
    """
    known = {measure: errors for measure, errors in known_errors().items() if measure in measures}
    return known | {measure: audit.by_length() for measure, audit in audits.items()}


def _asks_for_facts(question: Question) -> bool:
    """Whether it asks for names, numbers or dates, which known labels are of; yes and no are told by other rules."""
    return question.answerable and question.type not in ("yesno", "comparison") and not is_free_form(question)


def length_bias(
    errors: LengthErrors, questions: Sequence[Question], sides: Sides, words: Sides, effect: Comparison
) -> LengthBias | None:
    """What the scorer would make of two arms that are equally right and answer at these lengths.

    Args:
        errors: of the measure's scorer.
        questions: of the domain.
        sides: scores of both arms.
        words: lengths of their answers.
        effect: of the comparison; the interval that is shown is used.

    Returns:
        None where most questions are unlike those that the scorer's errors are known of.
    """
    base, tuned = words.base, words.tuned
    there = ~np.isnan(np.concatenate([sides.tuned, tuned], axis=1)).any(axis=1)
    scored = there & ~np.isnan(sides.base + base)
    # An answer without a word is wrong, whoever scores it.
    scored &= (words.base > 0) & (words.tuned > 0).all(axis=1)
    alike = np.asarray([_asks_for_facts(one) or not errors.of_short_references for one in questions])
    used = scored & alike
    if not used.any() or used.sum() < _LEAST_ALIKE * scored.sum():
        return None
    called = [float((side[used] >= errors.threshold).mean()) for side in (sides.base, sides.tuned)]
    share = float(used.sum() / scored.sum())
    found = errors.bias(base=base[used], tuned=tuned[used], called=sum(called) / 2, confidence=_CONFIDENCE)
    bias = Interval(share * found.value, share * found.low, share * found.high)
    rates = [errors.of_lengths(words[used]) for words in (base, tuned)]
    return LengthBias(
        source=errors.source,
        n=int(used.sum()),
        base_words=float(base[used].mean()),
        tuned_words=float(tuned[used].mean()),
        base_sensitivity=rates[0].sensitivity,
        tuned_sensitivity=rates[1].sensitivity,
        base_specificity=rates[0].specificity,
        tuned_specificity=rates[1].specificity,
        bias=bias,
        without=without_bias(effect.interval, bias),
    )
