"""RAGChecker's input files: questions with reference, answer and retrieved context, and back again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.cells import text_of, texts_of
from ragstudy.corpus.importers.imported import Collection, Imported, layout_error, must_exist, reading
from ragstudy.corpus.importers.kind import ImporterKind, Option
from ragstudy.files import read_json
from ragstudy.records import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

LAYOUT = "RAGChecker's {results: [{query_id, query, gt_answer, response, retrieved_context}]}"


def import_ragchecker(files: tuple[Path, ...], name: str) -> Imported:
    """A domain of the questions and contexts in RAGChecker files; all questions are for testing.

    Args:
        files: of one or more systems over the same questions.
        name: of the domain.

    Raises:
        InputError: a file is missing or in another layout.
    """
    must_exist(files)
    collection = Collection()
    for path in files:
        with reading(path, LAYOUT):
            for row in results_of(path):
                place = f"{path}: query_id {row['query_id']!r}"
                # Contexts are objects with their text, or plain texts.
                for context in texts_of(row.get("retrieved_context"), f"{place}: retrieved_context"):
                    collection.add_document(context, "", "context")
                name_of = text_of(row["query_id"], f"{place}: query_id")
                if name_of not in collection.questions:
                    references = tuple(dict.fromkeys(texts_of(row["gt_answer"], f"{place}: gt_answer")))
                    if not references:
                        collection.left_out["without an answer"] += 1
                        continue
                    text = text_of(row["query"], f"{place}: query")
                    collection.add_question(Question(name_of, text, references, group=name_of, type="freeform"))
    return collection.finish(name, "Questions and contexts of RAGChecker files", "question")


def results_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a RAGChecker file.

    Args:
        path: the file.

    Raises:
        InputError: the file has another layout.
    """
    content = read_json(path)
    rows = content.get("results") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "query_id" in row for row in rows):
        raise layout_error(path, LAYOUT, type(content).__name__)
    return rows


def ragchecker_row(question: Question, answer: str, passages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """One answer in RAGChecker's layout; passages are pairs of id and text.

    Args:
        question: that was asked.
        answer: the text given.
        passages: pairs of id and text.
    """
    return {
        "query_id": question.id,
        "query": question.text,
        "gt_answer": question.references[0] if question.references else "",
        "response": answer,
        "retrieved_context": [{"doc_id": name, "text": text} for name, text in passages],
    }


RAGCHECKER = ImporterKind(
    "ragchecker",
    "RAGChecker's input JSON: questions and contexts; its answers go into a study as `kind: recorded`.",
    import_ragchecker,
    (Option("files", "Files of one or more systems.", Path, many=True, required=True, is_argument=True),),
    "RAGChecker input files of one's own.",
    examples=("ragstudy corpus import ragchecker base.json tuned.json",),
)
