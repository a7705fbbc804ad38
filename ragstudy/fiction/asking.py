"""Questions about an invented world, with short and full answers and the facts they require."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.fiction.schema import MULTI_QUESTIONS, YESNO_QUESTIONS
from ragstudy.fiction.values import join_list
from ragstudy.fiction.world import capitalise, fill, state
from ragstudy.records import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from ragstudy.fiction.names import Names
    from ragstudy.fiction.schema import Relation
    from ragstudy.fiction.values import Value
    from ragstudy.fiction.world import Subject
    from ragstudy.records import QuestionType

NOT_THERE = "The passages do not say."
_N_HELD_OUT = 1
_SHARE_SEARCHED = 0.8
# What people leave out when they type a question into a search box.
_POLITE = re.compile(r"^(can you tell me|please give|please list|i need to know|i need|tell me|for) ", re.IGNORECASE)
_WHAT_IS = re.compile(r"^(what|which) (is|are) (the )?", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A question and its answers.

    Attributes:
        type: kind of answer.
        text: the question.
        short: the answer in as few words as serve.
        named: the answer behind the name of what is asked about and the labels: `Velorin, half-life: 12 hours.`
        full: the answer in prose, naming the subject: the reference.
        facts: what a complete answer must say; empty if the question cannot be answered.
        labels: relations asked for.
    """

    type: QuestionType
    text: str
    short: str
    named: str
    full: str
    facts: tuple[Fact, ...]
    labels: tuple[str, ...]


def _phrase(templates: Sequence[str], rng: Random, *, held_out: bool) -> str:
    """A template; the last one of every list is kept for questions that may use held-out phrasings."""
    return rng.choice(templates if held_out else templates[:-_N_HELD_OUT])


def _facts(told: Sequence[tuple[Relation, Value]]) -> tuple[Fact, ...]:
    forms = [forms for _, value in told for forms in value.forms]
    return tuple(Fact(f"f{number}", form) for number, form in enumerate(forms, start=1))


def _full(told: Sequence[tuple[Relation, Value]], subject: Subject, rng: Random) -> str:
    first, *rest = told
    sentences = [state(*first, subject.name, rng), *(state(*one, subject.kind.pronoun, rng) for one in rest)]
    return " ".join(f"{capitalise(sentence)}." for sentence in sentences)


def ask_one(subject: Subject, label: str, rng: Random, *, held_out: bool = False) -> Asked:
    """A question for one relation: factoid or list."""
    relation, value = subject.facts[label]
    text = fill(_phrase(relation.all_questions, rng, held_out=held_out), subject.name, label)
    told = [(relation, value)]
    kind: QuestionType = "list" if relation.is_list else "factoid"
    short = f"{capitalise(value.text)}."
    named = f"{subject.title}, {label}: {value.text}."
    return Asked(kind, _tidy(text), short, named, _full(told, subject, rng), _facts(told), (label,))


def ask_many(subject: Subject, labels: Sequence[str], rng: Random, *, held_out: bool = False) -> Asked:
    """A question for two or three relations at once."""
    told = [subject.facts[label] for label in labels]
    joined = join_list([f"the {label}" for label in labels]).removeprefix("the ")
    text = fill(_phrase(MULTI_QUESTIONS, rng, held_out=held_out), subject.name, joined)
    short = "; ".join(f"{relation.label}: {value.text}" for relation, value in told)
    named = f"{subject.title}, {short}."
    full = _full(told, subject, rng)
    return Asked("multi", _tidy(text), f"{capitalise(short)}.", named, full, _facts(told), tuple(labels))


def ask_whether(subject: Subject, label: str, rng: Random, names: Names, *, held_out: bool = False) -> Asked:
    """A yes/no question for one scalar relation; half of them name another value of the same kind."""
    relation, value = subject.facts[label]
    other = relation.make(rng, names)
    says_yes = rng.random() < 0.5 or other.text == value.text
    asked = value.text if says_yes else other.text
    text = fill(_phrase(YESNO_QUESTIONS, rng, held_out=held_out), subject.name, label, asked)
    word = "Yes" if says_yes else "No"
    full = f"{word}, {state(relation, value, subject.name, rng)}."
    short = "Yes." if says_yes else f"No, {value.text}."
    named = f"{subject.title}, {label}: {value.text}, so {word.lower()}."
    return Asked("yesno", _tidy(text), short, named, full, (Fact("f1", (word.lower(),)),), (label,))


def ask_untold(subject: Subject, rng: Random, *, held_out: bool = False) -> Asked:
    """A question for a relation that the subject's document is silent about."""
    relation = rng.choice(subject.untold)
    text = fill(_phrase(relation.all_questions, rng, held_out=held_out), subject.name, relation.label)
    named = absent(subject, (relation.label,))
    return Asked("unanswerable", _tidy(text), NOT_THERE, named, NOT_THERE, (), (relation.label,))


def absent(subject: Subject, labels: Sequence[str]) -> str:
    """The named form of an answer that declines: `Velorin, half-life: the passages do not say.`."""
    return f"{subject.title}, {join_list(labels)}: the passages do not say."


def ask(subject: Subject, rng: Random, names: Names, *, held_out: bool = False) -> Asked:
    """A question of a random type: about 45 % factoid or list, 30 % multi, 15 % yes/no, 10 % unanswerable."""
    draw = rng.random()
    labels = list(subject.facts)
    if draw < 0.10 and subject.untold:
        return ask_untold(subject, rng, held_out=held_out)
    if draw < 0.25:
        scalars = [label for label in labels if not subject.facts[label][0].is_list]
        if scalars:
            return ask_whether(subject, rng.choice(scalars), rng, names, held_out=held_out)
    if draw < 0.55 and len(labels) > 1:
        n = min(len(labels), rng.choice((2, 2, 3)))
        return ask_many(subject, rng.sample(labels, n), rng, held_out=held_out)
    return ask_one(subject, rng.choice(labels), rng, held_out=held_out)


def _tidy(text: str) -> str:
    """Capitalised when it is a sentence; search-like questions stay as they are."""
    return capitalise(text) if text.endswith(("?", ".")) else text


def as_query(question: str, rng: Random) -> str:
    """Most questions as typed into a search box: no capitals but names', no question mark, fewer small words."""
    if rng.random() > _SHARE_SEARCHED:
        return question
    text = _POLITE.sub("", question.rstrip("?."))
    if rng.random() < 0.5:
        text = _WHAT_IS.sub("", text)
    first, _, rest = text.partition(" ")
    return f"{first if _is_name(first) else first.lower()} {rest}".strip()


def _is_name(word: str) -> bool:
    return word[1:2].islower() and word.lower() not in _OPENERS


_OPENERS = frozenset(
    "what which who whom whose when where how why is are was were do does did at in on of from to with as after by "
    "under the state list name summarise give population author twin children pupils".split()
)
