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
_NO_VALUE = frozenset({"n/a", "na", "-", "--", "\u2013", "\u2014", "none", "unknown", "."})
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
    names = [name.rstrip(" :") for name in header]
    named = [[(name, text) for name, text in zip(names, cells, strict=False) if text] for cells in rows]
    lines = ["; ".join(f"{name}: {text}" if name else text for name, text in row) for row in named]
    return [line for line in lines if line]


def _are_pairs(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is no header, but a name and its value like those below.

    It is where the name alone ends in a colon; and where the value begins with a figure, as "5 euro" does, but not
    where it is a year with figures below it.
    """
    if len(header) != _PAIR or any(len(cells) != _PAIR for cells in rows):
        return False
    name, value = (cell.strip() for cell in header)
    if name.endswith(":") or value.endswith(":"):
        return name.endswith(":") and not value.endswith(":")
    if not name or not _BEGINS_WITH_FIGURE.match(value):
        return False
    below = [cells[1].strip() for cells in rows]
    are_figures = all(_FIGURE.search(one) for one in below if one and one.casefold() not in _NO_VALUE)
    return not (_YEAR.fullmatch(value) and are_figures)
