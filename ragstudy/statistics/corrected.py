"""A rate measured by a scorer that errs, corrected by what an audit found about its errors.

Examples:
    >>> corrected = corrected_rate(0.6, 0.02, ErrorRates(0.9, 0.8, 200, 200), 0.95)
    >>> round(corrected.value, 3)
    0.571
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from ragstudy.statistics.settings import Interval


@dataclass(frozen=True)
class ErrorRates:
    """How often a scorer is right, as an audit against people found it.

    Attributes:
        sensitivity: share of the right answers that it calls right (q1).
        specificity: share of the wrong answers that it calls wrong (q0).
        n_right: answers that people called right in the audit.
        n_wrong: answers that people called wrong.
    """

    sensitivity: float
    specificity: float
    n_right: int
    n_wrong: int

    @property
    def youden_j(self) -> float:
        """q0 + q1 - 1: 1 for a scorer without errors, 0 for one that guesses."""
        return self.sensitivity + self.specificity - 1


def corrected_rate(p: float, standard_error: float, rates: ErrorRates, confidence: float) -> Interval | None:
    """The share of answers that are right, from the share that the scorer calls right.

    theta = (p + q0 - 1) / (q0 + q1 - 1) (Rogan and Gladen 1978). The interval is by the delta method over three
    independent errors, that of p and the binomial ones of q0 and q1:
    var = (se^2 + (1 - theta)^2 q0 (1 - q0) / n0 + theta^2 q1 (1 - q1) / n1) / (q0 + q1 - 1)^2.

    Args:
        p: share of answers called right, in [0, 1].
        standard_error: of p, clusters of questions taken into account.
        rates: of the scorer.
        confidence: of the interval.

    Returns:
        Value and interval, cut to [0, 1]; None for a scorer that is no better than a guess.
    """
    if rates.youden_j <= 0:
        return None
    theta = (p + rates.specificity - 1) / rates.youden_j
    q0, q1 = rates.specificity, rates.sensitivity
    variance = (
        standard_error**2 + (1 - theta) ** 2 * q0 * (1 - q0) / rates.n_wrong + theta**2 * q1 * (1 - q1) / rates.n_right
    ) / rates.youden_j**2
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * math.sqrt(variance)
    return Interval(_unit(theta), _unit(theta - half), _unit(theta + half))


def corrected_difference(
    difference: float, standard_error: float, rates: ErrorRates, confidence: float
) -> Interval | None:
    """The difference of two rates that one scorer with the same errors measured: difference / (q0 + q1 - 1).

    The uncertainty of q0 and q1 scales the difference: var = (se^2 + d^2 (var q0 + var q1)) / (q0 + q1 - 1)^2 with d
    the corrected difference.

    Args:
        difference: of the shares of answers called right, in [-1, 1].
        standard_error: of the difference, clusters of questions taken into account.
        rates: of the scorer.
        confidence: of the interval.

    Returns:
        Value and interval in [-1, 1]; None for a scorer that is no better than a guess.
    """
    if rates.youden_j <= 0:
        return None
    value = difference / rates.youden_j
    q0, q1 = rates.specificity, rates.sensitivity
    spread = q0 * (1 - q0) / rates.n_wrong + q1 * (1 - q1) / rates.n_right
    variance = (standard_error**2 + value**2 * spread) / rates.youden_j**2
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * math.sqrt(variance)
    return Interval(*(max(-1.0, min(1.0, x)) for x in (value, value - half, value + half)))


def _unit(value: float) -> float:
    return max(0.0, min(1.0, value))
