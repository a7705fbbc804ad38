"""Questions about an invented world, with short and full answers and the facts they require."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from ragstudy.fiction.schema import COMPARISON_QUESTIONS, MULTI_QUESTIONS, SUMMARY_QUESTIONS, YESNO_QUESTIONS
from ragstudy.fiction.values import join_list
from ragstudy.fiction.world import capitalise, fill, state
from ragstudy.records import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from ragstudy.fiction.names import Names
    from ragstudy.fiction.schema import Relation
    from ragstudy.fiction.values import Value
    from ragstudy.fiction.world import Subject
    from ragstudy.records import QuestionType

Reasoned = Literal["twohop", "comparison", "yesno"]
NOT_THERE = "The passages do not say."
_DECLINED = "the passages do not say"
_FEWEST_SUMMED = 4
_N_HELD_OUT = 1
_SHARE_SEARCHED = 0.8
# What people leave out when they type a question into a search box.
_POLITE = re.compile(r"^(can you tell me|please give|please list|i need to know|i need|tell me|for) ", re.IGNORECASE)
_WHAT_IS = re.compile(r"^(what|which) (is|are) (the )?", re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """One look-up that an answer rests on: a thing, a relation, and what the world says; no value if it is untold.

    Attributes:
        subject: thing that is looked up.
        label: name of the relation.
        value: what the world says; None if it is untold.
    """

    subject: Subject
    label: str
    value: Value | None = None


@dataclass(frozen=True)
class Asked:
    """A question and its answers.

    Attributes:
        type: kind of answer.
        text: the question.
        short: the answer in as few words as serve.
        full: the answer in prose, naming the subject: the reference.
        facts: what a complete answer must say; empty if the question cannot be answered.
        steps: the look-ups that lead to the answer, in order.
        verdict: 'yes' or 'no', where the answer is one of these.
    """

    type: QuestionType
    text: str
    short: str
    full: str
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    verdict: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The relations asked for."""
        return tuple(step.label for step in self.steps)

    @property
    def stated(self) -> tuple[Step, ...]:
        """The steps whose values the facts state: the last one of a question that takes two, none of yes or no."""
        if self.verdict or not self.facts:
            return ()
        return self.steps[-1:] if self.type == "twohop" else self.steps


def named(asked: Asked, passage_of: Callable[[Step], int | None] | None = None) -> str:
    """The answer as its steps: `[2] Velorin, half-life: 12 hours.` with the number of the passage that says so.

    Args:
        asked: the question.
        passage_of: number of the passage that a step is looked up in, None for a thing that no passage is about;
            without it, no passages are named.
    """
    parts = []
    for (title, number), group in groupby(
        asked.steps, key=lambda step: (step.subject.title, passage_of(step) if passage_of else 0)
    ):
        if number is None:
            parts.append(f"No passage is about {title}: {_DECLINED}")
            break
        said = "; ".join(f"{step.label}: {step.value.text if step.value else _DECLINED}" for step in group)
        parts.append(f"[{number}] {title}, {said}" if number else f"{title}, {said}")
    text = ". ".join(parts)
    return f"{text}, so {asked.verdict}." if asked.verdict and number is not None else f"{text}."


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
    """A question for one relation: factoid or list.

    Args:
        subject: thing that is asked about.
        label: name of the relation.
        rng: gives the random draws.
        held_out: whether phrasings are used that training questions never have.
    """
    relation, value = subject.facts[label]
    text = fill(_phrase(relation.all_questions, rng, held_out=held_out), subject.name, label)
    told = [(relation, value)]
    kind: QuestionType = "list" if relation.is_list else "factoid"
    short = f"{capitalise(value.text)}."
    return Asked(kind, _tidy(text), short, _full(told, subject, rng), _facts(told), (Step(subject, label, value),))


def ask_many(
    subject: Subject, labels: Sequence[str], rng: Random, *, held_out: bool = False, kind: QuestionType = "multi"
) -> Asked:
    """A question for several relations at once: 'multi', or 'summary' for a request to sum a thing up.

    Args:
        subject: thing that is asked about.
        labels: names of the relations.
        rng: gives the random draws.
        held_out: whether phrasings are used that training questions never have.
        kind: 'multi' or 'summary'.
    """
    told = [subject.facts[label] for label in labels]
    joined = join_list([f"the {label}" for label in labels]).removeprefix("the ")
    templates = SUMMARY_QUESTIONS if kind == "summary" else MULTI_QUESTIONS
    text = fill(_phrase(templates, rng, held_out=held_out), subject.name, joined)
    short = "; ".join(f"{relation.label}: {value.text}" for relation, value in told)
    steps = tuple(Step(subject, relation.label, value) for relation, value in told)
    return Asked(kind, _tidy(text), f"{capitalise(short)}.", _full(told, subject, rng), _facts(told), steps)


def ask_whether(subject: Subject, label: str, rng: Random, names: Names, *, held_out: bool = False) -> Asked:
    """A yes/no question for one scalar relation; half of them name another value of the same kind.

    Args:
        subject: thing that is asked about.
        label: name of the relation.
        rng: gives the random draws.
        names: gives other values of the same kind.
        held_out: whether phrasings are used that training questions never have.
    """
    relation, value = subject.facts[label]
    other = relation.make(rng, names)
    says_yes = rng.random() < 0.5 or other.text == value.text
    asked = value.text if says_yes else other.text
    text = fill(_phrase(YESNO_QUESTIONS, rng, held_out=held_out), subject.name, label, asked)
    word = "Yes" if says_yes else "No"
    full = f"{word}, {state(relation, value, subject.name, rng)}."
    short = "Yes." if says_yes else f"No, {value.text}."
    return Asked("yesno", _tidy(text), short, full, _side(word), (Step(subject, label, value),), word.lower())


def ask_comparison(subject: Subject, other: Subject, label: str, rng: Random, *, held_out: bool = False) -> Asked:
    """A yes/no question whether a number or year of one thing is above that of another one.

    Args:
        subject: thing that is asked about.
        other: thing that it is compared with.
        label: name of the relation.
        rng: gives the random draws.
        held_out: whether phrasings are used that training questions never have.
    """
    relation, value = subject.facts[label]
    _, against = other.facts[label]
    word = "Yes" if _size(value) > _size(against) else "No"
    more = "later" if value.kind == "year" else "higher"
    template = _phrase(COMPARISON_QUESTIONS, rng, held_out=held_out)
    text = template.format(s=subject.name, ps=f"{subject.name}'s", o=other.name, r=label, c=more)
    full = f"{word}, {state(relation, value, subject.name, rng)}, and {state(relation, against, other.name, rng)}."
    steps = (Step(subject, label, value), Step(other, label, against))
    return Asked("comparison", _tidy(text), f"{word}.", full, _side(word), steps, word.lower())


def ask_over(  # noqa: PLR0913 - both ends of both steps
    subject: Subject, link: str, other: Subject, label: str, rng: Random, *, held_out: bool = False
) -> Asked:
    """A question for a relation of the thing that a relation of the subject leads to, without its name.

    Args:
        subject: thing that is asked about.
        link: relation that leads from the subject to the other thing.
        other: thing that the relation leads to.
        label: name of the relation.
        rng: gives the random draws.
        held_out: whether phrasings are used that training questions never have.
    """
    leads, to = subject.facts[link]
    relation, value = other.facts[label]
    described = rng.choice(leads.described).format(s=subject.name)
    text = fill(_phrase(relation.all_questions, rng, held_out=held_out), described, label)
    full = f"{capitalise(described)} is {other.name}. {_full([(relation, value)], other, rng)}"
    steps = (Step(subject, link, to), Step(other, label, value))
    return Asked("twohop", _tidy(text), f"{capitalise(value.text)}.", full, _facts([(relation, value)]), steps)


def ask_untold(subject: Subject, rng: Random, *, held_out: bool = False) -> Asked:
    """A question for a relation that the subject's document is silent about.

    Args:
        subject: thing that is asked about.
        rng: gives the random draws.
        held_out: whether phrasings are used that training questions never have.
    """
    relation = rng.choice(subject.untold)
    text = fill(_phrase(relation.all_questions, rng, held_out=held_out), subject.name, relation.label)
    return Asked("unanswerable", _tidy(text), NOT_THERE, NOT_THERE, (), (Step(subject, relation.label),))


def ask(
    subject: Subject, rng: Random, names: Names, others: Sequence[Subject] = (), *, held_out: bool = False
) -> Asked:
    """A question of a random type.

    About 40 % factoid or list, 21 % multi (two or three relations), 10 % unanswerable, 10 % in two steps, 8 % yes/no,
    6 % comparison, 6 % summary (four or five relations); what the subject and the others cannot give becomes a
    factoid or list.

    Args:
        subject: what is asked about.
        rng: source of randomness.
        names: draws the names in wrong values.
        others: things that a question in two steps may lead to and a comparison may be with.
        held_out: whether phrasings may be used that training questions never have.
    """
    draw = rng.random()
    labels = list(subject.facts)
    scalars = _scalars(subject)
    if draw < 0.10 and subject.untold:
        return ask_untold(subject, rng, held_out=held_out)
    if draw < 0.18 and scalars:
        return ask_whether(subject, rng.choice(scalars), rng, names, held_out=held_out)
    if draw < 0.28:
        asked = _maybe_over(subject, others, rng, held_out=held_out)
    elif draw < 0.34:
        asked = _maybe_comparison(subject, others, rng, held_out=held_out)
    elif draw < 0.40 and len(labels) >= _FEWEST_SUMMED:
        n = min(len(labels), rng.choice((_FEWEST_SUMMED, _FEWEST_SUMMED + 1)))
        asked = ask_many(subject, rng.sample(labels, n), rng, held_out=held_out, kind="summary")
    elif draw < 0.61 and len(labels) > 1:
        n = min(len(labels), rng.choice((2, 2, 3)))
        asked = ask_many(subject, rng.sample(labels, n), rng, held_out=held_out)
    else:
        asked = None
    return asked or ask_one(subject, rng.choice(labels), rng, held_out=held_out)


def ask_reasoned(
    kind: Reasoned, subject: Subject, rng: Random, names: Names, others: Sequence[Subject]
) -> Asked | None:
    """A question whose answer takes more than finding one value; None if these things cannot give one of the kind.

    Args:
        kind: 'twohop', 'comparison' or 'yesno'.
        subject: what is asked about.
        rng: source of randomness.
        names: draws the names in wrong values.
        others: things that a question in two steps may lead to and a comparison may be with.
    """
    if kind == "twohop":
        return _maybe_over(subject, others, rng, held_out=False)
    if kind == "comparison":
        return _maybe_comparison(subject, others, rng, held_out=False)
    scalars = _scalars(subject)
    return ask_whether(subject, rng.choice(scalars), rng, names) if scalars else None


def _scalars(subject: Subject) -> list[str]:
    """The relations told of a thing that have one value each."""
    return [label for label, (relation, _) in subject.facts.items() if not relation.is_list]


def _maybe_over(subject: Subject, others: Sequence[Subject], rng: Random, *, held_out: bool) -> Asked | None:
    """A question in two steps, if a relation of the subject leads to one of the others."""
    ways = [
        (label, other)
        for label, (relation, value) in subject.facts.items()
        if relation.described
        for other in others
        if other.name == value.text and not other.edition
    ]
    if not ways:
        return None
    link, other = rng.choice(ways)
    return ask_over(subject, link, other, rng.choice(list(other.facts)), rng, held_out=held_out)


def _maybe_comparison(subject: Subject, others: Sequence[Subject], rng: Random, *, held_out: bool) -> Asked | None:
    """A comparison with one of the others of its kind, if they have a number or year in common that differs."""
    ways = [
        (other, label)
        for other in others
        if other.kind is subject.kind and other.name != subject.name and not other.edition
        for label, (_, value) in subject.facts.items()
        if value.kind in ("number", "year") and label in other.facts and _size(value) != _size(other.facts[label][1])
    ]
    if not ways:
        return None
    other, label = rng.choice(ways)
    return ask_comparison(subject, other, label, rng, held_out=held_out)


def _side(word: str) -> tuple[Fact, ...]:
    return (Fact("f1", (word.lower(),)),)


def _size(value: Value) -> int:
    return int(value.text.split()[0])


def _tidy(text: str) -> str:
    """Capitalised when it is a sentence; search-like questions stay as they are."""
    return capitalise(text) if text.endswith(("?", ".")) else text


def as_query(question: str, rng: Random) -> str:
    """Most questions as typed into a search box: no capitals but names', no question mark, fewer small words.

    Args:
        question: as a whole sentence.
        rng: gives the random draws.
    """
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
