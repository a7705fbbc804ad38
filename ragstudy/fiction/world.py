"""Worlds: invented things with facts, and the documents that tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from ragstudy.fiction.names import Names
    from ragstudy.fiction.schema import Kind, Relation, Schema
    from ragstudy.fiction.values import Value

_SHARE_TOLD = 0.75
_SHARE_JOINED = 0.3
_SHARE_ASIDE = 0.25
_SHARE_MENTION = 0.6
_OF_IT = re.compile(r"\b[Tt]he ((?:current |known )?)\{r\} of \{s\}")


@dataclass(frozen=True)
class Subject:
    """One invented thing.

    Attributes:
        kind: what it is.
        name: its name in running text, with an article where one is needed ('the Velham trial').
        facts: what its document says, by relation label.
        untold: relations that its document is silent about.
    """

    kind: Kind
    name: str
    facts: dict[str, tuple[Relation, Value]]
    untold: tuple[Relation, ...]

    @property
    def title(self) -> str:
        """The name without article, capitalised."""
        return capitalise(self.name.removeprefix("the "))

    @property
    def word(self) -> str:
        """The invented word in the name."""
        before, after = self.kind.name[1].split("{}")
        return self.name.removeprefix("the ").removeprefix(before).removesuffix(after)


@dataclass(frozen=True)
class Sentence:
    """A rendered sentence, the labels of the facts it states, and the heading it stands under."""

    text: str
    labels: tuple[str, ...]
    section: str = ""


def capitalise(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def invent_subject(
    kind: Kind, rng: Random, names: Names, like: Subject | None = None, *, namesake: bool = False
) -> Subject:
    """A new thing of a kind; about three quarters of its relations get a fact, in random order.

    Args:
        kind: of thing.
        rng: source of randomness.
        names: draws its name.
        like: a thing whose name the new one resembles.
        namesake: whether it bears the very same invented word.
    """
    name_kind, form = kind.name
    word = _word_like(name_kind, like, names, namesake=namesake)
    written = form.format(word)
    name = f"the {written}" if kind.takes_article and " " in written else written
    relations = rng.sample(kind.relations, len(kind.relations))
    n_told = max(3, round(_SHARE_TOLD * len(relations)))
    facts = {r.label: (r, r.make(rng, names)) for r in relations[:n_told]}
    return Subject(kind, name, facts, tuple(relations[n_told:]))


def _word_like(name_kind: str, like: Subject | None, names: Names, *, namesake: bool) -> str:
    if like is None:
        return names.draw(name_kind)
    return like.word if namesake else names.draw_alike(name_kind, like.word)


def invent_subjects(schema: Schema, n: int, rng: Random, names: Names) -> list[Subject]:
    """`n` things of the schema's kinds, two of the first kind for one of each other."""
    weights = [2] + [1] * (len(schema.kinds) - 1)
    subjects: list[Subject] = []
    for _ in range(n):
        kind = rng.choices(schema.kinds, weights)[0]
        if schema.share_alike and subjects and rng.random() < schema.share_alike:
            subjects.append(_neighbour(kind, subjects, rng, names))
        else:
            subjects.append(invent_subject(kind, rng, names))
    return subjects


def _neighbour(kind: Kind, earlier: list[Subject], rng: Random, names: Names) -> Subject:
    """A thing whose name is like one of its kind, or the same as one of another kind whose names are of its sort."""
    taken = {one.word for one in earlier if one.kind is kind}
    other = rng.choice(earlier)
    if other.kind is not kind and other.kind.name[0] == kind.name[0] and other.word not in taken:
        return invent_subject(kind, rng, names, other, namesake=True)
    same = [one for one in earlier if one.kind is kind]
    return invent_subject(kind, rng, names, rng.choice(same) if same else None)


def state(relation: Relation, value: Value, subject: str, rng: Random) -> str:
    """A clause: a sentence without full stop, its first letter in lower case unless it starts a name."""
    template = rng.choice(relation.all_statements).removesuffix(".")
    if not template.startswith("{"):
        template = template[:1].lower() + template[1:]
    return fill(template, subject, relation.label, value.text)


def fill(template: str, subject: str, label: str, value: str = "") -> str:
    """A template with its subject, label and value put in; 'the price of it' becomes 'its price'."""
    possessive = f"{subject}'s"
    if subject == "it":
        possessive = "its"
        template = _OF_IT.sub(r"its \1{r}", template)
    return template.format(s=subject, ps=possessive, r=label, rs=label, v=value)


def tell(
    subject: Subject, rng: Random, sections: tuple[str, ...] = (), others: Sequence[Subject] = ()
) -> list[Sentence]:
    """The sentences of a subject's document, in order.

    The name stands in the opening and now and then later; elsewhere a pronoun or the noun stands for it.
    Some sentences join two facts, some state none. With sections, each stands under its heading. `others` are
    things that may be mentioned.
    """
    if sections:
        return _tell_in_sections(subject, sections, rng)
    kind = subject.kind
    sentences = [Sentence(capitalise(rng.choice(kind.openings).format(s=subject.name)), ())]
    facts = list(subject.facts.items())
    while facts:
        n = 2 if len(facts) > 1 and rng.random() < _SHARE_JOINED else 1
        told, facts = facts[:n], facts[n:]
        sentences.append(_sentence(subject, told, rng, first=len(sentences) == 1))
        if rng.random() < _SHARE_ASIDE:
            sentences.append(Sentence(rng.choice(kind.asides), ()))
        if kind.mentions and others:
            sentences += _mention(kind, others, rng)
    return sentences


def _mention(kind: Kind, others: Sequence[Subject], rng: Random) -> list[Sentence]:
    """Now and then a sentence that names another thing and says nothing that is asked for."""
    if rng.random() > _SHARE_MENTION:
        return []
    return [Sentence(capitalise(rng.choice(kind.mentions).format(o=rng.choice(others).name)), ())]


def _tell_in_sections(subject: Subject, sections: tuple[str, ...], rng: Random) -> list[Sentence]:
    """The sentences of a subject's document under headings; a section without facts is left out.

    Every section names the subject once, as the parts of a paper do.
    """
    kind = subject.kind
    opening = capitalise(rng.choice(kind.openings).format(s=subject.name))
    sentences = [Sentence(opening, (), sections[0])]
    for section in sections:
        facts = [(label, fact) for label, fact in subject.facts.items() if fact[0].section == section]
        for number, one in enumerate(facts):
            told = _sentence(subject, [one], rng, first=number == 0)
            sentences.append(Sentence(told.text, told.labels, section))
            if rng.random() < _SHARE_ASIDE:
                sentences.append(Sentence(rng.choice(kind.asides), (), section))
    return sentences


def _sentence(
    subject: Subject, told: list[tuple[str, tuple[Relation, Value]]], rng: Random, *, first: bool
) -> Sentence:
    pronoun = subject.kind.pronoun
    names = (subject.name,) if first else (subject.name, subject.kind.noun, pronoun)
    clauses = []
    for position, (_, (relation, value)) in enumerate(told):
        who = rng.choice(names) if position == 0 else pronoun
        clauses.append(state(relation, value, who, rng))
    return Sentence(f"{capitalise(', and '.join(clauses))}.", tuple(label for label, _ in told))
