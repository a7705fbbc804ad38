"""What is believed of the true differences of a study once it has been run.

Examples:
    >>> found = [Found(0.12, 0.03**2, base="nq"), *[Found(d, 0.03**2, base="nq") for d in (0.01, -0.01, 0.0, 0.02)]]
    >>> mean, variance = beliefs_of(found)[0].of_effect
    >>> bool((mean < 0.12).all() and (variance < 0.03**2).all())
    True
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics.compare import Comparison

# The differences of two arms from one base share its part of the error: where the answers of any two arms are alike in
# the same way, half of it.
_SHARED_BY_ONE_BASE = 0.5
# The spread of the true differences is known from a handful of them: this many values stand for what is believed.
_N_SPREADS, _N_TRIED, _LARGEST = 7, 200, 4.0
_FEW = 3


@dataclass(frozen=True)
class Found:
    """A difference that was found.

    Attributes:
        difference: tuned minus base.
        question_variance: squared standard error over the questions.
        training_variance: squared standard error over the trainings; 0 where their spread is not known.
        base: what it is a difference from; those from one base share its error.
    """

    difference: float
    question_variance: float
    training_variance: float = 0.0
    base: Hashable = None

    @classmethod
    def by(cls, comparison: Comparison, base: Hashable = None) -> Found:
        """What a comparison found.

        Args:
            comparison: of two arms.
            base: what it is a difference from.
        """
        precision = comparison.precision
        return cls(comparison.difference, precision.question_variance, precision.spread.variance_of_mean, base)


@dataclass(frozen=True)
class Belief:
    """One true difference, for several equally likely spreads of all true differences of its study.

    Each is a normal distribution for every spread: (means, variances), each of shape (n spreads,).

    Attributes:
        of_effect: over trainings and questions that could have been.
        of_trained: of the trainings at hand, over questions that could have been.
        of_asked: over trainings that could have been, on the questions at hand.
    """

    of_effect: tuple[NDArray[np.float64], NDArray[np.float64]]
    of_trained: tuple[NDArray[np.float64], NDArray[np.float64]]
    of_asked: tuple[NDArray[np.float64], NDArray[np.float64]]

    @classmethod
    def of_itself(cls, found: Found) -> Belief:
        """Where nothing else is known: the difference found and its error.

        Args:
            found: the difference.
        """
        mean = np.array([found.difference])
        questions, trainings = np.array([found.question_variance]), np.array([found.training_variance])
        return cls((mean, questions + trainings), (mean, questions), (mean, trainings))

    @property
    def expected(self) -> float:
        """Mean of the true effect."""
        return float(self.of_effect[0].mean())


def beliefs_of(found: Sequence[Found]) -> list[Belief]:
    """What the differences of a study tell about each other, one belief for each.

    The true differences are normal around a centre, with the centre and the spread known by the study only: the normal
    hierarchical model with a flat prior of either (Gelman et al. 2013, 5.4), for errors that are correlated where
    differences share a base.

    Args:
        found: of one measure; those that are NaN tell nothing.
    """
    known = [place for place, one in enumerate(found) if _is_known(one)]
    beliefs = [Belief.of_itself(one) for one in found]
    if known:
        model = _Model.of([found[place] for place in known])
        for place, belief in zip(known, model.beliefs(), strict=True):
            beliefs[place] = belief
    return beliefs


def _is_known(found: Found) -> bool:
    return not math.isnan(found.difference) and found.question_variance + found.training_variance > 0


@dataclass(frozen=True)
class _Model:
    """The differences with the covariance of their errors.

    Attributes:
        found: the differences, shape (k,).
        trainings: the parts of their variances that trainings make, shape (k,).
        questions: covariance of the errors that questions make, shape (k, k).
    """

    found: NDArray[np.float64]
    trainings: NDArray[np.float64]
    questions: NDArray[np.float64]

    @classmethod
    def of(cls, found: Sequence[Found]) -> _Model:
        questions = np.sqrt([one.question_variance for one in found])
        shares_base = np.array([[one.base == other.base for other in found] for one in found])
        likeness = np.where(shares_base, _SHARED_BY_ONE_BASE, 0.0)
        np.fill_diagonal(likeness, 1.0)
        trainings = np.array([one.training_variance for one in found])
        found_ones = np.array([one.difference for one in found])
        return cls(found_ones, trainings, np.asarray(likeness * np.outer(questions, questions), np.float64))

    def beliefs(self) -> list[Belief]:
        size = math.sqrt(float(np.mean(self.found**2)))
        if len(self.found) < _FEW:
            # Too few to tell a centre from a spread: around zero, as far as what was found.
            return self._given([self._at(size, around_zero=True)])
        tried = (np.arange(_N_TRIED) + 0.5) / _N_TRIED * _LARGEST * max(size, 1e-9)
        at = [self._at(float(spread)) for spread in tried]
        logs = np.array([one.log_likelihood for one in at])
        reached = np.cumsum(np.exp(logs - logs.max()))
        middles = (np.arange(_N_SPREADS) + 0.5) / _N_SPREADS
        return self._given([at[place] for place in np.searchsorted(reached / reached[-1], middles)])

    def _at(self, spread: float, *, around_zero: bool = False) -> _AtSpread:
        errors = self.questions + np.diag(self.trainings)
        inverse = np.asarray(np.linalg.inv(errors + spread**2 * np.eye(len(self.found))), np.float64)
        of_centre = 0.0 if around_zero else 1 / float(inverse.sum())
        centre = of_centre * float(inverse.sum(axis=0) @ self.found)
        away = self.found - centre
        pull = np.asarray(inverse @ away, np.float64)
        _, log_determinant = np.linalg.slogdet(inverse)
        likelihood = (log_determinant - float(away @ pull)) / 2 + (math.log(of_centre) / 2 if of_centre else 0.0)
        return _AtSpread(spread**2, centre, of_centre, pull, inverse, float(likelihood))

    def _given(self, at: Sequence[_AtSpread]) -> list[Belief]:
        parts = (np.zeros_like(self.questions), np.diag(self.trainings), self.questions)
        told = [np.array([one.given(part) for one in at]) for part in parts]
        return [Belief(*((part[:, 0, k], part[:, 1, k]) for part in told)) for k in range(len(self.found))]


@dataclass(frozen=True)
class _AtSpread:
    """The model with one spread of the true differences.

    Attributes:
        variance: of the true differences.
        centre: the best estimate of their mean.
        of_centre: the variance of that estimate.
        pull: what was found less the centre, by the inverse covariance, shape (k,).
        inverse: of the covariance of what was found, shape (k, k).
        log_likelihood: of the spread, up to a constant.
    """

    variance: float
    centre: float
    of_centre: float
    pull: NDArray[np.float64]
    inverse: NDArray[np.float64]
    log_likelihood: float

    def given(self, part: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Means and variances of the true differences together with a part of the errors, each of shape (k,).

        Args:
            part: covariance of that part, shape (k, k); zeros for the true differences alone.
        """
        before = self.variance * np.eye(len(self.pull)) + part
        mean = self.centre + before @ self.pull
        of_centre = (1 - before @ self.inverse.sum(axis=0)) ** 2 * self.of_centre
        known = np.einsum("ij,jk,ik->i", before, self.inverse, before)
        return mean, np.maximum(0.0, np.diag(before) - known) + of_centre
