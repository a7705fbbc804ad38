"""What embedded models are pretrained on: conversations over passages of fresh worlds.

One conversation shows some passages once and asks several questions about them, so that one reading of
the passages is paid for once and supervises several answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ragstudy.fiction.asking import NOT_THERE, Asked, Step, as_query, ask, ask_reasoned, ask_untold, named
from ragstudy.fiction.invent import SCHEMAS
from ragstudy.fiction.names import Names, Pool
from ragstudy.fiction.world import Sentence, as_text, invent_subject, invent_subjects, link, tell
from ragstudy.pocket.salad import ask_salad, random_schema, salad_sentences
from ragstudy.prompting import render
from ragstudy.records import Passage
from ragstudy.specs import INSTRUCTION, INSTRUCTION_WITHOUT_PASSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from ragstudy.fiction.asking import Reasoned
    from ragstudy.fiction.schema import Kind
    from ragstudy.fiction.world import Subject

UNKNOWN = "I do not know."
Form = Literal["short", "named", "prose"]
_TRIES = 12
_REASONED: tuple[Reasoned, ...] = ("twohop", "comparison", "yesno")
_WEIGHTS_OF_REASONED = (5, 3, 2)
_SHARE_HALF_TOLD = 0.1  # of the draws of which the passages hold only the first step
_SHARE_KNOWN = 0.72
_SHARE_SALAD = 0.12
_SHARE_UNSHOWN = 0.03
_SHARE_TITLED = 0.9
_SHARE_STRANGERS = 0.15
_SHARE_NOT_TOLD = 0.15
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
    """A question and the answer to learn.

    Attributes:
        question: as it is asked.
        answer: to learn.
    """

    question: str
    answer: str


@dataclass(frozen=True)
class Conversation:
    """A first message with passages, and turns of which the first question stands in that message.

    Attributes:
        opening: first message, with the passages and the first question.
        turns: questions and answers, in order.
    """

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
        share_matched: share of the turns that ask only which passage is about a thing, or tells a relation of it:
            finding the passage is the hard part of reading several.
        share_alike: share of the worlds whose things are of one kind and have names that resemble each other, as
            the passages that a search brings do.
        share_missing: share of the questions whose passage is not shown, so that the answer declines.
        share_prose: share of the conversations whose instruction asks for whole sentences and gets them.
        share_examples: share of the conversations that begin with examples; answers look like theirs.
        share_reasoned: share of the questions that are drawn from those in two steps, of yes or no and comparisons
            first, as far as the things shown can give them, and share of the worlds whose kinds of things refer to one
            another; other questions have few of these.
    """

    max_passages: int
    max_words: int
    max_turns: int
    share_copied: float = 0.0
    share_matched: float = 0.0
    share_alike: float = 0.0
    share_missing: float = 0.1
    share_prose: float = 0.0
    share_examples: float = 0.0
    share_reasoned: float = 0.0


@dataclass(frozen=True)
class _Shown:
    """A passage with what it is about and the relations it tells."""

    subject: Subject
    passage: Passage
    labels: frozenset[str]


def conversations(stage: Stage, rng: Random) -> Iterator[Conversation]:
    """An endless stream of conversations of a stage, from worlds of the pretraining pool.

    Args:
        stage: of the curriculum.
        rng: gives the random draws.
    """
    while True:
        yield _salad(stage, rng) if rng.random() < _SHARE_SALAD else _World(stage, rng).conversation()


class _World:
    """A few fresh things and the passages shown of them."""

    def __init__(self, stage: Stage, rng: Random) -> None:
        self._stage, self._rng = stage, rng
        self._names = Names(rng, Pool.PRETRAINING)
        known = tuple(SCHEMAS.values())
        self._schema = rng.choice(known) if rng.random() < _SHARE_KNOWN else random_schema(rng)
        n_passages = rng.randint(1, stage.max_passages)
        self._subjects = self._things(max(1, n_passages - rng.randint(0, 2)))
        shown = [one for subject in self._subjects for one in self._cut(subject)]
        rng.shuffle(shown)
        self._shown = [] if rng.random() < _SHARE_UNSHOWN else shown[:n_passages]
        self._number = {id(one): number for number, one in enumerate(self._shown, start=1)}

    def _things(self, n: int) -> list[Subject]:
        """`n` linked things, all of one kind with names alike in some worlds."""
        rng, names = self._rng, self._names
        if self._stage.share_reasoned and rng.random() < self._stage.share_reasoned:
            kinds = self._referring()
            if kinds:
                return link(self._of_kinds([*kinds, *rng.choices(kinds, k=n)][:n]), rng)
        if rng.random() >= self._stage.share_alike:
            return link(invent_subjects(self._schema, n, rng, names), rng)
        return link(self._of_kinds([rng.choice(self._schema.kinds)] * n), rng)

    def _of_kinds(self, kinds: Sequence[Kind]) -> list[Subject]:
        """A thing of each kind, most with names like the first one of their kind."""
        rng, names = self._rng, self._names
        firsts: dict[str, Subject] = {}
        made = []
        for kind in kinds:
            first = firsts.get(kind.noun)
            made.append(invent_subject(kind, rng, names, first if first and rng.random() < 0.8 else None))
            firsts.setdefault(kind.noun, made[-1])
        return made

    def _referring(self) -> list[Kind]:
        """A kind of thing and the kind that one of its relations refers to: what questions in two steps need."""
        by_noun = {kind.noun: kind for kind in self._schema.kinds}
        pairs = [
            [kind, by_noun[relation.refers_to]]
            for kind in self._schema.kinds
            for relation in kind.relations
            if relation.described and relation.refers_to in by_noun
        ]
        return self._rng.choice(pairs) if pairs else []

    def _cut(self, subject: Subject) -> list[_Shown]:
        """The subject's document cut into passages of whole sentences, with the labels told in each."""
        rng, stage = self._rng, self._stage
        limit = rng.randint(stage.max_words // 2, stage.max_words)
        pieces: list[list[Sentence]] = [[]]
        for sentence in tell(subject, rng, self._schema.sections, self._subjects, self._schema.share_tables):
            if pieces[-1] and sum(len(one.text.split()) for one in pieces[-1]) > limit:
                pieces.append([])
            pieces[-1].append(sentence)
        # A part of a longer text whose name stands elsewhere always has its title.
        title = subject.title if len(pieces) > 1 or rng.random() < _SHARE_TITLED else ""
        made, under = [], ""
        for piece in pieces:
            labels = frozenset(label for sentence in piece for label in sentence.labels)
            made.append(_Shown(subject, Passage("", "", title, as_text(piece, under=under)), labels))
            under = piece[-1].section
        return made

    def conversation(self) -> Conversation:
        """Passages and questions about them, all answered in one form."""
        rng, stage = self._rng, self._stage
        form: Form = "prose" if stage.share_prose and rng.random() < stage.share_prose else "named"
        examples: list[tuple[str, str]] = []
        if self._shown and stage.share_examples and rng.random() < stage.share_examples:
            form = rng.choice(("short", "named", "prose"))
            examples = self._examples(form)
        turns = [self._turn(form) for _ in range(rng.randint(1, stage.max_turns))]
        by_instruction: Form = "prose" if form == "prose" and not examples else "named"
        return _converse([one.passage for one in self._shown], turns, rng, by_instruction, examples)

    def _turn(self, form: Form) -> Turn:
        rng, stage = self._rng, self._stage
        if self._shown:
            draw = rng.random()
            if draw < stage.share_copied:
                return _copy([one.passage for one in self._shown], rng)
            if draw < stage.share_copied + stage.share_matched:
                return self._match()
        asked, answer = self._asked(form)
        text = as_query(asked.text, rng) if self._schema.search_like else asked.text
        return Turn(text, answer)

    def _match(self) -> Turn:
        """Which passage is about a thing; a thing with several passages is asked about by what one of them tells."""
        rng = self._rng
        one = rng.choice(self._shown)
        alone = sum(other.subject is one.subject for other in self._shown) == 1
        if rng.random() < _SHARE_STRANGERS:
            stranger = invent_subject(one.subject.kind, rng, self._names, one.subject if rng.random() < 0.5 else None)
            return Turn(f"Which passage is about {stranger.name}?", f"No passage is about {stranger.title}.")
        called = one.subject.title if one.subject.edition else one.subject.name
        if alone and (not one.labels or rng.random() < 0.5):
            return Turn(f"Which passage is about {called}?", f"[{self._number[id(one)]}].")
        if not one.labels:
            return _copy([one.passage], rng, self._number[id(one)])
        label = rng.choice(sorted(one.labels))
        return Turn(f"Which passage gives the {label} of {called}?", f"[{self._number[id(one)]}].")

    def _asked(self, form: Form) -> tuple[Asked, str]:
        """A question and its answer; about a share of the questions the passages say nothing."""
        rng, names = self._rng, self._names
        if not self._shown:
            return ask(rng.choice(self._subjects), rng, names), UNKNOWN
        in_force = [one.subject for one in self._shown if not one.subject.edition]
        subject = rng.choice(in_force or self._subjects)
        if not in_force or rng.random() < self._stage.share_missing:
            like = subject if rng.random() < 0.5 else None
            return self._declined(ask(invent_subject(subject.kind, rng, names, like), rng, names), form)
        others = [one.subject for one in self._shown]
        if self._stage.share_reasoned and rng.random() < self._stage.share_reasoned:
            reasoned = self._reasoned(in_force, others, form)
            if reasoned:
                return reasoned
        return self._asked_about(subject, others, form)

    def _asked_about(self, subject: Subject, others: Sequence[Subject], form: Form) -> tuple[Asked, str]:
        """A question of any type about a thing shown, and its answer."""
        rng, names = self._rng, self._names
        for _ in range(_TRIES):
            asked = ask(subject, rng, names, others)
            n_told = sum(self._tells(step) for step in asked.steps)
            if n_told == len(asked.steps):
                return asked, self._answer(asked, form)
            if n_told and asked.type != "twohop":
                continue
            if asked.type == "unanswerable" or rng.random() < _SHARE_NOT_TOLD:
                return self._declined(asked, form)
        return self._declined(ask_untold(subject, rng), form)

    def _reasoned(self, in_force: Sequence[Subject], others: Sequence[Subject], form: Form) -> tuple[Asked, str] | None:
        """A question in two steps, a comparison or one of yes or no and its answer, if a few draws find one.

        The passages answer it, but for the last step of some in two steps.
        """
        kind = self._rng.choices(_REASONED, _WEIGHTS_OF_REASONED)[0]
        for _ in range(_TRIES):
            asked = ask_reasoned(kind, self._rng.choice(in_force), self._rng, self._names, others)
            if asked is None:
                continue
            told = [self._tells(step) for step in asked.steps]
            half_told = kind == "twohop" and told[0] and self._rng.random() < _SHARE_HALF_TOLD
            if all(told):
                return asked, self._answer(asked, form)
            if half_told:
                return self._declined(asked, form)
        return None

    def _tells(self, step: Step) -> bool:
        return any(one.subject is step.subject and step.label in one.labels for one in self._shown)

    def _passage_of(self, step: Step) -> int | None:
        """Number of the passage that tells a step's relation, or else of the first about its thing."""
        about = [one for one in self._shown if one.subject.name == step.subject.name and not one.subject.edition]
        telling = [one for one in about if step.label in one.labels]
        return self._number[id((telling or about)[0])] if about else None

    def _answer(self, asked: Asked, form: Form) -> str:
        if form == "named":
            return named(asked, self._passage_of)
        return asked.short if form == "short" else asked.full

    def _declined(self, asked: Asked, form: Form) -> tuple[Asked, str]:
        """The answer to a question about which the passages say nothing, or nothing from its second step on."""
        steps = tuple(step if self._tells(step) else replace(step, value=None) for step in asked.steps)
        first = next(number for number, step in enumerate(steps) if step.value is None)
        silent = replace(asked, steps=steps[: first + 1], verdict="")
        return asked, named(silent, self._passage_of) if form == "named" else NOT_THERE

    def _examples(self, form: Form) -> list[tuple[str, str]]:
        """Questions about things that no passage is about, with answers of the form."""
        rng, names = self._rng, self._names
        made = []
        for _ in range(rng.randint(1, 3)):
            asked = ask(invent_subject(rng.choice(self._schema.kinds), rng, names), rng, names)
            number = rng.randint(1, self._stage.max_passages)
            made.append((asked.text, _as_if_in(number, asked) if form == "named" else self._answer(asked, form)))
        return made


def _as_if_in(number: int, asked: Asked) -> str:
    """The named answer that a passage of this number would have led to."""

    def passage_of(_step: Step) -> int:
        return number

    return named(asked, passage_of)


def _copy(passages: list[Passage], rng: Random, number: int = 0) -> Turn:
    """A turn that asks for a passage by its number or for the sentence that begins in a given way."""
    position = rng.randrange(len(passages))
    if rng.random() < 0.5:
        return Turn(f"What does passage {number or position + 1} say?", passages[position].text)
    sentence = rng.choice(passages[position].text.split(". ")).rstrip(".")
    start = " ".join(sentence.split()[:3])
    return Turn(f"Which sentence begins with: {start}", f"{sentence}.")


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
    return _converse(passages, turns, rng, "named", ())


def _converse(
    passages: list[Passage], turns: list[Turn], rng: Random, form: Form, examples: Sequence[tuple[str, str]]
) -> Conversation:
    known = PROSE_INSTRUCTIONS if form == "prose" else INSTRUCTIONS
    instruction = rng.choice(known) if passages else INSTRUCTION_WITHOUT_PASSAGES
    return Conversation(render(instruction, passages, turns[0].question, examples), tuple(turns))
