"""Dates that an answer gives less exactly than the fact, and times of day in two notations.

A date that leaves out the day, or day and month, is right and says less: of `20 November 1989`, `November 1989` gives
two of three parts and `1989` one. It counts where the form of a fact is a date and nothing else, and only if it is the
first date of the text; a year that stands in the question already says nothing.

Examples:
    >>> share_of_date('20 November 1989', 'It was adopted in November 1989.', 'When was it adopted?')
    0.6666666666666666
    >>> share_of_date('20 November 1989', 'It was adopted on 2 November 1989.', 'When was it adopted?')
    0.0
    >>> is_same_time('7 a.m.', 'From 7:00 a.m. to 2 a.m.')
    True
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.notation import spelled_out
from ragstudy.scoring.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

_MONTHS = frozenset(
    (  # noqa: SIM905 - easier to read
        "january february march april may june july august september october november december"
    ).split()
)
_SMALL = frozenset({"in", "on", "the", "of", "at", "since", "from", "by", "ad", "ce"})
_YEAR = re.compile(r"[12]\d{3}$")
_MOST_DAYS = 31
_TIME = re.compile(
    r"(?<![\d:.,-])(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?\s?m\b"
    r"|(?<![\d:.,-])(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)(?![:\d])",
    re.IGNORECASE,
)
_NOON = 12


class Date(NamedTuple):
    """A date, as far as it is given.

    Attributes:
        year: of four figures, or ''.
        month: its English name, or ''.
        day: of the month, or ''.
    """

    year: str = ""
    month: str = ""
    day: str = ""

    def is_part_of(self, other: Date) -> bool:
        """Whether every part that is given is the same in the other date.

        Args:
            other: that gives as much or more.
        """
        return all(part in ("", whole) for part, whole in zip(self, other, strict=True))

    @property
    def n_parts(self) -> int:
        """How many of year, month and day are given."""
        return sum(map(bool, self))


def share_of_date(form: str, text: str, question: str) -> float:
    """Which share of a fact's date the first date of a text gives, in [0, 1].

    Args:
        form: of the fact.
        text: to look at.
        question: that the fact answers.

    Returns:
        1 for all that the form gives; 0 where the form is no date, or the text's first date is another.
    """
    wanted = date_of(form)
    if wanted is None or wanted.n_parts < 2 or not wanted.year:  # noqa: PLR2004 - a year alone has no coarser date
        return 0.0
    asked = set(spelled_out(words(question)))
    told = [one for one in dates_in(text) if not {part for part in one if part} <= asked]
    if not told or not told[0].is_part_of(wanted):
        return 0.0
    return told[0].n_parts / wanted.n_parts


@lru_cache(maxsize=100_000)
def date_of(form: str) -> Date | None:
    """The date that a form consists of; None if it says anything else.

    Args:
        form: of a fact.
    """
    told = [word for word in spelled_out(words(form)) if word not in _SMALL]
    found = _date_at(told, 0)
    return found[0] if found is not None and found[1] == len(told) else None


def dates_in(text: str) -> list[Date]:
    """The dates of a text in order, each as far as it is given; a year or month and day at least.

    Args:
        text: to look at.
    """
    said = [word for word in spelled_out(words(text)) if word not in ("of", "the")]
    dates, place = [], 0
    while place < len(said):
        found = _date_at(said, place)
        if found is not None:
            dates.append(found[0])
        place += found[1] if found is not None else 1
    return dates


def _date_at(said: Sequence[str], place: int) -> tuple[Date, int] | None:
    """The longest date that begins at a word, and how many words it takes."""
    kinds = "".join(_kind(word) for word in said[place : place + 3])
    orders = (("dmy", 3), ("mdy", 3), ("ymd", 3), ("my", 2), ("ym", 2), ("dm", 2), ("md", 2), ("y", 1))
    for order, n in orders:
        if kinds[:n] == order:
            parts = dict(zip(order, said[place : place + n], strict=True))
            return Date(parts.get("y", ""), parts.get("m", ""), parts.get("d", "")), n
    return None


def _kind(word: str) -> str:
    if word in _MONTHS:
        return "m"
    if _YEAR.match(word):
        return "y"
    return "d" if word.isdigit() and 1 <= int(word) <= _MOST_DAYS else "-"


def is_same_time(form: str, text: str) -> bool:
    """Whether a form is a time of day and nothing else, and a text names it in whatever notation.

    Args:
        form: of a fact.
        text: to look at.
    """
    wanted = _TIME.fullmatch(form.strip().rstrip("."))
    return wanted is not None and _minutes(wanted) in {_minutes(one) for one in _TIME.finditer(text)}


def _minutes(found: re.Match[str]) -> int:
    """Minutes since midnight."""
    if found["half"] is None:
        return int(found["hour24"]) * 60 + int(found["minute24"])
    hour = int(found["hour"]) % _NOON + (_NOON if found["half"].casefold() == "p" else 0)
    return hour * 60 + int(found["minute"] or 0)
