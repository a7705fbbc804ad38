"""Paired differences of several comparisons over one set of questions, and their resampling by cluster.

Examples:
    >>> import numpy as np
    >>> pairs = PairedDifferences.of(np.array([[0.1], [0.2], [0.3]]), ['page 1', 'page 1', 'page 2'])
    >>> pairs.n_clusters
    2
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_BLOCK = 500
# Draws of up to so many counts (2 bytes each) are kept for the next table of the same analysis.
_MOST_KEPT = 20_000_000
_RAREST = 2
# In standard errors: beyond it quantiles of a bootstrap are those of few draws, and too near where changes are rare.
_FARTHEST_READ = 2.2


@dataclass(frozen=True)
class PairedDifferences:
    """Differences (tuned minus base) that share questions and clusters.

    Attributes:
        values: (n questions, n comparisons); NaN where one of the two arms has no score.
        clusters: (n questions,) cluster numbers 0..m-1; questions of one cluster are not independent.
    """

    values: NDArray[np.float64]
    clusters: NDArray[np.intp]

    @classmethod
    def of(cls, values: NDArray[np.float64], groups: Sequence[str]) -> PairedDifferences:
        """Differences (n, comparisons) with the group label of every question.

        Args:
            values: (n questions, n columns) tuned minus base, NaN where one has no score.
            groups: label of the source document of every question.

        Raises:
            ValueError: shapes do not fit or there is no question.
        """
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or len(values) != len(groups) or not len(groups):  # noqa: PLR2004 - a matrix
            msg = f"expected (n, comparisons) differences and n groups, got {values.shape} and {len(groups)}"
            raise ValueError(msg)
        _, clusters = np.unique(np.asarray(groups), return_inverse=True)
        return cls(values, clusters.reshape(-1))

    @property
    def n_clusters(self) -> int:
        """How many independent clusters there are."""
        return int(self.clusters.max()) + 1

    def clusters_of_each(self) -> NDArray[np.intp]:
        """(comparisons,) clusters that hold a difference."""
        return np.asarray((self.sums[1] > 0).sum(axis=0), dtype=np.intp)

    @cached_property
    def sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(clusters, comparisons) sum of the differences, and how many there are."""
        present = ~np.isnan(self.values)
        sums = np.zeros((self.n_clusters, self.values.shape[1]))
        counts = np.zeros_like(sums)
        np.add.at(sums, self.clusters, np.where(present, self.values, 0.0))
        np.add.at(counts, self.clusters, present)
        return sums, counts

    def means(self, *, agreeing: bool = False) -> NDArray[np.float64]:
        """(comparisons,) mean difference over the questions that both arms have; NaN where there is none.

        Args:
            agreeing: as if every cluster changed to the same side.
        """
        sums, counts = self.sums
        sums = np.abs(sums) if agreeing else sums
        total = counts.sum(axis=0)
        means: NDArray[np.float64] = np.full(len(total), np.nan)
        np.divide(sums.sum(axis=0), total, out=means, where=total > 0)
        return means

    def standard_errors(self, *, agreeing: bool = False) -> NDArray[np.float64]:
        """(comparisons,) cluster-robust standard error of the mean difference.

        se = sqrt(m/(m-1) * sum_c (S_c - n_c d)^2) / n, with S_c and n_c the sum and the number of differences
        in cluster c, m clusters, n differences, d their mean (Miller 2024, arXiv 2411.00640, eq. 4, with the
        small-sample factor m/(m-1)). NaN where fewer than two clusters have a difference.

        Args:
            agreeing: as if every cluster changed to the same side.
        """
        sums, counts = self.sums
        sums = np.abs(sums) if agreeing else sums
        total = counts.sum(axis=0)
        m = (counts > 0).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            residuals = sums - counts * (sums.sum(axis=0) / total)
            spread = np.sqrt(m / (m - 1) * (residuals**2).sum(axis=0)) / total
        return np.where(m > 1, spread, np.nan)

    def bootstrap_means(self, n_resamples: int, seed: int) -> NDArray[np.float64]:
        """(n_resamples, comparisons) means of resamples that draw whole clusters with replacement.

        All comparisons share the draws; a comparison is NaN in a resample that holds none of its questions.

        Args:
            n_resamples: number of draws.
            seed: decides the draws.
        """
        sums, counts = self.sums
        m = self.n_clusters
        draw = _kept_draws if m * n_resamples <= _MOST_KEPT else _draws
        blocks = []
        for drawn in draw(m, n_resamples, seed):
            times = drawn.astype(np.float64)
            totals = times @ counts
            blocks.append(np.divide(times @ sums, totals, out=np.full(totals.shape, np.nan), where=totals > 0))
        return np.concatenate(blocks)


def _draws(n_clusters: int, n_resamples: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    """How often each cluster is in each resample, in blocks of shape (at most _BLOCK, n_clusters)."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_resamples, _BLOCK):
        n = min(_BLOCK, n_resamples - start)
        yield rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=n).astype(np.uint16)


@lru_cache(maxsize=4)
def _kept_draws(n_clusters: int, n_resamples: int, seed: int) -> list[NDArray[np.uint16]]:
    """The draws, kept: an analysis asks for the same ones for every table, and drawing is most of its work."""
    return list(_draws(n_clusters, n_resamples, seed))


def interval(
    draws: NDArray[np.float64], confidence: float, n_clusters: int, t: float | None = None
) -> tuple[float, float]:
    """The expanded percentile interval of one comparison's bootstrap means.

    The plain percentile interval is too narrow for few clusters; its tail probability a/2 is replaced by
    Phi(-t_{1-a/2, m-1} sqrt(m/(m-1))) (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", 3.3).
    Quantiles beyond 2.2 standard errors are not read off the draws: those at 2.2 are stretched about the middle.

    Args:
        draws: (B,) bootstrap means; NaN are left out.
        confidence: e.g. 0.95.
        n_clusters: m, at least 2.
        t: the quantile t_{1-a/2}, where the draws hold more than the clusters' variation; that of m - 1 degrees of
            freedom by default.

    Returns:
        Lower and upper end; NaN where there are fewer than two clusters or no draws.
    """
    draws = draws[~np.isnan(draws)]
    if n_clusters < 2 or not len(draws):  # noqa: PLR2004 - a spread needs two
        return float("nan"), float("nan")
    t = stats.t.ppf((1 + confidence) / 2, n_clusters - 1) if t is None else t
    wide = t * np.sqrt(n_clusters / (n_clusters - 1))
    known = min(_FARTHEST_READ, float(stats.norm.ppf(1 - _RAREST / len(draws))))
    stretch = max(1.0, float(wide / known))
    tail = float(stats.norm.cdf(-min(wide, known)))
    middle = float(draws.mean())
    low, high = np.quantile(draws, [tail, 1 - tail])
    return middle + stretch * (float(low) - middle), middle + stretch * (float(high) - middle)
