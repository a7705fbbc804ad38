"""BEIR's folder: corpus.jsonl, queries.jsonl and qrels; the answers, which it has none of, from a table beside them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.cells import text_of, texts_of
from ragstudy.corpus.importers.imported import Collection, group_by_gold, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.corpus.importers.table import Columns, add_document_row, add_question_row
from ragstudy.corpus.tables import rows_of
from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ragstudy.corpus.importers.imported import Imported

_CORPUS, _QUERIES, _QRELS = "corpus.jsonl", "queries.jsonl", "qrels"
_DOCUMENT = Columns(document_id="_id", document_text="text", document_title="title")
_QUESTION = Columns(question="text", answer="answer", id="_id", gold="gold", split="split")
# Where rows of queries that were made for answering keep their answers.
_ANSWERS = ("answer", "answers")
_WITH_HEAD = 3


def import_beir(folder: Path, answers: Path | None, name: str, test_share: float = 0.25, seed: int = 1) -> Imported:
    """A domain of a BEIR folder.

    Queries of qrels/train.tsv are for training and those of test.tsv for testing; where one of the files is missing,
    groups are drawn. A document with a positive judgement is a gold document.

    Args:
        folder: with corpus.jsonl, queries.jsonl and qrels/.
        answers: table with the columns `_id` (or `id`) and `answer`; None where the queries carry `answer` or
            `metadata.answer`.
        name: of the domain.
        test_share: share of the questions that become the test split where the qrels do not say it.
        seed: decides which groups are drawn.

    Raises:
        InputError: a file is missing or in another layout, or no query has an answer.
    """
    _must_hold(folder)
    collection = Collection()
    n_empty = 0
    for place, row in rows_of(folder / _CORPUS, []):
        # Some documents of published sets are a title, and some nothing.
        text = row.get("text") or row.get("title")
        n_empty += not text
        if text:
            add_document_row(collection, {**row, "text": text}, _DOCUMENT, place)
    notes = [f"{n_empty} documents without a word were left out"] if n_empty else []
    judged = {split: _qrels(folder / _QRELS / f"{split}.tsv") for split in ("train", "test")}
    known = _answers(answers) if answers is not None else {}
    for number, (place, row) in enumerate(rows_of(folder / _QUERIES, []), start=1):
        query = text_of(row.get("_id"), f"{place}: _id")
        split = next((one for one, gold in judged.items() if query in gold), None)
        if split is None:
            collection.left_out["that qrels/train.tsv and qrels/test.tsv do not name"] += 1
            continue
        told = known.get(query) or _own_answer(row)
        question = {**row, "answer": told, "gold": judged[split][query], "split": split}
        add_question_row(collection, question, _QUESTION, place, number)
    if not collection.questions and collection.left_out["without an answer"]:
        msg = (
            f"{folder / _QUERIES}: no query has an answer, and a study needs them; give --answers TABLE with the "
            "columns _id and answer"
        )
        raise InputError(msg)
    group_by_gold(collection)
    if not (judged["train"] and judged["test"]):
        split_by_group(collection, test_share, seed)
        return collection.finish(name, f"BEIR's {folder.name}", "group").with_notes(notes)
    return collection.finish(name, f"BEIR's {folder.name}", "question").with_notes(notes)


def _must_hold(folder: Path) -> None:
    missing = [name for name in (_CORPUS, _QUERIES) if not (folder / name).is_file()]
    if not any((folder / _QRELS / f"{split}.tsv").is_file() for split in ("train", "test")):
        missing.append(f"{_QRELS}/train.tsv or {_QRELS}/test.tsv")
    if missing:
        raise InputError([f"{folder}: no {name} in it; expected BEIR's layout" for name in missing])


def _qrels(path: Path) -> dict[str, list[str]]:
    """Documents with a positive judgement, by query."""
    found: dict[str, list[str]] = defaultdict(list)
    if not path.is_file():
        return found
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{path}: not readable as UTF-8"
        raise InputError(msg) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        row = line.split("\t")
        if number == 1 and len(row) == _WITH_HEAD and not row[-1].lstrip("-").isdigit():
            continue
        # The TREC form has a second column that nobody uses.
        if len(row) not in (3, 4) or not row[-1].lstrip("-").isdigit():
            msg = f"{path}:{number}: found {line[:80]!r}; expected query id, document id and a whole number"
            raise InputError(msg)
        if int(row[-1]) > 0:
            found[row[0]].append(row[-2])
    return found


def _answers(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for place, row in rows_of(path, []):
        column = "_id" if "_id" in row else "id"
        if column not in row or "answer" not in row:
            msg = f"{place}: expected the columns _id and answer; there are {', '.join(row) or 'none'}"
            raise InputError(msg)
        found[text_of(row[column], f"{place}: {column}")] += texts_of(row["answer"], f"{place}: answer")
    return found


def _own_answer(row: Mapping[str, Any]) -> object:
    metadata = row.get("metadata")
    for place in (row, metadata if isinstance(metadata, dict) else {}):
        for name in _ANSWERS:
            if place.get(name):
                return place[name]
    return None


BEIR = ImporterKind(
    "beir",
    "A folder in BEIR's layout; the answers from its queries or from a table beside it.",
    import_beir,
    (
        Option("folder", "With corpus.jsonl, queries.jsonl and qrels/.", Path, required=True, is_argument=True),
        Option("answers", "Table with the columns _id and answer.", Path),
        TEST_SHARE,
        SEED,
    ),
    "A folder in BEIR's layout.",
    examples=("ragstudy corpus import beir fiqa/ --answers answers.csv --out corpora/fiqa",),
    needs_out=True,
)
