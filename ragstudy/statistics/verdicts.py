"""From an interval, a p-value and a margin to a verdict."""

from __future__ import annotations

import math
from typing import Literal

Verdict = Literal["helps", "hurts", "no meaningful difference", "undecided"]


def decide(  # noqa: PLR0913 - the analysis has this many fixed parts
    difference: float,
    low: float,
    high: float,
    equivalence_low: float,
    equivalence_high: float,
    p_adjusted: float,
    margin: float,
    confidence: float,
) -> Verdict:
    """The verdict on one difference of a score of which more is better.

    * no meaningful difference: the interval at 1 - 2a lies within the margin: two one-sided tests at a
      (Schuirmann 1987). It goes first: a difference can be real and too small to matter.
    * helps / hurts: the interval at 1 - a leaves out zero and the adjusted p-value is at most a.
    * undecided: neither.

    Args:
        difference: tuned minus base.
        low: lower end of the interval at `confidence` = 1 - a.
        high: its upper end.
        equivalence_low: lower end of the interval at 1 - 2a.
        equivalence_high: its upper end.
        p_adjusted: p-value after correction for the study's cells.
        margin: smallest difference that matters.
        confidence: 1 - a.
    """
    if any(math.isnan(value) for value in (difference, low, high, p_adjusted)):
        return "undecided"
    if -margin < equivalence_low and equivalence_high < margin:
        return "no meaningful difference"
    # Rounded, because 1 - 0.95 is a little above 0.05.
    if (low > 0 or high < 0) and p_adjusted <= round(1 - confidence, 12):
        return "helps" if difference > 0 else "hurts"
    return "undecided"
