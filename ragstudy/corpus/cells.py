"""Cells of a table as texts, one rule per type; what has no rule is named by its place and column.

Examples:
    >>> texts_of(["1931", None, 12.0], "qa.jsonl:1: answer")
    ['1931', '12']
    >>> texts_of(False, "qa.jsonl:2: answer"), texts_of(float("nan"), "qa.jsonl:3: answer")
    (['no'], [])
    >>> texts_of({"text": ["Ada Holm"], "answer_start": [44]}, "qa.jsonl:4: answer")
    ['Ada Holm']
"""

from __future__ import annotations

import ast
import json
import math
from datetime import date, time, timedelta
from decimal import Decimal

from ragstudy.corpus.sheets import when
from ragstudy.errors import InputError

_SHOWN = 60


def texts_of(value: object, place: str) -> list[str]:
    """The texts in a cell, however deep its lists are.

    Nothing, NaN and empty text give none; a number is written as short as it can be (12.0 is 12); true and false are
    yes and no; of SQuAD's `{text, answer_start}` the text counts; a list that a spreadsheet holds as text
    (`['a', 'b']`) is a list.

    Args:
        value: of the cell.
        place: file, row and column, for messages.

    Raises:
        InputError: the cell holds something without a rule.
    """
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if value is None or isinstance(value, int | float | Decimal):
        return _number(value, place)
    if isinstance(value, list | tuple):
        return [text for one in value for text in texts_of(one, place)]
    if isinstance(value, dict):
        return _nested(value, place)
    if isinstance(value, str | date | time | timedelta):
        return _text(value if isinstance(value, str) else when(value), place)
    msg = f"{place}: holds {str(value)[:_SHOWN]!r} of type {type(value).__name__}; expected text, a number or a list"
    raise InputError(msg)


def _nested(value: dict[str, object], place: str) -> list[str]:
    if "text" in value:
        return texts_of(value["text"], place)
    keys = ", ".join(map(repr, value)) or "nothing"
    msg = f"{place}: holds an object with {keys}; expected text, a list, or {{text}}"
    raise InputError(msg)


def text_of(value: object, place: str) -> str:
    """The one text in a cell; '' where there is none.

    Args:
        value: of the cell.
        place: file, row and column, for messages.

    Raises:
        InputError: the cell holds several, or something without a rule.
    """
    found = texts_of(value, place)
    if len(found) > 1:
        msg = f"{place}: holds {len(found)} texts; expected one"
        raise InputError(msg)
    return found[0] if found else ""


def _number(value: float | Decimal | None, place: str) -> list[str]:
    if value is None or math.isnan(value):
        return []
    if math.isinf(value):
        msg = f"{place}: holds {value}; expected a finite number or a text"
        raise InputError(msg)
    return [str(int(value)) if value == int(value) else str(value)]


def _text(value: str, place: str) -> list[str]:
    text = value.strip()
    if text.startswith("[") and text.endswith("]"):
        found = _written_list(text)
        if found is not None:
            return texts_of(found, place)
    return [text] if text else []


def _written_list(text: str) -> list[object] | None:
    """The list that a text writes, as Python or JSON does; None if it is a text in brackets."""
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, list) and all(isinstance(one, str | int | float | None) for one in found):
            return found
    return None
