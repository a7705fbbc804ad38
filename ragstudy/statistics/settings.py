"""What the analysis of a study is fixed to, and an estimate with its interval.

Examples:
    >>> Interval(0.2, 0.1, 0.3).is_above_zero, UNKNOWN.is_known
    (True, False)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from ragstudy.statistics.looks import spent

# A number that may be unknown: NaN in memory, null in files.
Real = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    WithJsonSchema({"type": ["number", "null"], "description": "null where it is not known"}),
]


@dataclass(frozen=True)
class AnalysisSettings:
    """The fixed parts of an analysis.

    Attributes:
        confidence: 1 - a; a is the error rate of the study's verdicts over all looks at its data.
        power: probability with which an effect is to be found, for detectable effects and further questions.
        margin: smallest difference of a score that matters.
        n_resamples: draws of bootstrap and permutation.
        seed: decides the draws of bootstrap and sign flips.
        look: how often data of this study were looked at, this time included.
    """

    confidence: float = 0.95
    power: float = 0.8
    margin: float = 0.03
    n_resamples: int = 10_000
    seed: int = 1
    look: int = 1

    @property
    def alpha(self) -> float:
        """The error rate that this look may spend on verdicts; without rounding errors."""
        return round(spent(1 - self.confidence, self.look), 12)

    @property
    def level(self) -> float:
        """Confidence of the intervals of this look: 1 - alpha."""
        return 1 - self.alpha

    @property
    def n_tilted(self) -> int:
        """Draws of a tilted bootstrap, which is asked whether a p-value of some per cent is reached."""
        return min(self.n_resamples, 2000)

    @property
    def next_look(self) -> AnalysisSettings:
        """The same at the look after this one."""
        return replace(self, look=self.look + 1)


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval.

    Attributes:
        value: the estimate; NaN where there is none.
        low: lower end of the interval; NaN where nothing is known of it.
        high: upper end of the interval; NaN where nothing is known of it.
    """

    value: Real
    low: Real
    high: Real

    @property
    def is_known(self) -> bool:
        """Whether there is an estimate."""
        return not math.isnan(self.value)

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.low > 0

    def is_within(self, margin: float) -> bool:
        """Whether the whole interval lies within a margin on either side of zero.

        Args:
            margin: positive.
        """
        return -margin < self.low and self.high < margin

    @property
    def is_below_zero(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.high < 0


UNKNOWN = Interval(math.nan, math.nan, math.nan)
