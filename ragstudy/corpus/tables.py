"""Rows of a table in whatever file it lies: CSV, TSV, JSON lines, JSON, Parquet, Excel, a saved Hugging Face dataset.

Examples:
    >>> sorted(TABLES)
    ['.csv', '.parquet', '.tsv', '.xlsx']
"""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

from ragstudy.corpus.hf_folder import is_saved_dataset, saved_rows
from ragstudy.corpus.sheets import sheets_of
from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import read_json, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

# Files in which every row has the same columns.
TABLES = frozenset({".csv", ".tsv", ".parquet", ".xlsx"})
_OTHERS = {".xls": "save it as .xlsx", ".ods": "save it as .xlsx or CSV", ".feather": "save it as Parquet"}
Row = tuple[str, dict[str, Any]]


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Every row with its place, as a mapping from column to what its cell holds.

    Args:
        path: the file, or the folder of a saved dataset; its ending says what it is, and what has another ending is
            read as JSON lines.
        columns: those that are used; another one may be named twice.

    Raises:
        InputError: the file is missing or damaged, or a row has more or fewer cells than there are columns.
        UnavailableError: a package that reads it is not installed.
    """
    ending = path.suffix.lower()
    if path.is_dir() and is_saved_dataset(path):
        yield from saved_rows(path)
        return
    if ending in _OTHERS:
        msg = f"{path}: files with the ending {ending} are not read; {_OTHERS[ending]}"
        raise InputError(msg)
    if ending in {".csv", ".tsv"}:
        yield from _csv(path, columns)
    elif ending == ".parquet":
        yield from _parquet(path)
    elif ending == ".xlsx":
        yield from _excel(path, columns)
    elif ending == ".json":
        yield from _json(path)
    else:
        yield from ((f"{path}:{number}", row) for number, row in read_lines(path))


def _csv(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else _delimiter(lines), strict=True)
        try:
            header = next(reader, [])
            _check_header(path, header, columns)
            for row in reader:
                if not row:
                    continue
                place = f"{path}:{reader.line_num}"
                if len(row) != len(header):
                    msg = (
                        f"{place}: {len(row)} cells under {len(header)} columns; a cell that holds the delimiter "
                        "must stand in quotation marks"
                    )
                    raise InputError(msg)
                yield place, dict(zip(header, row, strict=True))
        except UnicodeDecodeError:
            msg = f"{path}: not readable as UTF-8; save the table as 'CSV UTF-8'"
            raise InputError(msg) from None
        except csv.Error as error:
            msg = f"{path}:{reader.line_num}: not readable as CSV: {error}"
            raise InputError(msg) from None


def _delimiter(lines: TextIO) -> str:
    """What separates most names of columns: a comma, a tab or the semicolon of some spreadsheets."""
    try:
        header = lines.readline()
    except UnicodeDecodeError:
        return ","
    finally:
        lines.seek(0)
    return max(",\t;", key=lambda one: len(next(csv.reader([header], delimiter=one), [])))


def _check_header(path: Path, header: Iterable[str], columns: Sequence[str]) -> None:
    """Check that no column that is used is named twice.

    Raises:
        InputError: one is.
    """
    counts = Counter(header)
    problems = [
        f"{path}:1: column {column!r} stands {counts[column]} times; rename all but one"
        for column in columns
        if counts[column] > 1
    ]
    if problems:
        raise InputError(problems)


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ImportError as error:
        msg = f"{path}: reading Parquet needs the package pyarrow: pip install 'ragstudy[parquet]'"
        raise UnavailableError(msg) from error
    try:
        rows = read_table(path).to_pylist()
    except (ArrowException, OSError) as error:
        msg = f"{path}: not readable as Parquet: {str(error).splitlines()[0]}"
        raise InputError(msg) from error
    yield from ((f"{path}: row {number}", row) for number, row in enumerate(rows, start=1))


def _excel(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Rows of the first sheet that has the columns, else of the first with more than a line; cells as shown."""
    sheets = sheets_of(path)
    fitting = [one for one in sheets if columns and set(columns) <= set(one.header)]
    for sheet in [*fitting, *(one for one in sheets if one.rows and len(one.header) > 1), *sheets][:1]:
        twice = [column for column in columns if f"{column} (2)" in sheet.header]
        _check_header(path, [*sheet.header, *twice], columns)
        for number, cells in sheet.rows:
            yield f"{path}:{number}", dict(zip(sheet.header, cells, strict=True))


def _json(path: Path) -> Iterator[Row]:
    """A list of objects, or the one list of objects that an object holds."""
    content = read_json(path)
    lists = [content] if isinstance(content, list) else []
    if isinstance(content, dict):
        lists = [
            value for value in content.values() if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
    if len(lists) != 1:
        msg = f"{path}: expected a list of objects, or an object that holds one; found {type(content).__name__}"
        raise InputError(msg)
    for number, row in enumerate(lists[0], start=1):
        if not isinstance(row, dict):
            msg = f"{path}: item {number} is {type(row).__name__}; expected an object"
            raise InputError(msg)
        yield f"{path}: item {number}", row
