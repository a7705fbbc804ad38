"""Writing the reports of a run: pages, a Markdown file per domain, and figures."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from importlib.metadata import version
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import fingerprint, write_bytes, write_text
from ragstudy.formatting import effect, p_value, rate, share, signed, to_decide
from ragstudy.reporting.advice import in_words
from ragstudy.reporting.charts import charts_of, png, svg
from ragstudy.reporting.explorer import explorer_blocks
from ragstudy.reporting.page_parts import page_parts
from ragstudy.reporting.run_files import read_run
from ragstudy.reporting.terms import TERMS
from ragstudy.reporting.view import view_run
from ragstudy.specs import NAME_PATTERN

NAME = re.compile(NAME_PATTERN)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_NUMBERS = re.compile(r"^[-+\d., \[\]]+$")

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

    from ragstudy.reporting.run_files import RunFiles
    from ragstudy.reporting.view import DomainView, RunView
    from ragstudy.study.run_folder import RunFolder


def write_reports(folder: RunFolder) -> Path:
    """Write the pages and `<domain>.md` for every domain; returns the path of the first page.

    Args:
        folder: the run folder.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    files = read_run(folder)
    for summary in files.results.domains:
        if not NAME.match(summary.domain):
            named = f"{folder.path / 'comparisons.json'}: {summary.domain!r}"
            msg = f"{named} is no name of a domain, so no report is written"
            raise InputError(msg)
    run = view_run(files)
    for domain in run.domains:
        write_text(folder.path / f"{domain.name}.md", markdown(run, domain))
    for name, page in pages(files, run).items():
        write_text(folder.path / name, page)
    return folder.path / "index.html"


def write_figures(folder: RunFolder, out: Path) -> list[Path]:
    """Write every chart of a run as SVG and PNG; returns the paths.

    Args:
        folder: the run folder.
        out: folder for the figures.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    files = read_run(folder)
    written = []
    for summary in files.results.domains:
        for chart in charts_of(files, summary.domain):
            path = out / f"{summary.domain}-{chart.name}.svg"
            write_text(path, svg(chart, chart.name))
            write_bytes(path.with_suffix(".png"), png(chart))
            written += [path, path.with_suffix(".png")]
    return written


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
        "raw": _raw,
        "in_words": in_words,
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


def _raw(value: float | None) -> str:
    """A number unrounded, for sorting and export; '' where it is not known."""
    return "" if value is None or math.isnan(value) else repr(value)


def markdown(run: RunView, domain: DomainView) -> str:
    """The report of one domain.

    Args:
        run: everything the report shows.
        domain: its part of the report.
    """
    return environment(escape=False).get_template("domain.md").render(run=run, domain=domain)


def pages(files: RunFiles, run: RunView) -> dict[str, str]:
    """The pages of a run by name of their file; every text is escaped and nothing is loaded from elsewhere.

    Args:
        files: of the run.
        run: everything the report shows.
    """
    import yaml
    from markupsafe import Markup

    made = environment(escape=True)
    made.globals |= {"run": run, "page": page_parts(), "terms": TERMS}
    study = yaml.safe_dump(run.manifest.study, sort_keys=False, allow_unicode=True)
    written = {
        "index.html": made.get_template("index.html").render(),
        "provenance.html": made.get_template("provenance.html").render(study_yaml=study),
    }
    template = made.get_template("domain.html")
    for domain in run.domains:
        charts = [(chart, Markup(svg(chart, chart.name))) for chart in domain.charts]  # noqa: S704 - our own SVG
        blocks = explorer_blocks(files, domain.name, domain.advice.arm if domain.advice else "")
        written[domain.page] = template.render(domain=domain, charts=charts, blocks=blocks)
    return written


def print_pdf(page: Path, out: Path) -> None:
    """Print a page by Chromium.

    Args:
        page: of a report.
        out: file to write.

    Raises:
        UnavailableError: there is no Chromium, or it does not print.
    """
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        msg = f"--pdf: none of {', '.join(_BROWSERS)} is installed; print {page} from a browser instead"
        raise UnavailableError(msg)
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [browser, "--headless", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={out.resolve()}"]
    # Its sandbox does not start for root, as in containers; the page is our own and loads nothing.
    command += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    done = subprocess.run([*command, page.resolve().as_uri()], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode or not out.is_file():
        msg = f"--pdf: {browser} did not print {page}: {done.stderr.strip()[-300:]}"
        raise UnavailableError(msg)
