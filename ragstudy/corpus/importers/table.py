"""Questions and documents in JSONL or CSV files with named columns."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ragstudy.corpus.importers.imported import Collection, Imported, must_exist, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.errors import InputError, nearest
from ragstudy.files import read_lines
from ragstudy.records import Document, Fact, Question

if TYPE_CHECKING:
    from collections.abc import Iterator


_BEGINS = re.compile(
    r"^((in|on|at|by|from|to|of|for|with|about|since|until|the|a|an|it is|they are)\s+)+", re.IGNORECASE
)


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
    collection = Collection()
    if documents is not None:
        for place, row in _rows(documents, [columns.document_id, columns.document_text, columns.document_title]):
            _add_document(collection, row, columns, place)
    wanted = [columns.question, columns.answer, columns.id, columns.gold, columns.context, columns.group, columns.split]
    for number, (place, row) in enumerate(_rows(questions, wanted), start=1):
        _add_question(collection, row, columns, place, number)
    if columns.split is None:
        split_by_group(collection, test_share, seed)
    return collection.finish(name, f"Imported from {questions.name}", "group" if columns.group else "question")


def _rows(path: Path, wanted: list[str | None]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows with their place; checks the columns of the first row."""
    columns = [column for column in wanted if column is not None]
    is_table = path.suffix.lower() in {".csv", ".tsv"}
    for position, (place, row) in enumerate(_csv_rows(path) if is_table else _json_rows(path)):
        missing = [column for column in columns if column not in row]
        if missing and (position == 0 or is_table):
            where = f"{path}:1" if is_table else place
            raise InputError([f"{where}: no column {column!r}{nearest(column, row)}" for column in missing])
        yield place, row


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, row in read_lines(path):
        yield f"{path}:{number}", row


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        try:
            reader = csv.DictReader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else _delimiter(lines))
            for row in reader:
                yield f"{path}:{reader.line_num}", {key: value for key, value in row.items() if key is not None}
        except UnicodeDecodeError:
            msg = f"{path}: not readable as UTF-8; save the table as 'CSV UTF-8'"
            raise InputError(msg) from None
        except csv.Error as error:
            msg = f"{path}:{reader.line_num}: not readable as CSV: {error}"
            raise InputError(msg) from None


def _delimiter(lines: TextIO) -> str:
    """What separates most names of columns: a comma, a tab or the semicolon of some spreadsheets."""
    header = lines.readline()
    lines.seek(0)
    return max(",\t;", key=lambda one: len(next(csv.reader([header], delimiter=one), [])))


def _flat(value: Any) -> list[str]:  # noqa: ANN401 - a cell
    """The strings in a cell, however deep its lists are."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for one in value for text in _flat(one)]
    return [text] if (text := str(value).strip()) else []


def _forms(answer: str) -> tuple[str, ...]:
    """A short answer, and the same without the small words it begins with: `In Lyon.` is said by `Lyon`."""
    bare = _BEGINS.sub("", answer.strip().rstrip(".")).strip()
    return (answer, bare) if bare and bare != answer else (answer,)


def _add_document(collection: Collection, row: dict[str, Any], columns: Columns, place: str) -> None:
    name, text = str(row.get(columns.document_id) or ""), "\n".join(_flat(row.get(columns.document_text)))
    if not name or not text:
        msg = f"{place}: a document needs an id and a text; found id {name!r} and {len(text)} characters of text"
        raise InputError(msg)
    if name in collection.documents:
        msg = f"{place}: document id {name!r} stands twice; ids must differ"
        raise InputError(msg)
    title = str(row.get(columns.document_title) or "") if columns.document_title else ""
    collection.documents[name] = Document(name, title, text)


def _add_question(collection: Collection, row: dict[str, Any], columns: Columns, place: str, number: int) -> None:
    text = " ".join(_flat(row.get(columns.question)))
    answers = tuple(dict.fromkeys(_flat(row.get(columns.answer))))
    if not text:
        collection.left_out["without a question"] += 1
        return
    if not answers:
        collection.left_out["without an answer"] += 1
        return
    gold = _flat(row.get(columns.gold)) if columns.gold else []
    known = [one for one in gold if one in collection.documents]
    if gold and not known:
        collection.left_out["whose gold documents are not among the documents"] += 1
        return
    gold = known
    if columns.context:
        gold += [collection.add_document(context) for context in _flat(row.get(columns.context))]
    split = str(row.get(columns.split) or "") if columns.split else "train"
    if split not in ("train", "test"):
        msg = f"{place}: column {columns.split!r} holds {split!r}; expected 'train' or 'test'"
        raise InputError(msg)
    name = str(row.get(columns.id) or "") if columns.id else ""
    group = str(row.get(columns.group) or "") if columns.group else ""
    name = name or f"q{number}"
    # A short answer is a fact that must be said; a long one is prose to be covered.
    short = all(len(answer.split()) <= 5 for answer in answers)  # noqa: PLR2004
    facts = (Fact("f1", tuple(dict.fromkeys(form for answer in answers for form in _forms(answer)))),) if short else ()
    collection.add_question(
        Question(name, text, answers, facts, tuple(dict.fromkeys(gold)), (), group or name, split, "freeform")  # type: ignore[arg-type] # checked above
    )


def _read(name: str, questions: Path, documents: Path | None, test_share: float, seed: int, **columns: str) -> Imported:
    return import_table(questions, documents, name, Columns(**columns), test_share, seed)


TABLE = ImporterKind(
    "table",
    "JSONL or CSV with columns that you name.",
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
