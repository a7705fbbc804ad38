"""Means of many columns over the same questions, each with its interval.

Examples:
    >>> import numpy as np
    >>> from ragstudy.statistics.settings import AnalysisSettings
    >>> values = np.array([[1.0], [0.0], [1.0], [1.0], [0.0], [1.0], [1.0], [0.0], [1.0], [1.0]])
    >>> [mean] = mean_intervals(values, list('abcdefghij'), AnalysisSettings(n_resamples=500), (0.0, 1.0))
    >>> round(mean.value, 2), 0 <= mean.low < mean.value < mean.high <= 1
    (0.7, True)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.paired import PairedDifferences, interval
from ragstudy.statistics.rare_changes import unseen
from ragstudy.statistics.settings import UNKNOWN, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics.settings import AnalysisSettings


def mean_intervals(
    values: NDArray[np.float64],
    groups: Sequence[str],
    settings: AnalysisSettings,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> list[Interval]:
    """The mean of each column with the interval of a bootstrap over groups.

    Args:
        values: (n questions, columns); NaN where a question has no value.
        groups: the cluster of each question.
        settings: confidence, draws and seed of the bootstrap.
        bounds: lowest and highest possible value; intervals are cut there.

    Returns:
        One interval per column; NaN where there is no value, or no second group for an interval.
    """
    if not len(values):
        return [UNKNOWN] * values.shape[1]
    paired = PairedDifferences.of(values, groups)
    draws, means = paired.bootstrap_means(settings.n_resamples, settings.seed), paired.means()
    return [
        _interval(paired, column, draws[:, column], means[column], settings, bounds) for column in range(len(means))
    ]


def _interval(  # noqa: PLR0913 - the parts of one column
    paired: PairedDifferences,
    column: int,
    draws: NDArray[np.float64],
    mean: float,
    settings: AnalysisSettings,
    bounds: tuple[float, float],
) -> Interval:
    present = ~np.isnan(paired.values[:, column])
    n_clusters = len(np.unique(paired.clusters[present]))
    low, high = interval(draws, settings.confidence, n_clusters)
    if low == high:
        # No spread was seen, which is no proof that there is none.
        length = bounds[1] - bounds[0]
        reach = length * unseen(n_clusters, 0, (1 - settings.confidence) / 2) if math.isfinite(length) else math.nan
        low, high = mean - reach, mean + reach
    # The interval's end goes first, so that NaN stays NaN.
    return Interval(float(mean), max(low, bounds[0]), min(high, bounds[1]))
