"""Simulated studies whose true effects are set, for checking that intervals, verdicts and power keep their promise.

Examples:
    >>> study = simulate(Design(effects=(0.3,), n_questions=60), n_studies=5, seed=1, n_resamples=100)
    >>> len(study.power)
    1
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.compare import compare_columns
from ragstudy.statistics.power import Precision, power_of
from ragstudy.statistics.seeds import SeedSpread, moderate, seed_spread
from ragstudy.statistics.settings import AnalysisSettings
from ragstudy.statistics.tests import holm
from ragstudy.statistics.verdicts import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Design:
    """A domain of a simulated study.

    Attributes:
        n_questions: test questions.
        n_facts: a question asks for 1 to this many facts; a score is the share that is answered.
        per_group: questions of one source document, on average.
        base: chance that the base answers a fact of a question of middling difficulty.
        effects: true mean difference of each tuned arm, in units of the score.
        spread: standard deviation of the questions' difficulty on the logit scale; half its variance is shared by
            the questions of a document.
        interaction: standard deviation, over documents, of how much an arm's effect differs between them.
        n_seeds: trainings of every arm, whose scores are averaged.
        seed_spreads: standard deviation, over trainings, of how much an arm's effect differs between them; one for all
            arms, or one for each.
    """

    effects: tuple[float, ...]
    n_questions: int = 300
    n_facts: int = 3
    per_group: float = 2.0
    base: float = 0.55
    spread: float = 1.0
    interaction: float = 0.5
    n_seeds: int = 1
    seed_spreads: tuple[float, ...] = (0.0,)

    @property
    def arms(self) -> list[tuple[float, float]]:
        """The effect of each arm and the spread of its trainings."""
        spreads = self.seed_spreads if len(self.seed_spreads) > 1 else self.seed_spreads * len(self.effects)
        return list(zip(self.effects, spreads, strict=True))


@dataclass(frozen=True)
class SimulationResult:
    """What many simulated studies of one design found.

    Attributes:
        coverage: for each arm, the share of the intervals that hold the true effect.
        decided: for each arm, the share of the studies that call it helping or hurting.
        false_studies: share of the studies with a wrong 'helps' or 'hurts' in any arm.
        power: for each arm, the share of the studies whose unadjusted interval leaves out zero.
        predicted_power: for each arm, the power that the mean parts of the error foretell.
        means: for each arm, the mean difference found.
    """

    coverage: tuple[float, ...]
    decided: tuple[float, ...]
    false_studies: float
    power: tuple[float, ...]
    predicted_power: tuple[float, ...]
    means: tuple[float, ...]


@dataclass(frozen=True)
class _Study:
    """What the analysis made of one simulated study, one entry per arm."""

    covered: list[bool]
    excludes_zero: list[bool]
    called: list[bool]
    is_wrong: bool
    differences: list[float]
    error_parts: list[tuple[float, ...]]


def simulate(design: Design, n_studies: int, seed: int, n_resamples: int = 1000) -> SimulationResult:
    """Run many studies of a design through the analysis that a real study gets.

    Args:
        design: with the true effects.
        n_studies: how many.
        seed: of the first; each study has its own.
        n_resamples: draws of bootstrap and permutation in each study.
    """
    shifts = [_shift(design, effect, spread) for effect, spread in design.arms]
    studies = [
        _analysed(design, _scores(design, shifts, np.random.default_rng((seed, number))), n_resamples, number)
        for number in range(n_studies)
    ]
    precisions = [
        Precision(question_variance, n_clusters, SeedSpread(design.n_seeds, var_means, noise, prior_df=prior_df))
        for question_variance, n_clusters, var_means, noise, prior_df in np.mean(
            [study.error_parts for study in studies], axis=0
        ).tolist()
    ]
    return SimulationResult(
        tuple(np.mean([study.covered for study in studies], axis=0)),
        tuple(np.mean([study.called for study in studies], axis=0)),
        sum(study.is_wrong for study in studies) / n_studies,
        tuple(np.mean([study.excludes_zero for study in studies], axis=0)),
        tuple(power_of(*one, _CONFIDENCE) for one in zip(design.effects, precisions, strict=True)),
        tuple(np.mean([study.differences for study in studies], axis=0)),
    )


def _analysed(design: Design, scores: tuple[NDArray[np.float64], list[str]], n_resamples: int, number: int) -> _Study:
    by_seed, groups = scores
    n_arms = by_seed.shape[2]
    spreads = moderate([seed_spread(by_seed[:, :, arm], groups) for arm in range(n_arms)], range(n_arms))
    settings = AnalysisSettings(_CONFIDENCE, n_resamples=n_resamples, seed=number)
    compared = compare_columns(by_seed.mean(axis=1), groups, settings, spreads)
    verdicts = [decide(one, p, settings) for one, p in zip(compared, holm([one.p for one in compared]), strict=True)]
    return _Study(
        covered=[one.low <= effect <= one.high for one, effect in zip(compared, design.effects, strict=True)],
        excludes_zero=[one.low > 0 or one.high < 0 for one in compared],
        called=[verdict in ("helps", "hurts") for verdict in verdicts],
        is_wrong=any(
            (verdict == "helps" and effect <= 0) or (verdict == "hurts" and effect >= 0)
            for verdict, effect in zip(verdicts, design.effects, strict=True)
        ),
        differences=[one.difference for one in compared],
        error_parts=[
            (one.standard_error**2, one.n_clusters, spread.var_seed_means, spread.noise, spread.prior_df)
            for one, spread in zip(compared, spreads, strict=True)
        ],
    )


def _shift(design: Design, effect: float, spread_of_trainings: float) -> float:
    """The change on the logit scale whose mean effect on the score is `effect`, by bisection over a fine grid."""
    varying = math.hypot(design.interaction, spread_of_trainings)
    if effect == 0 and varying == 0:
        return 0.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    weights = weights / weights.sum()
    middle = math.log(design.base / (1 - design.base))
    difficulty = middle + design.spread * nodes
    before = float(weights @ _logistic(difficulty))

    def gained(shift: float) -> float:
        moved = difficulty[:, None] + shift + varying * nodes[None, :]
        return float(weights @ _logistic(moved) @ weights) - before

    low, high = -8.0, 8.0
    for _ in range(60):
        center = (low + high) / 2
        low, high = (center, high) if gained(center) < effect else (low, center)
    return (low + high) / 2


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-x)))


def _scores(design: Design, shifts: Sequence[float], rng: np.random.Generator) -> tuple[NDArray[np.float64], list[str]]:
    """(n questions, n seeds, n arms) differences of one study, and the group of every question."""
    n = design.n_questions
    n_groups = max(2, round(n / design.per_group))
    group = rng.integers(0, n_groups, n)
    shared = math.sqrt(0.5) * design.spread
    middle = math.log(design.base / (1 - design.base))
    difficulty = middle + shared * rng.normal(size=n_groups)[group] + shared * rng.normal(size=n)
    n_facts = rng.integers(1, design.n_facts + 1, n)
    base = rng.binomial(n_facts, _logistic(difficulty)) / n_facts
    arms = []
    for shift, (_, spread) in zip(shifts, design.arms, strict=True):
        moved = difficulty + shift + design.interaction * rng.normal(size=n_groups)[group]
        trainings = []
        for _ in range(design.n_seeds):
            here = moved + (spread * rng.normal() if spread else 0.0)
            trainings.append(rng.binomial(n_facts, _logistic(here)) / n_facts - base)
        arms.append(np.stack(trainings, axis=1))
    return np.stack(arms, axis=2), [str(one) for one in group]
