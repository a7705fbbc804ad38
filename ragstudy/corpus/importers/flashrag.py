"""FlashRAG's files: questions with golden answers, one JSON line each, and a corpus of passages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.importers.imported import Collection, must_exist, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.corpus.importers.located import locate_gold
from ragstudy.corpus.importers.table import Columns, add_document_row, add_question_row
from ragstudy.corpus.tables import rows_of

if TYPE_CHECKING:
    from ragstudy.corpus.importers.imported import Imported

_DOCUMENT = Columns(document_id="id", document_text="contents", document_title="title")
_QUESTION = Columns(question="question", answer="golden_answers", id="id", split="split")


def import_flashrag(  # noqa: PLR0913 - what a user may say
    train: tuple[Path, ...],
    documents: Path,
    name: str,
    test: tuple[Path, ...] = (),
    test_share: float = 0.25,
    seed: int = 1,
) -> Imported:
    """A domain of FlashRAG's files; which passage holds an answer is looked for, since they do not name it.

    Args:
        train: question files of the training split; if `test` is empty, their questions are divided.
        documents: corpus with `id` and `contents`, whose first line is the title.
        name: of the domain.
        test: question files of the test split.
        test_share: share of the questions that become the test split where `test` is empty.
        seed: of that draw.

    Raises:
        InputError: a file is missing or in another layout.
    """
    must_exist((*train, *test, documents))
    collection, number = Collection(), 0
    for place, row in rows_of(documents, []):
        add_document_row(collection, _with_title(row), _DOCUMENT, place)
    for split, paths in (("train", train), ("test", test)):
        for path in paths:
            for place, row in rows_of(path, []):
                number += 1
                # Ids are unique in a file only, and files of different sets have the same name.
                told = row.get("id")
                own = number if told is None else told
                named = {**row, "split": split, "id": f"{path.parent.name}-{path.stem}-{own}"}
                add_question_row(collection, named, _QUESTION, place, number)
    notes = locate_gold(collection)
    if not test:
        split_by_group(collection, test_share, seed)
    return collection.finish(name, f"FlashRAG's questions over {documents.name}", "question").with_notes(notes)


def _with_title(row: dict[str, Any]) -> dict[str, Any]:
    contents = row.get("contents")
    if row.get("title") or not isinstance(contents, str) or "\n" not in contents:
        return row if contents or not row.get("title") else {**row, "contents": row["title"]}
    title, text = contents.split("\n", 1)
    return {**row, "title": title.strip().strip('"'), "contents": text}


FLASHRAG = ImporterKind(
    "flashrag",
    "FlashRAG's question files and a corpus; the passages that hold the answers are looked for.",
    import_flashrag,
    (
        Option("train", "Question files, JSON lines.", Path, many=True, required=True, is_argument=True),
        Option("documents", "The corpus, JSON lines.", Path, required=True, flag="--corpus"),
        Option("test", "Question file of the test split.", Path, default=(), many=True),
        TEST_SHARE,
        SEED,
    ),
    "Files in FlashRAG's layout.",
    examples=("ragstudy corpus import flashrag train.jsonl --test test.jsonl --corpus wiki.jsonl --out corpora/ours",),
    needs_out=True,
)
