"""Values of facts: numbers with units, names, words and lists, each with its accepted surface forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from ragstudy.fiction.names import Names

_NUMBER_WORDS = dict(
    enumerate("zero one two three four five six seven eight nine ten eleven twelve".split()),
)


@dataclass(frozen=True)
class Value:
    """What a fact says.

    Attributes:
        items: the value's parts; one for a scalar, two or more for a list.
        forms: for each item, every surface form that counts as naming it; the first is the one written.
        kind: type of the value, e.g. 'number', 'name', 'word'; a plausible wrong value has the same kind.
    """

    items: tuple[str, ...]
    forms: tuple[tuple[str, ...], ...]
    kind: str

    @property
    def text(self) -> str:
        """The value as written in a sentence: `a`, `a and b`, or `a, b and c`."""
        return join_list(self.items)

    @property
    def is_list(self) -> bool:
        """Whether the value has more than one part."""
        return len(self.items) > 1


class Maker(Protocol):
    """Draws a value for one relation of one subject."""

    def __call__(self, rng: Random, names: Names, /) -> Value:
        """A fresh value."""


def join_list(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`.

    Args:
        items: at least one.
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def scalar(text: str, kind: str, *others: str) -> Value:
    """A value of one part with its other accepted forms.

    Args:
        text: of the value.
        kind: type of the value.
        others: further accepted forms.
    """
    return Value((text,), ((text, *others),), kind)


def number(low: int, high: int, unit: str, *, step: int = 1, short: str = "") -> Maker:
    """Whole numbers from `low` to `high` in steps, followed by a unit; `short` is an accepted short unit.

    Args:
        low: smallest value.
        high: largest value.
        unit: that follows, or ''.
        step: between neighbouring values.
        short: accepted short form of the unit, or ''.
    """

    def make(rng: Random, _names: Names) -> Value:
        n = rng.randrange(low, high + 1, step)
        written = f"{n} {unit}".strip()
        others = [f"{n} {short}", f"{n}{short}"] if short else []
        if n in _NUMBER_WORDS:
            others.append(f"{_NUMBER_WORDS[n]} {unit}".strip())
        return scalar(written, "number", *others)

    return make


def year(low: int, high: int) -> Maker:
    """A calendar year.

    Args:
        low: smallest value.
        high: largest value.
    """

    def make(rng: Random, _names: Names) -> Value:
        return scalar(str(rng.randint(low, high)), "year")

    return make


def one_of(words: str) -> Maker:
    """One of the phrases in a string separated by `|`.

    Args:
        words: phrases separated by `|`.
    """
    choices = [word.strip() for word in words.split("|")]

    def make(rng: Random, _names: Names) -> Value:
        return scalar(rng.choice(choices), "word")

    return make


def some_of(words: str, low: int = 2, high: int = 4) -> Maker:
    """A list of `low` to `high` different phrases out of a string separated by `|`.

    Args:
        words: phrases separated by `|`.
        low: fewest phrases.
        high: most phrases.
    """
    choices = [word.strip() for word in words.split("|")]

    def make(rng: Random, _names: Names) -> Value:
        items = tuple(rng.sample(choices, rng.randint(low, high)))
        return Value(items, tuple((item,) for item in items), "list")

    return make


def invented(kind: str, form: str = "{}") -> Maker:
    """An invented name of a kind, placed into `form`; the bare name is accepted too.

    Args:
        kind: kind of name.
        form: template that the name is placed into.
    """

    def make(_rng: Random, names: Names) -> Value:
        name = names.draw(kind)
        written = form.format(name)
        return scalar(written, "name", *([name] if written != name else []))

    return make


def some_invented(kind: str, low: int = 2, high: int = 3) -> Maker:
    """A list of invented names of a kind.

    Args:
        kind: kind of name.
        low: fewest names.
        high: most names.
    """

    def make(rng: Random, names: Names) -> Value:
        items = tuple(names.draw(kind) for _ in range(rng.randint(low, high)))
        return Value(items, tuple((item,) for item in items), "list")

    return make


def person() -> Maker:
    """A person's name; the family name alone is accepted."""

    def make(_rng: Random, names: Names) -> Value:
        full = names.person()
        return scalar(full, "name", full.split()[-1])

    return make
