"""Tables of a run for other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ragstudy.api import load_run
from ragstudy.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_LATEX_COLUMNS = ["domain", "arm", "contexts", "measure", "base_mean", "tuned_mean", "difference", "low", "high"]


def export(folder: Path, form: str, table: str, out: Path | None) -> None:
    """Write one table of a run.

    Args:
        folder: the run folder.
        form: 'csv', 'json', 'latex', 'parquet' or 'ragchecker'.
        table: what a row is, one of `ragstudy.api.TABLES`.
        out: file or folder to write; standard output if None.

    Raises:
        InputError: the folder holds no run, or Parquet is wanted without a file.
        UnavailableError: Parquet is wanted and pyarrow is not installed.
    """
    if form == "ragchecker":
        _write_ragchecker(folder, out)
        return
    frame = load_run(folder).to_pandas(table)
    if form == "parquet":
        _write_parquet(frame, out)
        return
    text = _text(frame, form, table)
    if out is None:
        click.echo(text, nl=False)
    else:
        from ragstudy.files import write_text

        write_text(out, text)


def _text(frame: pd.DataFrame, form: str, table: str) -> str:
    if form == "csv":
        nested = frame.map(lambda cell: json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell)
        return str(nested.to_csv(index=False))
    if form == "json":
        return str(frame.to_json(orient="records", indent=2, force_ascii=False)) + "\n"
    return _latex(frame, table)


def _latex(frame: pd.DataFrame, table: str) -> str:
    """A booktabs table; of comparisons, the columns that a paper shows."""
    if frame.empty:
        msg = f"--format latex: the run has no {table}; choose another --table"
        raise InputError(msg)
    if table == "comparisons":
        columns = [*_LATEX_COLUMNS, *(["verdict"] if "verdict" in frame else [])]
        frame = frame[columns]
        frame = frame[frame["verdict"].notna()] if "verdict" in frame else frame
    # Three decimals, as everywhere in reports; pandas escapes what LaTeX would read as commands.
    styled = frame.style.format(precision=3, escape="latex").format_index(escape="latex", axis=1).hide(axis="index")
    return str(styled.to_latex(hrules=True))


def _write_ragchecker(folder: Path, out: Path | None) -> None:
    from ragstudy.study.analyse.ragchecker import export_ragchecker
    from ragstudy.study.run_folder import RunFolder

    if out is None:
        msg = "--format ragchecker: is several files; name a folder with --out FOLDER"
        raise InputError(msg)
    for path in export_ragchecker(RunFolder(folder), out):
        click.echo(path)


def _write_parquet(frame: pd.DataFrame, out: Path | None) -> None:
    if out is None:
        msg = "--format parquet: is no text; name a file with --out FILE"
        raise InputError(msg)
    try:
        frame.to_parquet(out, index=False)
    except ImportError as error:
        msg = "--format parquet: pyarrow is not installed; install the extra: pip install 'ragstudy[parquet]'"
        raise UnavailableError(msg) from error
