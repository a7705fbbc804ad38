"""From a comparison and a margin to a verdict.

Examples:
    >>> import numpy as np
    >>> from ragstudy.statistics.compare import compare_columns
    >>> from ragstudy.statistics.settings import AnalysisSettings
    >>> settings = AnalysisSettings(n_resamples=500)
    >>> [found] = compare_columns(np.tile([[0.2], [0.4]], (30, 1)), [str(row) for row in range(60)], settings)
    >>> decide(found, settings), decide(found, settings, higher_is_better=False)
    ('helps', 'hurts')
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ragstudy.statistics.compare import Comparison
    from ragstudy.statistics.settings import AnalysisSettings

Verdict = Literal["helps", "hurts", "no meaningful difference", "undecided"]


def decide(found: Comparison, settings: AnalysisSettings, *, higher_is_better: bool = True) -> Verdict:
    """The verdict on one difference of a score from 0 to 1.

    With a the error rate that this look at the data may spend:

    * no meaningful difference: the interval at 1 - 2a lies within the margin, that is two one-sided tests at a
      (Schuirmann 1987), and the bootstrap tilted to the margin agrees. It goes first: a difference can be real and too
      small to matter.
    * helps / hurts: the p-value adjusted for the study is at most a, and the interval that is shown, which holds
      together with those of the study's other comparisons, leaves out zero: a row is decided only where it looks so.
    * undecided: neither.

    Args:
        found: difference with its intervals and p-values.
        settings: error rate and margin.
        higher_is_better: whether a higher score is a better answer.
    """
    if any(math.isnan(value) for value in (found.difference, found.low, found.high, found.p_adjusted)):
        return "undecided"
    if found.is_within(settings.margin) and found.equivalence_p <= settings.alpha:
        return "no meaningful difference"
    if found.p_adjusted <= settings.alpha and (found.low > 0 or found.high < 0):
        return "helps" if (found.difference > 0) == higher_is_better else "hurts"
    return "undecided"
