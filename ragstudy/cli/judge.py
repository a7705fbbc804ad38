"""The commands `ragstudy judge …`."""

from __future__ import annotations

from pathlib import Path

import click

from ragstudy.audit.labels import LAYOUTS, Layout

_DEFAULT = ("accuracy", "completeness", "token_f1", "rouge_l", "answer_words")


@click.group()
def judge() -> None:
    """Scorers and judges: how far they agree with people."""


@judge.command()
@click.argument("labels", type=click.Path(path_type=Path))
@click.option("--layout", type=click.Choice(LAYOUTS), required=True, help="Of the file with the labels.")
@click.option(
    "--with", "scorers", multiple=True, metavar="MEASURE", help=f"May be repeated; {', '.join(_DEFAULT)} by default."
)
@click.option("--judges", type=click.Path(path_type=Path), help="YAML file with a list of judges under `judges:`.")
@click.option("--stored", type=click.Path(path_type=Path), help="File of scores that came with RAGChecker's labels.")
@click.option("--retest", is_flag=True, help="Ask every judge a second time.")
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(min=100), help="Of the bootstrap.")
@click.option(
    "--likelihood-model", default="auto", show_default=True, help="Helps to score long answers; a model, or none."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; reports/audit-NAME by default.")
def audit(
    labels: Path,
    layout: Layout,
    scorers: tuple[str, ...],
    judges: Path | None,
    stored: Path | None,
    retest: bool,
    resamples: int,
    likelihood_model: str,
    out: Path | None,
) -> None:
    """Relate scorers to the human LABELS in a file; writes audit.json, audit.md and index.html.

    \b
    ragstudy judge audit human_labeled_data.json --layout ragchecker --stored baseline_ragchecker.json
    ragstudy judge audit NQ.json --layout evouna --with accuracy --with exact_match --with token_f1
    ragstudy judge audit ours.csv --layout csv --judges judges.yaml --with local:claims.accuracy --retest
    """
    from ragstudy.audit.agreement import Resampling
    from ragstudy.audit.labels import read_labels
    from ragstudy.audit.run import audit as run_audit
    from ragstudy.audit.scores import STORED
    from ragstudy.cli.show import Console
    from ragstudy.reporting.audit import audit_markdown, write_audit
    from ragstudy.study.plan.more_measures import judges_in

    found = read_labels(labels, layout, stored)
    wanted = scorers or (*_DEFAULT, *([STORED] if stored else []))
    specs = judges_in(judges) if judges else ()
    folder = out or Path("reports") / f"audit-{labels.stem}"
    n_answers = 2 * len(found.pairs) + len(found.answers)
    console = Console(quiet=False)
    with console.task("scoring", n_answers * len(wanted)) as task:
        made = run_audit(
            found,
            wanted,
            specs,
            folder=folder / "judged",
            resampling=Resampling(resamples),
            retest=retest,
            likelihood_model=likelihood_model,
            done=lambda: task.advance(1),
        )
    page = write_audit(made, folder)
    click.echo(audit_markdown(made))
    click.echo(f"report: {page}")
