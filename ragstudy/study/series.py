"""Dose and response: a recipe's effect over training sizes, or over the epochs of one training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_POINT = ("difference", "low", "high", "verdict")


def series(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Series of at least two points among compared rows with a verdict.

    Args:
        rows: of comparisons.json.

    Returns:
        Per domain, context, measure, recipe and axis: `axis` ('pairs' or 'epochs'), `points` in rising order with
        `at`, the difference to the base and its interval, and `smallest_visible`: the smallest point from which on
        every interval leaves out zero on the same side, or None.
    """
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        if not row["size"] or "verdict" not in row:
            continue
        about = (row["domain"], row["contexts"], row["measure"], row["trained_on"])
        found.setdefault((*about, "pairs", row["recipe"]), []).append({"at": row["n_pairs"], **_of(row)})
        if row["n_epochs"]:
            training = row["training"]
            found.setdefault((*about, "epochs", training), []).append({"at": row["n_epochs"], **_of(row)})
    made = []
    for (domain, contexts, measure, trained_on, axis, recipe), points in found.items():
        points.sort(key=lambda point: point["at"])
        if len({point["at"] for point in points}) > 1:
            made.append(
                {
                    "domain": domain,
                    "contexts": contexts,
                    "measure": measure,
                    "trained_on": trained_on,
                    "axis": axis,
                    "recipe": recipe,
                    "points": points,
                    "smallest_visible": smallest_visible(points),
                }
            )
    return made


def _of(row: dict[str, Any]) -> dict[str, Any]:
    return {"arm": row["arm"], **{key: row[key] for key in _POINT}}


def smallest_visible(points: Sequence[dict[str, Any]]) -> int | None:
    """The smallest point from which on every interval leaves out zero on the same side."""
    visible, side = None, 0
    for point in reversed(points):
        here = _side(point)
        if not here or (side and here != side):
            break
        visible, side = point["at"], here
    return visible


def _side(point: dict[str, Any]) -> int:
    if point["low"] is None or point["high"] is None:
        return 0
    return 1 if point["low"] > 0 else -1 if point["high"] < 0 else 0
