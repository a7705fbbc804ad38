"""Whole domains invented from a seed."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, nearest
from ragstudy.fiction.asking import Asked, Step, as_query, ask
from ragstudy.fiction.encyclopedia import ENCYCLOPEDIA
from ragstudy.fiction.handbook import HANDBOOK
from ragstudy.fiction.medicine import MEDICINE
from ragstudy.fiction.names import Names, Pool
from ragstudy.fiction.papers import PAPERS
from ragstudy.fiction.world import Subject, as_text, invent_subjects, link, tell
from ragstudy.records import Document, Question

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.corpus.domain import Domain
    from ragstudy.fiction.schema import Schema
    from ragstudy.fiction.values import Value
    from ragstudy.records import Fact, Split

SCHEMAS = {schema.name: schema for schema in (MEDICINE, HANDBOOK, ENCYCLOPEDIA, PAPERS)}
_SHARE_TEST = 0.25
_PARAGRAPH = 5
_TRIES = 40
_N_OTHERS = 60
_N_ALTERNATIVES = 3


def invent(
    name: str, seed: int, n_documents: int, n_questions: int, pool: Pool = Pool.STUDY
) -> tuple[str, tuple[Document, ...], tuple[Question, ...]]:
    """A domain: one document a subject, three quarters of the subjects asked about in training, the rest in test.

    Args:
        name: one of `SCHEMAS`.
        seed: the same seed gives the same domain, byte for byte.
        n_documents: how many subjects, at least 4.
        n_questions: of both splits together.
        pool: set of names to draw from.

    Returns:
        Title, documents and questions.

    Raises:
        InputError: the name is unknown, or more questions are wanted than the subjects have.
    """
    if name not in SCHEMAS:
        msg = f"no domain {name!r} can be invented{nearest(name, SCHEMAS)}"
        raise InputError(msg)
    rng = Random(seed)
    schema = SCHEMAS[name]
    names = Names(rng, pool)
    world = _World(schema, n_documents, rng, names)
    documents = tuple(
        Document(world.document_of(subject), subject.title, as_text(sentences, _PARAGRAPH))
        for subject, sentences in zip(world.subjects, world.told, strict=True)
    )
    return schema.title, documents, tuple(world.questions(n_questions))


class _World:
    """The things of a domain in two parts, those asked about in test questions first; nothing links the parts."""

    def __init__(self, schema: Schema, n: int, rng: Random, names: Names) -> None:
        self._schema, self._rng, self._names = schema, rng, names
        subjects = invent_subjects(schema, n, rng, names)
        n_test = max(1, round(_SHARE_TEST * n))
        self._parts: dict[Split, list[Subject]] = {
            "test": link(subjects[:n_test], rng),
            "train": link(subjects[n_test:], rng),
        }
        self.subjects = [*self._parts["test"], *self._parts["train"]]
        self.told = [tell(one, rng, schema.sections, self.subjects, schema.share_tables) for one in self.subjects]
        self._positions = {id(subject): position for position, subject in enumerate(self.subjects)}
        self._by_name = {subject.name: subject for subject in self.subjects if not subject.edition}
        self._known = _values_by_label(self.subjects)

    def document_of(self, subject: Subject) -> str:
        """Id of the document that tells of a thing."""
        return f"{self._schema.name}-{self._positions[id(subject)] + 1:04d}"

    def questions(self, n: int) -> list[Question]:
        """`n` questions, a quarter of them for testing, no two for the same relations of the same thing."""
        asked_about = {
            split: [subject for subject in part if not subject.edition] for split, part in self._parts.items()
        }
        seen: set[tuple[tuple[int, str], ...]] = set()
        questions: list[Question] = []
        for turn in range(n):
            split: Split = "test" if self._rng.random() < _SHARE_TEST else "train"
            for _ in range(_TRIES):
                asked = self._ask(asked_about[split], split)
                key = tuple((id(step.subject), step.label) for step in asked.steps)
                if key not in seen:
                    break
            else:
                msg = f"{n} questions are more than {len(self.subjects)} documents give; ask for fewer"
                raise InputError(msg)
            seen.add(key)
            questions.append(self._record(f"{self._schema.name}-q{turn + 1:04d}", asked, split))
        return questions

    def _ask(self, among: list[Subject], split: Split) -> Asked:
        rng = self._rng
        subject = rng.choice(among)
        others = rng.sample(among, min(len(among), _N_OTHERS)) + self._led_to(subject)
        asked = ask(subject, rng, self._names, others, held_out=split == "test")
        return replace(asked, text=as_query(asked.text, rng)) if self._schema.search_like else asked

    def _led_to(self, subject: Subject) -> list[Subject]:
        """The things that the values of a subject name."""
        values = (value.text for relation, value in subject.facts.values() if relation.described)
        return [self._by_name[text] for text in values if text in self._by_name]

    def _record(self, name: str, asked: Asked, split: Split) -> Question:
        looked_up = [step for step in asked.steps if step.value is not None]
        return Question(
            id=name,
            text=asked.text,
            references=(asked.full,),
            facts=self._with_alternatives(asked),
            gold_documents=tuple(dict.fromkeys(self.document_of(step.subject) for step in looked_up)),
            evidence=tuple(dict.fromkeys(self._evidence(step) for step in looked_up)),
            group=self.document_of(asked.steps[0].subject),
            split=split,
            type=asked.type,
        )

    def _evidence(self, step: Step) -> str:
        sentences = self.told[self._positions[id(step.subject)]]
        return next(sentence.text for sentence in sentences if step.label in sentence.labels)

    def _with_alternatives(self, asked: Asked) -> tuple[Fact, ...]:
        """The facts with values that other things have for the same relation: wrong ones of the same type."""
        holders = [(step, value) for step in asked.stated if (value := step.value) for _ in value.items]
        return (
            tuple(
                replace(fact, alternatives=self._alternatives(step, value))
                for fact, (step, value) in zip(asked.facts, holders, strict=True)
            )
            if holders
            else asked.facts
        )

    def _alternatives(self, step: Step, value: Value) -> tuple[str, ...]:
        known = self._known[step.subject.kind.noun, step.label]
        drawn = self._rng.sample(known, min(len(known), _N_ALTERNATIVES + len(value.items)))
        return tuple(text for text in drawn if text not in value.items)[:_N_ALTERNATIVES]


def _values_by_label(subjects: list[Subject]) -> dict[tuple[str, str], list[str]]:
    """What the things of a kind have for a relation, without repetition, in order."""
    known: dict[tuple[str, str], dict[str, None]] = {}
    for subject in subjects:
        for label, (_, value) in subject.facts.items():
            known.setdefault((subject.kind.noun, label), {}).update(dict.fromkeys(value.items))
    return {key: list(values) for key, values in known.items()}


def write_invented(folder: Path, name: str, seed: int, n_documents: int, n_questions: int) -> Domain:
    """Invent a domain and write it with the command that made it.

    Args:
        folder: of the domain.
        name: of the schema.
        seed: of the world; the same seed gives the same bytes.
        n_documents: one subject each.
        n_questions: of both splits together.

    Raises:
        InputError: the name is unknown, or more questions are wanted than the subjects have.
    """
    from ragstudy.corpus.domain import Domain, write_domain

    title, documents, questions = invent(name, seed, n_documents, n_questions)
    domain = Domain(folder.name, title, "group", documents, questions)
    command = f"ragstudy corpus invent {name} --seed {seed} --documents {n_documents} --questions {n_questions}"
    source = (
        f"# {title}\n\nInvented: every name and every fact is made up; nothing in it is true.\n\n"
        f"Made by `{command}`; the same command gives the same bytes.\n\nLicence: Apache-2.0, as this repository.\n"
    )
    write_domain(folder, domain, source, licence="Apache-2.0", seed=seed)
    return domain
