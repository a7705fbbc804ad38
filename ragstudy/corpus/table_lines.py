"""A table as lines of text in which every cell says what it is.

Examples:
    >>> lines_of(['route', 'price'], [['Tarn to Holm', '4'], ['Holm to Ness', '']])
    ['route: Tarn to Holm; price: 4', 'route: Holm to Ness']
    >>> lines_of(['Ports', '5 harbours'], [['Founded', '1962'], ['Seat', 'Holm']])
    ['Ports: 5 harbours', 'Founded: 1962', 'Seat: Holm']
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAIR = 2
_YEAR = re.compile(r"(19|20)\d\d")
_FIGURE = re.compile(r"\d")
_BEGINS_WITH_FIGURE = re.compile(r"\W*\d")


def lines_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for every row, `column: value; ...`; names and values without a header are told as `name: value`.

    Args:
        header: the first row.
        rows: below it; empty cells are left out.
    """
    if _are_pairs(header, rows):
        return [f"{name.rstrip(' :')}: {value}" for name, value in [header, *rows] if name or value]
    named = [[(name, text) for name, text in zip(header, cells, strict=False) if text] for cells in rows]
    lines = ["; ".join(f"{name}: {text}" if name else text for name, text in row) for row in named]
    return [line for line in lines if line]


def _are_pairs(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is no header, but a name and its value like those below.

    It is a name and its value where the name ends in a colon; and where the value has a figure, if those below are not
    all figures, or if it begins with one, as "5 euro" does, and is no year.
    """
    if len(header) != _PAIR or any(len(cells) != _PAIR for cells in rows):
        return False
    name, value = header
    if name.rstrip().endswith(":"):
        return True
    if not name or not _FIGURE.search(value):
        return False
    below = [bool(_FIGURE.search(cells[1])) for cells in rows if cells[1]]
    return not all(below) or bool(_BEGINS_WITH_FIGURE.match(value) and not _YEAR.fullmatch(value.strip()))
