"""Dose and response: a recipe's effect over training sizes, or over the epochs of one training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ragstudy.results import Series, SeriesPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.results import ComparisonRow
    from ragstudy.statistics import Interval

_Key = tuple[str, str, str, str, Literal["pairs", "epochs"], str]


def series_of(rows: Sequence[ComparisonRow]) -> list[Series]:
    """Series of at least two points among rows with a verdict.

    Args:
        rows: every comparison of the study.
    """
    members: dict[_Key, list[SeriesPoint]] = {}
    for row in rows:
        if not row.size or row.decision is None:
            continue
        about = (row.domain, row.contexts, row.measure, row.trained_on)
        effect, verdict = row.effect.interval, row.decision.verdict
        point = SeriesPoint(row.n_pairs, row.arm, effect, verdict)
        members.setdefault((*about, "pairs", row.series), []).append(point)
        if row.n_epochs:
            point = SeriesPoint(row.n_epochs, row.arm, effect, verdict)
            members.setdefault((*about, "epochs", row.training), []).append(point)
    made = []
    for key, points in members.items():
        rising = sorted(points, key=lambda point: point.at)
        if len({point.at for point in points}) > 1:
            made.append(Series(*key, points=rising, smallest_visible=smallest_visible(rising)))
    return made


def smallest_visible(points: Sequence[SeriesPoint]) -> int | None:
    """The smallest point from which on every interval leaves out zero on the same side.

    Args:
        points: rising.
    """
    visible, side = None, 0
    for point in reversed(points):
        here = _side(point.effect)
        if not here or (side and here != side):
            break
        visible, side = point.at, here
    return visible


def _side(effect: Interval) -> int:
    return 1 if effect.is_above_zero else -1 if effect.is_below_zero else 0
