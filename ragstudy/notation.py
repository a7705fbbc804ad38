"""One notation for what people write in many: numbers, quantities, dates, signs, and words of any script.

`unified` works on a text and is what every word of an answer, a reference and a corpus passes through; `spelled_out`
works on words and is used where a fact is looked for.

Examples:
    >>> unified('1,200 kg of CO\u2082 at \u221240 \u00b0C, \u00bd of it')
    '1200 kg of CO2 at -40 \u00b0C, 1/2 of it'
    >>> spelled_out(['twenty', 'one', 'to', 'thirty', 'million'])
    ['21', '30000000']
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUPERSCRIPT = regex.compile("(?<=[0-9])([\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
# What plain text of ASCII can hold that is written in several ways.
_LONGEST_KNOWN = 500
_WRITTEN_OTHERWISE = regex.compile(r"[\d.]")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"))
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2032": "'", "\u2044": "/"})
_DOTTED = regex.compile(r"\b(?:\p{L}\.){2,}(?!\p{L})|\b(?:\p{L}\.)+\p{L}\b(?!\.?\p{L})")
_GROUPED = regex.compile(
    r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,]*\d)|(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3})+(?!\d)"
)
_DECIMAL_COMMA = regex.compile(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d,])")
_BARE_POINT = regex.compile(r"(?<![\w.])\.(?=\d)")
_TRAILING_ZEROS = regex.compile(r"(?<![\d.])(\d+)\.(\d*?)0+(?![\d.])")
_LEADING_ZERO = regex.compile(r"(?<![\d.,/:-])0(?=[1-9](?!\d))(?![\d.]*:)")
_ISO_DATE = regex.compile(r"(?<!\d)(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)")
_CURRENCY = regex.compile(
    r"([$\u20ac\u00a3\u00a5])\s?(\d[\d.]*)((?:\s(?:thousand|million|billion|trillion))?)", regex.IGNORECASE
)
_CURRENCIES = {"$": "dollar", "\u20ac": "euro", "\u00a3": "pound", "\u00a5": "yen"}
MONTHS = tuple(
    name.lower()
    for name in ("January February March April May June July August September October November December").split()  # noqa: SIM905 - easier to read
)
_SHORT_MONTHS = {month[:3]: month for month in MONTHS} | {"sept": "september"}
_GREEK = {
    "\u03b1": "alpha",
    "\u03b2": "beta",
    "\u03b3": "gamma",
    "\u03b4": "delta",
    "\u03b5": "epsilon",
    "\u03ba": "kappa",
    "\u03bb": "lambda",
    "\u03c3": "sigma",
    "\u03c9": "omega",
}
_UNITS = tuple(
    (  # noqa: SIM905 - easier to read
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ).split()
)
_SMALL = {word: n for n, word in enumerate(_UNITS)}
_TENS = {
    word: 10 * n
    for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)  # noqa: SIM905 - easier to read
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = {
    word: n
    for n, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),  # noqa: SIM905 - easier to read
        start=1,
    )
}
# What a unit is in the unit that quantities of its kind are compared in.
_FACTORS: dict[str, tuple[str, str]] = {
    "kg": ("1000", "g"),
    "g": ("1", "g"),
    "mg": ("0.001", "g"),
    "\u03bcg": ("0.000001", "g"),
    "mcg": ("0.000001", "g"),
    "km": ("1000", "m"),
    "m": ("1", "m"),
    "cm": ("0.01", "m"),
    "mm": ("0.001", "m"),
    "\u03bcm": ("0.000001", "m"),
    "l": ("1", "l"),
    "ml": ("0.001", "l"),
    "\u03bcl": ("0.000001", "l"),
    "s": ("1", "s"),
    "sec": ("1", "s"),
    "ms": ("0.001", "s"),
    "min": ("60", "s"),
    "h": ("3600", "s"),
    "hr": ("3600", "s"),
    "ft": ("12", "inch"),
    "inch": ("1", "inch"),
    "lb": ("16", "oz"),
    "oz": ("1", "oz"),
}
_WITH_PLURAL = frozenset({"lb", "hr", "min", "sec"})
# In these, people say one quantity in two units: `3 hours and 48 minutes`, `6 ft 1 in`.
_SAID_IN_TWO = frozenset({"s", "inch", "oz"})
_NAMES_OF_UNITS = {
    "kilogram": "kg",
    "kilo": "kg",
    "gram": "g",
    "milligram": "mg",
    "microgram": "\u03bcg",
    "kilometre": "km",
    "metre": "m",
    "centimetre": "cm",
    "millimetre": "mm",
    "litre": "l",
    "millilitre": "ml",
    "second": "s",
    "minute": "min",
    "hour": "h",
    "feet": "ft",
    "foot": "ft",
    "inche": "inch",
    "ounce": "oz",
}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
# What is counted in Roman numerals as well; of persons they are part of the name.
_COUNTED = frozenset(
    (  # noqa: SIM905 - easier to read
        "act annex appendix article book chapter class factor grade level part phase schedule section stage title type "
        "volume war"
    ).split()
)
_AND = frozenset({"and", "plus", "et", "und", "y", "e", "en"})
_WITH_ENDING = regex.compile(r"^(\d+)(?:st|nd|rd|th)$")
# Scripts that are written without blanks between words: a character, with the marks on it, stands for itself.
WITHOUT_BLANKS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
_WORD = regex.compile(
    r"[<>]=?(?=\s?[-+]?\d)"  # a comparison says something only before a number
    r"|(?<![\p{L}\d)\]%])-(?=\d)\d+(?:\.\d+)*"  # a minus, where it is no dash between two things
    r"|\d+/\d+(?![\d/])|\d+(?:st|nd|rd|th)\b|\d+(?:[.,:]\d+)*"
    rf"|{WITHOUT_BLANKS}"
    r"|\p{L}(?:\+\+|\#)"  # C++ and C#
    r"|\p{L}[\p{L}\p{M}]*(?:'\p{L}[\p{L}\p{M}]*)?|_+"
)


def unified(text: str) -> str:
    """A text in one notation: Unicode forms, quotation marks, dashes, abbreviations, numbers and dates.

    What a sign means is kept: exponents stay exponents, a minus stays a minus.

    Args:
        text: in any language.
    """
    if text.isascii() and not _WRITTEN_OTHERWISE.search(text):
        return text
    text = _SUPERSCRIPT.sub(lambda found: "^" + unicodedata.normalize("NFKC", found[1]), text)
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES).translate(_DASHES)
    text = _DOTTED.sub(lambda found: found[0].replace(".", ""), text)
    text = _ISO_DATE.sub(lambda found: f"{int(found[3])} {MONTHS[int(found[2]) - 1]} {found[1]}", text)
    text = _GROUPED.sub(lambda found: regex.sub(r"\D", "", found[0]), text)
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    text = _BARE_POINT.sub("0.", text)
    text = _TRAILING_ZEROS.sub(lambda found: found[1] + (f".{found[2]}" if found[2] else ""), text)
    text = _LEADING_ZERO.sub("", text)
    text = _CURRENCY.sub(lambda found: f"{found[2]}{found[3]} {_CURRENCIES[found[1]]}", text)
    return text.replace("%", " percent ")


def words_of(text: str) -> list[str]:
    """The words, numbers and telling signs of a text in one notation, in lower case.

    Args:
        text: in any language; in scripts without blanks every character is a word.
    """
    return list(_cut_once(text) if len(text) <= _LONGEST_KNOWN else _cut(text))


def _cut(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(unified(text).casefold()))


# Scorers look at a sentence or a short answer again and again.
_cut_once = lru_cache(maxsize=5_000)(_cut)


def spelled_out(some: Sequence[str], *, counts_one: bool = True, adds: bool = True) -> list[str]:
    """Words with numbers in figures, ordinals, months, halves, ranges and Greek letters in one form.

    Args:
        some: as `words_of` gives them.
        counts_one: whether a lone `one` is the number; in running text it mostly is not.
        adds: whether `3 hours and 48 minutes` is one quantity.
    """
    found = _quantities(_figures(list(some), counts_one=counts_one), adds=adds)
    made: list[str] = []
    for place, word in enumerate(found):
        before, after = found[place - 1] if place else "", found[place + 1] if place + 1 < len(found) else ""
        if word == "to" and _is_number(before) and _is_number(after):
            continue
        if word == "cent" and made and made[-1] == "per":
            made[-1] = "percent"
            continue
        counted = _ROMAN.get(word, word) if before in _COUNTED else word
        made.append(_one(counted, near_a_month=_month(before) is not None or _month(after) is not None))
    return made


def _one(word: str, *, near_a_month: bool) -> str:
    ordinal = _WITH_ENDING.match(word)
    if ordinal or word in _ORDINALS:
        number = ordinal[1] if ordinal else str(_ORDINALS[word])
        return number if near_a_month else f"{number}th"
    if word in ("half", "halves"):
        return "1/2"
    if word in ("dollars", "euros", "pounds"):
        return word[:-1]
    return _month(word) or _GREEK.get(word, word)


def _quantities(some: list[str], *, adds: bool) -> list[str]:
    """Words with numbers before a unit of mass, length, volume or time in one unit of each."""
    made: list[str] = []
    larger = Decimal(0)  # what one of the unit before is, in the unit that its kind is compared in
    for word in some:
        number = decimal_of(made[-1].lstrip("-")) if made else None
        factor, base = _unit(word, after_feet=made[-2:-1] == ["inch"] or made[-3:-1] == ["inch", "and"])
        if number is None or not base:
            made.append(word)
            if word not in _AND and decimal_of(word) is None:
                larger = Decimal(0)
            continue
        sign = "-" if made[-1].startswith("-") else ""
        made[-1:] = [sign + _plain(number * factor), base]
        if adds and factor < larger and number * factor < larger:
            _add_to_the_one_before(made, number * factor)
        larger = factor
    return made


def _unit(word: str, *, after_feet: bool) -> tuple[Decimal, str]:
    """What one of a unit is in the unit that its kind is compared in, and that unit; '' for any other word."""
    if word == "in" and after_feet:
        word = "inch"
    name = word.removesuffix("s").replace("meter", "metre").replace("liter", "litre")
    found = _FACTORS.get(_NAMES_OF_UNITS.get(name, word))
    factor, base = found or (_FACTORS.get(name, ("0", "")) if name in _WITH_PLURAL else ("0", ""))
    return Decimal(factor), base


def _add_to_the_one_before(made: list[str], value: Decimal) -> None:
    """Make the last two quantities one, where the last is the rest of the other: `3 hours and 48 minutes`."""
    n_between = 1 if made[-3:-2] and made[-3] in _AND else 0
    before = made[-4 - n_between : -2 - n_between]
    start = decimal_of(before[0]) if before else None
    if start is not None and made[-1] in _SAID_IN_TWO and before[1:] == made[-1:]:
        made[-4 - n_between :] = [_plain(start + value), made[-1]]


def _month(word: str) -> str | None:
    return word if word in MONTHS and word != "may" else _SHORT_MONTHS.get(word)


def _is_number(word: str) -> bool:
    return word.lstrip("-")[:1].isdigit()


def _figures(some: list[str], *, counts_one: bool) -> list[str]:
    """Words with `twenty one`, `one thousand` and `2.5 million` made one number."""
    made: list[str] = []
    place = 0
    while place < len(some):
        value, length = _number_at(some, place)
        if length == 1 and some[place] == "one" and not counts_one:
            length = 0
        made.append(some[place] if length == 0 else _plain(value))
        place += max(1, length)
    return made


def _number_at(some: Sequence[str], place: int) -> tuple[Decimal, int]:
    """The number that begins at a word, and how many words it takes; 0 words where none begins."""
    total, current, length = Decimal(0), None, 0
    for word in some[place:]:
        if word in _TENS and (current is None or current % 100 == 0):
            current = (current or Decimal(0)) + _TENS[word]
        elif word in _SMALL and (current is None or _leaves_room(current, _SMALL[word])):
            current = (current or Decimal(0)) + _SMALL[word]
        elif word in _SCALES and current is not None:
            current, total = (current * 100, total) if word == "hundred" else (None, total + current * _SCALES[word])
        elif length == 0 and (figure := decimal_of(word)) is not None:
            # Figures count only before a scale: `2.5 million`.
            if place + 1 >= len(some) or some[place + 1] not in _SCALES:
                return Decimal(0), 0
            current = figure
        else:
            break
        length += 1
    return total + (current or Decimal(0)), length


def _leaves_room(current: Decimal, unit: int) -> bool:
    return (current % 100 == 0 and current > 0) or (current % 10 == 0 and current % 100 >= 20 and 0 < unit < 10)  # noqa: PLR2004 - twenty one


def decimal_of(word: str) -> Decimal | None:
    """The number that a word is in figures; None if it is none, or has a sign.

    Args:
        word: as `words_of` gives it.
    """
    try:
        return Decimal(word) if word[:1].isdigit() else None
    except InvalidOperation:
        return None


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
