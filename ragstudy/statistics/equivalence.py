"""Is a difference within the margin? A bootstrap of data tilted to the margin, beside the interval.

Examples:
    >>> import numpy as np
    >>> values = np.zeros((200, 1))
    >>> values[:40] = 0.1
    >>> paired = PairedDifferences.of(values, [str(row) for row in range(200)])
    >>> tilted_p(paired, 0, 0.05, 0.0, AnalysisSettings(n_resamples=1000)) < 0.05
    True
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from ragstudy.statistics.paired import PairedDifferences
from ragstudy.statistics.settings import AnalysisSettings

_MOST_TILT = 700.0
_LEAST_CLUSTERS = 2


def tilted_p(
    paired: PairedDifferences, column: int, margin: float, training_error: float, settings: AnalysisSettings
) -> float:
    """The p-value of 'the difference is as large as the margin', the larger one of both sides.

    The groups are drawn with weights w_c proportional to exp(t (S_c - n_c margin)), t such that the weighted mean
    difference is the margin; p is the share of such draws that fall as far inside as the data (Efron 1981; Davison and
    Hinkley 1997, section 4.4.2). Near the ends of a scale, where few groups change, the tilted data vary as data at the
    margin would, which those at hand do not.

    Args:
        paired: differences of one domain.
        column: of the comparison.
        margin: positive.
        training_error: standard error of the mean that is due to the trainings.
        settings: draws and their seed.

    Returns:
        In (0, 1]; 0 where no weights give the margin, because every group lies inside it.
    """
    sums, counts = paired.sums
    there = counts[:, column] > 0
    total, size = sums[there, column], counts[there, column]
    if len(total) < _LEAST_CLUSTERS:
        return 1.0
    found = float(total.sum() / size.sum())
    sides = (_p_of_side(total * sign, size, sign * found, margin, training_error, settings) for sign in (1.0, -1.0))
    return max(sides)


def _p_of_side(  # noqa: PLR0913 - the parts of one tilt
    total: np.ndarray, size: np.ndarray, found: float, margin: float, training_error: float, settings: AnalysisSettings
) -> float:
    beyond = total - size * margin
    if beyond.max() <= 0:
        return 0.0
    if beyond.min() >= 0:
        return 1.0
    weights = _tilted(beyond)
    rng = np.random.default_rng([settings.seed, 2])
    times = rng.multinomial(len(total), weights, size=settings.n_tilted).astype(np.float64)
    drawn = (times @ total) / (times @ size) + training_error * rng.standard_normal(settings.n_tilted)
    return float((1 + (drawn <= found + 1e-12).sum()) / (1 + settings.n_tilted))


def _tilted(beyond: np.ndarray) -> np.ndarray:
    """Weights proportional to exp(t b) whose mean of b is 0."""
    scaled = beyond / np.abs(beyond).max()

    def weights(tilt: float) -> np.ndarray:
        return np.asarray(special.softmax(tilt * scaled))

    def mean(tilt: float) -> float:
        return float(weights(tilt) @ scaled)

    reach = 1.0
    while (mean(reach) < 0 or mean(-reach) > 0) and reach < _MOST_TILT:
        reach *= 2
    return weights(float(optimize.brentq(mean, -reach, reach)))
