"""Excel files: every sheet, its header below a title line, and cells as the program shows them.

Examples:
    >>> from datetime import datetime, time
    >>> shown(0.05, '0%'), shown(14.5, '0.00'), shown(time(6, 10), 'h:mm'), shown(datetime(2025, 5, 1), 'd/m/yy')
    ('5%', '14.50', '06:10', '2025-05-01')
    >>> named([None, 'part', 'part'])
    ['column 1', 'part', 'part (2)']
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_DECIMALS = re.compile(r"[0#]\.(0+)")
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_TABLE = 2


@dataclass(frozen=True)
class Sheet:
    """A sheet of an Excel file.

    Attributes:
        name: of the sheet.
        before: lines above the header, as a title.
        header: names of the columns.
        rows: number of each row in the sheet, and its cells.
    """

    name: str
    before: list[str]
    header: list[str]
    rows: list[tuple[int, list[object]]]


def sheets_of(path: Path, *, as_shown: bool = False) -> list[Sheet]:
    """The sheets of an Excel file that hold anything.

    Args:
        path: of the file.
        as_shown: whether cells are texts as the program shows them; else they are values.

    Raises:
        InputError: the file is damaged.
        UnavailableError: the package that reads it is not installed.
    """
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        msg = f"{path}: reading Excel files needs the package openpyxl: pip install 'ragstudy[excel]'"
        raise UnavailableError(msg) from error
    from zipfile import BadZipFile

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        written = load_workbook(path, read_only=True) if as_shown else None
        made = [_sheet(one, written[one.title] if written else None) for one in book.worksheets]
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        msg = f"{path}: not readable as an Excel file: {error}"
        raise InputError(msg) from error
    return [one for one in made if one is not None]


def _sheet(sheet: Any, written: Any) -> Sheet | None:  # noqa: ANN401 - of openpyxl, which has no types
    rows = list(_rows(sheet, written))
    # A line of one cell above a table is its title.
    wide = max((sum(cell is not None for cell in cells) for _, cells in rows), default=0)
    if not wide:
        return None
    first = next(
        place for place, (_, cells) in enumerate(rows) if sum(cell is not None for cell in cells) >= min(_TABLE, wide)
    )
    before = [str(cell) for _, cells in rows[:first] for cell in cells if cell is not None]
    used = [
        any(column < len(cells) and cells[column] is not None for _, cells in rows[first:])
        for column in range(max(len(cells) for _, cells in rows))
    ]
    kept = [column for column, is_used in enumerate(used) if is_used]

    def of(cells: list[object]) -> list[object]:
        return [cells[column] if column < len(cells) else None for column in kept]

    return Sheet(
        str(sheet.title),
        before,
        named(of(rows[first][1])),
        [(number, of(cells)) for number, cells in rows[first + 1 :]],
    )


def _rows(sheet: Any, written: Any) -> Iterator[tuple[int, list[object]]]:  # noqa: ANN401 - of openpyxl
    """Rows that hold anything, as values, or as they are shown where the formulas are given too."""
    if written is None:
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            if any(cell is not None for cell in row):
                yield number, list(row)
        return
    both = zip(sheet.iter_rows(), written.iter_rows(values_only=True), strict=False)
    for number, (row, formulas) in enumerate(both, start=1):
        cells = [_cell(cell, formula) for cell, formula in zip(row, formulas, strict=False)]
        if any(cell is not None for cell in cells):
            yield number, cells


def _cell(cell: Any, formula: object) -> object:  # noqa: ANN401 - of openpyxl
    if cell.value is None:
        # A formula whose value the program never saved: better the formula than nothing.
        return formula if isinstance(formula, str) and formula.startswith("=") else None
    return shown(cell.value, str(cell.number_format or ""))


def shown(value: object, number_format: str) -> str:
    """A cell's value as the program shows it, in one notation for dates and times.

    Args:
        value: of the cell.
        number_format: of the cell, as `0.00` or `0%`.
    """
    if isinstance(value, date | time):
        return when(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value).strip()
    plain = _LITERAL.sub("", number_format.partition(";")[0])
    found = _DECIMALS.search(plain)
    decimals = len(found.group(1)) if found else 0
    if "%" in plain:
        return f"{_short(value * 100, decimals)}%"
    return _short(value, decimals)


def when(value: date | time) -> str:
    """A date or time without the parts that nobody wrote: no midnight, no seconds.

    Args:
        value: date, time, or both.
    """
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    return value.isoformat()


def _short(value: float, decimals: int) -> str:
    """A number with at least so many decimals, and no more than it has."""
    shortest = repr(round(float(value), 10)).removesuffix(".0")
    return shortest if len(shortest.partition(".")[2]) > decimals or "e" in shortest else f"{value:.{decimals}f}"


def named(header: Sequence[object]) -> list[str]:
    """Names of columns of which no two are equal and none is empty.

    Args:
        header: cells of the first row.
    """
    names: list[str] = []
    for number, cell in enumerate(header, start=1):
        name = str(cell).strip() if cell is not None and str(cell).strip() else f"column {number}"
        same = sum(one == name or one.startswith(f"{name} (") for one in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return names
