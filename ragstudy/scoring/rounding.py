"""Numbers that an answer rounds and says so: `about 225 days` for `224.7 days`.

Examples:
    >>> is_rounded('224.7 days', 'It takes about 225 days.'), is_rounded('224.7 days', 'It takes 225 days.')
    (True, False)
    >>> is_rounded('1,234 litres', 'some 1,200 litres'), is_rounded('1,234 litres', 'some 1,000 litres')
    (True, False)
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from ragstudy.notation import decimal_of, spelled_out
from ragstudy.scoring.words import words

_ABOUT = re.compile(
    r"(?:\b(?:about|approximately|approx|around|roughly|circa|nearly|almost|close to|some|(?-i:ca))\b\.?"
    r"|[~\u2248\u2243])\s*",
    re.IGNORECASE,
)
_ERAS = frozenset({"ad", "bc", "ce", "bce"})
# What stands in a form beside its number and unit.
_SMALL = frozenset({"a", "an", "the", "of", "in", "about", "approximately", "around", "roughly", "circa"})
_FEWEST_DIGITS = 2
# `mg per day`
_LONGEST_UNIT = 3
_LONGEST, _LONGEST_TEXT = 8, 100


def is_rounded(form: str, text: str) -> bool:
    """Whether a form is a number with a unit, and a text gives it rounded and says so.

    Rounded is a number to fewer significant digits, two at least; its unit has to be the same. What has no unit may be
    a year, an article or a version, and is not rounded.

    Args:
        form: of a fact.
        text: to look at.
    """
    wanted = _quantity(form)
    if wanted is None:
        return False
    for found in _ABOUT.finditer(text):
        said = spelled_out(words(text[found.end() : found.end() + _LONGEST_TEXT])[:_LONGEST], counts_one=False)
        number = _number(said[0]) if said else None
        if number is None or tuple(said[1 : 1 + len(wanted[1])]) != wanted[1]:
            continue
        if _FEWEST_DIGITS <= _n_digits(number) < _n_digits(wanted[0]) and number == _rounded(wanted[0], number):
            return True
    return False


def _n_digits(number: Decimal) -> int:
    """How many significant digits a number has; zeros at the end are none."""
    return len(number.normalize().as_tuple().digits)


def _rounded(exact: Decimal, like: Decimal) -> Decimal:
    """A number rounded to as many significant digits as another has, halves away from zero."""
    place = exact.adjusted() - _n_digits(like) + 1
    return exact.quantize(Decimal(1).scaleb(place), ROUND_HALF_UP)


@lru_cache(maxsize=100_000)
def _quantity(form: str) -> tuple[Decimal, tuple[str, ...]] | None:
    """The number and the unit that a form consists of; None if it says anything else."""
    told = [word for word in spelled_out(words(form)) if word not in _SMALL]
    number = _number(told[0]) if told else None
    unit = tuple(told[1:])
    if number is None or not 1 <= len(unit) <= _LONGEST_UNIT or any(_number(word) is not None for word in unit):
        return None
    return None if _ERAS & set(unit) else (number, unit)


def _number(word: str) -> Decimal | None:
    """The number that a word is, with its sign."""
    number = decimal_of(word.removeprefix("-"))
    return -number if number is not None and word.startswith("-") else number
