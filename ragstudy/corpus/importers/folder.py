"""A folder of documents, and a table of questions about them whose columns are guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.cells import text_of
from ragstudy.corpus.folder import documents_in
from ragstudy.corpus.importers.imported import Collection, Imported, must_exist, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.corpus.importers.located import locate_gold
from ragstudy.corpus.importers.named_gold import NamedGold
from ragstudy.corpus.importers.odd_questions import odd_questions, without_repetitions
from ragstudy.corpus.importers.table import Columns, add_question_row
from ragstudy.corpus.tables import rows_of
from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

# What columns are called in the tables of RAG tools and of people; the first that is there is taken.
GUESSES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "query", "prompt", "instruction", "user_input", "input", "user", "q", "frage"),
    "answer": (
        *("answer", "answers", "golden_answers", "reference", "references", "reference_answer", "expected_answer"),
        *("expected", "ground_truth", "gt_answer", "response", "output", "completion", "assistant", "a", "antwort"),
    ),
    "id": ("id", "_id", "qid", "question_id", "query_id"),
    "gold": ("gold", "gold_documents", "document", "document_id", "doc_id", "source", "file", "filename", "page"),
    "group": ("group",),
    "split": ("split",),
}
_MESSAGES = "messages"
# Of tables that `ragstudy corpus questions` wrote and a person reviewed.
_KEEP = "keep"


def read_folder(
    name: str, docs: Path, questions: Path, test_share: float = 0.5, seed: int = 1, **named: str | None
) -> Imported:
    """A domain of a folder of documents and a table of questions.

    Args:
        name: of the domain.
        docs: folder of documents.
        questions: table of questions.
        test_share: share of the questions that become the test split, where no column says it.
        seed: decides which source documents are drawn for it.
        named: columns that are not to be guessed.

    Raises:
        InputError: a file or column is missing, or nothing in the folder can be read.
    """
    must_exist((questions,))
    if not docs.is_dir():
        msg = f"{docs}: no such folder of documents"
        raise InputError(msg)
    documents, notes, problems = documents_in(docs)
    if not documents and not problems:
        problems = [f"{docs}: no document in it can be read", *notes]
    if problems:
        raise InputError(problems)
    collection = Collection({one.id: one for one in documents})
    rows = [(place, _of_messages(row, place)) for place, row in rows_of(questions, [])]
    columns, guessed = guess_columns(questions, rows[0][1] if rows else {}, named)
    named_gold = NamedGold(docs.name, collection.documents.values())
    for number, (place, row) in enumerate(rows, start=1):
        if _is_dropped(row, place):
            collection.left_out["that a review dropped (keep = no)"] += 1
            continue
        if columns.gold is not None:
            row = {**row, columns.gold: named_gold.of(row, columns, place)}  # noqa: PLW2901 - the same row
        add_question_row(collection, row, columns, place, number)
    notes = [*notes, guessed, *named_gold.notes(), *without_repetitions(collection), *locate_gold(collection)]
    _group(collection, is_given=columns.group is not None)
    if columns.split is None:
        split_by_group(collection, test_share, seed)
    imported = collection.finish(name, f"Documents of {docs.name}/, questions of {questions.name}", "group")
    generated = sum(question.id.startswith("generated-") for question in imported.domain.questions)
    notes += [f"{generated} of the questions were written by a model"] if generated else []
    return replace(imported, notes=(*notes, *odd_questions(imported.domain)))


def guess_columns(path: Path, row: Mapping[str, Any], named: Mapping[str, str | None]) -> tuple[Columns, str]:
    """Which column holds what, and a sentence that says it.

    Args:
        path: of the table, for messages.
        row: the first one.
        named: columns that a user named.

    Raises:
        InputError: a named column is not there, or question or answer cannot be guessed.
    """
    by_lower = {column.strip().casefold(): column for column in row}
    found = {
        part: named.get(part) or next((by_lower[one] for one in names if one in by_lower), None)
        for part, names in GUESSES.items()
    }
    two = list(row)
    if len(two) == 2 and not (found["question"] and found["answer"]):  # noqa: PLR2004 - a question and its answer
        found |= {"question": two[0], "answer": two[1], "id": None, "gold": None, "group": None, "split": None}
    problems = [
        f"{path}: no column {column!r}; it has {', '.join(row)}"
        for column in named.values()
        if column and column not in row
    ]
    problems += [
        f"{path}: which column holds the {part}? Name it with --{part}; there are {', '.join(row) or 'none'}"
        for part in ("question", "answer")
        if not found[part]
    ]
    if problems:
        raise InputError(problems)
    told = ", ".join(f"{part} = {column!r}" for part, column in found.items() if column)
    question, answer = str(found["question"]), str(found["answer"])
    columns = Columns(question, answer, found["id"], found["gold"], None, found["group"], found["split"])
    return columns, f"columns of {path.name}: {told}"


def _of_messages(row: dict[str, Any], place: str) -> dict[str, Any]:
    """A row of OpenAI's format for fine-tuning as a question with its answer; any other row as it is."""
    messages = row.get(_MESSAGES)
    if not isinstance(messages, list):
        return row
    last = {one.get("role"): one.get("content") for one in messages if isinstance(one, dict)}
    if not (last.get("user") and last.get("assistant")):
        msg = f"{place}: its messages hold no pair of user and assistant"
        raise InputError(msg)
    return {"question": last["user"], "answer": last["assistant"]}


def _is_dropped(row: Mapping[str, Any], place: str) -> bool:
    """Whether a table of reviewed drafts says that a question is not to be kept."""
    if not {_KEEP, "why", "passage"} <= row.keys():
        return False
    said = text_of(row[_KEEP], f"{place}: {_KEEP}").casefold()
    if said not in ("", "yes", "no"):
        msg = f"{place}: column {_KEEP!r} holds {said!r}; expected 'yes' or 'no'"
        raise InputError(msg)
    return said == "no"


def _group(collection: Collection, *, is_given: bool) -> None:
    """Questions about one file depend on each other: its name is their group where no column says another."""
    if is_given:
        return
    for name, question in collection.questions.items():
        if question.gold_documents:
            source = question.gold_documents[0].partition("#")[0]
            collection.questions[name] = replace(question, group=source)


FOLDER = ImporterKind(
    "folder",
    "A folder of documents in many formats, and a table of questions whose columns are guessed.",
    read_folder,
    (
        Option("docs", "Folder of documents.", Path, required=True, is_argument=True),
        Option(
            "questions", "Table of questions: CSV, Excel, JSON, JSON lines, Parquet.", Path, required=True, flag="--qa"
        ),
        Option("question", "Column of the question, where the guess is wrong."),
        Option("answer", "Column of the reference answer."),
        Option("id", "Column of the question's id."),
        Option("gold", "Column of the documents that hold the answer: paths, or file names."),
        Option("group", "Column of what makes questions depend on each other."),
        Option("split", "Column that says train or test."),
        replace(TEST_SHARE, default=0.5),
        SEED,
    ),
    "Documents and questions of one's own.",
    examples=("ragstudy corpus import folder wiki/ --qa questions.csv --out corpora/wiki",),
    needs_out=True,
)
