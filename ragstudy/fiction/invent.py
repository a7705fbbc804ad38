"""Whole domains invented from a seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, nearest
from ragstudy.fiction.asking import Asked, as_query, ask
from ragstudy.fiction.encyclopedia import ENCYCLOPEDIA
from ragstudy.fiction.handbook import HANDBOOK
from ragstudy.fiction.medicine import MEDICINE
from ragstudy.fiction.names import Names, Pool
from ragstudy.fiction.papers import PAPERS
from ragstudy.fiction.world import Sentence, Subject, invent_subjects, tell
from ragstudy.records import Document, Question

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.corpus.domain import Domain
    from ragstudy.fiction.schema import Schema
    from ragstudy.records import Split

SCHEMAS = {schema.name: schema for schema in (MEDICINE, HANDBOOK, ENCYCLOPEDIA, PAPERS)}
_SHARE_TEST = 0.25
_PARAGRAPH = 5
_TRIES = 40


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
    subjects = invent_subjects(schema, n_documents, rng, names)
    told = [tell(subject, rng, schema.sections, subjects) for subject in subjects]
    documents = tuple(
        Document(f"{name}-{number:04d}", subject.title, _text(sentences))
        for number, (subject, sentences) in enumerate(zip(subjects, told, strict=True), start=1)
    )
    return schema.title, documents, tuple(_questions(schema, subjects, told, n_questions, rng, names))


def _text(sentences: list[Sentence]) -> str:
    """Sentences in paragraphs, or in sections under their headings."""
    if sentences[0].section:
        parts = groupby(sentences, key=lambda sentence: sentence.section)
        return "\n\n".join(f"## {heading}\n\n{' '.join(one.text for one in part)}" for heading, part in parts)
    blocks = [sentences[start : start + _PARAGRAPH] for start in range(0, len(sentences), _PARAGRAPH)]
    return "\n\n".join(" ".join(sentence.text for sentence in block) for block in blocks)


def _questions(  # noqa: PLR0913 - the parts of a world
    schema: Schema, subjects: list[Subject], told: list[list[Sentence]], n_questions: int, rng: Random, names: Names
) -> list[Question]:
    n_test_subjects = max(1, round(_SHARE_TEST * len(subjects)))
    seen: set[tuple[int, tuple[str, ...]]] = set()
    questions: list[Question] = []
    for turn in range(n_questions):
        split: Split = "test" if rng.random() < _SHARE_TEST else "train"
        low, high = (0, n_test_subjects) if split == "test" else (n_test_subjects, len(subjects))
        for _ in range(_TRIES):
            position = rng.randrange(low, high)
            asked = ask(subjects[position], rng, names, held_out=split == "test")
            if schema.search_like:
                asked = replace(asked, text=as_query(asked.text, rng))
            if (position, asked.labels) not in seen:
                break
        else:
            msg = f"{n_questions} questions are more than {len(subjects)} documents give; ask for fewer"
            raise InputError(msg)
        seen.add((position, asked.labels))
        document = f"{schema.name}-{position + 1:04d}"
        questions.append(_record(f"{schema.name}-q{turn + 1:04d}", asked, document, told[position], split))
    return questions


def _record(name: str, asked: Asked, document: str, told: list[Sentence], split: Split) -> Question:
    answerable = asked.type != "unanswerable"
    evidence = tuple(s.text for s in told if set(s.labels) & set(asked.labels)) if answerable else ()
    return Question(
        id=name,
        text=asked.text,
        references=(asked.full,),
        facts=asked.facts,
        gold_documents=(document,) if answerable else (),
        evidence=evidence,
        group=document,
        split=split,
        type=asked.type,
    )


def write_invented(folder: Path, name: str, seed: int, n_documents: int, n_questions: int) -> Domain:
    """Invent a domain and write it with the command that made it.

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
