"""What a study can tell: chances of a decision, and the questions and differences it takes.

Examples:
    >>> from ragstudy.statistics.seeds import SeedSpread
    >>> many = Precision(question_variance=1 / 400, n_clusters=400, spread=SeedSpread(1))
    >>> round(smallest_detectable(many, confidence=0.95, power=0.8), 2)
    0.14
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragstudy.statistics.seeds import SeedSpread

_N_NODES = 48


@dataclass(frozen=True)
class Precision:
    """What the error of a mean difference is made of.

    Attributes:
        question_variance: squared standard error over the questions, cluster-robust.
        n_clusters: independent groups of questions, at least 2.
        spread: of the trainings.
    """

    question_variance: float
    n_clusters: float
    spread: SeedSpread

    def times(self, factor: float) -> Precision:
        """The same with this many times the questions, which make the trainings no more alike.

        Args:
            factor: positive.
        """
        noise = self.spread.noise / factor
        spread = replace(self.spread, var_seed_means=self.spread.variance + noise, noise=noise)
        return Precision(self.question_variance / factor, self.n_clusters * factor, spread)

    @property
    def standard_error(self) -> float:
        """Of the mean difference over questions and trainings."""
        return math.sqrt(self.question_variance + self.spread.variance_of_mean)

    def ci_half_widths(self, confidence: float) -> NDArray[np.float64]:
        """Half-widths of the confidence interval, one for each equally likely pair of estimated variances.

        Studies differ in how well they know their own error: the estimated variance over m groups of questions is a
        chi-square of m - 1 degrees of freedom, and that of the means of S trainings one of S - 1, from which the noise
        of the questions is taken off (`seed_spread`), or of more where trainings borrow (`moderate`). The quantile is
        that of `t_quantile`.

        Args:
            confidence: of the interval.
        """
        level = (1 + confidence) / 2
        degrees = max(1.0, self.n_clusters - 1)
        questions = self.question_variance * equally_likely_variances(degrees, _N_NODES)
        t_questions = special.stdtrit(degrees, level)
        if not self.spread.is_known:
            return np.asarray(t_questions * np.sqrt(questions))
        degrees, var_seed_means = self.spread.degrees, self.spread.variance + self.spread.noise
        trainings = (
            np.maximum(0.0, var_seed_means * equally_likely_variances(degrees, _N_NODES) - self.spread.noise)
            / self.spread.n_seeds
        )
        t_trainings = special.stdtrit(degrees, level)
        weighted = questions[:, None] * t_questions + trainings[None, :] * t_trainings
        whole = np.sqrt(questions[:, None] + trainings[None, :])
        return np.divide(weighted, whole, out=np.zeros_like(whole), where=whole > 0).reshape(-1)


@lru_cache(maxsize=1024)
def equally_likely_variances(degrees: float, n: int) -> NDArray[np.float64]:
    """(n,) equally likely estimates of a variance of 1.

    Args:
        degrees: of freedom of the estimate.
        n: how many.
    """
    middles = (np.arange(n) + 0.5) / n
    return np.asarray(special.chdtri(degrees, 1 - middles) / degrees)


def power_of(effect: float, precision: Precision, confidence: float) -> float:
    """Power: the chance that the interval around the difference found leaves out zero.

    Args:
        effect: the true difference.
        precision: of the study.
        confidence: of the interval.
    """
    error, reach = precision.standard_error, precision.ci_half_widths(confidence)
    above, below = special.ndtr((effect - reach) / error), special.ndtr((-effect - reach) / error)
    return float(np.mean(above + below))


def power_of_equivalence(effect: float, precision: Precision, margin: float, confidence: float) -> float:
    """The chance that the interval at 1 - 2a lies within the margin (two one-sided tests at a = 1 - confidence).

    Args:
        effect: the true difference.
        precision: of the study.
        margin: smallest difference that matters.
        confidence: 1 - a.
    """
    room = np.maximum(0.0, margin - precision.ci_half_widths(2 * confidence - 1)) / precision.standard_error
    middle = effect / precision.standard_error
    return float(np.mean(special.ndtr(room - middle) - special.ndtr(-room - middle)))


def smallest_detectable(precision: Precision, confidence: float, power: float) -> float:
    """The true difference that a study finds with the given power.

    For many groups and one training it is (z_{1-a/2} + z_{power}) se (Cohen 1988; Miller 2024, arXiv 2411.00640,
    section 5).

    Args:
        precision: of the study.
        confidence: of its interval.
        power: probability with which the difference is found.

    Returns:
        The difference, at least 0; NaN where the error is 0 or not known.
    """
    if not precision.standard_error > 0:
        return math.nan
    most = float(precision.ci_half_widths(confidence).max()) + 10 * precision.standard_error

    def lacking(effect: float) -> float:
        return power_of(effect, precision, confidence) - power

    return float(optimize.brentq(lacking, 0.0, most, xtol=1e-9)) if lacking(0.0) < 0 else 0.0
