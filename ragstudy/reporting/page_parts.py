"""Style and script of the pages, as web/ builds them into static/."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class PageParts:
    """What stands in every page.

    Attributes:
        style: CSS.
        script: JavaScript, the only one that a page may run.
        script_hash: by which the page's policy lets it run.
    """

    style: Markup
    script: Markup
    script_hash: str


@cache
def page_parts() -> PageParts:
    """Style and script, read once."""
    from markupsafe import Markup

    folder = files("ragstudy.reporting") / "static"
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return PageParts(Markup(style), Markup(script), f"sha256-{hashed}")  # noqa: S704 - our own files
