"""Training seeds as a second source of variation beside questions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from ragstudy.statistics.paired import PairedDifferences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


_NO_CONFIDENCE, _FULL_CONFIDENCE = 1e-9, 1 - 1e-9


@dataclass(frozen=True)
class SeedSpread:
    """How much a recipe's effect varies from training to training, apart from the questions drawn.

    Attributes:
        n_seeds: trainings; 1 where the spread is not known.
        of_means: variance of the seeds' mean differences.
        noise: what it would be if trainings did not differ, because each meets every question in its own way.
        share_seed: share of the variance of one question's difference under one training that is due to the training.
        share_question: share that is due to the question.
    """

    n_seeds: int
    of_means: float = 0.0
    noise: float = 0.0
    share_seed: float = math.nan
    share_question: float = math.nan

    @property
    def variance(self) -> float:
        """Of the effect of one training over the trainings that could have been; 0 where chance explains all of it."""
        return max(0.0, self.of_means - self.noise)

    @property
    def variance_of_mean(self) -> float:
        """Of the mean effect over the seeds."""
        return self.variance / self.n_seeds


def seed_spread(differences: NDArray[np.float64], groups: Sequence[str]) -> SeedSpread:
    """The components of variance of differences, by the method of moments (two-way random effects, balanced).

    The seeds' means spread because trainings differ and because each meets every question in its own way; the second
    part is estimated by the cluster-robust error of what is left of a seed's differences after each question's mean,
    and taken off (Searle, Casella and McCulloch 1992, chapter 4, with clusters in place of independent residuals).

    Args:
        differences: (n questions, S seeds), tuned minus base; questions with a NaN are left out.
        groups: the cluster of each question.
    """
    there = np.flatnonzero(~np.isnan(differences).any(axis=1))
    values = differences[there]
    n, n_seeds = values.shape
    if n_seeds < 2 or n < 2:  # noqa: PLR2004 - a spread needs two
        return SeedSpread(max(1, n_seeds))
    left = (values - values.mean(axis=1, keepdims=True)) * math.sqrt(n_seeds / (n_seeds - 1))
    errors = PairedDifferences.of(left, [groups[int(i)] for i in there]).standard_errors()
    noise = float(np.nanmean(errors**2)) if not np.isnan(errors).all() else 0.0
    means = values.mean(axis=0)
    of_means = float(means.var(ddof=1))
    variance = max(0.0, of_means - noise)
    residual = values - values.mean(axis=1, keepdims=True) - means + values.mean()
    within = float((residual**2).sum()) / ((n - 1) * (n_seeds - 1))
    between = max(0.0, float(values.mean(axis=1).var(ddof=1)) - within / n_seeds)
    total = variance + between + within
    if total == 0:
        return SeedSpread(n_seeds)
    return SeedSpread(n_seeds, of_means, noise, variance / total, between / total)


def t_quantile(confidence: float, question_variance: float, n_clusters: int, spread: SeedSpread) -> float:
    """How many standard errors an interval reaches when its variance is the sum of two estimated ones.

    The mean of the two quantiles of Student's t, of m - 1 and S - 1 degrees of freedom, weighted by the variances
    (Cochran and Cox 1950, section 4.14). Satterthwaite's single t is too narrow where a few trainings make up most of
    the variance: .88 to .94 instead of .95 in `benchmarks/planted.py`.

    Args:
        confidence: of a two-sided interval.
        question_variance: squared standard error over m clusters of questions.
        n_clusters: m, at least 2.
        spread: with the variance of S trainings.
    """
    level = (1 + confidence) / 2
    questions = float(stats.t.ppf(level, max(1, n_clusters - 1)))
    trainings = spread.variance_of_mean
    if trainings == 0 or spread.n_seeds < 2:  # noqa: PLR2004 - a spread needs two
        return questions
    of_seeds = float(stats.t.ppf(level, spread.n_seeds - 1))
    return (question_variance * questions + trainings * of_seeds) / (question_variance + trainings)


def two_source_p(difference: float, question_variance: float, n_clusters: int, spread: SeedSpread) -> float:
    """The two-sided p-value that belongs to `t_quantile`: one minus the confidence whose interval ends at zero."""
    whole = math.sqrt(question_variance + spread.variance_of_mean)
    if whole == 0 or math.isnan(whole) or math.isnan(difference):
        return math.nan
    ratio = abs(difference) / whole
    if ratio < t_quantile(_NO_CONFIDENCE, question_variance, n_clusters, spread):
        return 1.0
    if ratio > t_quantile(_FULL_CONFIDENCE, question_variance, n_clusters, spread):
        return 1 - _FULL_CONFIDENCE

    def beyond(confidence: float) -> float:
        return t_quantile(confidence, question_variance, n_clusters, spread) - ratio

    return 1 - float(optimize.brentq(beyond, _NO_CONFIDENCE, _FULL_CONFIDENCE))
