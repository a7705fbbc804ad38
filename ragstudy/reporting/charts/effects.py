"""Charts of what tuning changes: all differences, dose and response, every context, question by question."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from ragstudy.formatting import effect, share
from ragstudy.reporting.charts.drawing import (
    BETTER,
    INK,
    LEVEL,
    SOFT,
    VERDICT_COLOURS,
    WORSE,
    Chart,
    layer,
    name_of,
    quantity,
    sentences,
    told_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.results import ArmMean, ComparisonRow

_VERDICTS = {"domain": list(VERDICT_COLOURS), "range": list(VERDICT_COLOURS.values())}
_RULE = {"type": "rule", "color": SOFT}


def forest(rows: Sequence[ComparisonRow], margin: float) -> Chart | None:
    """Every difference to the base with its interval, coloured by verdict.

    Args:
        rows: comparisons with a verdict, in one context.
        margin: smallest difference that matters.

    Returns:
        None where there is nothing to draw.
    """
    known = [row for row in rows if row.effect.interval.is_known]
    if not known:
        return None
    values = [
        {"arm": row.arm, "measure": row.measure, "verdict": row.verdict, "at": row.effect.difference}
        | {"low": row.effect.low, "high": row.effect.high}
        | {"told": f"{row.arm}, {row.measure}: {effect(row.effect)}, {row.verdict}"}
        for row in known
    ]
    ground = {"x": {"datum": -margin}, "x2": {"datum": margin}, "y": None, "color": None}
    band = layer({"type": "rect", "color": SOFT, "opacity": 0.15}, ground, data={"values": [{}]})
    colour = name_of("verdict", "verdict", scale=_VERDICTS, legend={"orient": "bottom"})
    axis = {"title": "tuned minus base", "format": "+.2", "tickCount": 5}
    ends = {"x": quantity("low", "tuned minus base", axis=axis), "x2": {"field": "high"}}
    bar = layer({"type": "rule", "strokeWidth": 3}, {**ends, "description": told_of()})
    point = {"type": "point", "filled": True, "size": 90, "opacity": 1}
    dot = layer(point, {"x": quantity("at", None), "description": told_of()})
    layers = [band, layer(_RULE, {"x": {"datum": 0}, "y": None, "color": None}), bar, dot]
    spec = _by_measure(values, layers, {"y": name_of("arm"), "color": colour}, {"height": {"step": 24}, "width": 250})
    caption = f"A bar that leaves out 0 is decided. Shaded: differences up to {margin:g}, the smallest that matters."
    return Chart("differences", "What tuning changes", caption, sentences(values), spec, is_wide=True)


def _by_measure(
    values: Sequence[Mapping[str, Any]],
    layers: Sequence[Mapping[str, Any]],
    encoding: Mapping[str, Any],
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """A panel for each measure, side by side."""
    panel = {"layer": list(layers), "encoding": dict(encoding), **more}
    return {"data": {"values": list(values)}, "facet": {"column": name_of("measure")}, "spec": panel}


def dose(rows: Sequence[ComparisonRow]) -> Chart | None:
    """Difference to the base over the number of training pairs, a line for each recipe.

    Args:
        rows: comparisons with a verdict, in one context.

    Returns:
        None where no recipe has two sizes.
    """
    mine = [row for row in rows if row.size and row.effect.interval.is_known and not row.trained_on]
    sizes = sorted({row.size for row in mine})
    several = {name for name, n in Counter((row.series, row.measure) for row in mine).items() if n > 1}
    if not several:
        return None
    values = [
        {"recipe": row.series, "measure": row.measure, "pairs": row.size, "at": row.effect.difference}
        | {"low": row.effect.low, "high": row.effect.high}
        | {"told": f"{row.series}, {row.size} pairs, {row.measure}: {effect(row.effect)}"}
        for row in sorted(mine, key=lambda row: row.size)
    ]
    x = quantity("pairs", "training pairs", scale={"type": "log"}, axis={"values": sizes, "format": "d"})
    colour = name_of("recipe", "recipe", legend={"orient": "bottom", "columns": 2, "symbolOpacity": 1})
    change = quantity("at", "tuned minus base", axis={"format": "+.2", "tickCount": 5})
    band = layer({"type": "area", "opacity": 0.15}, {"y": quantity("low", "tuned minus base"), "y2": {"field": "high"}})
    line = layer("line", {"y": change})
    dots = layer({"type": "point", "filled": True, "size": 60}, {"y": change, "description": told_of()})
    zero = layer(_RULE, {"y": {"datum": 0}, "x": None, "color": None})
    spec = _by_measure(values, [zero, band, line, dots], {"x": x, "color": colour}, {"height": 200, "width": 300})
    caption = "The line at 0 is the base; bands are the intervals of the table."
    return Chart("dose", "How much training", caption, sentences(values), spec, is_wide=True)


def every_context(means: Sequence[ArmMean], measures: Sequence[str]) -> Chart | None:
    """Mean of every arm in every context, as a heat map.

    Args:
        means: of one domain.
        measures: to show.

    Returns:
        None where there is only one context.
    """
    mine = [row for row in means if row.measure in measures and not math.isnan(row.mean)]
    contexts = list(dict.fromkeys(row.contexts for row in mine))
    if len(contexts) < 2:  # noqa: PLR2004 - one column is the table of means
        return None
    values = [
        {"arm": row.arm, "measure": row.measure, "prompts": row.contexts, "mean": row.mean, "text": share(row.mean)}
        | {"told": f"{row.arm}, {row.contexts}, {row.measure}: {share(row.mean)}"}
        for row in mine
    ]
    shade = quantity("mean", "mean", scale={"scheme": "blues", "domain": [0, 1]}, legend=None)
    cell = layer("rect", {"color": shade, "description": told_of()})
    dark = {"condition": {"test": "datum.mean > 0.55", "value": "white"}, "value": INK}
    text = layer({"type": "text", "fontSize": 11}, {"text": {"field": "text"}, "color": dark})
    at = {"x": name_of("prompts", None, axis={"labelAngle": 0, "orient": "top"}), "y": name_of("arm")}
    size = {"height": {"step": 22}, "width": {"step": max(70, 9 * max(map(len, contexts)))}}
    spec = _by_measure(values, [cell, text], at, size)
    caption = "Mean score of every arm with every kind of prompt; darker is better."
    return Chart("contexts", "Every arm with every kind of prompt", caption, sentences(values), spec, is_wide=True)


def _change_of(difference: float) -> str:
    return "better" if difference > 0 else "worse" if difference < 0 else "same"


def question_by_question(
    pairs: Mapping[str, Sequence[tuple[float, float]]], measure: str, link: Mapping[str, str], sign: int = 1
) -> Chart | None:
    """Scores of base and tuned arm on the same questions: bubbles that count questions.

    Args:
        pairs: for each arm the (base, tuned) scores of every question that both have one for.
        measure: name of the measure.
        link: for each arm where its bubbles lead within the page.
        sign: -1 of a measure of which less is better.

    Returns:
        None where there is nothing to draw.
    """
    values: list[dict[str, Any]] = []
    for arm, scores in pairs.items():
        changes = [_change_of(sign * (tuned - base)) for base, tuned in scores]
        n_better, n_worse = changes.count("better"), changes.count("worse")
        head = f"{arm}: {n_better} better, {len(scores) - n_better - n_worse} same, {n_worse} worse"
        counted = Counter((round(b, 1), round(t, 1), change) for (b, t), change in zip(scores, changes, strict=True))
        for (base, tuned, change), n in sorted(counted.items()):
            told = f"{arm}: {n} questions from {base:g} to {tuned:g}"
            at = {"base": base, "tuned": tuned, "n": n, "change": change, "head": head, "told": told}
            values.append(at | {"link": f"#{link[arm]}&show={change}"})
    if not values:
        return None
    colours = {"domain": ["better", "same", "worse"], "range": [BETTER, LEVEL, WORSE]}
    encoding = {
        "x": quantity("base", f"base {measure}", scale={"domain": [0, 1]}, axis={"tickCount": 3}),
        "y": quantity("tuned", f"tuned {measure}", scale={"domain": [0, 1]}, axis={"tickCount": 3}),
        "size": quantity("n", "questions", scale={"range": [12, 700]}, legend={"orient": "bottom"}),
        "color": name_of("change", None, scale=colours, legend={"orient": "bottom"}),
        "href": {"field": "link"},
        "description": told_of(),
    }
    bubbles = layer({"type": "point", "filled": True, "opacity": 0.65}, encoding)
    ends = {"values": [{"base": 0, "tuned": 0}, {"base": 1, "tuned": 1}]}
    along = {"x": quantity("base", None), "y": quantity("tuned", None)}
    line = layer({"type": "line", "color": SOFT, "strokeDash": [4, 4]}, along, data=ends)
    panel = {"width": 210, "height": 210, "layer": [line, bubbles]}
    header = {"title": None, "labelLimit": 230, "labelFontSize": 11, "labelExpr": "split(datum.label, ': ')"}
    spec = {"data": {"values": values}, "facet": name_of("head", header=header), "columns": 3, "spec": panel}
    caption = (
        f"Each bubble counts questions by their {measure} before and after tuning, rounded to a tenth; above the line "
        "the tuned arm is better. A bubble leads to its answers."
    )
    return Chart("questions", "Question by question", caption, sentences(values), spec, is_wide=True)
