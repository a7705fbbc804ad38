"""Commands that read finished runs: look at a report, compare two runs, hold one against figures, gate a pipeline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from ragstudy.reporting.trackers import TrackerName

_RUN = click.Path(path_type=Path)
_MOST_LISTED = 8
GATE_CLOSED = 1


@click.command("view")
@click.argument("run_folder", metavar="RUN", type=_RUN)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="To listen at; any free one by default.")
@click.option("--no-browser", is_flag=True, help="Only serve; open no browser.")
def view_command(run_folder: Path, port: int, no_browser: bool) -> None:
    """Serve the report of a RUN on this machine and open it in the browser, until Ctrl-C.

    \b
    ragstudy view reports/quickstart
    """
    import webbrowser

    from ragstudy.loopback import serve_until_stopped
    from ragstudy.reporting import refresh_reports
    from ragstudy.reporting.serve import report_server
    from ragstudy.study.run_folder import RunFolder

    refresh_reports(RunFolder(run_folder))
    with report_server(run_folder, port) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        click.echo(f"{address} (Ctrl-C ends it)")
        if not no_browser:
            webbrowser.open(address)
        serve_until_stopped(server)


@click.command("compare")
@click.argument("first", metavar="RUN_A", type=_RUN)
@click.argument("second", metavar="RUN_B", type=_RUN)
@click.option("--arm", "arms", multiple=True, metavar="A=B", help="An arm of RUN_A and what RUN_B calls it.")
@click.option("--out", type=_RUN, help="JSON file for everything that was found, with all turned questions.")
def compare_command(first: Path, second: Path, arms: tuple[str, ...], out: Path | None) -> None:
    """Compare RUN_B with RUN_A on the questions that both ask.

    \b
    ragstudy compare reports/march reports/november
    ragstudy compare reports/march reports/november --arm ours-200=ours-500
    """
    from ragstudy.cli.show import print_table
    from ragstudy.files import plain, write_json
    from ragstudy.formatting import effect, share
    from ragstudy.reporting.two_runs import compare_runs
    from ragstudy.study.run_folder import RunFolder

    found = compare_runs(RunFolder(first), RunFolder(second), dict(_pair(text) for text in arms))
    for key, one, other in found.settings:
        click.echo(f"{key}: {one or '(not set)'} -> {other or '(not set)'}")
    for note in found.notes:
        click.echo(note)
    rows = [
        (
            cell.domain,
            cell.arm if cell.arm == cell.second_arm else f"{cell.arm} = {cell.second_arm}",
            cell.contexts,
            cell.measure,
            share(cell.first_mean),
            share(cell.second_mean),
            effect(cell.effect),
            f"{len(cell.to_right)} / {len(cell.to_wrong)}",
        )
        for cell in found.cells
    ]
    title = f"{second} minus {first}, {100 * found.confidence:g} % intervals that hold together"
    heads = ("domain", "arm", "prompts", "measure", "A", "B", "difference", "turned right / wrong")
    print_table(title, heads, rows)
    changed = [cell for cell in found.cells if cell.effect.low > 0 or cell.effect.high < 0]
    click.echo(f"{len(changed)} of {len(found.cells)} cells differ")
    for cell in changed:
        for told, names in (("right", cell.to_right), ("wrong", cell.to_wrong)):
            if names and cell.measure == found.cells[0].measure:
                more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
                listed = " ".join(names[:_MOST_LISTED])
                click.echo(f"{cell.domain} {cell.arm} {cell.contexts}, turned {told}: {listed}{more}")
    if out is not None:
        write_json(out, plain(found))


def _pair(text: str) -> tuple[str, str]:
    one, equals, other = text.partition("=")
    if not (one and equals and other):
        msg = f"--arm {text!r}: expected the names in both runs, A=B"
        raise InputError(msg)
    return one, other


@click.command("reproduced")
@click.argument("run_folder", metavar="RUN", type=_RUN)
@click.argument("expected", metavar="EXPECTED", type=_RUN)
def reproduced_command(run_folder: Path, expected: Path) -> None:
    """Did RUN reproduce what is EXPECTED, a YAML file of figures or the folder of an earlier run?

    Ends with 1 where a figure is not reproduced.

    \b
    ragstudy reproduced reports/fine_failing experiments/expected/paper.yaml
    ragstudy reproduced reports/november reports/march
    """
    from ragstudy.cli.show import print_table
    from ragstudy.reporting.expected import check_earlier, check_expected, read_expected
    from ragstudy.study.run_folder import RunFolder

    folder = RunFolder(run_folder)
    if expected.is_dir():
        checked, title = check_earlier(folder, RunFolder(expected)), f"expected: as {expected}"
    else:
        figures = read_expected(expected)
        checked, title = check_expected(folder, figures, str(expected)), f"expected: {figures.title or expected}"
    print_table(
        title, ("figure", "expected", "found", ""), [(c.about, c.expected, c.found, c.outcome) for c in checked]
    )
    counts = {name: sum(one.outcome == name for one in checked) for name in ("reproduced", "not reproduced")}
    n_open = len(checked) - sum(counts.values())
    click.echo(", ".join(f"{n} {name}" for name, n in {**counts, "too uncertain": n_open}.items()))
    if counts["not reproduced"]:
        sys.exit(GATE_CLOSED)


@click.command("gate")
@click.argument("run_folder", metavar="RUN", type=_RUN)
@click.option(
    "--rule", "rules", multiple=True, metavar="RULE", help="MEASURE>DIFFERENCE or <; may stand several times."
)
@click.option("--strict", is_flag=True, help="Also fail where a rule is not shown to be kept.")
@click.option("--domain", default="*", help="Pattern of the domains that the rules are for.")
@click.option("--arm", default="*", help="Pattern of the arms that they are for.")
@click.option("--prompts", help="Pattern of the kinds of prompt; that of the headline by default.")
@click.option("--junit", type=_RUN, help="Write the rulings as JUnit XML.")
@click.option("--markdown", is_flag=True, help="Print the rulings as a Markdown table.")
def gate_command(
    run_folder: Path,
    rules: tuple[str, ...],
    strict: bool,
    domain: str,
    arm: str,
    prompts: str | None,
    junit: Path | None,
    markdown: bool,
) -> None:
    """End with 1 where an arm of a RUN loses more than a rule allows.

    A rule fails where the whole interval of a difference lies below it; with --strict also where a part does.
    By default no arm may lose more than the study's margin on a verdict measure.

    \b
    ragstudy gate reports/nightly
    ragstudy gate reports/nightly --rule "accuracy>-0.02" --strict --junit gate.xml
    """
    from ragstudy.cli.show import print_table
    from ragstudy.files import write_text
    from ragstudy.formatting import effect
    from ragstudy.reporting import gate
    from ragstudy.reporting.write import as_cell
    from ragstudy.study.run_folder import RunFolder

    folder = RunFolder(run_folder)
    folder.check()
    settings = folder.results().settings
    parsed = [gate.Rule.parse(text) for text in rules]
    parsed = parsed or [gate.Rule.within(name, settings.margin) for name in settings.verdict_measures]
    rulings = gate.rule_on(folder, parsed, domain, arm, prompts)
    if junit is not None:
        write_text(junit, gate.junit(rulings, strict=strict))
    heads = ("comparison", "rule", "difference", "")
    rows = [(one.about, str(one.rule), effect(one.row.effect), one.outcome) for one in rulings]
    if markdown:
        lines = [f"| {' | '.join(as_cell(cell) for cell in row)} |" for row in rows]
        click.echo("\n".join([f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines]))
    else:
        print_table("rules", heads, rows)
    n_failed = sum(gate.is_failure(one, strict=strict) for one in rulings)
    click.echo(f"{n_failed} of {len(rulings)} comparisons fail" if n_failed else "no comparison fails")
    if n_failed:
        sys.exit(GATE_CLOSED)


@click.command("track")
@click.argument("run_folder", metavar="RUN", type=_RUN)
@click.option("--to", "tracker", type=click.Choice(["mlflow", "wandb"]), required=True)
@click.option("--project", default="ragstudy", show_default=True, help="Project of W&B, experiment of MLflow.")
def track_command(run_folder: Path, tracker: TrackerName, project: str) -> None:
    """Give parameters, numbers and report of a RUN to MLflow or Weights & Biases.

    Where it goes is what that package is set to, such as MLFLOW_TRACKING_URI or WANDB_MODE=offline.

    \b
    ragstudy track reports/quickstart --to mlflow
    """
    from ragstudy.reporting import refresh_reports
    from ragstudy.reporting.trackers import send, tracked
    from ragstudy.study.run_folder import RunFolder

    folder = RunFolder(run_folder)
    refresh_reports(folder)
    click.echo(send(tracked(folder), tracker, project))
