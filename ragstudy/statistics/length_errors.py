"""What a scorer makes of two arms that are equally right, because it errs differently on short and on long answers.

Examples:
    >>> rates = (ErrorRates(0.9, 0.99, 900, 300), ErrorRates(0.6, 0.95, 200, 100))
    >>> errors = LengthErrors((20.0, math.inf), rates, 'an audit')
    >>> short, long = np.full(100, 5.0), np.full(100, 60.0)
    >>> round(errors.bias(base=long, tuned=short, called=0.5, confidence=0.95).value, 2)
    0.18
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.corrected import ErrorRates
from ragstudy.statistics.settings import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

_N_DRAWS = 4000
_HALF_A_LABEL = 0.5


@dataclass(frozen=True)
class LengthErrors:
    """How often a scorer calls single answers as people do, by the length of the answer.

    Attributes:
        up_to: most words of an answer of each class, ascending; the last is infinite.
        rates: of each class.
        source: the labels, in a few words.
        threshold: a score of this or more calls an answer right.
        of_short_references: whether the labels are of questions that ask for names, numbers or dates alone.
    """

    up_to: tuple[float, ...]
    rates: tuple[ErrorRates, ...]
    source: str
    threshold: float = 0.5
    of_short_references: bool = False

    def of_lengths(self, words: NDArray[np.float64]) -> ErrorRates:
        """The rates to expect of answers of these lengths.

        Args:
            words: lengths in words, of any shape.
        """
        shares = self._shares(words)
        q1, q0 = np.asarray([(one.sensitivity, one.specificity) for one in self.rates]).T
        counts = sum(one.n_right for one in self.rates), sum(one.n_wrong for one in self.rates)
        return ErrorRates(float(shares @ q1), float(shares @ q0), *counts)

    def bias(
        self, *, base: NDArray[np.float64], tuned: NDArray[np.float64], called: float, confidence: float
    ) -> Interval:
        """The difference of the shares called right that two equally right arms of these lengths would show.

        As many answers of both arms are taken to be right as make the share that is called right over both (Rogan and
        Gladen 1978). The interval is of draws from the beta distributions that the labels leave of each rate.

        Args:
            base: lengths of the base's answers in words.
            tuned: lengths of the arm's answers in words.
            called: share of the answers of both arms that is called right, in [0, 1].
            confidence: of the interval.
        """
        rng = np.random.default_rng(1)
        q1, q0 = (np.stack([_drawn(rng, one, right=right) for one in self.rates], axis=1) for right in (True, False))
        of_base, of_tuned = self._shares(base), self._shares(tuned)
        both = (of_base + of_tuned) / 2
        informed = np.maximum(q1 @ both + q0 @ both - 1, 1e-3)
        right = np.clip((called + q0 @ both - 1) / informed, 0, 1)[:, None]
        made = (right * q1 + (1 - right) * (1 - q0)) @ (of_tuned - of_base)
        low, high = np.quantile(made, [(1 - confidence) / 2, (1 + confidence) / 2])
        return Interval(float(np.median(made)), float(low), float(high))

    def _shares(self, words: NDArray[np.float64]) -> NDArray[np.float64]:
        """(classes,) shares of the answers in each class."""
        known = words[~np.isnan(words)]
        classes = np.searchsorted(np.asarray(self.up_to), known)
        return np.bincount(classes, minlength=len(self.up_to)) / max(1, len(known))


def _drawn(rng: np.random.Generator, rates: ErrorRates, *, right: bool) -> NDArray[np.float64]:
    share, n = (rates.sensitivity, rates.n_right) if right else (rates.specificity, rates.n_wrong)
    hits = share * n
    return rng.beta(hits + _HALF_A_LABEL, n - hits + _HALF_A_LABEL, _N_DRAWS)


def without_bias(found: Interval, bias: Interval) -> Interval:
    """A difference less what the scorer makes of it, with an interval for both errors.

    The two estimates come from different answers, so their intervals combine as those of a difference of independent
    ones (MOVER: Zou and Donner 2008, Statistics in Medicine 27, 1693-1702).

    Args:
        found: the difference.
        bias: the part that the scorer's errors make.
    """
    value = found.value - bias.value
    below = math.hypot(found.value - found.low, bias.high - bias.value)
    above = math.hypot(found.high - found.value, bias.value - bias.low)
    return Interval(value, value - below, value + above)
