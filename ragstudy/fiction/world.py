"""Worlds: invented things with facts, and the documents that tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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
_SHARE_LINKED = 0.7
_SHARE_OWN = 0.5
_SHARE_EDITIONS = 0.2
_SHARE_CHANGED = 0.7
_FEWEST_ROWS, _MOST_ROWS = 3, 5
_OF_IT = re.compile(r"\b[Tt]he ((?:current |known )?)\{r\} of \{s\}")


@dataclass(frozen=True)
class Subject:
    """One invented thing.

    Attributes:
        kind: what it is.
        name: its name in running text, with an article where one is needed ('the Velham trial').
        facts: what its document says, by relation label.
        untold: relations that its document is silent about.
        edition: what sets a withdrawn edition of its document apart; empty for the one in force.
    """

    kind: Kind
    name: str
    facts: dict[str, tuple[Relation, Value]]
    untold: tuple[Relation, ...]
    edition: str = ""

    @property
    def title(self) -> str:
        """The name without article, capitalised, with the edition if it is withdrawn."""
        title = capitalise(self.name.removeprefix("the "))
        return f"{title} ({self.edition})" if self.edition else title

    @property
    def word(self) -> str:
        """The invented word in the name."""
        before, after = self.kind.name[1].split("{}")
        return self.name.removeprefix("the ").removeprefix(before).removesuffix(after)


@dataclass(frozen=True)
class Sentence:
    """A rendered sentence or row of a table, the labels of the facts it states, and the heading it stands under.

    Attributes:
        text: of the sentence or row.
        labels: names of the relations that it states.
        section: heading that it stands under, or ''.
        is_row: whether it is a row of a table.
    """

    text: str
    labels: tuple[str, ...]
    section: str = ""
    is_row: bool = False


def capitalise(text: str) -> str:
    """The text with its first letter in upper case.

    Args:
        text: to change.
    """
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
    """`n` things of the schema's kinds, two of the first kind for one of each other.

    Args:
        schema: kinds of things and their relations.
        n: number of things.
        rng: gives the random draws.
        names: gives invented names.
    """
    weights = [2] + [1] * (len(schema.kinds) - 1)
    subjects: list[Subject] = []
    for _ in range(n):
        kind = rng.choices(schema.kinds, weights)[0]
        if schema.share_alike and subjects and rng.random() < schema.share_alike:
            subjects.append(_neighbour(kind, subjects, rng, names))
        else:
            subjects.append(invent_subject(kind, rng, names))
        if kind.has_editions and len(subjects) < n and rng.random() < _SHARE_EDITIONS:
            subjects.append(_withdrawn(subjects[-1], rng, names))
    return subjects[:n]


def _withdrawn(subject: Subject, rng: Random, names: Names) -> Subject:
    """An earlier edition of a thing's document, most values of which were others."""
    facts = {
        label: (relation, relation.make(rng, names) if rng.random() < _SHARE_CHANGED else value)
        for label, (relation, value) in subject.facts.items()
    }
    return replace(subject, facts=facts, edition=f"edition of {rng.randint(1995, 2019)}, withdrawn")


def link(subjects: Sequence[Subject], rng: Random) -> list[Subject]:
    """The same things, with values of referring relations replaced by others of them: a graph instead of a list.

    Most references then lead to a thing with a document of its own, so that a question can take two steps.

    Args:
        subjects: things of one world.
        rng: gives the random draws.
    """
    by_noun: dict[str, list[Subject]] = {}
    for subject in subjects:
        if not subject.edition:
            by_noun.setdefault(subject.kind.noun, []).append(subject)
    linked = []
    for subject in subjects:
        facts = dict(subject.facts)
        for label, (relation, value) in subject.facts.items():
            known = by_noun.get(relation.refers_to, [])
            if known and rng.random() < _SHARE_LINKED:
                other = rng.choice(known)
                facts[label] = (relation, _referring(value, other) if other.name != subject.name else value)
        linked.append(replace(subject, facts=facts))
    return linked


def _referring(value: Value, other: Subject) -> Value:
    """The value with its first part replaced by the name of a thing."""
    if other.name in value.items:
        return value
    forms = tuple(dict.fromkeys((other.name, other.name.removeprefix("the "), other.word)))
    return replace(value, items=(other.name, *value.items[1:]), forms=(forms, *value.forms[1:]))


def _neighbour(kind: Kind, earlier: list[Subject], rng: Random, names: Names) -> Subject:
    """A thing whose name is like one of its kind, or the same as one of another kind whose names are of its sort."""
    taken = {one.word for one in earlier if one.kind is kind}
    other = rng.choice(earlier)
    if other.kind is not kind and other.kind.name[0] == kind.name[0] and other.word not in taken:
        return invent_subject(kind, rng, names, other, namesake=True)
    same = [one for one in earlier if one.kind is kind]
    return invent_subject(kind, rng, names, rng.choice(same) if same else None)


def state(relation: Relation, value: Value, subject: str, rng: Random) -> str:
    """A clause: a sentence without full stop, its first letter in lower case unless it starts a name.

    Args:
        relation: that is stated.
        value: of the relation.
        subject: name of the thing.
        rng: gives the random draws.
    """
    own = relation.statements if rng.random() < _SHARE_OWN else ()
    template = rng.choice(own or relation.all_statements).removesuffix(".")
    if not template.startswith("{"):
        template = template[:1].lower() + template[1:]
    return fill(template, subject, relation.label, value.text)


def fill(template: str, subject: str, label: str, value: str = "") -> str:
    """A template with its subject, label and value put in; 'the price of it' becomes 'its price'.

    Args:
        template: with places for subject, label and value.
        subject: name of the thing.
        label: name of the relation.
        value: of the relation.
    """
    possessive = f"{subject}'s"
    if subject == "it":
        possessive = "its"
        template = _OF_IT.sub(r"its \1{r}", template)
    return template.format(s=subject, ps=possessive, r=label, rs=label, v=value)


def tell(
    subject: Subject,
    rng: Random,
    sections: tuple[str, ...] = (),
    others: Sequence[Subject] = (),
    share_tables: float = 0.0,
) -> list[Sentence]:
    """The sentences of a subject's document, in order.

    The name stands in the opening and now and then later; elsewhere a pronoun or the noun stands for it.
    Some sentences join two facts, some state none. With sections, each stands under its heading. `others` are
    things that may be mentioned. A share of the documents gives some of the facts in a table.

    Args:
        subject: thing that the document is about.
        rng: gives the random draws.
        sections: headings.
        others: things that may be mentioned beside it.
        share_tables: share of the documents that hold a table.
    """
    has_table = share_tables > 0 and rng.random() < share_tables
    if sections:
        return _tell_in_sections(subject, sections, rng, has_table=has_table)
    kind = subject.kind
    sentences = [Sentence(_opening(subject, rng), ())]
    facts = list(subject.facts.items())
    n_rows = rng.randint(_FEWEST_ROWS, _MOST_ROWS) if has_table else 0
    facts, tabled = facts[n_rows:], facts[:n_rows]
    while facts:
        n = 2 if len(facts) > 1 and rng.random() < _SHARE_JOINED else 1
        told, facts = facts[:n], facts[n:]
        sentences.append(_sentence(subject, told, rng, first=len(sentences) == 1))
        if rng.random() < _SHARE_ASIDE:
            sentences.append(Sentence(rng.choice(kind.asides), ()))
        if kind.mentions and others:
            sentences += _mention(kind, others, rng)
    return sentences + _table(subject, tabled)


def _opening(subject: Subject, rng: Random) -> str:
    if subject.edition:
        return f"This is the {subject.edition.split(',')[0]} of {subject.name}, which no longer applies."
    return capitalise(rng.choice(subject.kind.openings).format(s=subject.name))


def _table(subject: Subject, facts: list[tuple[str, tuple[Relation, Value]]], section: str = "") -> list[Sentence]:
    """Facts as the rows of a Markdown table under the thing's name; nothing for no facts."""
    if not facts:
        return []
    head = [
        Sentence(f"| {subject.title} | |", (), section, is_row=True),
        Sentence("| --- | --- |", (), section, is_row=True),
    ]
    return head + [Sentence(f"| {label} | {v.text} |", (label,), section, is_row=True) for label, (_, v) in facts]


def as_text(sentences: Sequence[Sentence], paragraph: int = 0, under: str = "") -> str:
    """The text of a document or of a part of it: headings, paragraphs and tables.

    Args:
        sentences: in order.
        paragraph: sentences of a paragraph; 0 for a single one.
        under: the heading that the first sentences already stand under.
    """
    parts: list[str] = []
    n_since = 0
    for position, sentence in enumerate(sentences):
        before = sentences[position - 1] if position else None
        n_since += 1
        if sentence.section != (before.section if before else under):
            parts.append(f"\n\n## {sentence.section}\n\n")
            n_since = 1
        elif before is not None and before.is_row and sentence.is_row:
            parts.append("\n")
        elif before is not None and (before.is_row or sentence.is_row or (paragraph and n_since > paragraph)):
            parts.append("\n\n")
            n_since = 1
        elif before is not None:
            parts.append(" ")
        parts.append(sentence.text)
    return "".join(parts).strip()


def _mention(kind: Kind, others: Sequence[Subject], rng: Random) -> list[Sentence]:
    """Now and then a sentence that names another thing and says nothing that is asked for."""
    if rng.random() > _SHARE_MENTION:
        return []
    return [Sentence(capitalise(rng.choice(kind.mentions).format(o=rng.choice(others).name)), ())]


def _tell_in_sections(subject: Subject, sections: tuple[str, ...], rng: Random, *, has_table: bool) -> list[Sentence]:
    """The sentences of a subject's document under headings; a section without facts is left out.

    Every section names the subject once, as the parts of a paper do; a section of several facts may be a table.
    """
    kind = subject.kind
    sentences = [Sentence(_opening(subject, rng), (), sections[0])]
    for section in sections:
        facts = [(label, fact) for label, fact in subject.facts.items() if fact[0].section == section]
        if has_table and len(facts) >= _FEWEST_ROWS:
            sentences += [Sentence("The figures stand in the table.", (), section), *_table(subject, facts, section)]
            continue
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
