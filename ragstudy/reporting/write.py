"""Writing the reports of a run: one Markdown file per domain and one HTML page."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import fingerprint, write_text
from ragstudy.formatting import effect, p_value, rate, share, signed, to_decide
from ragstudy.reporting.view import view_run
from ragstudy.specs import NAME_PATTERN

NAME = re.compile(NAME_PATTERN)
_NUMBERS = re.compile(r"^[-+\d., \[\]]+$")

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

    from ragstudy.reporting.view import DomainView, RunView
    from ragstudy.study.run_folder import RunFolder


def write_reports(folder: RunFolder) -> Path:
    """Write `<domain>.md` for every domain and `index.html`; returns the path of the page.

    Args:
        folder: the run folder.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    run = view_run(folder)
    for domain in run.domains:
        if not NAME.match(domain.name):
            msg = f"{folder.path / 'comparisons.json'}: {domain.name!r} is no name of a domain, so no report is written"
            raise InputError(msg)
    for domain in run.domains:
        write_text(folder.path / f"{domain.name}.md", markdown(run, domain))
    page = folder.path / "index.html"
    write_text(page, html(run))
    return page


def refresh_reports(folder: RunFolder) -> Path:
    """Write the reports unless they are those of the run as it stands; returns the path of the page.

    Args:
        folder: the run folder.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    folder.check()
    state = folder.state()
    wanted = fingerprint(version("ragstudy"), state.get("comparisons"), state.get("scores"), folder.manifest())
    page = folder.path / "index.html"
    if state.get("report") != wanted or not page.is_file():
        write_reports(folder)
        folder.write_state({**state, "report": wanted})
    return page


def environment(*, escape: bool) -> Environment:
    """The templates of reports, for pages (escaped) or Markdown.

    Args:
        escape: whether texts are escaped for HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Markdown is written with the filter `cell`, pages with escaping.
    environment = Environment(
        loader=PackageLoader("ragstudy.reporting"),
        autoescape=escape,  # noqa: S701 - see above
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "effect": effect,
        "signed": signed,
        "share": share,
        "p": p_value,
        "to_decide": to_decide,
        "cell": as_cell,
        "rate": rate,
        "number_or_cell": _number_or_cell,
    }
    return environment


def as_cell(value: object) -> str:
    """Text for a cell of a Markdown table: one line, without marks that would end the cell or start HTML.

    Args:
        value: printed with str().
    """
    text = " ".join(str(value).split())
    text = text.replace("\\", "\\\\").replace("<", "&lt;").replace("`", "'")
    # Brackets and marks would make links and pictures of what a model said.
    return re.sub(r"([|\[\]!*_])", r"\\\1", text)


def _number_or_cell(value: object) -> str:
    """Numbers and intervals as they are, other text as a cell."""
    text = str(value)
    return text if _NUMBERS.match(text) else as_cell(text)


def markdown(run: RunView, domain: DomainView) -> str:
    """The report of one domain.

    Args:
        run: everything the report shows.
        domain: its part of the report.
    """
    return environment(escape=False).get_template("domain.md").render(run=run, domain=domain)


def html(run: RunView) -> str:
    """The page of a run; every text is escaped, plots are inline, nothing is loaded from elsewhere.

    Args:
        run: everything the report shows.
    """
    from markupsafe import Markup

    plots = {
        domain.name: [(title, Markup(svg)) for title, svg in _plots(run, domain) if svg]  # noqa: S704 - our own SVG
        for domain in run.domains
    }
    return environment(escape=True).get_template("index.html").render(run=run, plots=plots)


def _plots(run: RunView, domain: DomainView) -> list[tuple[str, str]]:
    from ragstudy.reporting.plots import dose, failures, forest

    rows = [row for row in domain.verdicts if row.contexts == run.headline_context]
    drawn = []
    for measure in run.settings.verdict_measures:
        drawn.append((f"{measure}: difference to the base", forest(rows, measure, run.settings.margin)))
        for base in dict.fromkeys(row.base for row in rows):
            mine = [row for row in rows if row.base == base]
            drawn.append((f"{measure} of {base} by number of training pairs", dose(mine, measure)))
    points = [row for row in domain.failure_points if row.contexts == run.headline_context]
    drawn.append((f"where answers fail with {run.headline_context} passages", failures(points)))
    return drawn
