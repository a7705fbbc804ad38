"""`ragstudy init` and `ragstudy quick`: from a folder of documents and a table of questions to a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragstudy.errors import InputError
from ragstudy.starting import DEFAULT_MODEL, Models, Started, init, start_in

if TYPE_CHECKING:
    from collections.abc import Callable

_FILES = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--docs", type=_FILES, required=True, help="Folder of documents, in many formats."),
    click.option(
        "--qa", type=_FILES, help="Table of questions with reference answers; without it you are told how to get one."
    ),
    click.option(
        "--base", default=DEFAULT_MODEL, show_default=True, help="Model, GGUF file, or URL#MODEL of a server."
    ),
    click.option("--tuned", help="Its tuned version: adapter, model, or URL#MODEL; without it adapters are trained."),
    click.option("--question", help="Column of the question, where the guess is wrong."),
    click.option("--answer", help="Column of the reference answer."),
    click.option("--gold", help="Column of the documents that hold the answer."),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _tell(started: Started) -> None:
    for line in (f"{started.domain}: {started.imported.summary()}", *started.imported.notes):
        click.echo(line)


def _given(qa: Path | None, docs: Path) -> Path:
    """The table of questions; without one what was found among the documents, and how to come by questions.

    Raises:
        InputError: there is none.
    """
    if qa is not None:
        return qa
    from ragstudy.corpus.folder import documents_in

    if docs.is_dir():
        documents, notes, _ = documents_in(docs)
        for line in (f"{docs}: {len(documents)} documents", *notes):
            click.echo(line)
    msg = (
        f"no questions yet: `ragstudy corpus questions {docs} --model MODEL --out drafts.csv` lets a model write some, "
        "without --model it makes a table of passages to fill in; then the same command with --qa FILE"
    )
    raise InputError(msg)


@click.command("init")
@click.argument("name")
@_with_options
@click.option("--again", is_flag=True, help="Import anew what was imported before; the study file stays as it is.")
def init_command(
    name: str,
    docs: Path,
    qa: Path | None,
    base: str,
    tuned: str | None,
    *,
    again: bool,
    **columns: str | None,
) -> None:
    """Make corpora/NAME and experiments/NAME.yaml of your documents and questions.

    \b
    ragstudy init wiki --docs wiki/ --qa questions.csv
    ragstudy init wiki --docs wiki/ --qa questions.xlsx --tuned adapters/wiki
    """
    started = init(name, docs, _given(qa, docs), Models(base, tuned), ".", again=again, **columns)
    _tell(started)
    study, made = started.study, "written" if started.is_new else "as it was"
    click.echo(f"{study}: {made}. Next: `ragstudy check {study} --deep`, then `ragstudy run {study}`")


@click.command("quick")
@_with_options
@click.option("--out", type=_FILES, default=Path("quick"), show_default=True, help="Folder for all that is made.")
def quick_command(
    out: Path,
    docs: Path,
    qa: Path | None,
    base: str,
    tuned: str | None,
    **columns: str | None,
) -> None:
    """From documents, questions and models to a verdict, with no file to write.

    The study that is run is kept in OUT/experiments, to be changed and run again; the same command goes on with it.

    \b
    ragstudy quick --docs wiki/ --qa questions.csv --tuned adapters/wiki
    ragstudy quick --docs wiki/ --qa questions.csv
    """
    from ragstudy.cli.running import run_and_show

    study, started = start_in(out, docs, _given(qa, docs), Models(base, tuned), **columns)
    if started is not None:
        _tell(started)
    run_and_show(study, out=out / "report")
