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
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_DIGITS = re.compile(r"([#0?,]*[#0?])(?:\.([#0?]+))?(,*)")
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_EXACT = 1e15
_LARGE = 2_000_000
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


def sheets_of(path: Path) -> list[Sheet]:
    """The sheets of an Excel file that hold anything, their cells as the program shows them.

    Args:
        path: of the file.

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
        # Which cells are merged is known only of a book that is read whole.
        is_large = path.stat().st_size > _LARGE
        book = load_workbook(path, read_only=is_large, data_only=True)
        written = load_workbook(path, read_only=is_large)
        made = [_sheet(one, written[one.title]) for one in book.worksheets]
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        msg = f"{path}: not readable as an Excel file: {error}"
        raise InputError(msg) from error
    return [one for one in made if one is not None]


def _sheet(sheet: Any, written: Any) -> Sheet | None:  # noqa: ANN401 - of openpyxl, which has no types
    rows = list(_rows(sheet, written))
    _fill_merged(sheet, dict(rows))
    if not rows:
        return None
    widths = Counter(_width(cells) for _, cells in rows)
    # Rows of a table have the same width; what stands above the first of them is a title or a remark.
    usual = max(widths, key=lambda width: (widths[width], width))
    first = next(place for place, (_, cells) in enumerate(rows) if _may_be_header(cells, usual))
    before = [" ".join(str(cell) for cell in cells if cell is not None) for _, cells in rows[:first]]
    n_columns = max(len(cells) for _, cells in rows)
    table = [(number, [*cells, *[None] * (n_columns - len(cells))]) for number, cells in rows[first:]]
    kept = [column for column in range(n_columns) if any(cells[column] is not None for _, cells in table)]
    (_, header), *below = [(number, [cells[column] for column in kept]) for number, cells in table]
    return Sheet(str(sheet.title), before, named(header), below)


def _may_be_header(cells: Sequence[object], usual: int) -> bool:
    """Whether a row is as wide as most, or names all of their columns but one and holds no figure."""
    if _width(cells) >= usual:
        return True
    has_figures = any(character.isdigit() for cell in cells if cell is not None for character in str(cell))
    return _width(cells) >= max(_TABLE, usual - 1) and not has_figures


def _fill_merged(sheet: Any, rows: dict[int, list[object]]) -> None:  # noqa: ANN401 - of openpyxl
    """Repeat a cell that is merged over several rows in each of them; a title over several columns stays one cell."""
    for area in getattr(sheet, "merged_cells", ()):
        value = rows.get(area.min_row, [])[area.min_col - 1 : area.min_col]
        for number in range(area.min_row + 1, area.max_row + 1):
            if value and number in rows and area.min_col <= len(rows[number]):
                rows[number][area.min_col - 1] = value[0]


def _width(cells: Sequence[object]) -> int:
    return sum(cell is not None for cell in cells)


def _rows(sheet: Any, written: Any) -> Iterator[tuple[int, list[object]]]:  # noqa: ANN401 - of openpyxl
    """Rows that hold anything, as they are shown; the same sheet with formulas tells those without a value."""
    both = zip(sheet.iter_rows(), written.iter_rows(values_only=True), strict=False)
    for number, (row, formulas) in enumerate(both, start=1):
        cells = [_cell(cell, formula) for cell, formula in zip(row, formulas, strict=False)]
        if any(cell is not None for cell in cells):
            yield number, cells


def _cell(cell: Any, formula: object) -> object:  # noqa: ANN401 - of openpyxl
    if cell.value is None:
        # A formula whose value the program never saved: better the formula than nothing.
        return formula if isinstance(formula, str) and formula.startswith("=") else None
    return shown(cell.value, str(getattr(cell, "number_format", "") or ""))


def shown(value: object, number_format: str) -> str:
    """A cell's value as the program shows it, in one notation for dates and times.

    Args:
        value: of the cell.
        number_format: of the cell, as `0.00` or `0%`.
    """
    if isinstance(value, date | time | timedelta):
        return when(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value).strip()
    return _number(value, number_format.split(";", maxsplit=1)[0])


def _number(value: float, number_format: str) -> str:
    """A number by a format of Excel: digits, decimals, per cent, thousands, units; as short as can be without one."""
    literal = _LITERAL.sub(_literal, number_format)
    found = _DIGITS.search(literal)
    if found is None or "E" in literal[found.start() : found.end() + 1].upper():
        return _shortest(value)
    whole, decimals, scale = found.group(1), (found.group(2) or ""), len(found.group(3))
    before, after = literal[: found.start()], literal[found.end() :]
    number = Decimal(repr(value)) * (100 if "%" in after else 1) / 1000**scale
    rounded = abs(number).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    text = f"{rounded:{',' if ',' in whole else ''}f}"
    for _ in range(len(decimals) - decimals.count("0")):
        text = text.removesuffix("0")
    integer, point, rest = text.rstrip(".").partition(".")
    padded = integer if "," in whole else integer.zfill(whole.count("0"))
    sign = "-" if number < 0 and any(digit in "123456789" for digit in text) else ""
    return f"{before.strip()}{sign}{padded}{point}{rest}{after.replace(' ', ' ').rstrip()}"


def _literal(found: re.Match[str]) -> str:
    """Text that a format puts around a number: what stands in quotation marks, and the sign of a currency."""
    text = found.group(0)
    if text.startswith('"'):
        return text.strip('"')
    return text[2:].partition("-")[0].rstrip("]") if text.startswith("[$") else ""


def _shortest(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


def when(value: date | time | timedelta) -> str:
    """A date, time or duration without the parts that nobody wrote: no midnight, no seconds.

    Args:
        value: date, time, both, or a duration, which is told in hours.
    """
    if isinstance(value, timedelta):
        minutes, seconds = divmod(abs(round(value.total_seconds())), 60)
        told = f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
        return f"-{told}" if value < timedelta() else told
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    return value.isoformat()


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
