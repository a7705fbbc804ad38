"""What answers without a score could make of a difference, where they are more of one arm than of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ragstudy.results import UnscoredBounds
from ragstudy.statistics import compare_columns
from ragstudy.statistics.by_seed import block_by_seed
from ragstudy.statistics.compare import intervals_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics import AnalysisSettings, Comparison
    from ragstudy.study.analyse.tables import Sides

# From this p-value on the arms' shares of answers without a score are taken to differ.
_DIFFER = 0.05
_LOWEST, _HIGHEST = 0.0, 1.0


def bounds_of(
    sides: Sides, groups: Sequence[str], effect: Comparison, settings: AnalysisSettings
) -> UnscoredBounds | None:
    """The difference if every answer without a score had the worst one, and the best one, for the tuned arm.

    Nothing is assumed about the missing scores but their scale (Horowitz and Manski 2000).

    Args:
        sides: scores of both arms, from 0 to 1.
        groups: the cluster of each question.
        effect: of the answers that have scores.
        settings: of the analysis.

    Returns:
        None where as many answers of both arms lack a score, as far as can be told: then they are taken to be lost by
        chance.
    """
    lost_tuned, lost_base = np.isnan(sides.tuned).mean(axis=1), np.isnan(sides.base).astype(float)
    if not (lost_tuned.any() or lost_base.any()):
        return None
    [lost] = compare_columns((lost_tuned - lost_base)[:, None], groups, settings)
    if not lost.p <= _DIFFER:
        return None
    worst = _filled(sides.tuned, _LOWEST) - _filled(sides.base, _HIGHEST)[:, None]
    best = _filled(sides.tuned, _HIGHEST) - _filled(sides.base, _LOWEST)[:, None]
    block = block_by_seed([worst, best], groups)
    (low, high), inner = intervals_at(block, (effect.joint_confidence, 1 - 2 * settings.alpha), settings)
    return UnscoredBounds(
        tuned=float(lost_tuned.mean()),
        base=float(lost_base.mean()),
        worst=low,
        best=high,
        within_margin=all(one.is_within(settings.margin) for one in inner),
    )


def _filled(scores: NDArray[np.float64], value: float) -> NDArray[np.float64]:
    return np.where(np.isnan(scores), value, scores)
