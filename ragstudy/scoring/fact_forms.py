"""Whether a text states a fact: a form of it as it is written, or in the few other ways in which people write names.

A form stands in a text as it is (`ragstudy.scoring.words.holds`). Besides, and only where the text names none of the
fact's known wrong alternatives, these count:

* a person with middle names, where the question asks who: `Thomas Alva Edison` for `Thomas Edison`;
* a name without what describes it: `George Huntington` for `the physician George Huntington`;
* a middle name as its initial with a dot, or written out, where the question asks who: `William Gannaway Brownlow` for
  `William G. Brownlow`;
* a name of three or more words without first names, or without Jr.: `Elizabeth Patterson` for `Mary Elizabeth
  Patterson`; not `World Trade Organization` for `World Health Organization`, nor `World War I` for `World War II`;
* a form without the article or preposition before it, and without words of the question, if two words without a number
  are left of it: `exchange market` for `foreign exchange market` if the question asks `which foreign`;
* the letters that a name of three or more words begins with, unless they are spelled out as another name: `WHO` for
  `World Health Organization`; of two words only `US`, `UK`, `UN` and `EU`;
* singular for plural, English or Latin, of words in lower case; `and` for `&`;
* a year with the number of a source run into it, where the question asks when: `193912.` for `1939`;
* a time of day in another notation: `19:30` for `7.30 pm`;
* a quantity rounded, where the answer says that it is: `about 225 days` for `224.7 days`;
* a form that a small word was run into, as in text taken from a page: `wasGlenn Close1` for `Glenn Close`.

A part of it is stated (`share_stated`) by a date that is less exact (`ragstudy.scoring.dates`), and, where the question
asks for a place, by the place without the larger one that it lies in, if its sentence names no other: `Oslo` for `Oslo,
Norway`.

Directions, negations and phrases are found as they are written only: of `high blood pressure` no part says it. The
rules were made on answers to Natural Questions that people judged (docs/results/scorer.md).

Examples:
    >>> from ragstudy.records import Fact
    >>> states(Fact('f', ('Mary Elizabeth Patterson',)), 'It was Elizabeth Patterson.', 'Who played Mrs Trumbull?')
    True
    >>> states(Fact('f', ('World Health Organization',)), 'The World Trade Organization.', 'Who said so?')
    False
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ragstudy.scoring.dates import is_same_time, share_of_date
from ragstudy.scoring.rounding import is_rounded
from ragstudy.scoring.words import STOP_WORDS, contains, holds, variants, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ragstudy.records import Fact

_FEWEST_OF_NAME, _LEAST_LEFT = 3, 2
_SHORTEST_NAME = 4
_SHORTEST_PLURAL = 4
# `bacterium` and `bacteria`, `mitochondrion` and `mitochondria`.
_SHORTEST_LATIN, _LATIN_ENDINGS = 8, ("ria", "rium", "rion")
_ARTICLES = frozenset({"a", "an", "the"})
_SMALL = _ARTICLES | {"in", "on", "at", "of", "by", "for", "with"}
_ENDINGS = frozenset({"jr", "sr"})
# A form that denies or compares is found as it is written only.
_AS_WRITTEN = frozenset(
    ("no", "not", "nor", "never", "neither", "without", "non", "least", "most", "more", "less", "than", "up", "only")
)
# They begin names of places, in which a word between is another place: South West Africa is not South Africa.
_OF_PLACES = frozenset(
    ("north", "south", "east", "west", "new", "united", "saint", "san", "great", "upper", "lower", "central")
)
_ASKS_WHO = re.compile(r"\b(who|whom|whose)\b", re.IGNORECASE)
_ASKS_WHEN = re.compile(r"\b(when|year|date)\b", re.IGNORECASE)
_ENDS_IN_A_YEAR = re.compile(r"\b[12]\d{3}$")
# `JavaScript` and `YouTube` are one word each.
_RUN_INTO = re.compile(r"\b(a|an|and|as|at|by|for|from|in|is|of|on|the|to|was|were|with)(?=[A-Z][a-z])")
_SOURCE_BEHIND = re.compile(r"(?<=[a-z]{2})\d{1,3}(?=[.,;]?(?:\s|$))")
_SHORT_INITIALS = {
    "united states": "US",
    "united kingdom": "UK",
    "united nations": "UN",
    "european union": "EU",
}
_LONG_NAME = re.compile(r"\b[A-Z][a-z]+(?:\s+(?:(?:of|for|and|the|in|on|de)\s+)*[A-Z][a-z]+)+")
_NAME = r"[A-Z][^\W\d_]+(?:[ '\u2019-][A-Z][^\W\d_]+)*"
_TWO_NAMES = re.compile(rf"({_NAME}), ({_NAME})")
_ASKS_WHERE = re.compile(
    r"\b(where|(?:which|what) (?:city|town|place|village|country|state|site|location))\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_CAPITALISED = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'\u2019]*|\d+")
_YEAR_AND_SOURCE = re.compile(r"\b([12]\d{3})\d{1,2}(?=[.,;]?(\s|$))")


def states(fact: Fact, text: str, question: str) -> bool:
    """Whether a text states a fact.

    Args:
        fact: with its forms and wrong alternatives.
        text: to look at.
        question: that the fact answers.
    """
    if is_written(fact, text):
        return True
    said = words(text)
    if any(_holds_form(text, said, wrong) for wrong in fact.alternatives):
        return False
    return any(_is_meant(text, form, question) for form in fact.forms)


def share_stated(fact: Fact, text: str, question: str) -> float:
    """How much of a fact a text states, in [0, 1]: all, nothing, or a part of a date or of a place.

    Args:
        fact: with its forms and wrong alternatives.
        text: to look at.
        question: that the fact answers.
    """
    if states(fact, text, question):
        return 1.0
    if named_alternatives(fact, text):
        return 0.0
    text = _without_sources(text, question)
    shares = (max(share_of_date(form, text), _share_of_place(form, text, question)) for form in fact.forms)
    return max(shares, default=0.0)


def is_written(fact: Fact, text: str) -> bool:
    """Whether a text holds a form of a fact as it is.

    Args:
        fact: with its forms.
        text: to look at.
    """
    said = words(text)
    return any(_holds_form(text, said, form) for form in fact.forms)


def named_alternatives(fact: Fact, text: str) -> set[str]:
    """The known wrong alternatives of a fact that a text holds as they are.

    Args:
        fact: with its alternatives.
        text: to look at.
    """
    said = words(text)
    return {one for one in fact.alternatives if _holds_form(text, said, one)}


def _holds_form(text: str, said: Sequence[str], form: str) -> bool:
    """As it is; a form of signs alone is looked for as it is written."""
    if not words(form):
        return bool(form.strip()) and form.strip() in text
    return any(holds(said, variant) for variant in variants(form))


def _is_meant(text: str, form: str, question: str) -> bool:
    if any(word in _AS_WRITTEN for word in words(form)):
        return False
    if _ENDS_IN_A_YEAR.search(form):
        text = _without_sources(text, question)
    asked = frozenset(one for word in words(question) if word not in STOP_WORDS for one in _singulars(word))
    said = words(text.replace("&", " and "))
    return (
        any(holds(said, reading) for reading in _readings(form, asked))
        or _is_run_into(text, form)
        or _holds_in_singular(said, form)
        or is_same_time(form, text)
        or is_rounded(form, text)
        or _holds_initials(text, form)
        or _holds_with_middle_names(text, form, question)
        or _holds_with_initials(text, form, question)
        or _holds_last_names(said, form)
    )


def _is_run_into(text: str, form: str) -> bool:
    """Whether a form stands in a text in which small words were run into others."""
    if not _RUN_INTO.search(text):
        return False
    return holds(words(_SOURCE_BEHIND.sub("", _RUN_INTO.sub(r"\1 ", text))), words(form))


def _without_sources(text: str, question: str) -> str:
    """The text without numbers of sources that are run into years, where the question asks when."""
    return _YEAR_AND_SOURCE.sub(r"\1", text) if _ASKS_WHEN.search(question) else text


@lru_cache(maxsize=100_000)
def _readings(form: str, asked: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """The words of a form; without what describes its name; without a small word before it; without the question's."""
    form = form.replace("&", " and ")
    whole = words(form)
    found = [*variants(form), *_without_description(form)]
    if len(whole) > 1 and whole[0] in _SMALL:
        found.append(tuple(whole[1:]))
    left = [word for word in whole if word in STOP_WORDS or not _singulars(word) & asked]
    while left and left[0] in STOP_WORDS:
        left.pop(0)
    telling = [word for word in left if word not in STOP_WORDS]
    capitals = {word for part in form.split() if part[:1].isupper() for word in words(part)}
    if len(telling) >= _LEAST_LEFT and all(w.isalpha() and len(w) > 1 and w not in capitals for w in telling):
        found.append(tuple(left))
    return tuple(dict.fromkeys(found))


def _without_description(form: str) -> Iterator[tuple[str, ...]]:
    parts = form.split()
    described = 0
    while described < len(parts) and parts[described][:1].islower():
        if parts[described] in STOP_WORDS - _ARTICLES:
            return
        described += 1
    name = parts[described:]
    if described and name and len("".join(name)) >= _SHORTEST_NAME and all(part[:1].isupper() for part in name):
        yield from variants(" ".join(name))


def _holds_in_singular(said: Sequence[str], form: str) -> bool:
    """Whether the words stand there in singular or plural; those with a capital as they are."""
    lower = {word for part in form.split() if part[:1].islower() for word in words(part)}
    wanted = words(form)
    if not lower or any(not word.isalpha() for word in wanted):
        return False

    def is_there(place: int) -> bool:
        some = said[place : place + len(wanted)]
        return all(
            _singulars(one) & _singulars(word) if word in lower else one == word
            for word, one in zip(wanted, some, strict=True)
        )

    return any(is_there(place) for place in range(len(said) - len(wanted) + 1))


def _holds_initials(text: str, form: str) -> bool:
    """Whether a name stands there as its initials, and no other name that has the same."""
    letters = _initials(form)
    if len(letters) < _FEWEST_OF_NAME:
        letters = _SHORT_INITIALS.get(form.casefold().removeprefix("the "), "")
    written = r"\.?".join(letters)
    if not letters or not re.search(rf"\b{written}\b", text):
        return False
    return not any(_initials(name[0]) == letters for name in _LONG_NAME.finditer(text))


def _initials(name: str) -> str:
    """The first letters of a name's words but the small ones; '' where one of them has no capital."""
    parts = [part for part in name.split() if part.casefold() not in STOP_WORDS]
    is_name = len(parts) > 1 and all(part[:1].isupper() and not part.isupper() for part in parts)
    return "".join(part[0] for part in parts) if is_name else ""


def _share_of_place(form: str, text: str, question: str) -> float:
    """A half if a text answers where with the first of `Oslo, Norway`, and its sentence names nothing else; else 0."""
    named = _TWO_NAMES.fullmatch(form.strip())
    if named is None or len(named[1]) < _SHORTEST_NAME or not _ASKS_WHERE.search(question):
        return 0.0
    known = set(words(question)) | set(words(form))
    for sentence in _SENTENCE_END.split(text):
        found = re.search(rf"(?<![\w-])(?<!'s ){re.escape(named[1])}(?![\w'\u2019-])", sentence)
        if found is not None:
            before = sentence[: found.start()].split()[-1:]
            if before and before[0][:1].isupper() and before[0].casefold() not in STOP_WORDS:
                return 0.0
            others = {word for one in _CAPITALISED.findall(sentence) for word in words(one)} - known
            return 0.0 if others else 0.5
    return 0.0


def _holds_with_middle_names(text: str, form: str, question: str) -> bool:
    parts = form.split()
    if len(parts) != 2 or not all(part[:1].isupper() and part.isalpha() for part in parts):  # noqa: PLR2004 - first, last
        return False
    first, last = parts
    if first.casefold() in _OF_PLACES or not _ASKS_WHO.search(question):
        return False
    return re.search(rf"\b{first}\s+(?:[A-Z][\w.'-]*\s+){{1,2}}{last}\b", text) is not None


def _holds_last_names(said: Sequence[str], form: str) -> bool:
    """Whether a name of three or more words stands there without its first ones, or without what stands after it."""
    written = [part for part in re.findall(r"[\w'\u2019.-]+", form) if part.casefold() not in STOP_WORDS]
    name = [word for word in words(form) if word not in STOP_WORDS]
    if len(name) < _FEWEST_OF_NAME or not all(part[:1].isupper() for part in written):
        return False
    told = [word for word in said if word not in STOP_WORDS]
    if name[-1] in _ENDINGS:
        name.pop()
        if contains(told, name):
            return True
    least = max(2, -(-len(name) * 3 // 5))
    tails = (name[start:] for start in range(1, len(name) - least + 1))
    return any(contains(told, tail) for tail in tails if sum(len(word) > 1 for word in tail) >= _LEAST_LEFT)


def _holds_with_initials(text: str, form: str, question: str) -> bool:
    """Whether a person's name stands there with an initial in place of a middle name, or the other way round."""
    parts = form.split()
    if len(parts) < _FEWEST_OF_NAME or not _ASKS_WHO.search(question):
        return False
    if not all(re.fullmatch(r"[A-Z](?:\.|[^\W\d_]+)", part) for part in parts) or "." in parts[0] + parts[-1]:
        return False
    middle = r"\s+".join(rf"{part[0]}[a-z]+" if part.endswith(".") else rf"{part[0]}\." for part in parts[1:-1])
    return re.search(rf"\b{parts[0]}\s+{middle}\s+{parts[-1]}\b", text) is not None


@lru_cache(maxsize=20_000)
def _singulars(word: str) -> frozenset[str]:
    """What a word may be the plural of, English or Latin, and itself."""
    found = {word}
    if len(word) >= _SHORTEST_LATIN and word.endswith(_LATIN_ENDINGS):
        found.add(word.removesuffix("a").removesuffix("um").removesuffix("on"))
    if len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        found.add(word[:-1])
        if word.endswith("ies") and len(word) > _SHORTEST_PLURAL:
            found.add(word[:-3] + "y")
        if word.endswith(("ches", "shes", "sses", "xes")):
            found.add(word[:-2])
    return frozenset(found)
