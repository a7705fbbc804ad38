"""Means of many columns over the same questions, each with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.compare import without_spread
from ragstudy.statistics.paired import PairedDifferences, interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def mean_intervals(  # noqa: PLR0913 - the analysis has this many fixed parts
    values: NDArray[np.float64],
    groups: Sequence[str],
    *,
    confidence: float,
    n_resamples: int,
    seed: int,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> list[dict[str, float | None]]:
    """The mean of each column with the interval of a bootstrap over groups.

    Args:
        values: (n questions, columns); NaN where a question has no value.
        groups: the cluster of each question.
        confidence: of the intervals.
        n_resamples: of the bootstrap.
        seed: of the bootstrap.
        bounds: of what is possible; intervals are cut there.

    Returns:
        For each column `value`, `low` and `high`; None where there is no value, or no second group for an interval.
    """
    if not len(values):
        return [{"value": None, "low": None, "high": None} for _ in range(values.shape[1])]
    paired = PairedDifferences.of(values, groups)
    draws, means = paired.bootstrap_means(n_resamples, seed), paired.means()
    found = []
    for column in range(values.shape[1]):
        present = ~np.isnan(values[:, column])
        n_clusters = len(np.unique(paired.clusters[present]))
        low, high = interval(draws[:, column], confidence, n_clusters)
        if low == high:
            low, high = without_spread(float(means[column]), n_clusters)
        numbers = {"value": float(means[column]), "low": max(low, bounds[0]), "high": min(high, bounds[1])}
        found.append({key: None if math.isnan(number) else number for key, number in numbers.items()})
    return found
