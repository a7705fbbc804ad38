"""Exact and adjusted p-values.

Examples:
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def mcnemar_exact(differences: NDArray[np.float64]) -> float:
    """Two-sided exact McNemar p-value of paired binary scores.

    Args:
        differences: (n,) values -1, 0 or 1; only the discordant pairs (-1, 1) matter.

    Returns:
        The binomial test of as many gains as losses; 1 if there is no discordant pair.

    Raises:
        ValueError: a difference is none of -1, 0, 1.
    """
    if not np.isin(differences, (-1.0, 0.0, 1.0)).all():
        msg = "McNemar's test takes differences of binary scores: -1, 0 or 1"
        raise ValueError(msg)
    gains = int((differences > 0).sum())
    losses = int((differences < 0).sum())
    return 1.0 if gains + losses == 0 else float(stats.binomtest(gains, gains + losses).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given; NaN stay NaN and do not count.

    With p sorted upwards, adjusted p_(i) = max_{j<=i} min(1, (m - j + 1) p_(j)) (Holm 1979).

    Args:
        p_values: of one family.
    """
    adjusted = [float("nan")] * len(p_values)
    order = sorted((p, i) for i, p in enumerate(p_values) if not np.isnan(p))
    highest = 0.0
    for rank, (p, position) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        adjusted[position] = highest
    return adjusted
