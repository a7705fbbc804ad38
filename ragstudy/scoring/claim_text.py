"""Claims: the sentences, list items and clauses of a text, and what in them can be checked.

Examples:
    >>> claims_of('The lamp is green. It stands in room 4.')
    ['The lamp is green.', 'It stands in room 4.']
    >>> numbers('between 3 and 4.5 mg') == {'3', '4.5'}
    True
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ragstudy.scoring.words import STOP_WORDS, words
from ragstudy.text import n_words

if TYPE_CHECKING:
    from nltk.stem.porter import PorterStemmer

_BREAK = re.compile(
    r"(?<=[.!?;:])\s+|\n+|(?<=[\u3002\uff01\uff1f\uff1b\u0964])\s*"
    r"|,\s+(?=(?:and|but|which|who|because|so|while|whereas|or)\b)"
    r"|\s+(?=(?:because|although|whereas)\b)"
)
_SHORTEST = 4
_BULLET = " \t-*\u2022"
_NUMBER_WORDS = {
    word: str(n)
    for n, group in enumerate(
        ("zero", "one once", "two twice", "three thrice", "four", "five", "six", "seven", "eight")
    )
    for word in group.split()
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z]\w+")
_NEGATION = re.compile(r"\b(not|no|never|none|cannot|without|neither|nor)\b|n['\u2019]t\b", re.IGNORECASE)


def claims_of(text: str) -> list[str]:
    """The claims of a text in order: sentences, list items, and clauses that could stand alone.

    A piece of fewer than four words is joined to its neighbour: it says nothing without it. A text without any word
    gives no claim.

    Args:
        text: to look at.
    """
    pieces: list[str] = []
    for raw in _BREAK.split(text):
        piece = raw.strip(_BULLET)
        if not words(piece):
            continue
        if pieces and (n_words(piece) < _SHORTEST or n_words(pieces[-1]) < _SHORTEST):
            pieces[-1] = f"{pieces[-1]} {piece}"
        else:
            pieces.append(piece)
    return pieces


def content(text: str) -> list[str]:
    """The words of a text that tell something.

    Args:
        text: to look at.
    """
    return [word for word in words(text) if word not in STOP_WORDS]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word without its ending (Porter 1980, by nltk), so that 'treated' and 'treats' are one word.

    Args:
        word: in lower case.
    """
    return str(_stemmer().stem(word))


@lru_cache(maxsize=1)
def _stemmer() -> PorterStemmer:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


def numbers(text: str) -> set[str]:
    """The numbers of a text in digits, without the commas between thousands; 'two' and 'twice' are 2.

    Args:
        text: to look at.
    """
    written = {found.replace(",", "") for found in _NUMBER.findall(text)}
    return written | {_NUMBER_WORDS[word] for word in words(text) if word in _NUMBER_WORDS}


def names(text: str) -> set[str]:
    """The capitalised words of a text that do not begin a sentence, in lower case.

    Args:
        text: to look at.
    """
    return {found.casefold() for found in _NAME.findall(text)}


def negated(text: str) -> bool:
    """Whether a text holds a word of negation.

    Args:
        text: to look at.
    """
    return _NEGATION.search(text) is not None
