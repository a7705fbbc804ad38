"""Dose and response: a recipe's effect over training sizes, or over the epochs of one training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ragstudy.results import Series, SeriesPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.results import ComparisonRow

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
            made.append(Series(*key, points=rising))
    return made
