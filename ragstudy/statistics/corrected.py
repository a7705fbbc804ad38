"""A rate measured by a scorer that errs, corrected by what an audit found about its errors.

Examples:
    >>> corrected = corrected_rate(0.6, 0.02, ErrorRates(0.9, 0.8, 200, 200), 0.95)
    >>> round(corrected.value, 3)
    0.571
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ragstudy.statistics.settings import Interval

_N_DRAWS = 20_000


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

    def widened(self) -> ErrorRates:
        """The rates with one right and one wrong call added to either row (Agresti and Coull 1998)."""
        return ErrorRates(
            (self.n_right * self.sensitivity + 1) / (self.n_right + 2),
            (self.n_wrong * self.specificity + 1) / (self.n_wrong + 2),
            self.n_right + 2,
            self.n_wrong + 2,
        )


def corrected_rate(p: float, standard_error: float, rates: ErrorRates, confidence: float) -> Interval | None:
    """The share of answers that are right, from the share that the scorer calls right.

    theta = (p + q0 - 1) / (q0 + q1 - 1) (Rogan and Gladen 1978). The interval is that of Lang and Reiczigel (2014,
    Preventive Veterinary Medicine 113, 13-22, equations 4, 6, 7, 16 and 17), which holds for small audits: p is that of
    as many independent answers as would have this standard error, one right and one wrong answer are added to either
    row of the audit and z^2/2 of each to the study, and the middle moves by the skewness that the audit's errors bring.

    Args:
        p: share of answers called right, in [0, 1].
        standard_error: of p, with clusters of questions and trainings taken into account.
        rates: of the scorer.
        confidence: of the interval.

    Returns:
        Value and interval, cut to [0, 1]; None for a scorer that is no better than a guess.
    """
    if rates.youden_j <= 0:
        return None
    value = (p + rates.specificity - 1) / rates.youden_j
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    variance = max(p * (1 - p), standard_error**2)
    n = variance / standard_error**2 if standard_error > 0 else math.inf
    wider = rates.widened()
    called = p if math.isinf(n) else (n * p + z**2 / 2) / (n + z**2)
    of_called = 0.0 if math.isinf(n) else called * (1 - called) / (n + z**2)
    theta = (called + wider.specificity - 1) / wider.youden_j
    of_right = theta**2 * wider.sensitivity * (1 - wider.sensitivity) / wider.n_right
    of_wrong = (1 - theta) ** 2 * wider.specificity * (1 - wider.specificity) / wider.n_wrong
    moved = 2 * z**2 * (_over(of_right, theta) - _over(of_wrong, 1 - theta))
    half = z * math.sqrt(of_called + of_right + of_wrong) / wider.youden_j
    return Interval(_unit(value), _unit(theta + moved - half), _unit(theta + moved + half))


def _over(value: float, by: float) -> float:
    return value / by if by else 0.0


def corrected_difference(
    difference: float, standard_error: float, rates: ErrorRates, confidence: float
) -> Interval | None:
    """The difference of two rates that one scorer with the same errors measured: difference / (q0 + q1 - 1).

    The interval is of draws: the difference from a normal distribution, q0 and q1 from the beta distributions that the
    audit's counts leave (one right and one wrong answer added to either row, as above), which are skewed where an audit
    is small.

    Args:
        difference: of the shares of answers called right, in [-1, 1].
        standard_error: of the difference, with clusters of questions and trainings taken into account.
        rates: of the scorer.
        confidence: of the interval.

    Returns:
        Value and interval in [-1, 1]; None for a scorer that is no better than a guess.
    """
    if rates.youden_j <= 0:
        return None
    rng = np.random.default_rng(1)
    right, wrong = rates.sensitivity * rates.n_right, rates.specificity * rates.n_wrong
    q1 = rng.beta(right + 1, rates.n_right - right + 1, _N_DRAWS)
    q0 = rng.beta(wrong + 1, rates.n_wrong - wrong + 1, _N_DRAWS)
    drawn = difference + standard_error * rng.standard_normal(_N_DRAWS)
    # A scorer that might be no better than a guess says nothing of the difference: such draws lie at the ends.
    youden_j = q0 + q1 - 1
    with np.errstate(divide="ignore", over="ignore"):
        values = np.where(youden_j > 0, drawn / np.where(youden_j > 0, youden_j, 1.0), np.sign(drawn) * np.inf)
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    value = difference / rates.youden_j
    return Interval(*(max(-1.0, min(1.0, float(x))) for x in (value, low, high)))


def _unit(value: float) -> float:
    return max(0.0, min(1.0, value))
