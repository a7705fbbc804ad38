"""Charts as SVG or PNG: Vega-Lite draws them, without a browser or a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    from ragstudy.statistics import Verdict

    Spec = Mapping[str, Any]
    Values = Sequence[Mapping[str, Any]]

# Seen on a light and on a dark ground.
BETTER, WORSE, LEVEL, OPEN = "#2a9d4a", "#d1483b", "#7d8590", "#b07d12"
VERDICT_COLOURS: dict[Verdict, str] = {
    "helps": BETTER,
    "hurts": WORSE,
    "no meaningful difference": LEVEL,
    "undecided": OPEN,
}
# Told apart by people who see few colours (Okabe and Ito 2008), without its yellow and black.
SERIES_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"]
INK, SOFT = "#1f2328", "#7d8590"

_TEXT = {"labelFontSize": 12, "titleFontSize": 12, "labelColor": INK, "titleColor": INK}
_CONFIG: Spec = {
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": _TEXT
    | {"labelLimit": 240, "titleFontWeight": "normal", "grid": False, "domainColor": SOFT, "tickColor": SOFT},
    "legend": _TEXT | {"labelLimit": 240, "symbolBaseFillColor": SOFT, "columnPadding": 32},
    "header": _TEXT | {"labelLimit": 420, "labelFontWeight": 600},
    "range": {"category": SERIES_COLOURS},
}
# Room beside names, which the readers' fonts may write wider than those they were measured with (legends likewise).
_PADDING = {"left": 16, "top": 4, "right": 16, "bottom": 4}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True)
class Chart:
    """A chart of a report.

    Attributes:
        name: of its file, unique within a domain.
        title: what it shows.
        caption: how to read it, a sentence or two.
        told: what it shows as text, for those who do not see it.
        spec: Vega-Lite, with its data.
        is_wide: whether it has panels side by side and takes the width of the page.
    """

    name: str
    title: str
    caption: str
    told: str
    spec: Spec
    is_wide: bool = False


def svg(chart: Chart, prefix: str) -> str:
    """The chart as SVG, to stand in a page: it is an image with an alternative text, and marks say theirs on hover.

    Args:
        chart: to draw.
        prefix: put before its ids, so that those of two charts of a page differ.
    """
    import vl_convert

    ET.register_namespace("", _SVG)
    drawn = ET.fromstring(vl_convert.vegalite_to_svg(_whole(chart)))  # noqa: S314 - just drawn here
    has_links = False
    for above, node in [(one, node) for one in drawn.iter() for node in one]:
        has_links |= _cleaned(above, node, prefix)
    drawn.set("overflow", "visible")
    # Within an image nothing can be a link.
    drawn.set("role", "group" if has_links else "img")
    drawn.set("aria-label", f"{chart.title}: {chart.told}")
    return ET.tostring(drawn, encoding="unicode")


def _cleaned(parent: Element, node: Element, prefix: str) -> bool:
    """Make a node fit for a page; returns whether it is a link.

    The drawer's roles are of no browser's vocabulary, its links start from an address of its own, and ids repeat.
    """
    label = node.attrib.pop("aria-label", None)
    for name in ("role", "aria-roledescription", "aria-hidden"):
        node.attrib.pop(name, None)
    if "id" in node.attrib:
        node.set("id", f"{prefix}-{node.get('id')}")
    for name, value in node.attrib.items():
        node.set(name, value.replace("url(#", f"url(#{prefix}-"))
    if label and "role-mark" in parent.get("class", ""):
        _titled(node, label)
    if _XLINK not in node.attrib:
        return False
    node.set("href", f"#{node.attrib.pop(_XLINK).partition('#')[2]}")
    for mark in node:
        told = mark.get("aria-label")
        if told:
            node.set("aria-label", told)
            _titled(mark, told)
    return True


def _titled(node: Element, label: str) -> None:
    title = ET.Element(f"{{{_SVG}}}title")
    title.text = label
    node.insert(0, title)


def png(chart: Chart, scale: float = 2.0) -> bytes:
    """The chart as PNG, on white.

    Args:
        chart: to draw.
        scale: pixels per unit of the SVG.
    """
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(_whole(chart) | {"background": "white"}, scale=scale)
    return drawn


def _whole(chart: Chart) -> dict[str, Any]:
    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    return {"$schema": schema, "config": _CONFIG, "padding": _PADDING, **chart.spec}


def layer(mark: str | Mapping[str, object], encoding: Mapping[str, object], **more: object) -> dict[str, Any]:
    """Marks with what they show.

    Args:
        mark: kind of mark, with its properties.
        encoding: channels of the mark.
        more: of Vega-Lite.
    """
    return {"mark": mark, "encoding": encoding, **more}


def quantity(field: str, title: str | None, **more: object) -> dict[str, Any]:
    """A channel for numbers.

    Args:
        field: of the data.
        title: of its axis; None for none.
        more: of Vega-Lite.
    """
    return {"field": field, "type": "quantitative", "title": title, **more}


def name_of(field: str, title: str | None = None, **more: object) -> dict[str, Any]:
    """A channel for names, in the order of the data.

    Args:
        field: of the data.
        title: of its axis; None for none.
        more: of Vega-Lite.
    """
    return {"field": field, "type": "nominal", "title": title, "sort": None, **more}


def sentences(values: Values) -> str:
    """What the marks of a chart say, one after the other.

    Args:
        values: data of the chart, each with what its mark says under `told`.
    """
    return "; ".join(str(value["told"]) for value in values)


def told_of() -> dict[str, Any]:
    """The channel of a mark's own text, shown on hover and read aloud."""
    return {"field": "told", "type": "nominal"}
