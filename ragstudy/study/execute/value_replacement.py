"""Passages with wrong values: the right value replaced by another of its type, wherever it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from ragstudy.scoring.words import holds, variants, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ragstudy.records import Fact, Passage, Question

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TAKES_NO_VALUE = frozenset({"yesno", "comparison", "unanswerable"})


@dataclass(frozen=True)
class WithReplacedValues:
    """Passages in which facts of a question have other values.

    Attributes:
        passages: all of those shown, the gold ones first.
        values: the new value of each fact that was replaced, by fact id.
    """

    passages: tuple[Passage, ...]
    values: dict[str, str]


class ValueReplacer:
    """Replaces the values that a question asks for, in passages.

    A fact's own `alternatives` come first. Where it has none, another question's fact of the same form takes its
    place: a number with the same unit, or a value of as many words that is a name if this one is. Which one is drawn
    with the question's id, so that it is the same for every generator.

    Args:
        questions: all of the domain, whose facts lend each other values.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._questions = questions

    @cached_property
    def _known(self) -> dict[tuple[str, ...], list[str]]:
        known: dict[tuple[str, ...], dict[str, None]] = {}
        for question in self._questions:
            for fact in question.facts if question.type not in _TAKES_NO_VALUE else ():
                known.setdefault(_form(fact.forms[0]), {})[fact.forms[0]] = None
        return {form: list(values) for form, values in known.items()}

    def replace(
        self, question: Question, gold: Sequence[Passage], others: Sequence[Passage] = ()
    ) -> WithReplacedValues | None:
        """The passages with every value that the question asks for replaced, wherever it stands in them.

        None where that is not safe: a fact has no other value of its type, or does not stand word for word in the gold
        passages, or is still there afterwards, in a title or in another form.

        Args:
            question: with the facts whose values are replaced.
            gold: passages that state them.
            others: passages shown beside these.
        """
        if question.type in _TAKES_NO_VALUE or not question.facts:
            return None
        shown = [*gold, *others]
        values: dict[str, str] = {}
        for fact in question.facts:
            other = self._other(question, fact, taken=values.values())
            if other is None:
                return None
            pattern = _pattern(fact.forms)
            changed = [replace(one, text=pattern.sub(_literal(other), one.text)) for one in shown]
            if changed[: len(gold)] == shown[: len(gold)]:
                return None
            shown, values[fact.id] = changed, other
        left = [words(f"{one.title} {one.text}") for one in shown]
        gone = [form for fact in question.facts for text in fact.forms for form in variants(text)]
        if any(holds(said, form) for said in left for form in gone):
            return None
        return WithReplacedValues(tuple(shown), values)

    def _other(self, question: Question, fact: Fact, taken: Iterable[str]) -> str | None:
        own = [form for one in question.facts for text in one.forms for form in variants(text)]
        own += [form for text in taken for form in variants(text)]
        known = fact.alternatives or self._known.get(_form(fact.forms[0]), [])
        # A value that holds a true one could never be told from it.
        free = [text for text in known if not any(holds(words(text), form) for form in own)]
        return Random(f"{question.id}/{fact.id}").choice(free) if free else None


def _literal(text: str) -> str:
    """A replacement that stands for itself."""
    return text.replace("\\", "\\\\")


def _form(text: str) -> tuple[str, ...]:
    """What values of the same type share: the words beside a number, or how many words and whether it is a name."""
    if _NUMBER.search(text):
        return ("number", _NUMBER.sub("#", text.casefold()))
    kind = "name" if text[:1].isupper() else "words"
    return (kind, str(len(text.split())))


def _pattern(forms: Sequence[str]) -> re.Pattern[str]:
    longest = sorted(forms, key=len, reverse=True)
    one = "|".join(re.escape(form) for form in longest)
    # Whole words and whole numbers: 5 stands neither in 15 nor in 3.5 nor in 5.2.
    return re.compile(rf"(?<!\w)(?<!\d[.,])(?:{one})(?!\w)(?![.,]\d)", re.IGNORECASE)
