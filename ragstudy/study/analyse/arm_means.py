"""Means per arm with intervals, shifts against the base, and arms compared with their seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics import compare_columns
from ragstudy.statistics.means import mean_intervals
from ragstudy.statistics.seeds import moderate, seed_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.records import Question
    from ragstudy.statistics import AnalysisSettings, Comparison, Interval
    from ragstudy.study.layout import Arm

Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)


@dataclass(frozen=True)
class ArmColumns:
    """Means of one arm over the questions, one per column.

    Attributes:
        arm: that answers.
        n: questions that all its seeds have values for.
        means: by name of the column.
        shifts: paired differences to the base by name of the column; None for an arm without a base.
    """

    arm: Arm
    n: int
    means: dict[str, Interval]
    shifts: dict[str, Interval] | None


@dataclass(frozen=True)
class Columns:
    """What is measured of every answer.

    Attributes:
        names: of the columns.
        values_of: from the name of a generator and a question to a value per column; None where there is no answer.
        bounds: lowest and highest possible value.
    """

    names: Sequence[str]
    values_of: Callable[[str, Question], Sequence[float] | None]
    bounds: Bounds = UNBOUNDED


def means_by_arm(
    arms: Sequence[Arm], questions: Sequence[Question], columns: Columns, settings: AnalysisSettings
) -> list[ArmColumns]:
    """The mean of every column for each arm, and for tuned arms its shift against the base.

    Args:
        arms: with the names of their generators; the bases of the others are among them.
        questions: of one domain.
        columns: what is measured of every answer.
        settings: of the bootstrap over groups of questions and its intervals.
    """
    values = {arm.name: _over_seeds(arm, questions, columns) for arm in arms}
    groups = [question.group for question in questions]
    low, high = columns.bounds

    def named(of: NDArray[np.float64], bounds: Bounds) -> dict[str, Interval]:
        return dict(zip(columns.names, mean_intervals(of, groups, settings, bounds), strict=True))

    return [
        ArmColumns(
            arm,
            int((~np.isnan(values[arm.name]).any(axis=1)).sum()),
            named(values[arm.name], columns.bounds),
            named(values[arm.name] - values[arm.base], (low - high, high - low)) if arm.base is not None else None,
        )
        for arm in arms
    ]


def _over_seeds(arm: Arm, questions: Sequence[Question], columns: Columns) -> NDArray[np.float64]:
    """(n questions, columns) means over the arm's seeds; NaN where a seed has no values, for seeds to stay balanced."""
    rows = []
    for question in questions:
        by_seed = [columns.values_of(name, question) for name in arm.generators]
        there = [values for values in by_seed if values is not None]
        if len(there) == len(by_seed):
            rows.append([math.fsum(column) / len(there) for column in zip(*there, strict=True)])
        else:
            rows.append([math.nan] * len(columns.names))
    return np.asarray(rows, dtype=np.float64).reshape(-1, len(columns.names))


def variance_pools(pools: Sequence[tuple[Hashable, Hashable]]) -> Mapping[Hashable, list[int]]:
    """The comparisons of each pool, within which trainings tell each other how much they differ.

    Args:
        pools: of each comparison its pool, and the trainings it is of.
    """
    members: dict[Hashable, list[int]] = {}
    for number, (pool, _) in enumerate(pools):
        members.setdefault(pool, []).append(number)
    return members


def compare_by_seed(
    differences: Sequence[NDArray[np.float64]],
    groups: Sequence[str],
    settings: AnalysisSettings,
    pools: Sequence[tuple[Hashable, Hashable]] = (),
) -> list[Comparison]:
    """Arms compared with their bases, each given as (n questions, n seeds) differences.

    A question that any seed has no score for is left out of its comparison, so that seeds stay balanced.

    Args:
        differences: of each comparison.
        groups: the cluster of each question.
        settings: of the analysis.
        pools: of each comparison the pool that shares a prior of the variance between trainings (`moderate`), and the
            trainings it is of; without it every comparison stands alone.
    """
    spreads = [seed_spread(one, groups) for one in differences]
    for members in variance_pools(pools).values():
        moderated = moderate([spreads[number] for number in members], [pools[number][1] for number in members])
        for number, spread in zip(members, moderated, strict=True):
            spreads[number] = spread
    return compare_columns(np.stack([one.mean(axis=1) for one in differences], axis=1), groups, settings, spreads)
