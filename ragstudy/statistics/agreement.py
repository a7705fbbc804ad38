"""Agreement between a scorer and people, with intervals from a bootstrap over clusters.

Examples:
    >>> import numpy as np
    >>> people, scorer = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.6, 0.4, 0.9])
    >>> float(roc_auc(people, scorer))
    0.75
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ragstudy.statistics.settings import UNKNOWN, Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson's correlation; NaN where one of the two does not vary.

    Args:
        a: (n,) values.
        b: (n,) values.
    """
    return float(stats.pearsonr(a, b)[0]) if _vary(a, b) else float("nan")


def spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's rank correlation; NaN where one of the two does not vary.

    Args:
        a: (n,) values.
        b: (n,) values.
    """
    return float(stats.spearmanr(a, b)[0]) if _vary(a, b) else float("nan")


def kendall(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Kendall's tau-b; NaN where one of the two does not vary.

    Args:
        a: (n,) values.
        b: (n,) values.
    """
    return float(stats.kendalltau(a, b)[0]) if _vary(a, b) else float("nan")


def _vary(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return len(a) > 1 and bool(np.ptp(a) > 0) and bool(np.ptp(b) > 0)


def partial(a: NDArray[np.float64], b: NDArray[np.float64], given: NDArray[np.float64]) -> float:
    """Pearson's correlation of a and b with a third variable held fixed; in [-1, 1].

    r = (r_ab - r_ac r_bc) / sqrt((1 - r_ac^2)(1 - r_bc^2)).

    Args:
        a: (n,) values.
        b: (n,) values.
        given: (n,) values that are held fixed.
    """
    ab, ac, bc = pearson(a, b), pearson(a, given), pearson(b, given)
    left = (1 - ac**2) * (1 - bc**2)
    return float((ab - ac * bc) / np.sqrt(left)) if left > 0 else float("nan")


def weighted_kappa(a: NDArray[np.float64], b: NDArray[np.float64], levels: Sequence[float]) -> float:
    """Cohen's kappa with quadratic weights over ordered levels; each value goes to the nearest level. In [-1, 1].

    Args:
        a: (n,) values.
        b: (n,) values.
        levels: values in rising order.
    """
    from sklearn.metrics import cohen_kappa_score

    marks = np.asarray(levels)
    left, right = (np.abs(values[:, None] - marks).argmin(axis=1) for values in (a, b))
    if len(set(left)) == 1 and len(set(right)) == 1:
        return float("nan")
    return float(cohen_kappa_score(left, right, weights="quadratic", labels=np.arange(len(marks))))


def roc_auc(truth: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """Chance that a right answer scores above a wrong one, ties counted half; in [0, 1], .5 is chance.

    Args:
        truth: (n,) 1 of right answers, 0 of wrong ones.
        scores: (n,) scores.
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, scores)) if len(np.unique(truth)) == 2 else float("nan")  # noqa: PLR2004


def with_interval(
    statistics: dict[str, Callable[[NDArray[np.intp]], float]],
    clusters: Sequence[str],
    n_resamples: int,
    seed: int,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """Each statistic over all rows, with a percentile interval from resampling whole clusters with replacement.

    Args:
        statistics: by name, functions of the numbers of the rows to look at.
        clusters: label of every row; rows of one cluster are not independent.
        n_resamples: of the bootstrap.
        seed: of the bootstrap.
        confidence: of the interval.

    Returns:
        By name the statistic with its interval, NaN where it is not defined; a resample where it is not defined does
        not count. All are NaN where there are no rows.
    """
    if not len(clusters):
        return dict.fromkeys(statistics, UNKNOWN)
    _, numbers = np.unique(np.asarray(clusters), return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(numbers.max() + 2))
    members = [order[starts[i] : starts[i + 1]] for i in range(numbers.max() + 1)]
    rng = np.random.default_rng(seed)
    every = np.arange(len(numbers))
    point = {name: function(every) for name, function in statistics.items()}
    drawn: dict[str, list[float]] = {name: [] for name in statistics}
    for _ in range(n_resamples):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        for name, function in statistics.items():
            drawn[name].append(function(rows))
    tail = 50 * (1 - confidence)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all resamples undefined
        ends = {name: np.nanpercentile(values, [tail, 100 - tail]) for name, values in drawn.items()}
    return {name: Interval(point[name], float(low), float(high)) for name, (low, high) in ends.items()}
