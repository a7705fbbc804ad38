"""The error rate of a verdict, spent over the looks at a growing study.

Examples:
    >>> [round(spent(0.05, look), 4) for look in (1, 2, 3)]
    [0.04, 0.008, 0.0016]
"""

from __future__ import annotations

# Of what is left of the error rate, each look spends this share: most studies are looked at once.
_SHARE = 0.8


def spent(alpha: float, look: int) -> float:
    """The error rate that one look may spend.

    A spending function in the sense of Lan and DeMets (1983) over the number of the look: .8, .16, .032... of the
    whole. The rates add up to no more than alpha however often the study is looked at, whatever made one look again
    (union bound, so that nothing is assumed about how the looks depend on each other).

    Args:
        alpha: error rate over all looks.
        look: 1 for the first.
    """
    return alpha * _SHARE * (1 - _SHARE) ** (look - 1)
