"""Questions and documents in tables with named columns: JSON lines, JSON, CSV, Parquet, Excel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.cells import text_of, texts_of
from ragstudy.corpus.importers.imported import Collection, Imported, must_exist, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.corpus.tables import TABLES, rows_of
from ragstudy.errors import InputError, nearest
from ragstudy.records import Document, Fact, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_BEGINS = re.compile(
    r"^((in|on|at|by|from|to|of|for|with|about|since|until|the|a|an|it is|they are)\s+)+", re.IGNORECASE
)


_SIDE = re.compile(r"(yes|no|true|false)[.!]?", re.IGNORECASE)
_WRITTEN = {"true": "yes", "false": "no"}


@dataclass(frozen=True)
class Columns:
    """Which column holds what; None where there is no such column.

    Attributes:
        question: the question's text.
        answer: a reference answer, or a list of acceptable ones.
        id: question id; rows are numbered without it.
        gold: ids of the gold documents: one, a list, or lists of lists.
        context: the gold passage itself, where there is no file of documents.
        group: source document, for clustering and splitting.
        split: 'train' or 'test'; without it whole groups are drawn.
        document_id: in the file of documents.
        document_text: in the file of documents; a list is joined.
        document_title: in the file of documents.
    """

    question: str = "question"
    answer: str = "answer"
    id: str | None = None
    gold: str | None = None
    context: str | None = None
    group: str | None = None
    split: str | None = None
    document_id: str = "id"
    document_text: str = "text"
    document_title: str | None = None


def import_table(  # noqa: PLR0913 - what a user may say about a table
    questions: Path,
    documents: Path | None,
    name: str,
    columns: Columns,
    test_share: float = 0.25,
    seed: int = 1,
) -> Imported:
    """A domain from a table of questions and, unless each question brings its passage, a table of documents.

    Args:
        questions: table of questions.
        documents: table of documents, or None where a column holds the gold passage.
        name: of the domain.
        columns: which column holds what.
        test_share: share of the questions that become the test split, where no column says it.
        seed: decides which groups are drawn.

    Raises:
        InputError: a file is missing, a named column is absent, or neither documents nor a context column is given.
    """
    must_exist((questions, *([documents] if documents else [])))
    if documents is None and columns.context is None:
        msg = f"{questions}: no documents; give --documents FILE, or --context COLUMN with each question's passage"
        raise InputError(msg)
    collection = documents_of(documents, columns) if documents is not None else Collection()
    wanted = [columns.question, columns.answer, columns.id, columns.gold, columns.context, columns.group, columns.split]
    for number, (place, row) in enumerate(checked_rows(questions, wanted), start=1):
        add_question_row(collection, row, columns, place, number)
    if columns.split is None:
        split_by_group(collection, test_share, seed)
    return collection.finish(name, f"Imported from {questions.name}", "group" if columns.group else "question")


def documents_of(path: Path, columns: Columns) -> Collection:
    """A collection with the documents of a table and no question yet.

    Args:
        path: table of documents.
        columns: which column holds what.

    Raises:
        InputError: the file is damaged, a named column is absent, or a document has no id or text.
    """
    collection = Collection()
    for place, row in checked_rows(path, [columns.document_id, columns.document_text, columns.document_title]):
        add_document_row(collection, row, columns, place)
    return collection


def checked_rows(path: Path, wanted: Sequence[str | None]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows with their place.

    Args:
        path: of the table.
        wanted: columns that must be there.

    Raises:
        InputError: the file is damaged, or a column is absent.
    """
    columns = [column for column in wanted if column is not None]
    for position, (place, row) in enumerate(rows_of(path, columns)):
        missing = [column for column in columns if column not in row]
        if missing and (position == 0 or path.suffix.lower() in TABLES):
            where = f"{path}:1" if path.suffix.lower() in TABLES else place
            raise InputError([f"{where}: no column {column!r}{nearest(column, row)}" for column in missing])
        yield place, row


def _forms(answer: str) -> tuple[str, ...]:
    """A short answer, and the same without the small words it begins with: `In Lyon.` is said by `Lyon`."""
    plain = answer.strip().rstrip(".").strip() or answer
    bare = _BEGINS.sub("", plain).strip()
    return (plain, bare) if bare and bare != plain else (plain,)


def _facts(answers: Sequence[str]) -> tuple[Fact, ...]:
    """What a short answer must say: all of it, or each of the parts that a semicolon divides."""
    parts = [part for part in answers[0].split(";") if part.strip()] if len(answers) == 1 else []
    if len(parts) > 1:
        return tuple(Fact(f"f{number}", _forms(part)) for number, part in enumerate(parts, start=1))
    return (Fact("f1", tuple(dict.fromkeys(form for answer in answers for form in _forms(answer)))),)


def add_document_row(collection: Collection, row: dict[str, Any], columns: Columns, place: str) -> None:
    """Keep the document of a row.

    Args:
        collection: that it goes into.
        row: of the table.
        columns: which column holds what.
        place: file and line, for messages.

    Raises:
        InputError: it has no id or no text, or its id stands twice.
    """
    name = text_of(row.get(columns.document_id), f"{place}: {columns.document_id}")
    text = "\n".join(texts_of(row.get(columns.document_text), f"{place}: {columns.document_text}"))
    if not name or not text:
        msg = f"{place}: a document needs an id and a text; found id {name!r} and {len(text)} characters of text"
        raise InputError(msg)
    if name in collection.documents:
        msg = f"{place}: document id {name!r} stands twice; ids must differ"
        raise InputError(msg)
    collection.documents[name] = Document(name, _optional(row, columns.document_title, place), text)


def _optional(row: dict[str, Any], column: str | None, place: str) -> str:
    """The text of a column that need not be there."""
    return text_of(row.get(column), f"{place}: {column}") if column else ""


def add_question_row(collection: Collection, row: dict[str, Any], columns: Columns, place: str, number: int) -> None:
    """Keep the question of a row; one that cannot be used is counted and left out.

    Args:
        collection: that it goes into, with its documents.
        row: of the table.
        columns: which column holds what.
        place: file and line, for messages.
        number: of the row, from which it is named where no column names it.

    Raises:
        InputError: a cell holds something without a rule.
    """
    text = " ".join(texts_of(row.get(columns.question), f"{place}: {columns.question}"))
    answers = tuple(dict.fromkeys(texts_of(row.get(columns.answer), f"{place}: {columns.answer}")))
    if not text:
        collection.left_out["without a question"] += 1
        return
    if not answers:
        collection.left_out["without an answer"] += 1
        return
    gold = texts_of(row.get(columns.gold), f"{place}: {columns.gold}") if columns.gold else []
    known = [one for one in gold if one in collection.documents]
    if gold and not known:
        collection.left_out["whose gold documents are not among the documents"] += 1
        return
    gold = known
    if columns.context:
        passages = texts_of(row.get(columns.context), f"{place}: {columns.context}")
        gold += [collection.add_document(context) for context in passages]
    split = _optional(row, columns.split, place) if columns.split else "train"
    if split not in ("train", "test"):
        msg = f"{place}: column {columns.split!r} holds {split!r}; expected 'train' or 'test'"
        raise InputError(msg)
    name = _optional(row, columns.id, place) or f"q{number}"
    group = _optional(row, columns.group, place) or name
    answers = tuple(dict.fromkeys(_WRITTEN.get(answer.casefold(), answer) for answer in answers))
    is_side = isinstance(row.get(columns.answer), bool) or all(_SIDE.fullmatch(answer) for answer in answers)
    # A short answer is a fact that must be said; a long one is prose to be covered.
    short = not is_side and all(len(answer.split()) <= 5 for answer in answers)  # noqa: PLR2004
    facts = _facts(answers) if short else ()
    kind = "yesno" if is_side else "freeform"
    collection.add_question(
        Question(name, text, answers, facts, tuple(dict.fromkeys(gold)), (), group, split, kind)  # type: ignore[arg-type] # checked above
    )


def _read(name: str, questions: Path, documents: Path | None, test_share: float, seed: int, **columns: str) -> Imported:
    return import_table(questions, documents, name, Columns(**columns), test_share, seed)


TABLE = ImporterKind(
    "table",
    "JSON lines, JSON, CSV, Parquet or Excel with columns that you name.",
    _read,
    (
        Option("questions", "Table of questions.", Path, required=True, is_argument=True),
        Option("documents", "Table of documents; not needed with --context.", Path),
        Option("question", "Column of the question.", default="question"),
        Option("answer", "Column of the reference answer, or a list of them.", default="answer"),
        Option("id", "Column of the question's id."),
        Option("gold", "Column of the gold document ids."),
        Option("context", "Column of the gold passage itself."),
        Option("group", "Column of the source document, for clusters and for the split."),
        Option("split", "Column that says train or test; groups are drawn without it."),
        Option("document_id", "Column of the document's id.", default="id"),
        Option("document_text", "Column of the document's text.", default="text"),
        Option("document_title", "Column of the document's title."),
        TEST_SHARE,
        SEED,
    ),
    "A table of one's own.",
    examples=(
        "ragstudy corpus import table faq.csv --question Q --answer A --context Passage --out corpora/faq",
        "ragstudy corpus import table qa.jsonl --documents docs.jsonl --gold doc_ids --out corpora/ours",
    ),
    needs_out=True,
)
