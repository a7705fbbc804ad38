"""Shares of right answers, corrected for the errors that an audit found the scorer to make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.results import CorrectedShares
from ragstudy.statistics.corrected import corrected_difference, corrected_rate
from ragstudy.statistics.paired import PairedDifferences
from ragstudy.study.analyse.tables import mean_over_seeds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.study.analyse.compare import Comparer, Pairing
    from ragstudy.study.plan.audits import Audit

LENGTH = "answer_words"
# Differences of the scorer's error rates between arms that are worth a warning.
_WORTH_TELLING = 0.02


@dataclass(frozen=True)
class ArmScores:
    """Scores and lengths of one arm's answers.

    Attributes:
        name: of the arm.
        scores: (n questions,) mean over seeds; NaN where there is none.
        words: (n questions,) mean length in words; NaN where there is none.
    """

    name: str
    scores: NDArray[np.float64]
    words: NDArray[np.float64]


@dataclass(frozen=True)
class ComparedArms:
    """Two arms that answered the same questions, in one context on one measure of a domain.

    Attributes:
        domain: name of the domain.
        measure: name of the measure.
        contexts: name of the test context.
        groups: source of every question.
        base: the arm compared with.
        tuned: the other arm.
    """

    domain: str
    measure: str
    contexts: str
    groups: Sequence[str]
    base: ArmScores
    tuned: ArmScores


def corrections(comparer: Comparer, audits: Mapping[str, Audit]) -> list[CorrectedShares]:
    """Shares of right answers on audited measures, corrected for the scorer's errors.

    Args:
        comparer: of the domain.
        audits: by measure.
    """
    pairings = [one for one in comparer.pairings() if one.measure in audits]
    made = (correct(audits[one.measure], _arms(comparer, one), comparer.settings.confidence) for one in pairings)
    return [one for one in made if one is not None]


def _arms(comparer: Comparer, pairing: Pairing) -> ComparedArms:
    domain = comparer.domain
    base, tuned = (
        ArmScores(
            arm.name,
            *(
                mean_over_seeds(comparer.scores.of_arm(domain, arm, pairing.contexts, name))
                for name in (pairing.measure, LENGTH)
            ),
        )
        for arm in (pairing.base, pairing.arm)
    )
    return ComparedArms(domain.name, pairing.measure, pairing.contexts, domain.groups, base, tuned)


def correct(audit: Audit, arms: ComparedArms, confidence: float) -> CorrectedShares | None:
    """Shares of right answers of two arms and their difference, corrected.

    Args:
        audit: of the measure.
        arms: that are compared.
        confidence: of the intervals.

    Returns:
        None where no question has both scores, or all come from one group.
    """
    base, tuned = arms.base, arms.tuned
    both = ~(np.isnan(base.scores) | np.isnan(tuned.scores))
    if not both.any():
        return None
    mine = [group for group, there in zip(arms.groups, both, strict=True) if there]
    called = [(arm.scores[both] >= audit.threshold).astype(float) for arm in (base, tuned)]
    columns = PairedDifferences.of(np.stack([*called, called[1] - called[0]], axis=1), mine)
    means, errors = columns.means(), columns.standard_errors()
    if np.isnan(errors).any():
        return None  # of a single group nothing can be said about others
    shares = [corrected_rate(means[i], errors[i], audit.rates, confidence) for i in (0, 1)]
    return CorrectedShares(
        domain=arms.domain,
        measure=arms.measure,
        contexts=arms.contexts,
        arm=tuned.name,
        base_arm=base.name,
        n=int(both.sum()),
        base_measured=float(means[0]),
        tuned_measured=float(means[1]),
        base=shares[0],
        tuned=shares[1],
        difference=corrected_difference(means[2], errors[2], audit.rates, confidence),
        warning=length_warning(audit, base, tuned, both, (float(means[0]), float(means[1]))),
    )


def length_warning(
    audit: Audit, base: ArmScores, tuned: ArmScores, both: NDArray[np.bool_], means: tuple[float, float]
) -> str:
    """A sentence where answers of these lengths are judged with different errors; empty otherwise.

    Args:
        audit: of the measure.
        base: the arm compared with.
        tuned: the other arm.
        both: (n questions,) whether both have a score.
        means: shares that the scorer calls right, of base and tuned.
    """
    lengths = [arm.words[both & ~np.isnan(arm.words)] for arm in (base, tuned)]
    if any(len(words) == 0 for words in lengths):
        return f"the study does not measure {LENGTH}, so the arms' lengths cannot be compared with the audit's"
    rates = [audit.of_lengths(words) for words in lengths]
    gaps = (rates[1].sensitivity - rates[0].sensitivity, rates[1].specificity - rates[0].specificity)
    if max(map(abs, gaps)) < _WORTH_TELLING:
        return ""
    each = [corrected_rate(mean, 0.0, rate, 0.95) for mean, rate in zip(means, rates, strict=True)]
    instead = f"; corrected by length the difference is {each[1].value - each[0].value:+.3f}" if all(each) else ""  # type: ignore[union-attr]
    return (
        f"{tuned.name} answers in {lengths[1].mean():.0f} words and {base.name} in {lengths[0].mean():.0f}, and the "
        f"scorer errs differently on short and long answers (sensitivity {gaps[0]:+.2f}, specificity {gaps[1]:+.2f})"
        f"{instead}"
    )
