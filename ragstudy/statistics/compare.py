"""All arms of a domain compared at once.

Examples:
    >>> import numpy as np
    >>> from ragstudy.statistics.settings import AnalysisSettings
    >>> differences = np.array([[0.5], [0.0], [1.0], [0.5], [0.0], [0.5]])
    >>> found = compare_columns(differences, ['a', 'a', 'b', 'c', 'd', 'e'], AnalysisSettings(n_resamples=200))[0]
    >>> round(found.difference, 3), found.n, found.n_clusters
    (0.417, 6, 5)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ragstudy.statistics.paired import PairedDifferences, interval
from ragstudy.statistics.power import RULE_OF_THREE, Precision, smallest_detectable
from ragstudy.statistics.seeds import SeedSpread, t_quantile, two_source_p
from ragstudy.statistics.settings import Interval, Real
from ragstudy.statistics.tests import mcnemar_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics.settings import AnalysisSettings


# Fewer groups than this with any change: resampling a handful of exceptions says little about how many there are.
_FEW_CHANGED = 5


@dataclass(frozen=True)
class Comparison:
    """Two arms on one measure, before any rounding.

    Attributes:
        n: questions with a score from both arms.
        n_clusters: independent groups among them.
        difference: mean of (tuned - base), in the measure's units.
        low: lower end of the interval at the study's confidence.
        high: upper end of the interval at the study's confidence.
        equivalence_low: lower end of the interval at 1 - 2a, for the margin.
        equivalence_high: upper end of the interval at 1 - 2a, for the margin.
        interval_method: where the intervals come from: 'bootstrap' over groups, or 'rule_of_three' where that is wider
            because hardly any question changed.
        standard_error: cluster-robust over the questions, without the spread of the trainings.
        spread: how much the trainings of the tuned arm differ; from two on the intervals hold for other trainings too.
        p: two-sided p-value; of two or more trainings that differ, the larger one of a test over questions and of
            a test with both sources of error.
        test: what `p` comes from: 'mcnemar' for binary scores without clusters, else 'permutation'.
        smallest_detectable: the difference that this many questions find with the study's power; NaN where no spread
            was seen.
    """

    n: int
    n_clusters: int
    difference: Real
    low: Real
    high: Real
    equivalence_low: Real
    equivalence_high: Real
    interval_method: Literal["bootstrap", "rule_of_three"]
    standard_error: Real
    spread: SeedSpread
    p: Real
    test: Literal["mcnemar", "permutation"]
    smallest_detectable: Real

    @property
    def interval(self) -> Interval:
        """The difference with its interval at the study's confidence."""
        return Interval(self.difference, self.low, self.high)

    @property
    def precision(self) -> Precision:
        """What the error of the difference is made of."""
        return Precision(self.standard_error**2, self.n_clusters, self.spread)


def compare_columns(
    differences: NDArray[np.float64],
    groups: Sequence[str],
    settings: AnalysisSettings,
    spreads: Sequence[SeedSpread] = (),
) -> list[Comparison]:
    """Compare all arms of one domain with their bases, each a column of differences.

    Args:
        differences: (n questions, n columns) tuned minus base; NaN where one arm has no score.
        groups: the cluster of each question.
        settings: confidence, power, draws and seed.
        spreads: of each column over its trainings; none where every column has one training. The bootstrap is then
            hierarchical: questions are drawn by cluster, and the trainings' part from a normal distribution of the
            estimated variance, because the few trainings there are cannot be resampled without losing half of it.
    """
    paired = PairedDifferences.of(differences, groups)
    draws = paired.bootstrap_means(settings.n_resamples, settings.seed)
    permuted = paired.permutation_p(settings.n_resamples, settings.seed)
    noise = np.random.default_rng([settings.seed, 1]).standard_normal(settings.n_resamples)
    spreads = spreads or [SeedSpread(1)] * paired.values.shape[1]
    columns = [
        _Column.of(paired, number, float(mean), float(error))
        for number, (mean, error) in enumerate(zip(paired.means(), paired.standard_errors(), strict=True))
    ]
    return [
        column.compared(
            draws[:, number] + noise * math.sqrt(spread.variance_of_mean), permuted[number], spread, settings
        )
        for number, (column, spread) in enumerate(zip(columns, spreads, strict=True))
    ]


def interval_without_spread(mean: float, n_clusters: int) -> tuple[float, float]:
    """The interval of a mean where no spread was seen, which is no proof that there is none.

    Of m clusters without an exception, up to 3/m may be exceptions (rule of three, Hanley and Lippman-Hand 1983), by at
    most the scale's length, taken as 1.

    Args:
        mean: of the differences.
        n_clusters: m.
    """
    return mean - RULE_OF_THREE / n_clusters, mean + RULE_OF_THREE / n_clusters


@dataclass(frozen=True)
class _Column:
    """The differences of one arm over the questions that have a score from both arms."""

    values: NDArray[np.float64]
    n_clusters: int
    n_changed_clusters: int
    mean: float
    error: float

    @classmethod
    def of(cls, paired: PairedDifferences, number: int, mean: float, error: float) -> _Column:
        present = ~np.isnan(paired.values[:, number])
        values, clusters = paired.values[present, number], paired.clusters[present]
        return cls(values, len(np.unique(clusters)), len(np.unique(clusters[values != 0])), mean, error)

    @property
    def hardly_changed(self) -> bool:
        """Whether resampling says little about how many questions change."""
        return self.error == 0 or (self.n_clusters > 1 and self.n_changed_clusters < _FEW_CHANGED)

    @property
    def has_exact_test(self) -> bool:
        """Whether scores are binary and no two questions share a cluster."""
        n = len(self.values)
        return self.n_clusters == n and n > 0 and bool(np.isin(self.values, (-1.0, 0.0, 1.0)).all())

    def compared(
        self, draws: NDArray[np.float64], permuted: float, spread: SeedSpread, settings: AnalysisSettings
    ) -> Comparison:
        low, high = self._interval(draws, settings.confidence, spread)
        equivalence = self._interval(draws, 2 * settings.confidence - 1, spread)
        return Comparison(
            n=len(self.values),
            n_clusters=self.n_clusters,
            difference=self.mean,
            low=low,
            high=high,
            equivalence_low=equivalence[0],
            equivalence_high=equivalence[1],
            interval_method="rule_of_three" if self._is_by_rule_of_three(equivalence) else "bootstrap",
            standard_error=self.error,
            spread=spread,
            p=self._p(permuted, spread),
            test="mcnemar" if self.has_exact_test else "permutation",
            smallest_detectable=smallest_detectable(
                Precision(self.error**2, self.n_clusters, spread), settings.confidence, settings.power
            ),
        )

    def _interval(self, draws: NDArray[np.float64], confidence: float, spread: SeedSpread) -> tuple[float, float]:
        t = t_quantile(confidence, self.error**2, self.n_clusters, spread)
        low, high = interval(draws, confidence, self.n_clusters, t)
        if not self.hardly_changed:
            return low, high
        least, most = interval_without_spread(self.mean, self.n_clusters)
        return float(np.nanmin([low, least])), float(np.nanmax([high, most]))

    def _is_by_rule_of_three(self, equivalence: tuple[float, float]) -> bool:
        return self.hardly_changed and equivalence[1] == interval_without_spread(self.mean, self.n_clusters)[1]

    def _p(self, permuted: float, spread: SeedSpread) -> float:
        if not len(self.values):
            return math.nan
        p = mcnemar_exact(self.values) if self.has_exact_test else float(permuted)
        if spread.variance and math.sqrt(self.error**2 + spread.variance_of_mean) > 0:
            return max(p, two_source_p(self.mean, self.error**2, self.n_clusters, spread))
        return p
