"""How many of a study's groups may change although hardly any was seen to: exact bounds of a share.

Examples:
    >>> round(unseen(100, 0, 0.05), 4), round(unseen(100, 0, 0.025), 4)
    (0.0295, 0.0362)
"""

from __future__ import annotations

import math

from scipy import special

# Fewer groups than this with any change: resampling a handful of exceptions says little about how many there are.
FEW_CHANGED = 5


def unseen(n_clusters: int, n_changed: int, alpha: float) -> float:
    """By how much the share of changing groups may be larger than what was seen.

    The upper end of Clopper and Pearson's interval (1934) less the share itself. Without any change it is
    1 - alpha^(1/m), which the rule of three approximates at a one-sided 5 % (Hanley and Lippman-Hand 1983).

    Args:
        n_clusters: m groups that were looked at.
        n_changed: groups with a change.
        alpha: probability that the bound is exceeded; half of it for each side of a two-sided interval.
    """
    if n_changed >= n_clusters:
        return 0.0
    highest = float(special.betaincinv(n_changed + 1, n_clusters - n_changed, 1 - alpha))
    return highest - n_changed / n_clusters


def clusters_until(room: float, alpha: float) -> int:
    """How many groups without a change show that no more than this share changes.

    Args:
        room: share, in (0, 1).
        alpha: probability that the bound is exceeded.
    """
    return math.floor(math.log(alpha) / math.log1p(-min(room, 1 - 1e-12))) + 1
