"""AutoRAG's two tables: a corpus of passages, and questions with answers and the passages that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.corpus.cells import texts_of
from ragstudy.corpus.importers.imported import group_by_gold, must_exist, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.corpus.importers.located import locate_gold
from ragstudy.corpus.importers.table import Columns, add_question_row, checked_rows, documents_of

if TYPE_CHECKING:
    from ragstudy.corpus.importers.imported import Imported

_COLUMNS = Columns(
    question="query",
    answer="generation_gt",
    id="qid",
    gold="retrieval_gt",
    document_id="doc_id",
    document_text="contents",
)
_WANTED = ("query", "generation_gt", "qid", "retrieval_gt")


def import_autorag(questions: Path, documents: Path, name: str, test_share: float = 0.25, seed: int = 1) -> Imported:
    """A domain of AutoRAG's qa and corpus tables; questions whose first gold passage is the same are one group.

    Where a question names only passages that the corpus does not hold, the passage with its answer is looked for.

    Args:
        questions: the qa table, Parquet or JSON lines.
        documents: the corpus table.
        name: of the domain.
        test_share: share of the questions that become the test split.
        seed: decides which groups are drawn.

    Raises:
        InputError: a file is missing, damaged, or lacks a column.
    """
    must_exist((questions, documents))
    collection = documents_of(documents, _COLUMNS)
    n_elsewhere = 0
    for number, (place, row) in enumerate(checked_rows(questions, list(_WANTED)), start=1):
        gold = texts_of(row["retrieval_gt"], f"{place}: retrieval_gt")
        if gold and not any(one in collection.documents for one in gold):
            n_elsewhere += 1
            row = {**row, "retrieval_gt": []}  # noqa: PLW2901 - the same row
        add_question_row(collection, row, _COLUMNS, place, number)
    notes = [f"of {n_elsewhere} questions no named passage is in {documents.name}"] if n_elsewhere else []
    notes += locate_gold(collection)
    group_by_gold(collection)
    split_by_group(collection, test_share, seed)
    title = f"AutoRAG's {questions.name} over {documents.name}"
    return collection.finish(name, title, "group").with_notes(notes)


AUTORAG = ImporterKind(
    "autorag",
    "AutoRAG's qa and corpus tables, Parquet or JSON lines.",
    import_autorag,
    (
        Option("questions", "The qa table.", Path, required=True, is_argument=True),
        Option("documents", "The corpus table.", Path, required=True, flag="--corpus"),
        TEST_SHARE,
        SEED,
    ),
    "Tables in AutoRAG's layout.",
    examples=("ragstudy corpus import autorag qa.parquet --corpus corpus.parquet --out corpora/ours",),
    needs_out=True,
)
