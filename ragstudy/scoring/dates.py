"""Dates that an answer gives less exactly than the fact, and times of day in two notations.

A date without its day, or without day and month, is right and says less: of `20 November 1989`, `in November 1989`
gives two of three parts and `in 1989` one. It counts where the form of a fact is a date and nothing else, if it is the
first date of the text, if its sentence holds no other number, and, of a year alone, if a word such as `in` says that it
is one. What is not read as a date gives nothing, in whatever language or notation it is.

Examples:
    >>> share_of_date('20 November 1989', 'It was adopted in November 1989.')
    0.6666666666666666
    >>> share_of_date('20 November 1989', 'It was adopted on 2 November 1989.')
    0.0
    >>> is_same_time('7 a.m.', 'From 7:00 a.m. to 2 a.m.')
    True
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ragstudy.notation import MONTHS, spelled_out, unified
from ragstudy.scoring.words import words

_SMALL = frozenset({"in", "on", "the", "of", "at", "since", "from", "by", "ad", "ce"})
_YEAR = re.compile(r"[12]\d{3}$")
_MOST_DAYS = 31
# Not after an abbreviated month.
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=\D)|\n+")
_NUMBER = re.compile(r"\d+")
# A month and its year, or a year that something says to be one; what follows is no unit, decade or further number.
_BEFORE_A_YEAR = r"(?:^|\b(?:in|since|during|around|about|circa|early|late|until|from|year)\s+)"
_NAME = "|".join(rf"{month[:3]}(?:{month[3:]}|\.)?" if month != "may" else "may" for month in MONTHS)
_COARSE = re.compile(
    rf"(?:\b(?P<month>{_NAME}),?\s+(?:of\s+)?|{_BEFORE_A_YEAR})(?P<year>[12]\d{{3}})"
    r"(?=\s*(?:[.,;:!?)\]]|$)|\s+(?:and|as|at|by|for|in|on|the|to|under|when|with|after|before|following)\b)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\d:.,-])(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?\s?m\b"
    r"|(?<![\d:.,-])(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)(?![:\d])",
    re.IGNORECASE,
)
_NOON = 12


class Date(NamedTuple):
    """A date, as far as it is given.

    Attributes:
        year: of four figures.
        month: its English name, or ''.
        day: of the month, or ''.
    """

    year: str
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


def share_of_date(form: str, text: str) -> float:
    """Which share of a fact's date a text gives that gives less than all of it, in [0, 1).

    Args:
        form: of the fact.
        text: to look at.

    Returns:
        0 where the form is no date of several parts with a year, or the text does not give such a part of it first.
    """
    wanted = date_of(form)
    if wanted is None or wanted.n_parts == 1:
        return 0.0
    for sentence in _SENTENCE_END.split(unified(text)):
        if not _NUMBER.search(sentence):
            continue
        found = _COARSE.search(sentence)
        if found is None or len(_NUMBER.findall(sentence)) > 1:
            return 0.0
        told = Date(found["year"], _month(found["month"]))
        return told.n_parts / wanted.n_parts if told.is_part_of(wanted) else 0.0
    return 0.0


def _month(written: str | None) -> str:
    """The English name of a month; '' for none."""
    begun = (written or "").casefold()[:3]
    return next((month for month in MONTHS if begun and month.startswith(begun)), "")


@lru_cache(maxsize=5_000)
def date_of(form: str) -> Date | None:
    """The date with a year that a form consists of; None if it says anything else.

    Args:
        form: of a fact.
    """
    told = [word for word in spelled_out(words(form)) if word not in _SMALL]
    kinds = "".join(map(_kind, told))
    if kinds not in ("dmy", "mdy", "ymd", "my", "ym", "y"):
        return None
    parts = dict(zip(kinds, told, strict=True))
    return Date(parts["y"], parts.get("m", ""), parts.get("d", ""))


def _kind(word: str) -> str:
    if word in MONTHS:
        return "m"
    if _YEAR.match(word):
        return "y"
    return "d" if word.isdecimal() and 1 <= int(word) <= _MOST_DAYS else "-"


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
