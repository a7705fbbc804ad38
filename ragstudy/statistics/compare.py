"""All cells of a domain compared at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ragstudy.statistics.paired import PairedDifferences, interval
from ragstudy.statistics.power import RULE_OF_THREE, Precision, smallest_detectable
from ragstudy.statistics.seeds import SeedSpread, t_quantile, two_source_p
from ragstudy.statistics.tests import mcnemar_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


_FEW_CHANGED = 5


@dataclass(frozen=True)
class Comparison:
    """Two arms on one measure, before any rounding.

    Attributes:
        n: questions with a score from both arms.
        n_clusters: independent groups among them.
        difference: mean of (tuned - base), in the measure's units.
        low: lower end of the interval at the study's confidence.
        high: its upper end.
        equivalence_low: lower end of the interval at 1 - 2a, for the margin.
        equivalence_high: its upper end.
        standard_error: cluster-robust over the questions, without the spread of the trainings.
        n_seeds: trainings of the tuned arm; from two on the intervals hold for other trainings too.
        seed_error: standard error of the difference that is due to the trainings.
        seed_degrees: degrees of freedom with which the spread of the trainings is known, with those borrowed from other
            recipes; 0 for one training.
        seed_noise: standard error of one training's difference that is due to its own way with each question.
        share_seed: share of the variance of one question's difference under one training that is due to the training;
            NaN for one training.
        share_question: share of it that is due to the question.
        p: two-sided p-value; of two or more trainings that differ, the larger one of a test over questions and of
            a test with both sources of error.
        test: what `p` comes from: 'mcnemar' for binary scores without clusters, else 'permutation'.
        smallest_detectable: the difference that this many questions find with the study's power.
            NaN where no spread was seen.
    """

    n: int
    n_clusters: int
    difference: float
    low: float
    high: float
    equivalence_low: float
    equivalence_high: float
    standard_error: float
    n_seeds: int
    seed_error: float
    seed_degrees: float
    seed_noise: float
    share_seed: float
    share_question: float
    p: float
    test: Literal["mcnemar", "permutation"]
    smallest_detectable: float


def compare_cells(  # noqa: PLR0913 - the analysis has this many fixed parts
    differences: NDArray[np.float64],
    groups: Sequence[str],
    *,
    confidence: float,
    power: float,
    n_resamples: int,
    seed: int,
    spreads: Sequence[SeedSpread] = (),
) -> list[Comparison]:
    """Compare every cell of one domain.

    Args:
        differences: (n questions, n cells) tuned minus base; NaN where one arm has no score.
        groups: the cluster of each question.
        confidence: of the intervals.
        power: of the smallest detectable effect.
        n_resamples: of bootstrap and permutation.
        seed: of both.
        spreads: of each cell over its trainings; none where every cell has one training. The bootstrap is then
            hierarchical: questions are drawn by cluster, and the trainings' part from a normal distribution of the
            estimated variance, because the few trainings there are cannot be resampled without losing half of it.
    """
    paired = PairedDifferences.of(differences, groups)
    draws = paired.bootstrap_means(n_resamples, seed)
    permuted = paired.permutation_p(n_resamples, seed)
    means, errors = paired.means(), paired.standard_errors()
    noise = np.random.default_rng([seed, 1]).standard_normal(n_resamples)
    spreads = spreads or [SeedSpread(1)] * paired.values.shape[1]
    return [
        _cell(
            paired,
            cell,
            draws[:, cell] + noise * math.sqrt(spread.variance_of_mean),
            means[cell],
            errors[cell],
            permuted[cell],
            spread,
            confidence,
            power,
        )
        for cell, spread in enumerate(spreads)
    ]


def without_spread(mean: float, n_clusters: int) -> tuple[float, float]:
    """The interval of a mean where no spread was seen, which is no proof that there is none.

    Of m clusters without an exception, up to 3/m may be exceptions (rule of three, Hanley and Lippman-Hand 1983), by at
    most the scale's length, taken as 1.
    """
    return mean - RULE_OF_THREE / n_clusters, mean + RULE_OF_THREE / n_clusters


def _cell(  # noqa: PLR0913 - the parts of one row
    paired: PairedDifferences,
    cell: int,
    draws: NDArray[np.float64],
    mean: float,
    error: float,
    permuted: float,
    spread: SeedSpread,
    confidence: float,
    power: float,
) -> Comparison:
    present = ~np.isnan(paired.values[:, cell])
    values = paired.values[present, cell]
    n_clusters = len(np.unique(paired.clusters[present]))
    squared = float(error) ** 2
    low, high = interval(draws, confidence, n_clusters, t_quantile(confidence, squared, n_clusters, spread))
    wide = 2 * confidence - 1
    equivalence_low, equivalence_high = interval(draws, wide, n_clusters, t_quantile(wide, squared, n_clusters, spread))
    whole = math.sqrt(error**2 + spread.variance_of_mean)
    n_changed = len(np.unique(paired.clusters[present][values != 0]))
    if error == 0 or (n_clusters > 1 and n_changed < _FEW_CHANGED):
        # Resampling a handful of exceptions says little about how many there are.
        least, most = without_spread(mean, n_clusters)
        low, high = np.nanmin([low, least]), np.nanmax([high, most])
        equivalence_low, equivalence_high = np.nanmin([equivalence_low, least]), np.nanmax([equivalence_high, most])
        low, high, equivalence_low, equivalence_high = map(float, (low, high, equivalence_low, equivalence_high))
    # Without clusters and with binary scores there is an exact test.
    exact = n_clusters == len(values) and len(values) > 0 and bool(np.isin(values, (-1.0, 0.0, 1.0)).all())
    p = mcnemar_exact(values) if exact else float(permuted) if len(values) else float("nan")
    if spread.variance and whole > 0:
        p = max(p, two_source_p(float(mean), squared, n_clusters, spread))
    return Comparison(
        n=len(values),
        n_clusters=n_clusters,
        difference=float(mean),
        low=low,
        high=high,
        equivalence_low=equivalence_low,
        equivalence_high=equivalence_high,
        standard_error=float(error),
        n_seeds=spread.n_seeds,
        seed_error=math.sqrt(spread.variance_of_mean),
        seed_degrees=spread.degrees,
        seed_noise=math.sqrt(spread.noise),
        share_seed=spread.share_seed,
        share_question=spread.share_question,
        p=p,
        test="mcnemar" if exact else "permutation",
        smallest_detectable=smallest_detectable(Precision(squared, n_clusters, spread), confidence, power),
    )
