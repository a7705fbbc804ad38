"""Plots as SVG, drawn by matplotlib without a display and the same bytes for the same numbers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ragstudy.records import FailurePoint
    from ragstudy.results import ComparisonRow, FailureShares

COLOURS = {
    "helps": "#1a7f37",
    "hurts": "#b42318",
    "no meaningful difference": "#57606a",
    "undecided": "#9a6700",
}
_LINES = ("#b42318", "#0969da", "#8250df", "#1a7f37", "#9a6700", "#57606a")
# What retrieval decides in greys, what the generator decides in colours.
POINT_COLOURS: dict[FailurePoint, str] = {
    "right": "#2da44e",
    "missing content": "#afb8c1",
    "missed by the ranking": "#8c959f",
    "cut from the context": "#57606a",
    "not extracted": "#cf222e",
    "wrong format": "#8250df",
    "wrong specificity": "#bf8700",
    "incomplete": "#fb8f44",
    "answered anyway": "#d4a72c",
}
_STYLE = {"svg.hashsalt": "ragstudy", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure as NewFigure

    return NewFigure(figsize=(width, height), layout="constrained")


def _svg(figure: Figure) -> str:
    import matplotlib as mpl

    written = io.StringIO()
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type] # a literal of every setting
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = written.getvalue()
    return text[text.index("<svg") :]


def forest(rows: Sequence[ComparisonRow], measure: str, margin: float) -> str:
    """Differences to the base with their intervals, coloured by verdict; the margin is shaded.

    Args:
        rows: comparisons with a verdict in one context.
        measure: name of the measure.
        margin: smallest difference that matters.

    Returns:
        SVG; '' where there is nothing to draw.
    """
    mine = [row for row in rows if row.measure == measure and row.effect.interval.is_known]
    if not mine:
        return ""
    figure = _figure(7.2, 0.9 + 0.34 * len(mine))
    axes = figure.subplots()
    axes.axvspan(-margin, margin, color="#d0d7de", alpha=0.5, lw=0)
    axes.axvline(0, color="#57606a", lw=1)
    for height, row in enumerate(reversed(mine)):
        colour, found = COLOURS[row.verdict or "undecided"], row.effect
        # What is not known is NaN, which draws nothing.
        axes.plot([found.low, found.high], [height, height], color=colour, lw=2.5, solid_capstyle="round")
        axes.plot(found.difference, height, "o", color=colour, ms=6)
    axes.set_yticks(range(len(mine)), [row.arm for row in reversed(mine)])
    axes.set_ylim(-0.6, len(mine) - 0.4)
    axes.set_xlabel(f"difference in {measure}, tuned minus base")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return _svg(figure)


def dose(rows: Sequence[ComparisonRow], measure: str) -> str:
    """Score over the number of training pairs, one line per recipe, their one base as a level.

    Args:
        rows: comparisons of one base with a verdict in one context.
        measure: name of the measure.

    Returns:
        SVG; '' where there are not two sizes.
    """
    mine = [
        row
        for row in rows
        if row.measure == measure and row.size and row.effect.interval.is_known and not row.trained_on
    ]
    if len({row.size for row in mine}) < 2:  # noqa: PLR2004 - a line needs two points
        return ""
    figure = _figure(7.2, 3.0)
    axes = figure.subplots()
    axes.axhline(mine[0].base_mean, color="#57606a", lw=1.5, ls="--", label="base")
    base = mine[0].base
    for colour, series in zip(_LINES, dict.fromkeys(row.series for row in mine), strict=False):
        points = sorted((row for row in mine if row.series == series), key=lambda row: row.size)
        sizes = [row.size for row in points]
        label = series.removeprefix(f"{base}+")
        axes.plot(sizes, [row.tuned_mean for row in points], "o-", color=colour, label=label)
        # The interval is that of the difference to the base, drawn around the arm.
        low = [row.base_mean + row.effect.low for row in points]
        high = [row.base_mean + row.effect.high for row in points]
        axes.fill_between(sizes, low, high, color=colour, alpha=0.15, lw=0)
    axes.set_xlabel("training pairs")
    axes.set_ylabel(measure)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, ncols=3, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def failures(rows: Sequence[FailureShares]) -> str:
    """For each arm a bar of its answers: right, failed before it read, and the ways in which it failed itself.

    Args:
        rows: of one domain and context.

    Returns:
        SVG; '' where there is nothing to draw.
    """
    if not rows or any(not row.points["right"].is_known for row in rows):
        return ""
    figure = _figure(7.2, 1.5 + 0.3 * len(rows))
    axes = figure.subplots()
    for height, row in enumerate(reversed(rows)):
        left = 0.0
        for point, colour in POINT_COLOURS.items():
            width = row.points[point].value
            axes.barh(height, width, left=left, color=colour, height=0.72, label=point if height == 0 else None)
            left += width
    axes.set_yticks(range(len(rows)), [row.arm for row in reversed(rows)])
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the answers")
    axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(-0.1, 1.0), fontsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return _svg(figure)
