"""Texts of ordinary English words without a schema: random relations, and sentences of random words.

They keep an embedded model from leaning on the few schemas of the fiction: whatever the words are, the
question names some of them and the answer stands beside these.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ragstudy.fiction.schema import Kind, Relation, Schema
from ragstudy.fiction.values import Value, invented, number, person, scalar, some_invented, year

if TYPE_CHECKING:
    from random import Random

    from ragstudy.fiction.names import Names

_HEADS = (
    "name|code|limit|rate|length|width|height|depth|speed|cost|fee|tax|origin|source|target|style|colour|shape|"
    "material|surface|model|method|rule|order|season|month|team|unit|office|station|market|bank|school|party|"
    "language|religion|symbol|title|role|author|owner|founder|leader|keeper|builder|designer|partner|rival|"
    "neighbour|capital|border|river|mountain|harbour|bridge|road|crop|animal|plant|metal|stone|fuel|engine|"
    "signal|sound|song|dance|dish|drink|game|prize|score|record|treaty|law|war|battle|event|festival|holiday|"
    "dataset|baseline|metric|corpus|score|task|layer|size|loss|encoder|feature|gene|protein|enzyme|tissue"
).split("|")
_FUNCTION = "the of and to in for with on at by from as is was were are has had that this which after before".split()
_KINDS = (
    "the bridge|the festival|the engine|the library|the island|the lake|the museum|the village|the team|the school|"
    "the painting|the novel|the society|the railway|the castle|the method|the dataset|the study|the species|the song"
).split("|")


@cache
def words() -> tuple[str, ...]:
    """Ordinary English words, most frequent first: whole words of the embedder's vocabulary.

    Raises:
        ImportError: the package that carries the embedder is not installed (extra `offline`).
    """
    from ragstudy.retrieval.minilm import vocabulary

    return tuple(word for word in vocabulary() if word.isascii() and word.isalpha() and len(word) > 2)


def word(rng: Random) -> str:
    """A word, frequent ones more often (about 1/rank).

    Args:
        rng: gives the random draws.
    """
    known = words()
    return known[min(int(len(known) ** rng.random()) + int(rng.random() * 300), len(known) - 1)]


class _Phrase:
    def __init__(self, longest: int) -> None:
        self._longest = longest

    def __call__(self, rng: Random, _names: Names) -> Value:
        return scalar(" ".join(word(rng) for _ in range(rng.randint(1, self._longest))), "word")


class _Phrases:
    def __call__(self, rng: Random, _names: Names) -> Value:
        items = tuple(dict.fromkeys(f"{word(rng)} {word(rng)}" for _ in range(rng.randint(2, 4))))
        return Value(items, tuple((item,) for item in items), "list")


def random_schema(rng: Random) -> Schema:
    """A schema of one kind whose relations are made of random words.

    Args:
        rng: gives the random draws.
    """
    relations = {label: _relation(label, rng) for label in (_label(rng) for _ in range(rng.randint(5, 10)))}
    noun = rng.choice(_KINDS)
    form = rng.choice(("{}", "{}", noun.removeprefix("the ").capitalize() + " {}", "{} " + noun.removeprefix("the ")))
    kind = Kind(
        noun=noun,
        name=(rng.choice(("place", "person", "thing", "drug")), form),
        relations=tuple(relations.values()),
        openings=("{s} is described here.", "This page is about {s}.", f"{{s}} is {noun.replace('the', 'a', 1)}."),
        asides=tuple(f"{' '.join(word(rng) for _ in range(rng.randint(4, 10)))}.".capitalize() for _ in range(4)),
    )
    return Schema("random", "random", (kind,))


def _label(rng: Random) -> str:
    head = rng.choice(_HEADS)
    return head if rng.random() < 0.2 else f"{word(rng)} {head}"


def _relation(label: str, rng: Random) -> Relation:
    draw = rng.random()
    if draw < 0.2:
        top = rng.choice((50, 500, 5000, 50000))
        return Relation(label, number(2, top, rng.choice(("", "percent", word(rng), "points", "km"))))
    if draw < 0.3:
        return Relation(label, year(1400, 2030))
    if draw < 0.5:
        return Relation(label, invented(rng.choice(("place", "thing", "drug", "ill", "person"))))
    if draw < 0.6:
        return Relation(label, person())
    if draw < 0.85:
        return Relation(label, _Phrase(4))
    plural = f"{label}s"
    maker = some_invented(rng.choice(("place", "thing"))) if draw < 0.92 else _Phrases()
    return Relation(plural, maker, is_list=True)


@dataclass(frozen=True)
class SaladSentence:
    """A sentence of random words.

    Attributes:
        tokens: words, numbers and names, in order.
    """

    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentence as written."""
        joined = " ".join(self.tokens)
        return f"{joined[:1].upper()}{joined[1:]}."


def salad_sentences(rng: Random, n_words: int) -> list[SaladSentence]:
    """Sentences of 7 to 16 random words, about `n_words` in all; names and numbers among them.

    Args:
        rng: gives the random draws.
        n_words: words in all, about.
    """
    sentences: list[SaladSentence] = []
    while sum(len(sentence.tokens) for sentence in sentences) < n_words:
        sentences.append(SaladSentence(tuple(_token(rng) for _ in range(rng.randint(7, 16)))))
    return sentences


def _token(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.3:
        return rng.choice(_FUNCTION)
    if draw < 0.38:
        return str(rng.randint(1, 2100))
    drawn = word(rng)
    return drawn.capitalize() if draw < 0.55 else drawn


def ask_salad(sentence: SaladSentence, rng: Random) -> tuple[str, str]:
    """A question that names the words around a span of the sentence, and the span as the answer.

    Args:
        sentence: that holds the answer.
        rng: gives the random draws.
    """
    n = len(sentence.tokens)
    length = rng.randint(1, 4)
    start = rng.randint(0, n - length - 3)
    span = sentence.tokens[start : start + length]
    before = sentence.tokens[max(0, start - 5) : start]
    after = sentence.tokens[start + length : start + length + 6]
    if before and rng.random() < 0.5:
        text = f"{' '.join(before)} what?" if rng.random() < 0.5 else f"{' '.join(before)} what {' '.join(after)}?"
    else:
        text = f"{rng.choice(('What', 'Who', 'Which'))} {' '.join(after)}?"
    answer = " ".join(span)
    return text[:1].upper() + text[1:], f"{answer[:1].upper()}{answer[1:]}."
