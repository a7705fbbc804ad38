"""Whether a text states a fact: a form of it as it is written, or in the ways in which people write less or more of it.

A form stands in a text as it is (`ragstudy.scoring.words.holds`). Besides, and only where the text names none of the
fact's known wrong alternatives, these count:

* a person with middle names: `Thomas Alva Edison` for `Thomas Edison`;
* a name without what describes it: `George Huntington` for `the physician George Huntington`;
* what is left without the words of the question and without small words around it: `second` for `the second law` if
  the question asks `which law`;
* singular for plural;
* of a form of three or more telling words, three fifths: of a name together and in its order (`Elizabeth Patterson` for
  `Mary Elizabeth Patterson`; not `World Trade Organization` for `World Health Organization`), of other words near each
  other. Its numbers always have to be there;
* a year with the number of a source run into it: `193912` for `1939`.

The rules were made on answers to Natural Questions that people judged (docs/results/scorer.md).

Examples:
    >>> from ragstudy.records import Fact
    >>> states(Fact('f', ('Mary Elizabeth Patterson',)), 'It was Elizabeth Patterson.', 'Who played Mrs Trumbull?')
    True
    >>> from ragstudy.records import Fact
    >>> states(Fact('f', ('World Health Organization',)), 'The World Trade Organization.', 'Who said so?')
    False
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from ragstudy.scoring.words import STOP_WORDS, contains, holds, variants, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from ragstudy.records import Fact

_WORD = re.compile(r"[\w'\u2019-]+")
_FEWEST_TELLING = 3
_PART = 0.6
_MOST_BETWEEN = 2
_SHORTEST_NAME = 4
_SHORTEST_PLURAL = 4
# A form that denies is not shortened.
_DENYING = frozenset({"no", "not", "nor", "never", "neither", "without", "non"})
_ARTICLES = frozenset({"a", "an", "the"})
# They begin names of places, in which a word between is another place: South West Africa is not South Africa.
_OF_PLACES = frozenset(
    ["north", "south", "east", "west", "new", "united", "saint", "san", "great", "upper", "lower", "central"]
)
_ENDS_IN_A_YEAR = re.compile(r"\b[12]\d{3}$")
_YEAR_AND_SOURCE = re.compile(r"\b([12]\d{3})\d{1,2}\b")


def states(fact: Fact, text: str, question: str) -> bool:
    """Whether a text states a fact.

    Args:
        fact: with its forms and wrong alternatives.
        text: to look at.
        question: that the fact answers.
    """
    said = words(text)
    if any(is_written(text, said, form) for form in fact.forms):
        return True
    if any(is_written(text, said, wrong) for wrong in fact.alternatives):
        return False
    asked = frozenset(_singular(word) for word in words(question) if word not in STOP_WORDS)
    return any(_is_meant(text, form, asked) for form in fact.forms)


def is_written(text: str, said: Sequence[str], form: str) -> bool:
    """Whether a text holds a form as it is; a form of signs alone is looked for as it is written.

    Args:
        text: to look at.
        said: its words.
        form: of a fact.
    """
    if not words(form):
        return bool(form.strip()) and form.strip() in text
    return any(holds(said, variant) for variant in variants(form))


def _is_meant(text: str, form: str, asked: frozenset[str]) -> bool:
    if _ENDS_IN_A_YEAR.search(form):
        text = _YEAR_AND_SOURCE.sub(r"\1", text)
    said = words(text.replace("&", " and "))
    singular = [_singular(word) for word in said]
    for words_of_form in _readings(form, asked):
        if holds(said, words_of_form) or contains(singular, [_singular(word) for word in words_of_form]):
            return True
    return _holds_with_middle_names(text, form) or _holds_most(singular, form)


@lru_cache(maxsize=100_000)
def _readings(form: str, asked: AbstractSet[str]) -> tuple[tuple[str, ...], ...]:
    """The words of a form, of it without what describes its name, and without those of the question."""
    form = form.replace("&", " and ")
    found = [*variants(form), *_without_description(form)]
    whole = words(form)
    left = [word for word in whole if word in STOP_WORDS or _singular(word) not in asked]
    if any(word in _DENYING for word in whole):
        return tuple(dict.fromkeys(found))
    while left and left[0] in STOP_WORDS:
        left.pop(0)
    while left and left[-1] in STOP_WORDS:
        left.pop()
    return tuple(dict.fromkeys([*found, tuple(left)] if left else found))


def _without_description(form: str) -> Iterator[tuple[str, ...]]:
    parts = form.split()
    described = 0
    while described < len(parts) and parts[described][:1].islower():
        if parts[described] in STOP_WORDS - _ARTICLES:
            return
        described += 1
    name = parts[described:]
    if described and name and len("".join(name)) >= _SHORTEST_NAME and name[0][:1].isupper():
        yield from variants(" ".join(name))


def _holds_with_middle_names(text: str, form: str) -> bool:
    parts = form.split()
    if len(parts) != 2 or not all(part[:1].isupper() and part.isalpha() for part in parts):  # noqa: PLR2004 - first, last
        return False
    first, last = parts
    if first.casefold() in _OF_PLACES:
        return False
    return re.search(rf"\b{first}\s+(?:[A-Z][\w.'-]*\s+){{1,2}}{last}\b", text) is not None


def _holds_most(singular: Sequence[str], form: str) -> bool:
    """Whether most of a longer form's telling words stand together, all of its numbers among them."""
    telling = [_singular(word) for word in words(form) if word not in STOP_WORDS]
    if len(telling) < _FEWEST_TELLING or any(word in _DENYING for word in words(form)):
        return False
    said = [word for word in singular if word not in STOP_WORDS]
    numbers = {word for word in telling if any(sign.isdigit() for sign in word)}
    least = math.ceil(len(telling) * _PART)
    written = [word for word in _WORD.findall(form) if word.casefold() not in STOP_WORDS]
    if all(word[:1].isupper() or word[:1].isdigit() for word in written):
        return any(
            contains(said, telling[start : start + n]) and numbers <= set(telling[start : start + n])
            for n in range(least, len(telling))
            for start in range(len(telling) - n + 1)
        )
    width, wanted = len(telling) + _MOST_BETWEEN, Counter(telling)
    for start, word in enumerate(said):
        if word in wanted:
            there = Counter(said[start : start + width]) & wanted
            if sum(there.values()) >= least and all(there[number] for number in numbers):
                return True
    return False


def _singular(word: str) -> str:
    is_plural = len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if is_plural else word
