"""Means per arm with intervals, and shifts against the base."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.means import mean_intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ragstudy.records import Question
    from ragstudy.statistics import AnalysisSettings, Interval
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
        n_together: shifts whose intervals hold together (Bonferroni); 1 where each holds by itself.
    """

    names: Sequence[str]
    values_of: Callable[[str, Question], Sequence[float] | None]
    bounds: Bounds = UNBOUNDED
    n_together: int = 1


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

    together = replace(settings, confidence=1 - (1 - settings.confidence) / columns.n_together)

    def named(of: NDArray[np.float64], bounds: Bounds, how: AnalysisSettings = settings) -> dict[str, Interval]:
        return dict(zip(columns.names, mean_intervals(of, groups, how, bounds), strict=True))

    return [
        ArmColumns(
            arm,
            int((~np.isnan(values[arm.name]).any(axis=1)).sum()),
            named(values[arm.name], columns.bounds),
            named(values[arm.name] - values[arm.base], (low - high, high - low), together)
            if arm.base is not None
            else None,
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
