"""Words of a text, as retrieval, evidence and leak checks compare them.

Scores compare words more finely (`ragstudy.scoring.words`): numbers with their decimals, quantities, dates.

Examples:
    >>> sorted(word_set("The lamp, the LAMP."))
    ['lamp', 'the']
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import regex

from ragstudy.notation import WITHOUT_BLANKS

if TYPE_CHECKING:
    from collections.abc import Sequence

# Letters with their marks, digits and underscores; in scripts without blanks every character is a word.
_CHARACTER = regex.compile(WITHOUT_BLANKS)
_WORD = regex.compile(rf"{WITHOUT_BLANKS}|(?:(?!{WITHOUT_BLANKS})[\p{{L}}\p{{M}}\p{{N}}_])+")


def word_list(text: str) -> list[str]:
    """The words of a text in order, without regard to case; runs of letters, digits and underscores.

    Args:
        text: in any language; in scripts without blanks every character is a word.
    """
    found: list[str] = _WORD.findall(unicodedata.normalize("NFC", text).casefold())
    return found


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """The words of a text in order, in lower case, with where each begins and ends.

    Args:
        text: in any language; in scripts without blanks every character is a word.
    """
    return [(found.group().casefold(), found.start(), found.end()) for found in _WORD.finditer(text)]


def word_set(text: str) -> frozenset[str]:
    """The distinct words of a text, as `word_list` cuts it.

    Args:
        text: in any language.
    """
    return frozenset(word_list(text))


def n_words(text: str) -> int:
    """How many words a text has, as people count them: between blanks, or characters in scripts without blanks.

    Args:
        text: in any language.
    """
    if text.isascii():
        return len(text.split())
    return sum(max(1, len(_CHARACTER.findall(word))) for word in text.split())


def some_of(names: Sequence[str], most: int = 5) -> str:
    """The first of many names, and how many more there are.

    Args:
        names: to be told.
        most: that are told.
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def storable(text: str) -> str:
    """Text that can be written as UTF-8: half of a surrogate pair becomes a question mark.

    Args:
        text: from a model or a file.
    """
    return text.encode("utf-8", "replace").decode()
