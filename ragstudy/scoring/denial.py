"""What an answer denies: `It is not green` names green and does not say it.

Only a plain denial counts: a clause whose words after the negation all stand in the question or its references, in
whatever inflection, as far as they mean anything. `It must not be combined with Karvir` says in other words that they
interact, and denies nothing.

Examples:
    >>> without_denied('It is not green but blue.', {'green'}).split()
    ['It', 'is', 'but', 'blue.']
    >>> without_denied('It must not be combined with Karvir.', {'karvir', 'interacts'})
    'It must not be combined with Karvir.'
    >>> without_denied('It does not hold in Lund.', {'hold', 'lund'}, denied_words('It does not hold in Lund or Oslo.'))
    'It does not hold in Lund.'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ragstudy.scoring.words import STOP_WORDS, words

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

# `Not only` and `not until` deny nothing; the words of other languages stand where they cannot be a number or a part of
# a name.
_ONLY = r"(?!\s+(?:only|just|merely|simply|until|before|later|earlier|more|less|fewer|least)\b)"
_NEGATION = re.compile(
    rf"\bnot\b{_ONLY}|\bnever\b|\bneither\b|\bnor\b|\bno\s+longer\b|(?<=\w)n['\u2019]t\b{_ONLY}"
    r"|\bnicht\b(?!\s+nur\b)|\bkein(?:e[mnrs]?)?\b|\bn(?:e\s+|['\u2019])\w+\s+pas\b(?!\s+seulement\b)"
    r"|\bniet\b(?!\s+alleen\b)|\bgeen\b|\bn\u00e3o\b(?!\s+s\u00f3\b)|\bnon\s+(?:\u00e8|era|ha|sono)\b|\bno\s+(?:es|era|fue|son)\b",
    re.IGNORECASE,
)
# Where what a negation denies ends.
_CLAUSE = re.compile(
    r"(?<=[.!?;:])\s+|(?<=,)\s+|\n+|\s[-\u2013]\s|\u2014|[()]|(?=\b(?:nor|and|und|but|rather|however|although|whereas|while|sondern|aber|mais|maar|ma|mas|sino|pero)\b)",
    re.IGNORECASE,
)
# `Must not exceed 5 mg` says that 5 mg is the most.
_BOUND = re.compile(
    r"\b(?:exceed\w*|more|less|fewer|over|above|below|under|until|unless|beyond|longer|apart)\b", re.IGNORECASE
)


# What such a clause denies, it does not deny of what the sentence says.
_SUBORDINATE = re.compile(
    r"\W*(?:(?:and|or|but|even|only)\s+)*"
    r"(?:if|when|whenever|unless|though|although|while|where|since|because|until|for|as|in case)\b",
    re.IGNORECASE,
)
_SHORTEST_STEM = 4
# They say of a value that it is told, whatever it is.
_REPORTING = ("listed", "recorded", "given", "name", "named", "called", "stated", "reported", "described")


def denies(text: str) -> bool:
    """Whether a text holds a negation.

    Args:
        text: of a question, a reference or an answer.
    """
    return _NEGATION.search(text) is not None


def denied_words(*texts: str) -> set[str]:
    """The words that mean something in what texts deny.

    Args:
        texts: of references and facts.
    """
    clauses = [clause for text in texts if denies(text) for clause in _CLAUSE.split(text) if clause and denies(clause)]
    return {word for clause in clauses for word in words(clause)} - STOP_WORDS


def without_denied(text: str, known: AbstractSet[str], rightly: AbstractSet[str] = frozenset()) -> str:
    """An answer without what it plainly denies.

    Args:
        text: of the answer.
        known: words of the question, its references and its facts.
        rightly: words of what the references deny themselves; a clause that denies any of these is left as it is.
    """
    if not denies(text):
        return text
    stems = {_stem(word) for word in (*known, *_REPORTING)}
    return " ".join(_affirmed(clause, stems, rightly) for clause in _CLAUSE.split(text) if clause)


def _affirmed(clause: str, known: AbstractSet[str], rightly: AbstractSet[str]) -> str:
    found = _NEGATION.search(clause)
    if found is None or _SUBORDINATE.match(clause):
        return clause
    denied = clause[found.end() :]
    said = set(words(denied)) - STOP_WORDS
    if _BOUND.search(denied) or said & rightly or {_stem(word) for word in said} - known:
        return clause
    return clause[: found.start()]


def _stem(word: str) -> str:
    """An English word without its ending: `grant` of `grants`, `granted` and `granting`."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
