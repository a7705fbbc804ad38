"""All comparisons of a study tested together: Westfall and Young's step-down over shared draws of the null hypothesis.

Every comparison's difference is divided by its estimated error and expressed as the point of the normal distribution
that has the same tail as Student's t of its groups and trainings (`normal_scores`), so that comparisons that know their
error badly do not set the bar for those that know it well. The draws of the null flip the signs of whole groups, the
same for all comparisons of a domain, and draw a recipe's training anew. The largest score of a draw is what chance
makes of the whole study (Westfall and Young 1993, algorithm 2.8; Romano and Wolf 2005).

Examples:
    >>> import numpy as np
    >>> null = np.abs(np.random.default_rng(1).standard_normal((2000, 3)))
    >>> family = Family.of(np.asarray([3.5, 2.2, 0.1]), null)
    >>> [round(float(p), 2) for p in family.p_adjusted]
    [0.0, 0.05, 0.92]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ragstudy.statistics.power import equally_likely_variances

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics.paired import PairedDifferences
    from ragstudy.statistics.seeds import SeedSpread

HIGHEST = 8.0
_GRID = np.linspace(0.0, HIGHEST, 1025)
_N_ESTIMATES = 1000
_BLOCK = 500


@dataclass(frozen=True)
class Family:
    """What chance makes of several comparisons together.

    Attributes:
        p_adjusted: (comparisons,) step-down p-values.
        smallest_p: (comparisons,) the least that `p_adjusted` could have been, had every group agreed.
        largest: (draws,) largest score of each draw of the null hypothesis, ascending.
    """

    p_adjusted: NDArray[np.float64]
    smallest_p: NDArray[np.float64]
    largest: NDArray[np.float64]

    @classmethod
    def of(
        cls, observed: NDArray[np.float64], null: NDArray[np.float64], highest: NDArray[np.float64] | None = None
    ) -> Family:
        """The family of these comparisons.

        Args:
            observed: (comparisons,) absolute scores; NaN where there is none.
            null: (draws, comparisons) absolute scores under the null hypothesis.
            highest: (comparisons,) the scores if every group agreed; those of the draws by default.
        """
        known = np.flatnonzero(~np.isnan(observed))
        p, smallest = np.full(len(observed), np.nan), np.full(len(observed), np.nan)
        n = len(null)
        largest = np.sort(null[:, known].max(axis=1)) if len(known) else np.zeros(n)
        rising = known[np.argsort(observed[known], kind="stable")]
        # The largest of a comparison and of all that are less clear than it.
        running = np.maximum.accumulate(null[:, rising], axis=1)
        above = (running >= observed[rising] - 1e-9).sum(axis=0)
        falling = (1 + above[::-1]) / (1 + n)
        p[rising[::-1]] = np.maximum.accumulate(falling)
        highest = null.max(axis=0) if highest is None else highest
        smallest[known] = (1 + n - np.searchsorted(largest, highest[known] - 1e-9)) / (1 + n)
        return cls(p, smallest, largest)

    def confidence(self, alpha: float) -> float:
        """The confidence of single intervals that hold together with probability 1 - alpha.

        Args:
            alpha: probability that any of them misses.
        """
        n = len(self.largest)
        place = min(n - 1, int(np.ceil((1 - alpha) * (n + 1))) - 1)
        return max(1 - alpha, float(1 - 2 * special.ndtr(-self.largest[place])))


def normal_scores(
    ratio: NDArray[np.float64], share: NDArray[np.float64], n_clusters: int, degrees: float
) -> NDArray[np.float64]:
    """Absolute differences in estimated errors, as points of the normal distribution with the same tail.

    The tail is that of the quantile which intervals use (`seeds.t_quantile`): the mean of Student's t of the groups and
    of the trainings, weighted by their parts of the variance.

    Args:
        ratio: absolute difference over its error.
        share: of the trainings in the squared error.
        n_clusters: groups.
        degrees: of freedom of the trainings; 0 where they have no part.
    """
    of_groups = _quantiles(max(1.0, n_clusters - 1.0))
    if not degrees or not share.any():
        return np.interp(ratio, of_groups, _GRID)
    of_trainings = _quantiles(degrees)
    low, high = np.zeros(ratio.shape, dtype=np.intp), np.full(ratio.shape, len(_GRID) - 1, dtype=np.intp)

    def at(place: NDArray[np.intp]) -> NDArray[np.float64]:
        mixed: NDArray[np.float64] = (1 - share) * of_groups[place] + share * of_trainings[place]
        return mixed

    for _ in range(len(_GRID).bit_length()):
        middle = (low + high) // 2
        below = at(middle) <= ratio
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    start, end = at(low), at(high)
    part = np.clip(np.divide(ratio - start, end - start, out=np.zeros_like(ratio), where=end > start), 0, 1)
    return np.asarray(_GRID[low] + part * (_GRID[high] - _GRID[low]))


@cache
def _quantiles(degrees: float) -> NDArray[np.float64]:
    return np.asarray(-special.stdtrit(degrees, special.ndtr(-_GRID)))


def scores_of(
    paired: PairedDifferences, spreads: Sequence[SeedSpread], *, agreeing: bool = False
) -> NDArray[np.float64]:
    """(comparisons,) absolute normal scores of the differences found; NaN where no error is known.

    Args:
        paired: differences of one domain.
        spreads: of each comparison's trainings.
        agreeing: as if every group changed to the same side.
    """
    means, errors = paired.means(agreeing=agreeing), paired.standard_errors(agreeing=agreeing)
    made = []
    for mean, error, spread, m in zip(means, errors, spreads, paired.clusters_of_each(), strict=True):
        whole = error**2 + spread.variance_of_mean
        if np.isnan(whole):
            made.append(np.nan)
        elif not whole:
            made.append(HIGHEST if mean else 0.0)
        else:
            parts = np.asarray([abs(mean) / np.sqrt(whole)]), np.asarray([spread.variance_of_mean / whole])
            made.append(float(normal_scores(*parts, m, spread.degrees)[0]))
    return np.asarray(made, dtype=np.float64)


def null_scores(
    paired: PairedDifferences,
    spreads: Sequence[SeedSpread],
    trainings: Sequence[Hashable],
    n_resamples: int,
    seed: Sequence[int],
) -> NDArray[np.float64]:
    """(draws, comparisons) absolute normal scores under the null hypothesis.

    Every draw flips the signs of whole groups, the same for all comparisons, estimates the error anew, and gives each
    recipe with seeds the mean of other trainings and another estimate of how much they differ. The draw of a recipe is
    shared by its measures and contexts.

    Args:
        paired: differences of one domain.
        spreads: of each comparison's trainings.
        trainings: what makes the trainings of two comparisons the same.
        n_resamples: number of draws.
        seed: decides them.
    """
    rng = np.random.default_rng(list(seed))
    means, variances = _flipped(paired, n_resamples, rng)
    m = paired.clusters_of_each()
    made = np.zeros(means.shape)
    drawn: dict[Hashable, tuple[NDArray[np.float64], NDArray[np.intp]]] = {}
    for column, (spread, training) in enumerate(zip(spreads, trainings, strict=True)):
        mean, of_groups = means[:, column], variances[:, column]
        of_trainings = np.zeros(n_resamples)
        if spread.variance_of_mean > 0:
            if training not in drawn:
                drawn[training] = rng.standard_normal(n_resamples), rng.integers(0, _N_ESTIMATES, n_resamples)
            normal, estimate = drawn[training]
            mean = mean + normal * spread.standard_error
            whole = (spread.variance + spread.noise) * equally_likely_variances(spread.degrees, _N_ESTIMATES)[estimate]
            of_trainings = np.maximum(0.0, whole - spread.noise) / spread.n_seeds
        total = of_groups + of_trainings
        there = total > 0
        ratio = np.divide(np.abs(mean), np.sqrt(total), out=np.where(mean != 0, np.inf, 0.0), where=there)
        share = np.divide(of_trainings, total, out=np.zeros_like(total), where=there)
        made[:, column] = normal_scores(ratio, share, int(m[column]), spread.degrees)
    return made


def _flipped(
    paired: PairedDifferences, n_resamples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(draws, comparisons) means of differences whose groups' signs are flipped, and their squared errors."""
    sums, counts = paired.sums
    total = counts.sum(axis=0)
    m = (counts > 0).sum(axis=0)
    squares, of_counts, products = (sums**2).sum(axis=0), (counts**2).sum(axis=0), sums * counts
    means, variances = [], []
    with np.errstate(divide="ignore", invalid="ignore"):
        for start in range(0, n_resamples, _BLOCK):
            signs = rng.integers(0, 2, size=(min(_BLOCK, n_resamples - start), paired.n_clusters)) * 2.0 - 1.0
            mean = (signs @ sums) / total
            left = squares - 2 * mean * (signs @ products) + mean**2 * of_counts
            # What rounding leaves of groups that are all alike is no spread.
            left = np.where(left > 1e-12 * squares, left, 0.0)
            means.append(mean)
            variances.append(m / (m - 1) * left / total**2)
    return np.nan_to_num(np.concatenate(means)), np.nan_to_num(np.concatenate(variances))
