"""Draft questions about documents that nobody has asked about yet: written by a model, filtered, for a person's review.

A draft is kept if its answer stands in the passage, its question does not give the answer away or speak of "the text",
and the model answers it rightly with the passage and not without it. What is dropped stays in the review table with the
reason.

Examples:
    >>> parse('Question: Where does lamp 3 stand? Answer: In Rome.')
    ('Where does lamp 3 stand?', 'In Rome.')
    >>> parse('I cannot.') is None
    True
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import astuple, dataclass, fields, replace
from random import Random
from typing import TYPE_CHECKING, Literal

from ragstudy.errors import InputError
from ragstudy.files import write_text
from ragstudy.prompting import make_prompt, plain_prompt
from ragstudy.records import Fact, Passage, Question
from ragstudy.retrieval.passages import cut
from ragstudy.scoring.claims import judge
from ragstudy.scoring.words import WordWeights, contains, words
from ragstudy.text import n_words, word_set

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ragstudy.protocols import Generator
    from ragstudy.records import Document, Prompt

Kind = Literal["short", "long"]
_ASK: dict[Kind, str] = {
    "short": (
        "Read the text and write one question that it answers in a few words. Name in the question what it is about, "
        "so that it makes sense without the text. Copy the answer from the text.\n\nText: {text}\n\n"
        "Write two lines, 'Question: ...' and 'Answer: ...'."
    ),
    "long": (
        "Read the text and write one question that it answers in a sentence or two, such as why or how. Name in the "
        "question what it is about, so that it makes sense without the text. Answer it from the text alone.\n\n"
        "Text: {text}\n\nWrite two lines, 'Question: ...' and 'Answer: ...'."
    ),
}
_WRITTEN = re.compile(
    r"question\s*:\s*(?P<question>.+?)(?:\n\s*|(?<=\?)\s+)answer\s*:\s*(?P<answer>.+)", re.IGNORECASE | re.DOTALL
)
_OF_THE_TEXT = re.compile(
    r"\b(the|this)\s+(given\s+|above\s+)?(text|passage|document|paragraph|article)\b", re.IGNORECASE
)
_PASSAGE_WORDS, _OVERLAP = 120, 0
_FEWEST_WORDS = 25
_MOST_SHORT, _FEWEST_LONG = 8, 9
_LEAST_HELD = 0.7
_SAME = 0.8
_RIGHT = 0.5
# Passages asked about for each question that is wanted: small models' drafts are mostly dropped.
_TRIES = 4


@dataclass(frozen=True)
class Draft:
    """A question that a model wrote, or a passage for a person to write one about.

    Attributes:
        keep: 'yes', or 'no' where a filter dropped it; a person may change it.
        why: what the filter that dropped it says; '' if it is kept.
        id: of the question; begins with 'generated' unless a person is to write it.
        question: its text.
        answer: reference answer.
        document: id of the document that holds it.
        passage: that it is about.
    """

    keep: str
    why: str
    id: str
    question: str
    answer: str
    document: str
    passage: str


def parse(text: str) -> tuple[str, str] | None:
    """Question and answer of what a model wrote; None where there is no pair.

    Args:
        text: that was written.
    """
    found = _WRITTEN.search(text)
    if found is None:
        return None
    question = " ".join(found["question"].split()).strip("'\"* ")
    answer = found["answer"].strip().splitlines()[0].strip("'\"* ") if found["answer"].strip() else ""
    return (question, answer) if question and answer else None


def passages_of(documents: Sequence[Document], n: int, seed: int) -> list[Passage]:
    """Passages to ask about: every document in turn, in an order that the seed draws; short ones are left out.

    Args:
        documents: of the corpus.
        n: most passages.
        seed: of the draw.
    """
    by_document = [
        [one for one in cut([document], _PASSAGE_WORDS, _OVERLAP, str.split) if n_words(one.text) >= _FEWEST_WORDS]
        for document in documents
    ]
    rng = Random(seed)
    for passages in by_document:
        rng.shuffle(passages)
    rng.shuffle(by_document)
    found = []
    for turn in range(max(map(len, by_document), default=0)):
        found += [passages[turn] for passages in by_document if turn < len(passages)]
    return found[:n]


def template(documents: Sequence[Document], n: int, seed: int = 1) -> list[Draft]:
    """Passages of the corpus with room for a question and an answer each.

    Args:
        documents: of the corpus.
        n: how many.
        seed: of the draw.
    """
    chosen = passages_of(documents, n, seed)
    return [Draft("yes", "", f"q{k:04d}", "", "", one.document, one.text) for k, one in enumerate(chosen, start=1)]


def write_drafts(  # noqa: PLR0913 - what is wanted
    documents: Sequence[Document],
    generator: Generator,
    wanted: dict[Kind, int],
    *,
    seed: int = 1,
    batch_size: int = 16,
    done: Callable[[int], object] = lambda _: None,
) -> list[Draft]:
    """Drafts of each kind until as many as wanted are kept or four times as many passages were asked about.

    Args:
        documents: of the corpus.
        generator: writes questions and answers them.
        wanted: how many of each kind.
        seed: of the draw of passages.
        batch_size: prompts at a time.
        done: called with how many more passages were asked about.
    """
    weights = WordWeights(document.text for document in documents)
    drafts: list[Draft] = []
    for number, (kind, n) in enumerate(wanted.items()):
        waiting = passages_of(documents, _TRIES * n, seed + number)
        n_kept = 0
        while waiting and n_kept < n:
            batch, waiting = waiting[:batch_size], waiting[batch_size:]
            made = _batch(batch, kind, generator, weights, drafts)
            drafts += made
            n_kept += sum(one.keep == "yes" for one in made)
            done(len(batch))
    return [replace(one, id=f"generated-{k:04d}") for k, one in enumerate(drafts, start=1)]


def _batch(
    passages: Sequence[Passage], kind: Kind, generator: Generator, weights: WordWeights, before: Sequence[Draft]
) -> list[Draft]:
    asked = [plain_prompt(one.id, _ASK[kind].format(text=one.text)) for one in passages]
    drafts: list[Draft] = []
    for passage, said in zip(passages, generator.generate(asked), strict=True):
        pair = parse(said.text)
        question, answer = pair or ("", said.text.strip()[:200])
        why = _fault(question, answer, passage, kind, [*before, *drafts]) if pair else "no question and answer in it"
        why = f"the model failed: {said.error}" if said.stopped == "error" else why
        keep = "no" if why else "yes"
        drafts.append(Draft(keep, why, "", question, answer, passage.document, passage.text))
    return _round_trip(drafts, dict(zip(map(id, drafts), passages, strict=True)), generator, weights)


def _fault(question: str, answer: str, passage: Passage, kind: Kind, before: Sequence[Draft]) -> str:
    """Why a draft is dropped before anybody answers it; '' if it is not."""
    telling, held, mine = words(answer), words(passage.text), word_set(question)
    others = [word_set(one.question) for one in before if one.keep == "yes"]
    faults = {
        "the question does not end in a question mark": not question.endswith("?"),
        "the question speaks of the text, which nobody sees": _OF_THE_TEXT.search(question) is not None,
        "the question holds the answer": contains(words(question), telling),
        "the question is asked already": any(len(mine & other) >= _SAME * len(mine | other) for other in others),
    }
    if kind == "short":
        faults[f"the answer has more than {_MOST_SHORT} words"] = len(telling) > _MOST_SHORT
        faults["the answer does not stand in the passage"] = not contains(held, telling)
    else:
        faults[f"the answer has fewer than {_FEWEST_LONG} words"] = len(telling) < _FEWEST_LONG
        faults["the answer says more than the passage does"] = WordWeights([]).share(held, telling) < _LEAST_HELD
    return next((fault for fault, is_there in faults.items() if is_there), "")


def _round_trip(
    drafts: Sequence[Draft], passages: dict[int, Passage], generator: Generator, weights: WordWeights
) -> list[Draft]:
    """Drop drafts that the model cannot answer with the passage, or can answer without it."""
    kept = [one for one in drafts if one.keep == "yes"]
    prompts: list[Prompt] = []
    for number, one in enumerate(kept):
        prompts += [make_prompt(f"{number} with", one.question, [passages[id(one)]])]
        prompts += [make_prompt(f"{number} without", one.question, [])]
    said = list(generator.generate(prompts)) if prompts else []
    verdicts = {}
    for number, one in enumerate(kept):
        short = n_words(one.answer) <= _MOST_SHORT
        failed = next((one.error for one in said[2 * number : 2 * number + 2] if one.stopped == "error"), "")
        if failed:
            verdicts[id(one)] = f"the model failed: {failed}"
            continue
        asked = Question("", one.question, (one.answer,), (Fact("f", (one.answer,)),) if short else ())
        there, alone = (judge(asked, text.text, weights).completeness for text in said[2 * number : 2 * number + 2])
        if there < _RIGHT:
            verdicts[id(one)] = "the model does not find the answer in the passage"
        elif alone >= _RIGHT:
            verdicts[id(one)] = "the model knows the answer without the passage"
    return [replace(one, keep="no", why=verdicts[id(one)]) if id(one) in verdicts else one for one in drafts]


def write_review(path: Path, drafts: Sequence[Draft]) -> None:
    """Write drafts as a CSV file for a person, which `ragstudy init` reads as its table of questions.

    Args:
        path: of the file; must not exist.
        drafts: in their order.

    Raises:
        InputError: the file is there already.
    """
    if path.exists():
        msg = f"{path}: is there already; name another file, so that no review is lost"
        raise InputError(msg)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([field.name for field in fields(Draft)])
    writer.writerows(astuple(one) for one in drafts)
    write_text(path, text.getvalue())
