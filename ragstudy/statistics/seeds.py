"""Training seeds as a second source of variation beside questions.

Examples:
    >>> import numpy as np
    >>> spread = seed_spread(np.array([[0.2, 0.4], [0.1, 0.3], [0.3, 0.5], [0.0, 0.2]]), list('abcd'))
    >>> spread.n_seeds, round(spread.var_seed_means, 3)
    (2, 0.02)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special, stats

from ragstudy.statistics.paired import PairedDifferences
from ragstudy.statistics.settings import Real

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray


_ONE_IN_TWENTY, _N_ESTIMATES, _ROUNDING = 0.05, 1000, 1e-20
# Between these halves of d0 the trigamma function falls from 1e12 to 1e-6.
_HALVES, _LEAST_EXCESS = (1e-6, 1e6), 2e-6


@dataclass(frozen=True)
class SeedSpread:
    """How much a recipe's effect varies from training to training, apart from the questions drawn.

    Attributes:
        n_seeds: trainings.
        var_seed_means: variance of the seeds' mean differences.
        noise: what it would be if trainings did not differ, because each meets every question in its own way.
        between: variance of one question's mean difference over the questions.
        within: variance of what question and training together leave of a difference.
        prior_df: degrees of freedom that other recipes' trainings add to those of `var_seed_means` (`moderate`).
    """

    n_seeds: int
    var_seed_means: float = 0.0
    noise: float = 0.0
    between: Real = math.nan
    within: Real = math.nan
    prior_df: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether anything is known of how much trainings differ, by its own or by other recipes' trainings."""
        return self.degrees > 0

    @property
    def is_borrowed(self) -> bool:
        """Whether it is one training whose spread is taken from other recipes."""
        return self.n_seeds == 1 and self.prior_df > 0

    @property
    def degrees(self) -> float:
        """Degrees of freedom with which `var_seed_means` is known; 0 where nothing is known of it."""
        return self.n_seeds - 1 + self.prior_df

    @property
    def variance(self) -> float:
        """Of the effect of one training over the trainings that could have been; 0 where chance explains all of it."""
        return max(0.0, self.var_seed_means - self.noise)

    @property
    def standard_error(self) -> float:
        """Standard error of the mean difference that is due to the trainings."""
        return math.sqrt(self.variance_of_mean)

    @property
    def variance_of_mean(self) -> float:
        """Of the mean effect over the seeds."""
        return self.variance / self.n_seeds

    @property
    def share_seed(self) -> float:
        """Share of the variance of one question's difference under one training that is due to the training."""
        return self._share(self.variance)

    @property
    def share_question(self) -> float:
        """Share that is due to the question."""
        return self._share(self.between)

    def _share(self, part: float) -> float:
        total = self.variance + self.between + self.within
        return part / total if total > 0 else math.nan


def seed_spread(differences: NDArray[np.float64], groups: Sequence[str]) -> SeedSpread:
    """The components of variance of differences, by the method of moments (two-way random effects, balanced).

    The seeds' means spread because trainings differ and because each meets every question in its own way; the second
    part is estimated by the cluster-robust error of what is left of a seed's differences after each question's mean,
    and taken off (Searle, Casella and McCulloch 1992, chapter 4, with clusters in place of independent residuals).

    Args:
        differences: (n questions, S seeds), tuned minus base; questions with a NaN are left out.
        groups: the cluster of each question.
    """
    there = np.flatnonzero(~np.isnan(differences).any(axis=1))
    values = differences[there]
    n, n_seeds = values.shape
    if n_seeds < 2 or n < 2:  # noqa: PLR2004 - a spread needs two
        return SeedSpread(max(1, n_seeds))
    left = (values - values.mean(axis=1, keepdims=True)) * math.sqrt(n_seeds / (n_seeds - 1))
    errors = PairedDifferences.of(left, [groups[int(i)] for i in there]).standard_errors()
    noise = _unrounded(float(np.nanmean(errors**2))) if not np.isnan(errors).all() else 0.0
    means = values.mean(axis=0)
    var_seed_means = _unrounded(float(means.var(ddof=1)))
    residual = values - values.mean(axis=1, keepdims=True) - means + values.mean()
    within = float((residual**2).sum()) / ((n - 1) * (n_seeds - 1))
    between = max(0.0, float(values.mean(axis=1).var(ddof=1)) - within / n_seeds)
    return SeedSpread(n_seeds, var_seed_means, noise, between, within)


def _unrounded(variance: float) -> float:
    """0 for what rounding leaves of equal numbers; one point of 1,000 answers that differs makes 1e-10 or more."""
    return variance if variance > _ROUNDING else 0.0


def moderate(spreads: Sequence[SeedSpread], trainings: Sequence[Hashable]) -> list[SeedSpread]:
    """Spreads of comparisons, each informed by how much the other recipes' trainings differ.

    The variance of three trainings is known with two degrees of freedom, so badly that even large effects are not told
    from zero. Other recipes on the same questions vary in a similar way, above all in proportion to their `noise`. The
    ratios of `var_seed_means` to `noise` are taken as draws of a scaled inverse chi-square, whose s0^2 and d0 are
    fitted by the moments of their logarithms, and each becomes (b s0^2 + d s^2) / (b + d) with b + d degrees of freedom
    (Smyth 2004, Statistical Applications in Genetics and Molecular Biology 3, article 3, section 6.2, where b is d0).
    The less they agree, the smaller d0. Two safeguards for the few recipes of a study: b is at most the degrees of
    freedom of the other trainings, and d0 counts only in proportion to the probability of a ratio at least as large as
    its own beside theirs, so that trainings that differ more than the others' stand for themselves (in the manner of
    Phipson et al. 2016, Annals of Applied Statistics 10, 946-963).

    Args:
        spreads: one for each comparison.
        trainings: what the arm of each comparison was trained as; those of the same trainings, as the epochs of one,
            count once.

    A recipe that was trained once has no spread of its own: it gets the mean of the other recipes' spreads with their
    degrees of freedom (`SeedSpread.is_borrowed`).

    Returns:
        The spreads in their order; those of several trainings unchanged where trainings meet every question alike, and
        where fewer than two sets of trainings are left; that of one training where no recipe was trained twice.
    """
    made = _moderated(spreads, trainings)
    known = {one: spread for one, spread in zip(trainings, spreads, strict=True) if spread.n_seeds > 1}
    if not known:
        return made
    pooled = SeedSpread(
        1,
        float(np.mean([one.var_seed_means for one in known.values()])),
        float(np.mean([one.noise for one in known.values()])),
        prior_df=float(sum(one.n_seeds - 1 for one in known.values())),
    )
    return [pooled if spread.n_seeds == 1 else spread for spread in made]


def _moderated(spreads: Sequence[SeedSpread], trainings: Sequence[Hashable]) -> list[SeedSpread]:
    columns: dict[Hashable, list[int]] = {}
    for column, (spread, training) in enumerate(zip(spreads, trainings, strict=True)):
        if spread.n_seeds > 1 and spread.noise > 0:
            columns.setdefault(training, []).append(column)
    made = list(spreads)
    ratios = {
        column: spreads[column].var_seed_means / spreads[column].noise for some in columns.values() for column in some
    }
    if len(columns) < 2 or not any(ratios.values()):  # noqa: PLR2004 - nobody to borrow from
        return made
    degrees = np.asarray([min(spreads[column].n_seeds - 1.0 for column in some) for some in columns.values()])
    means = np.asarray([np.mean([ratios[column] for column in some]) for some in columns.values()])
    d0, middle = _prior(means, degrees)
    for place, some in enumerate(columns.values()):
        of_others = float(np.delete(degrees, place).sum())
        mean_of_others = float(np.average(np.delete(means, place), weights=np.delete(degrees, place)))
        for column in some:
            spread = spreads[column]
            own = spread.n_seeds - 1
            beside = ratios[column] / mean_of_others if mean_of_others > 0 else math.inf
            prior_df = min(d0, of_others) * float(special.fdtrc(own, of_others, beside))
            ratio = (prior_df * middle + own * ratios[column]) / (prior_df + own)
            made[column] = replace(spread, var_seed_means=ratio * spread.noise, prior_df=prior_df)
    return made


def _prior(ratios: NDArray[np.float64], degrees: NDArray[np.float64]) -> tuple[float, float]:
    """Degrees of freedom and scale of the inverse chi-square that variances come from: Smyth 2004, section 6.2.

    A variance of three trainings whose means happen to agree is next to nothing, and its logarithm would outweigh all
    others: none counts as smaller than what one in twenty is if all vary alike, and the moments of the logarithm that
    are expected reckon with that. Where half of the trainings or more agree exactly, nothing is fitted (d0 is 0).
    """
    pooled = float(np.average(ratios, weights=degrees))
    alike = [_logarithms(float(one)) for one in degrees]
    least = np.median(ratios) * np.exp([one[0] - np.median(one) for one in alike])
    if not least.all():
        return 0.0, pooled
    logs = np.log(np.maximum(ratios, least)) - np.asarray([one.mean() for one in alike])
    excess = float(logs.var(ddof=1) - np.mean([one.var() for one in alike]))
    if excess < _LEAST_EXCESS:
        return math.inf, pooled

    def lacking(half: float) -> float:
        return float(special.polygamma(1, half)) - excess

    d0 = 2 * float(optimize.brentq(lacking, *_HALVES))
    return d0, math.exp(float(logs.mean()) + float(special.digamma(d0 / 2)) - math.log(d0 / 2))


def _logarithms(degrees: float) -> NDArray[np.float64]:
    """Logarithms of equally likely estimates of a variance of 1, ascending, the lowest twentieth raised to its end."""
    middles = np.maximum((np.arange(_N_ESTIMATES) + 0.5) / _N_ESTIMATES, _ONE_IN_TWENTY)
    return np.asarray(np.log(special.chdtri(degrees, 1 - middles) / degrees))


def t_quantile(confidence: float, question_variance: float, n_clusters: int, spread: SeedSpread) -> float:
    """How many standard errors an interval reaches when its variance is the sum of two estimated ones.

    The mean of the two quantiles of Student's t, of m - 1 degrees of freedom and of those of the trainings (S - 1 and
    what they borrow), weighted by the variances (Cochran and Cox 1950, section 4.14). Satterthwaite's single t is too
    narrow where a few trainings make up most of the variance: .88 to .94 instead of .95 in `benchmarks/simulation.py`.

    Args:
        confidence: of a two-sided interval.
        question_variance: squared standard error over m clusters of questions.
        n_clusters: m, at least 2.
        spread: with the variance of S trainings.
    """
    level = (1 + confidence) / 2
    questions = float(stats.t.ppf(level, max(1, n_clusters - 1)))
    trainings = spread.variance_of_mean
    if trainings == 0:
        return questions
    of_seeds = float(stats.t.ppf(level, spread.degrees))
    return (question_variance * questions + trainings * of_seeds) / (question_variance + trainings)
