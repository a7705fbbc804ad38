"""What the tables of a study have in common: means per arm with intervals, shifts against the base, cells compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.statistics import compare_cells
from ragstudy.statistics.means import mean_intervals
from ragstudy.statistics.seeds import moderate, seed_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from ragstudy.records import Question
    from ragstudy.specs import StatisticsSpec
    from ragstudy.statistics import Comparison
    from ragstudy.study.plan import Arm

Interval = dict[str, float | None]


@dataclass(frozen=True)
class ArmMeans:
    """Means of one arm over the questions.

    Attributes:
        arm: whose.
        n: questions that all its seeds have values for.
        means: by name `value`, `low`, `high`.
        shifts: likewise, the paired difference to the base; None for an arm without one.
    """

    arm: Arm
    n: int
    means: dict[str, Interval]
    shifts: dict[str, Interval] | None


def means_by_arm(  # noqa: PLR0913 - what a table is made of
    arms: Sequence[Arm],
    questions: Sequence[Question],
    values_of: Callable[[str, Question], Sequence[float] | None],
    names: Sequence[str],
    settings: StatisticsSpec,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> list[ArmMeans]:
    """The mean of every column for each arm, and for tuned arms its shift against the base.

    Args:
        arms: with the names of their generators; the bases of the others are among them.
        questions: of one domain.
        values_of: the values of a generator's answer to a question, one per column; None where there is no answer.
        names: of the columns.
        settings: of the bootstrap over groups of questions and its intervals.
        bounds: of a value; intervals are cut there.
    """
    values = {arm.name: _over_seeds(arm, questions, values_of, len(names)) for arm in arms}
    groups = [question.group for question in questions]
    low, high = bounds

    def named(columns: NDArray[np.float64], within: tuple[float, float]) -> dict[str, Interval]:
        return dict(zip(names, means_with_intervals(columns, groups, settings, within), strict=True))

    return [
        ArmMeans(
            arm,
            int((~np.isnan(values[arm.name]).any(axis=1)).sum()),
            named(values[arm.name], bounds),
            named(values[arm.name] - values[arm.base], (low - high, high - low)) if arm.base is not None else None,
        )
        for arm in arms
    ]


def _over_seeds(
    arm: Arm,
    questions: Sequence[Question],
    values_of: Callable[[str, Question], Sequence[float] | None],
    width: int,
) -> NDArray[np.float64]:
    """(n questions, width) means over the arm's seeds; NaN where a seed has no values, so that seeds stay balanced."""
    rows = []
    for question in questions:
        found = [values_of(name, question) for name in arm.generators]
        there = [one for one in found if one is not None]
        whole = len(there) == len(found)
        columns = zip(*there, strict=True)
        rows.append([math.fsum(column) / len(there) for column in columns] if whole else [math.nan] * width)
    return np.asarray(rows, dtype=np.float64).reshape(-1, width)


def means_with_intervals(
    values: NDArray[np.float64],
    groups: Sequence[str],
    settings: StatisticsSpec,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> list[Interval]:
    """The mean of each of (n, columns) values with its interval, by the study's settings."""
    return mean_intervals(
        values,
        groups,
        confidence=settings.confidence,
        n_resamples=settings.n_resamples,
        seed=settings.seed,
        bounds=bounds,
    )


def compare_by_seed(
    differences: Sequence[NDArray[np.float64]],
    groups: Sequence[str],
    settings: StatisticsSpec,
    likes: Sequence[tuple[Hashable, Hashable]] = (),
) -> list[Comparison]:
    """Cells compared by the study's settings, each given as (n questions, n seeds) differences.

    A question that any seed has no score for is left out of its cell, so that seeds stay balanced.

    Args:
        differences: of each cell.
        groups: the cluster of each question.
        settings: of the study.
        likes: of each cell its scale (cells of one scale learn from each other how much trainings differ) and the
            trainings it is of; without it every cell stands alone.
    """
    spreads = [seed_spread(one, groups) for one in differences]
    scales: dict[Hashable, list[int]] = {}
    for cell, (scale, _) in enumerate(likes):
        scales.setdefault(scale, []).append(cell)
    for cells in scales.values():
        moderated = moderate([spreads[cell] for cell in cells], [likes[cell][1] for cell in cells])
        for cell, spread in zip(cells, moderated, strict=True):
            spreads[cell] = spread
    return compare_cells(
        np.stack([one.mean(axis=1) for one in differences], axis=1),
        groups,
        confidence=settings.confidence,
        power=settings.power,
        n_resamples=settings.n_resamples,
        seed=settings.seed,
        spreads=spreads,
    )


def plain(value: Any) -> Any:  # noqa: ANN401 - a number or a word
    """A value as it can stand in JSON: numbers that are not finite become None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
