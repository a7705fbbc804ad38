"""Running a study and showing what came of it, for every command that does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.cli.show import Console, show_outcome
from ragstudy.reporting import refresh_reports
from ragstudy.specs import load_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.study.run import Outcome

FINISHED_WITH_FAILURES = 3


def run_and_show(study: Path, overrides: Sequence[str] = (), out: Path | None = None, *, quiet: bool = False) -> None:
    """Run a study, or go on with one, write its reports and print the verdicts.

    Args:
        study: its file.
        overrides: `key=value` each.
        out: run folder; `reports/<name>` by default.
        quiet: whether to print the verdicts only.

    Raises:
        InputError: anything it names is missing or wrong; every problem is named.
        UnavailableError: a model is not to be had.
    """
    spec = load_study(study, tuple(overrides))
    folder = out or Path("reports") / spec.name
    console = Console(quiet=quiet)
    show_run(console, run_study(make_plan(spec), folder, console))


def show_run(console: Console, outcome: Outcome) -> None:
    """Write the reports of a run and print its verdicts; ends the program with 3 where answers failed.

    Args:
        console: to print on.
        outcome: of the run.
    """
    folder = RunFolder(outcome.folder)
    page = refresh_reports(folder)
    show_outcome(console, outcome, folder.results(), page)
    if outcome.n_failed:
        sys.exit(FINISHED_WITH_FAILURES)
