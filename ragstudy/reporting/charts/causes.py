"""Charts of why: where answers fail, what retrieval finds, how long answers are, what training cost elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.formatting import effect, rate, share
from ragstudy.reporting.charts.drawing import (
    BETTER,
    SERIES_COLOURS,
    SOFT,
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

    from ragstudy.results import AnswerStyle, ComparisonRow, ContextUse, FailureShares, ModelTestMean, RetrievalQuality


def failure_shifts(rows: Sequence[FailureShares]) -> Chart | None:
    """By how much tuning changes the share of answers at each failure point.

    Args:
        rows: of one domain and context.

    Returns:
        None where no arm has a base.
    """
    values = [
        {"arm": row.arm, "point": point, "shift": found.value, "low": found.low, "high": found.high}
        | {"kind": "better" if (found.value > 0) == (point == "right") else "worse"}
        | {"told": f"{row.arm}, {point}: {effect(found)}"}
        for row in rows
        for point, found in (row.shifts or {}).items()
        if found.is_known and (found.value or row.points[point].value)
    ]
    if not values:
        return None
    colours = {"domain": ["better", "worse"], "range": [BETTER, WORSE]}
    axis = {"format": "+.2", "tickCount": 4}
    shift = quantity("shift", "change of the share of answers", axis=axis)
    colour = name_of("kind", None, scale=colours, legend=None)
    bar = layer({"type": "bar", "opacity": 0.8}, {"x": shift, "color": colour, "description": told_of()})
    whisker = layer({"type": "rule", "color": SOFT}, {"x": quantity("low", None), "x2": {"field": "high"}})
    panel = {"width": 190, "height": {"step": 18}, "encoding": {"y": name_of("point")}, "layer": [bar, whisker]}
    spec = {"data": {"values": values}, "facet": name_of("arm", header={"title": None}), "columns": 3, "spec": panel}
    caption = "Tuned minus base, with intervals that hold for all failure points of an arm together."
    return Chart("failures", "Where answers fail after tuning", caption, sentences(values), spec, is_wide=True)


def retrieval(rows: Sequence[RetrievalQuality]) -> Chart | None:
    """What the first k passages hold: the ceiling for every generator that only reads.

    Args:
        rows: of one domain.

    Returns:
        None where there are not two depths.
    """
    if len(rows) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    values = [
        {"k": row.k, "of": of, "share": value, "told": f"first {row.k} passages, {of}: {share(value)}"}
        for row in rows
        for of, value in (("all evidence (recall)", row.recall), ("some evidence (hit)", row.hit))
    ]
    axis = {"values": [row.k for row in rows], "format": "d"}
    encoding = {
        "x": quantity("k", "first k passages", axis=axis),
        "y": quantity("share", "share of questions or evidence", scale={"domain": [0, 1]}),
        "color": name_of("of", None, legend={"orient": "bottom"}),
        "description": told_of(),
    }
    mark = {"type": "line", "point": {"size": 60}}
    spec = {"data": {"values": values}, "width": 340, "height": 180, "mark": mark, "encoding": encoding}
    caption = "The same passages for every generator: what they do not hold, no generator can read."
    return Chart("retrieval", "What retrieval finds", caption, sentences(values), spec)


def length(rows: Sequence[AnswerStyle]) -> Chart | None:
    """Mean length of each arm's answers beside that of the references.

    Args:
        rows: of one domain and context.

    Returns:
        None where there is no arm.
    """
    if not rows:
        return None
    values = [
        {"arm": row.arm, "words": row.features["words"].value}
        | {"told": f"{row.arm}: {share(row.features['words'].value)} words"}
        for row in rows
    ]
    right = rows[0].reference_words
    channels = {"x": quantity("words", "words of an answer"), "y": name_of("arm"), "description": told_of()}
    bars = layer({"type": "bar", "color": SERIES_COLOURS[0]}, channels)
    rule = {"type": "rule", "strokeDash": [4, 3], "size": 2, "color": SERIES_COLOURS[1]}
    spec = {
        "data": {"values": values},
        "width": 340,
        "height": {"step": 20},
        "layer": [bars, layer(rule, {"x": {"datum": right}})],
    }
    caption = f"Mean over the answers; the broken line is the references' {share(right)} words."
    return Chart("length", "How long answers are", caption, sentences(values), spec)


def wrong_passages(rows: Sequence[ContextUse]) -> Chart | None:
    """Which value arms give when the passages hold a wrong one.

    Args:
        rows: of one domain.

    Returns:
        None where no such prompt was asked.
    """
    if not rows:
        return None
    values = [
        {"arm": row.arm, "prompts": row.contexts, "gives": gives, "share": found.value, "place": place}
        | {"told": f"{row.arm}, {row.contexts}, gives {gives}: {rate(found)}"}
        for row in rows
        for place, (gives, found) in enumerate(
            (
                ("the passages' value", row.context_faithful),
                ("the true value", row.parametric),
                ("neither", row.neither),
            )
        )
    ]
    encoding = {
        "x": quantity("share", "share of the answers", scale={"domain": [0, 1]}),
        "y": name_of("arm"),
        "color": name_of("gives", None, legend={"orient": "bottom"}),
        "order": {"field": "place"},
        "description": told_of(),
    }
    panel = {"width": 260, "height": {"step": 20}, "mark": "bar", "encoding": encoding}
    facet = {"column": name_of("prompts", header={"title": None})}
    spec = {"data": {"values": values}, "facet": facet, "spec": panel}
    caption = "The right value in the gold passages was replaced by another one of its type."
    return Chart("wrong_passages", "Passages against memory", caption, sentences(values), spec)


def forgetting(rows: Sequence[ModelTestMean], gains: Sequence[ComparisonRow], measure: str) -> Chart | None:
    """What training costs on tests that have nothing to do with the domain, against what it gains in it.

    Args:
        rows: tests elsewhere, of one domain.
        gains: comparisons in the headline context.
        measure: of the gains.

    Returns:
        None where there is no test elsewhere.
    """
    gained = {row.arm: row.effect for row in gains if row.measure == measure and row.effect.interval.is_known}
    values = [
        {"arm": row.arm, "test": f"{row.test}, {row.measure}", "change": row.effect.value}
        | {"gain": gained[row.arm].difference}
        | {"told": f"{row.arm}: {row.test} {row.measure} {effect(row.effect)}, {measure} {effect(gained[row.arm])}"}
        for row in rows
        if row.effect is not None and row.effect.is_known and row.arm in gained
    ]
    if not values:
        return None
    encoding = {
        "x": quantity("change", "change on the test", axis={"format": "+.2", "tickCount": 4}),
        "y": quantity("gain", f"change of {measure}", axis={"format": "+.2", "tickCount": 4}),
        "color": name_of("arm", None, legend={"orient": "bottom", "columns": 2}),
        "description": told_of(),
    }
    panel = {"width": 240, "height": 200, "mark": {"type": "point", "filled": True, "size": 90}, "encoding": encoding}
    facet = name_of("test", header={"title": None})
    spec = {"data": {"values": values}, "facet": facet, "columns": 2, "resolve": {"scale": {"x": "independent"}}}
    spec |= {"spec": panel}
    caption = "Loss: a change to the right is forgetting; of shares of right items, a change to the left is."
    return Chart("forgetting", "What training costs elsewhere", caption, sentences(values), spec)


def cost(costs: Mapping[str, tuple[float, float]], measure: str) -> Chart | None:
    """Quality against what answers cost, with the arms that no other arm beats on both.

    Args:
        costs: for each arm its mean generated tokens per answer and its mean score.
        measure: of the scores.

    Returns:
        None where there are not two arms that generate.
    """
    known = {arm: at for arm, at in costs.items() if at[0] > 0}
    if len(known) < 2:  # noqa: PLR2004 - a single point says nothing
        return None
    best = front(known)
    values = [
        {"arm": arm, "tokens": tokens, "score": score, "beaten": arm not in best}
        | {"told": f"{arm}: {tokens:.1f} tokens an answer, {measure} {share(score)}" + _per_right(tokens, score)}
        for arm, (tokens, score) in known.items()
    ]
    at = {
        "x": quantity("tokens", "generated tokens of an answer", scale={"zero": False, "nice": True}),
        "y": quantity("score", f"mean {measure}"),
    }
    colour = name_of("arm", None, scale={"scheme": "tableau20"}, legend={"orient": "bottom", "columns": 2})
    point = {"type": "point", "filled": True, "size": 90, "opacity": 1}
    dots = layer(point, at | {"color": colour, "description": told_of()})
    step = {"type": "line", "interpolate": "step-after", "color": SOFT, "strokeDash": [4, 3]}
    line = layer(step, at, transform=[{"filter": "!datum.beaten"}])
    spec = {"data": {"values": values}, "width": 400, "height": 220, "layer": [line, dots]}
    caption = (
        "Up and to the left is better; the broken line joins the arms that no other arm beats on both. Hover for the "
        "tokens that one right answer costs (Erol et al. 2025)."
    )
    return Chart("cost", "Quality against cost", caption, sentences(values), spec)


def _per_right(tokens: float, score: float) -> str:
    return f", {tokens / score:.1f} tokens for each right answer" if score > 0 else ""


def front(costs: Mapping[str, tuple[float, float]]) -> set[str]:
    """Arms that no other arm beats on cost and score at once.

    Args:
        costs: for each arm its cost and score.

    Examples:
        >>> sorted(front({'a': (1.0, 0.5), 'b': (2.0, 0.9), 'c': (3.0, 0.9)}))
        ['a', 'b']
    """
    return {
        arm
        for arm, (tokens, score) in costs.items()
        if not any(other[0] <= tokens and other[1] >= score and other != (tokens, score) for other in costs.values())
    }
