"""What embedded models are pretrained on: conversations over passages of fresh worlds.

One conversation shows some passages once and asks several questions about them, so that one reading of
the passages is paid for once and supervises several answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ragstudy.fiction.asking import NOT_THERE, absent, as_query, ask, ask_untold
from ragstudy.fiction.handbook import HANDBOOK
from ragstudy.fiction.invent import SCHEMAS
from ragstudy.fiction.medicine import MEDICINE
from ragstudy.fiction.names import Names, Pool
from ragstudy.fiction.world import invent_subject, invent_subjects, tell
from ragstudy.pocket.salad import ask_salad, random_schema, salad_sentences
from ragstudy.prompting import render
from ragstudy.records import Passage
from ragstudy.specs import INSTRUCTION, INSTRUCTION_WITHOUT_PASSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ragstudy.fiction.asking import Asked
    from ragstudy.fiction.schema import Schema
    from ragstudy.fiction.world import Subject

UNKNOWN = "I do not know."
Form = Literal["short", "named", "prose"]
_TRIES = 12
_SHARE_KNOWN = 0.7
_BLANKS = re.compile(r" *(\n\n) *")
INSTRUCTIONS = (
    INSTRUCTION,
    INSTRUCTION,
    INSTRUCTION,
    "Use the passages below to answer. Say so if the answer is not in them.",
    "Read the passages and answer the question.",
    "Answer from the passages only.",
    "Here are some passages. Answer briefly.",
)
PROSE_INSTRUCTIONS = (
    "Answer the question in whole sentences, using the passages. If they do not contain the answer, say so.",
    "Answer from the passages in full sentences.",
    "Write a full answer from the passages.",
)


@dataclass(frozen=True)
class Turn:
    """A question and the answer to learn."""

    question: str
    answer: str


@dataclass(frozen=True)
class Conversation:
    """A first message with passages, and turns of which the first question stands in that message."""

    opening: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Stage:
    """How hard the conversations of one stage of pretraining are.

    Attributes:
        max_passages: most passages shown.
        max_words: most words a passage has.
        max_turns: most questions asked about one set of passages.
        share_copied: share of the turns that ask to repeat a passage or a sentence: every token of such an
            answer teaches copying, which questions with short answers alone teach only slowly.
        named: whether answers begin with the name and the labels asked for. Writing them first gives a small
            model something to look up the value by, as writing down a thought does for a large one.
        share_alike: share of the worlds whose things are of one kind and have names that resemble each other, as
            the passages that a search brings do.
        all_schemas: whether the schemas of all four domains occur, or two of them; three in ten worlds have a
            schema of random words either way.
        share_prose: share of the conversations whose instruction asks for whole sentences and gets them.
    """

    max_passages: int
    max_words: int
    max_turns: int
    share_copied: float = 0.0
    named: bool = False
    share_alike: float = 0.0
    share_prose: float = 0.0
    all_schemas: bool = False


def conversations(stage: Stage, rng: Random) -> Iterator[Conversation]:
    """An endless stream of conversations of a stage, from worlds of the pretraining pool."""
    while True:
        draw = rng.random()
        if draw < 0.18:
            yield _salad(stage, rng)
        else:
            yield _world(stage, rng)


def _world(stage: Stage, rng: Random) -> Conversation:
    names = Names(rng, Pool.PRETRAINING)
    draw = rng.random()
    known = tuple(SCHEMAS.values()) if stage.all_schemas else (MEDICINE, HANDBOOK)
    schema = known[int(draw / _SHARE_KNOWN * len(known))] if draw < _SHARE_KNOWN else random_schema(rng)
    n_passages = rng.randint(1, stage.max_passages)
    n_subjects = max(1, n_passages - rng.randint(0, 2))
    if stage.share_alike and rng.random() < stage.share_alike:
        subjects = _alike(schema, n_subjects, rng, names)
    else:
        subjects = invent_subjects(schema, n_subjects, rng, names)
    prose = stage.share_prose > 0 and rng.random() < stage.share_prose
    shown: list[tuple[Subject, Passage, frozenset[str]]] = []
    for subject in subjects:
        cut = _cut(subject, schema.sections, subjects, stage, rng)
        shown += [(subject, passage, labels) for passage, labels in cut]
    rng.shuffle(shown)
    shown = shown[:n_passages]
    if rng.random() < 0.03:
        shown = []
    turns = []
    for _ in range(rng.randint(1, stage.max_turns)):
        if shown and rng.random() < stage.share_copied:
            turns.append(_copy([passage for _, passage, _ in shown], rng))
        else:
            turn = _turn(subjects, shown, _form(stage, prose=prose), rng, names)
            turns.append(Turn(as_query(turn.question, rng), turn.answer) if schema.search_like else turn)
    return _converse([passage for _, passage, _ in shown], turns, rng, prose=prose)


def _alike(schema: Schema, n: int, rng: Random, names: Names) -> list[Subject]:
    """`n` things of one kind; most names resemble that of the first."""
    first = invent_subject(rng.choice(schema.kinds), rng, names)
    others = [invent_subject(first.kind, rng, names, first if rng.random() < 0.8 else None) for _ in range(n - 1)]
    return [first, *others]


def _form(stage: Stage, *, prose: bool) -> Form:
    return "prose" if prose else "named" if stage.named else "short"


def _turn(
    subjects: list[Subject],
    shown: list[tuple[Subject, Passage, frozenset[str]]],
    form: Form,
    rng: Random,
    names: Names,
) -> Turn:
    if not shown:
        return Turn(ask(rng.choice(subjects), rng, names).text, UNKNOWN)
    subject = rng.choice(shown)[0]
    if rng.random() < 0.08:
        stranger = invent_subject(subject.kind, rng, names)
        return _declined(stranger, ask(stranger, rng, names), form)
    told = frozenset().union(*(labels for owner, _, labels in shown if owner is subject))
    for _ in range(_TRIES):
        asked = ask(subject, rng, names)
        if asked.type == "unanswerable" or told.issuperset(asked.labels):
            return Turn(asked.text, _answer(asked, form))
        if told.isdisjoint(asked.labels) and rng.random() < 0.15:
            return _declined(subject, asked, form)
    return _declined(subject, ask_untold(subject, rng), form)


def _answer(asked: Asked, form: Form) -> str:
    return {"short": asked.short, "named": asked.named, "prose": asked.full}[form]


def _declined(subject: Subject, asked: Asked, form: Form) -> Turn:
    """A question about which no passage says anything."""
    return Turn(asked.text, absent(subject, asked.labels) if form == "named" else NOT_THERE)


def _copy(passages: list[Passage], rng: Random) -> Turn:
    """A turn that asks for a passage by its number or for the sentence that begins in a given way."""
    number = rng.randrange(len(passages))
    if rng.random() < 0.5:
        return Turn(f"What does passage {number + 1} say?", passages[number].text)
    sentence = rng.choice(passages[number].text.split(". ")).rstrip(".")
    start = " ".join(sentence.split()[:3])
    return Turn(f"Which sentence begins with: {start}", f"{sentence}.")


def _cut(
    subject: Subject, sections: tuple[str, ...], others: list[Subject], stage: Stage, rng: Random
) -> list[tuple[Passage, frozenset[str]]]:
    """The subject's document cut into passages of whole sentences, with the labels told in each."""
    limit = rng.randint(stage.max_words // 2, stage.max_words)
    title = subject.title if rng.random() < 0.9 else ""
    pieces: list[tuple[list[str], set[str]]] = [([], set())]
    heading = ""
    for sentence in tell(subject, rng, sections, others):
        if sentence.section != heading:
            heading = sentence.section
            pieces[-1][0].append(f"\n\n## {heading}\n\n")
        if pieces[-1][0] and sum(len(text.split()) for text in pieces[-1][0]) > limit:
            pieces.append(([], set()))
        pieces[-1][0].append(sentence.text)
        pieces[-1][1].update(sentence.labels)
    return [
        (Passage("", "", title, _BLANKS.sub(r"\1", " ".join(texts)).strip()), frozenset(labels))
        for texts, labels in pieces
    ]


def _salad(stage: Stage, rng: Random) -> Conversation:
    n_passages = rng.randint(1, stage.max_passages)
    passages, sentences = [], []
    for _ in range(n_passages):
        told = salad_sentences(rng, max(20, stage.max_words // 2))
        sentences += told
        passages.append(Passage("", "", "", " ".join(sentence.text for sentence in told)))
    turns = []
    for _ in range(rng.randint(1, stage.max_turns)):
        if rng.random() < stage.share_copied:
            turns.append(_copy(passages, rng))
        else:
            turns.append(Turn(*ask_salad(rng.choice(sentences), rng)))
    return _converse(passages, turns, rng)


def _converse(passages: list[Passage], turns: list[Turn], rng: Random, *, prose: bool = False) -> Conversation:
    known = PROSE_INSTRUCTIONS if prose else INSTRUCTIONS
    instruction = rng.choice(known) if passages else INSTRUCTION_WITHOUT_PASSAGES
    return Conversation(render(instruction, passages, turns[0].question), tuple(turns))
