"""Shares of right answers, corrected for the errors that an audit found the scorer to make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ragstudy.results import CorrectedShares
from ragstudy.statistics.corrected import corrected_difference, corrected_rate
from ragstudy.statistics.paired import PairedDifferences
from ragstudy.statistics.rare_changes import unseen
from ragstudy.statistics.seeds import seed_spread, t_quantile

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
        scores: (n questions, n seeds); NaN where there is none.
        words: (n questions, n seeds) length in words; NaN where there is none.
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
            *(comparer.scores.of_arm(domain, arm, pairing.contexts, name) for name in (pairing.measure, LENGTH)),
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
    both = ~np.isnan(np.concatenate([base.scores, tuned.scores], axis=1)).any(axis=1)
    if not both.any():
        return None
    mine = [group for group, there in zip(arms.groups, both, strict=True) if there]
    # An audit's error rates hold for single answers, so each is called right or wrong before any are averaged.
    of_base, of_tuned = ((arm.scores[both] >= audit.threshold).astype(float) for arm in (base, tuned))
    columns = [of_base, of_tuned, of_tuned - of_base.mean(axis=1, keepdims=True)]
    found = [mean_called(column, mine, confidence) for column in columns]
    if any(math.isnan(error) for _, error in found):
        return None  # of a single group nothing can be said about others
    shares = [corrected_rate(mean, error, audit.rates, confidence) for mean, error in found[:2]]
    return CorrectedShares(
        domain=arms.domain,
        measure=arms.measure,
        contexts=arms.contexts,
        arm=tuned.name,
        base_arm=base.name,
        n=int(both.sum()),
        base_measured=found[0][0],
        tuned_measured=found[1][0],
        base=shares[0],
        tuned=shares[1],
        difference=corrected_difference(*found[2], audit.rates, confidence),
        warning=length_warning(audit, base, tuned, both, (found[0][0], found[1][0])),
    )


def mean_called(columns: NDArray[np.float64], groups: Sequence[str], confidence: float) -> tuple[float, float]:
    """The mean of (n questions, n seeds) values, and an error of which the normal quantile makes the right interval.

    The error holds the questions' and the trainings' parts; where few groups or trainings know it, it is widened by the
    quantile of Student's t over the normal one.

    Args:
        columns: (n questions, n seeds) shares or differences of what is called right.
        groups: the cluster of each question.
        confidence: of the interval that is made of it.
    """
    paired = PairedDifferences.of(columns.mean(axis=1, keepdims=True), groups)
    of_questions, spread = float(paired.standard_errors()[0]), seed_spread(columns, groups)
    error = math.sqrt(of_questions**2 + spread.variance_of_mean)
    wider = t_quantile(confidence, of_questions**2, paired.n_clusters, spread) / stats.norm.ppf((1 + confidence) / 2)
    if not error:
        # No spread was seen, which is no proof that there is none.
        error = unseen(paired.n_clusters, 0, (1 - confidence) / 2) / float(stats.norm.ppf((1 + confidence) / 2))
        return float(paired.means()[0]), error
    return float(paired.means()[0]), error * float(wider)


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
    lengths = [arm.words[both][~np.isnan(arm.words[both])] for arm in (base, tuned)]
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
