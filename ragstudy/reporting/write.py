"""Writing the reports of a run: one Markdown file per domain and one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.files import write_text
from ragstudy.reporting.view import effect, p_value, share, signed, view_run

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

    from ragstudy.reporting.view import DomainView, RunView
    from ragstudy.study.store import RunFolder


def write_reports(folder: RunFolder) -> Path:
    """Write `<domain>.md` for every domain and `index.html`; returns the path of the page.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    run = view_run(folder)
    for domain in run.domains:
        write_text(folder.path / f"{domain.name}.md", markdown(run, domain))
    page = folder.path / "index.html"
    write_text(page, html(run))
    return page


def _environment(*, escape: bool) -> Environment:
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
    environment.filters |= {"effect": effect, "signed": signed, "share": share, "p": p_value, "cell": _cell}
    return environment


def _cell(value: object) -> str:
    """Text for a cell of a Markdown table: one line, without marks that would end the cell or start HTML."""
    text = " ".join(str(value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def markdown(run: RunView, domain: DomainView) -> str:
    """The report of one domain."""
    return _environment(escape=False).get_template("domain.md").render(run=run, domain=domain)


def html(run: RunView) -> str:
    """The page of a run; every text is escaped, plots are inline, nothing is loaded from elsewhere."""
    from markupsafe import Markup

    plots = {
        domain.name: [(title, Markup(svg)) for title, svg in _plots(run, domain) if svg]  # noqa: S704 - our own SVG
        for domain in run.domains
    }
    return _environment(escape=True).get_template("index.html").render(run=run, plots=plots)


def _plots(run: RunView, domain: DomainView) -> list[tuple[str, str]]:
    from ragstudy.reporting.plots import dose, forest

    main = [row for row in domain.verdicts if row["contexts"] == run.contexts[0]]
    drawn = []
    for measure in run.settings["verdict_measures"]:
        drawn.append((f"{measure}: difference to the base", forest(main, measure, run.settings["margin"])))
        drawn.append((f"{measure} by number of training pairs", dose(main, measure, _base_mean(main, measure))))
    return drawn


def _base_mean(rows: list[dict[str, Any]], measure: str) -> float | None:
    return next((row["base_mean"] for row in rows if row["measure"] == measure and row["size"]), None)
