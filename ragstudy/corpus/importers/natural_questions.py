"""Natural Questions: QED lines for training, NQ-open lines with their gold passage for test."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.importers.imported import Collection, Imported, layout_error, must_exist
from ragstudy.corpus.importers.kind import ImporterKind, Option
from ragstudy.files import read_lines
from ragstudy.records import Fact, Question

if TYPE_CHECKING:
    from ragstudy.records import Split

# QED and NQ-open hold text that was cut into words; these put it together again.
_TOGETHER = (
    (re.compile(r"``\s*|\s*''"), '"'),
    (re.compile(r"\s+([,.;:?!%)\]])"), r"\1"),
    (re.compile(r"([(\[])\s+"), r"\1"),
    (re.compile(r"\s+('s|'re|'ve|'ll|n't|'d|'m)\b"), r"\1"),
    (re.compile(r"\s{2,}"), " "),
)


def import_natural_questions(train: tuple[Path, ...], test: tuple[Path, ...], name: str) -> Imported:
    """A domain of Natural Questions; the paragraphs of both splits are the corpus; groups are articles.

    Args:
        train: files of QED lines (`question_text`, `paragraph_text`, `answer_text`).
        test: files of NQ-open lines (`question`, `answers`, `ctxs` with one gold passage).
        name: of the domain.

    Raises:
        InputError: a file is missing or in another layout.
    """
    must_exist((*train, *test))
    collection = Collection()
    for path in train:
        for number, row in read_lines(path):
            _need(path, number, row, ("question_text", "paragraph_text", "answer_text", "example_id"))
            _add_qed(collection, row)
    for path in test:
        for number, row in read_lines(path):
            _need(path, number, row, ("question", "answers", "ctxs"))
            _add_open(collection, row)
    return collection.finish(name, "Natural Questions: search queries answered from Wikipedia", "question")


def _need(path: Path, number: int, row: dict[str, Any], keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if key not in row]
    if missing:
        raise layout_error(path, f"a row with {', '.join(keys)} in line {number}", f"no {missing[0]!r}")


def together(text: str) -> str:
    """Text whose words and marks were cut apart, put together again.

    Args:
        text: as the publisher cut it.
    """
    for pattern, replacement in _TOGETHER:
        text = pattern.sub(replacement, text)
    return text.strip()


def _add_qed(collection: Collection, row: dict[str, Any]) -> None:
    answers = tuple(together(a) for a in row["answer_text"] if isinstance(a, str) and a.strip())
    if not answers:
        collection.left_out["without an answer"] += 1
        return
    title = row.get("title_text", "")
    gold = collection.add_document(together(row["paragraph_text"]), title, prefix="qed")
    # Several spans of one paragraph together are the answer.
    facts = tuple(Fact(f"f{number}", (answer,)) for number, answer in enumerate(dict.fromkeys(answers), start=1))
    reference = ", ".join(dict.fromkeys(answers))
    question = str(row["question_text"])
    collection.add_question(_question(str(row["example_id"]), question, (reference,), facts, gold, title, "train"))


def _add_open(collection: Collection, row: dict[str, Any]) -> None:
    gold = [context for context in row["ctxs"] if context.get("isgold")]
    answers = tuple(dict.fromkeys(together(a) for a in row["answers"] if a.strip()))
    if not gold:
        collection.left_out["without a gold passage"] += 1
    elif not answers:
        collection.left_out["without an answer"] += 1
    else:
        title = gold[0].get("title", "")
        document = collection.add_document(together(gold[0]["text"]), title, prefix="nq")
        name = hashlib.sha256(row["question"].encode()).hexdigest()[:16]
        # NQ-open's answers are alternatives of one another.
        facts = (Fact("f1", answers),)
        collection.add_question(_question(name, row["question"], answers, facts, document, title, "test"))


def _question(  # noqa: PLR0913 - the parts of a question
    name: str, text: str, references: tuple[str, ...], facts: tuple[Fact, ...], gold: str, group: str, split: Split
) -> Question:
    return Question(name, text, references, facts, (gold,), (), group or name, split, "factoid")


NATURAL_QUESTIONS = ImporterKind(
    "nq",
    "Natural Questions: QED lines for training, NQ-open lines with gold passages for test.",
    import_natural_questions,
    (
        Option("train", "File of QED lines; may be given often.", Path, many=True, required=True),
        Option("test", "File of NQ-open lines with gold passages.", Path, many=True, required=True),
    ),
    "Natural Questions; text of Wikipedia.",
    "CC BY-SA 3.0",
    ("ragstudy corpus import nq --train nq-train-00-qed.jsonlines --test nq-open-oracle.jsonl",),
)
