"""Training seeds as a second source of variation beside questions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.paired import PairedDifferences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class SeedSpread:
    """How much a recipe's effect varies from training to training, apart from the questions drawn.

    Attributes:
        n_seeds: trainings; 1 where the spread is not known.
        variance: of the effect of one training over the trainings that could have been, estimated; 0 where the
            seeds differ no more than chance among the questions makes them.
        share_seed: share of the variance of one question's difference under one training that is due to the training.
        share_question: share that is due to the question.
    """

    n_seeds: int
    variance: float = 0.0
    share_seed: float = math.nan
    share_question: float = math.nan

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
    variance = max(0.0, float(means.var(ddof=1)) - noise)
    residual = values - values.mean(axis=1, keepdims=True) - means + values.mean()
    within = float((residual**2).sum()) / ((n - 1) * (n_seeds - 1))
    between = max(0.0, float(values.mean(axis=1).var(ddof=1)) - within / n_seeds)
    total = variance + between + within
    if total == 0:
        return SeedSpread(n_seeds)
    return SeedSpread(n_seeds, variance, variance / total, between / total)


def degrees_of_freedom(question_variance: float, n_clusters: int, spread: SeedSpread) -> float:
    """Satterthwaite's approximation (1946) for the sum of two estimated variances.

    (a + b)^2 / (a^2 / (m - 1) + b^2 / (S - 1)) with a of m clusters and b of S seeds.
    """
    b = spread.variance_of_mean
    if b == 0 or spread.n_seeds < 2:  # noqa: PLR2004 - a spread needs two
        return float(n_clusters - 1)
    whole = (question_variance + b) ** 2
    return whole / (question_variance**2 / max(1, n_clusters - 1) + b**2 / (spread.n_seeds - 1))
