"""From a comparison, its adjusted p-value and a margin to a verdict.

Examples:
    >>> import numpy as np
    >>> from ragstudy.statistics.compare import compare_columns
    >>> from ragstudy.statistics.settings import AnalysisSettings
    >>> settings = AnalysisSettings(n_resamples=500)
    >>> [found] = compare_columns(np.tile([[0.2], [0.4]], (30, 1)), [str(row) for row in range(60)], settings)
    >>> decide(found, found.p, settings), decide(found, found.p, settings, higher_is_better=False)
    ('helps', 'hurts')
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ragstudy.statistics.compare import Comparison
    from ragstudy.statistics.settings import AnalysisSettings

Verdict = Literal["helps", "hurts", "no meaningful difference", "undecided"]


def decide(
    found: Comparison, p_adjusted: float, settings: AnalysisSettings, *, higher_is_better: bool = True
) -> Verdict:
    """The verdict on one difference of a score from 0 to 1.

    * no meaningful difference: the interval at 1 - 2a lies within the margin: two one-sided tests at a
      (Schuirmann 1987). It goes first: a difference can be real and too small to matter.
    * helps / hurts: the interval at 1 - a leaves out zero and the adjusted p-value is at most a.
    * undecided: neither.

    Args:
        found: difference with its intervals.
        p_adjusted: p-value after correction for the study's comparisons.
        settings: confidence 1 - a and margin.
        higher_is_better: whether a higher score is a better answer.
    """
    if any(math.isnan(value) for value in (found.difference, found.low, found.high, p_adjusted)):
        return "undecided"
    if -settings.margin < found.equivalence_low and found.equivalence_high < settings.margin:
        return "no meaningful difference"
    if (found.low > 0 or found.high < 0) and p_adjusted <= settings.alpha:
        return "helps" if (found.difference > 0) == higher_is_better else "hurts"
    return "undecided"
