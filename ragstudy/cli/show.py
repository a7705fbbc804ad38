"""What the command line draws: progress bars, plans and verdicts."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ragstudy.formatting import effect, share, to_decide
from ragstudy.reporting.advice import advice
from ragstudy.reporting.view import shared_caveats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ragstudy.results import ComparisonRow, Results
    from ragstudy.study.execute.trial import Trial
    from ragstudy.study.plan.estimate import Estimate
    from ragstudy.study.plan.model import Plan
    from ragstudy.study.progress import Task
    from ragstudy.study.run import Outcome

_LOG_WIDTH = 120
# Between two lines of the same work in a log: at most, and at least however fast it goes.
_SECONDS_BETWEEN, _SECONDS_AT_LEAST = 30.0, 5.0
_COLOURS = {"helps": "green", "hurts": "red", "no meaningful difference": "cyan", "undecided": "yellow"}


class Console:
    """Draws progress on standard error and results on standard output.

    Args:
        quiet: whether to draw results only.
    """

    def __init__(self, *, quiet: bool) -> None:
        # Logs and pipes have no width of their own; wide enough for whole rows.
        width = None if sys.stdout.isatty() else _LOG_WIDTH
        self.out = RichConsole(file=sys.stdout, width=width, soft_wrap=width is not None, highlight=False)
        self._err = RichConsole(file=sys.stderr, highlight=False, quiet=quiet)

    def log(self, line: str) -> None:
        """A line about what was done or reused.

        Args:
            line: what was done, in one sentence.
        """
        self._err.print(line, style="dim", markup=False)

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Task]:
        """A progress bar with the time left; a plain line where the output is no terminal.

        Args:
            title: what is done.
            total: units of the work.
        """
        if not self._err.is_terminal:
            yield _Line(self, title, total)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._err) as progress:
            yield _Bar(progress, progress.add_task(title, total=total, note=""))


class _Bar:
    def __init__(self, progress: Progress, task: Any) -> None:  # noqa: ANN401 - rich's task id
        self._progress = progress
        self._task = task

    def advance(self, n: int = 1, note: str = "") -> None:
        self._progress.update(self._task, advance=n, note=note)


# An estimate is made from this part of the work on: one in so many.
_FEW = 50


class _Line:
    """Says when a piece of work begins, every tenth of it or half minute, and when it ends, for logs."""

    def __init__(self, console: Console, title: str, total: int) -> None:
        self._console, self._title, self._total, self._done = console, title, total, 0
        self._began = self._told_at = time.monotonic()
        self._told = 0

    def advance(self, n: int = 1, note: str = "") -> None:
        self._done += n
        now, more = time.monotonic(), f", {note}" if note else ""
        if self._done >= self._total:
            if self._told < self._total or not self._total:
                self._console.log(f"{self._title}: {self._done} done{more}")
                self._told = self._done
            return
        is_due = now - self._told_at >= _SECONDS_BETWEEN
        is_far = self._done - self._told >= self._total / 10 and now - self._told_at >= _SECONDS_AT_LEAST
        if self._done and (is_due or is_far):
            left = (now - self._began) / self._done * (self._total - self._done)
            # The first of many pieces loads a model, which says nothing of the others.
            about = f", about {left:.0f} s left" if self._done * _FEW >= self._total else ""
            self._console.log(f"{self._title}: {self._done} of {self._total}{about}{more}")
            self._told, self._told_at = self._done, now


def show_outcome(console: Console, outcome: Outcome, results: Results, page: Path) -> None:
    """The verdicts, what was made, and where the report lies.

    Args:
        console: to print on.
        outcome: of the run.
        results: of its analysis.
        page: path of the report.
    """
    headline = results.headline_context
    rows = [row for row in results.comparisons if row.decision is not None and row.contexts == headline]
    for domain in dict.fromkeys(row.domain for row in rows):
        mine = [row for row in rows if row.domain == domain]
        console.out.print(_verdict_table(mine, results.settings.confidence, headline))
        for caveat in shared_caveats(mine):
            console.out.print(f"All rows: {caveat}.", markup=False)
        told = advice(mine, [row for row in results.against_best if row.domain == domain])
        if told:
            console.out.print(told.sentence, markup=False, style="bold")
        console.out.print()
    if not rows:
        console.out.print("no tuned arm is compared with a base in this study")
    made = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in outcome.made.items() if n)
    console.out.print(f"made: {made or 'nothing anew, everything was there'}", markup=False)
    for name, reason in outcome.stopped.items():
        console.out.print(f"{name} did not answer: {reason}", style="red", markup=False)
    if outcome.n_failed:
        console.out.print(
            f"{outcome.n_failed} answers failed and are not scored; answers.jsonl says why, and the same command "
            "tries them again",
            style="yellow",
        )
    console.out.print(f"report: {page}", markup=False)


def print_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of texts on standard output.

    Args:
        title: of the table.
        heads: of its columns.
        rows: a cell for each column.
    """
    table = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(quiet=True).out.print(table)


def _verdict_table(rows: Sequence[ComparisonRow], confidence: float, contexts: str) -> Table:
    """Rows of one domain; on a narrow terminal arms and verdicts wrap and the numbers stay whole."""
    title = f"{rows[0].domain}: tuned against base, prompts: {contexts}, {100 * confidence:g} % intervals"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm", overflow="fold")
    for column in ("measure", "base", "tuned", "difference"):
        table.add_column(column, justify="right" if column in ("base", "tuned") else "left", no_wrap=True)
    table.add_column("verdict")
    last = None
    for row in rows:
        if row.decision is None:
            continue
        colour, needs = _COLOURS[row.decision.verdict], to_decide(row.decision)
        told = f": {needs.removeprefix('would take about ')}" if needs else ""
        verdict = f"[{colour}]{row.verdict}[/{colour}]" + told
        name = row.arm if row.arm != last else ""
        last = row.arm
        bracketed = effect(row.effect).replace("[", "\\[")
        table.add_row(name, row.measure, share(row.base_mean), share(row.tuned_mean), bracketed, verdict)
    return table


def show_trials(console: Console, found: Iterable[Trial]) -> int:
    """What came of asking every generator and judge one question; returns how many would fail.

    Args:
        console: to print on.
        found: what came of each, as soon as it is there.
    """
    n_failing = 0
    for one in found:
        n_failing += bool(one.problem)
        told = f"  {one.name}: {one.problem or one.said} ({one.seconds:.1f} s)"
        console.out.print(told, style="red" if one.problem else None, markup=False)
    console.out.print(f"{n_failing} would fail" if n_failing else "every generator and judge answers", markup=False)
    return n_failing


def show_plan(console: Console, plan: Plan, estimate: Estimate) -> None:
    """What a study would do.

    Args:
        console: to print on.
        plan: of the study.
        estimate: of time and cost.
    """
    from ragstudy.study.analyse.verdicts import FEW_CLUSTERS

    table = Table(title=f"Study {plan.spec.name}: {len(plan.arms)} arms", title_justify="left")
    for column in ("domain", "documents", "training questions", "test questions", "adapters to train", "answers"):
        table.add_column(column, justify="left" if column == "domain" else "right")
    for domain in plan.domains:
        jobs = [job for job in plan.jobs if job.domain == domain.name]
        table.add_row(
            domain.name,
            str(len(domain.domain.documents)),
            str(len(domain.domain.split("train"))),
            str(len(domain.test)),
            str(len(jobs)),
            str(len(plan.answer_sets(domain)) * len(domain.test)),
        )
    console.out.print(table)
    for domain in plan.domains:
        n_groups = len({question.group for question in domain.test})
        if n_groups < FEW_CLUSTERS:
            told = f"{domain.name}: only {n_groups} independent groups of test questions: few effects can be decided"
            console.out.print(told, markup=False)
    for note in plan.notes:
        console.out.print(note, markup=False)
    for arm in plan.arms:
        against = f" on {arm.only_on}" if arm.only_on else ""
        against += f", compared with {arm.base}" if arm.base else ""
        console.out.print(f"  {arm.name}: {len(arm.generators)} x {', '.join(plan.contexts)}{against}", markup=False)
    n_jobs, n_answers = plan.n_shared_jobs, plan.n_shared_answers
    work = f"{len(plan.jobs) - n_jobs} adapters to train, {plan.n_answers - n_answers} answers to produce"
    if n_jobs or n_answers:
        work += f"; {n_jobs} adapters and {n_answers} answers more are shared by arms or contexts that are the same"
    console.out.print(work, markup=False)
    console.out.print(str(estimate), markup=False)
