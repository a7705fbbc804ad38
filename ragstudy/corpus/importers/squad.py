"""SQuAD 1 and 2: spans of Wikipedia paragraphs; version 2 has unanswerable questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.importers.imported import Collection, Imported, layout_error, must_exist, reading, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.files import read_json
from ragstudy.records import Fact, Question

if TYPE_CHECKING:
    from ragstudy.records import Split


def import_squad(
    train: tuple[Path, ...], test: tuple[Path, ...], name: str, test_share: float = 0.25, seed: int = 1
) -> Imported:
    """A domain of SQuAD questions; paragraphs are the documents, articles the groups.

    Args:
        train: SQuAD JSON files; if `test` is empty, their articles are split between both.
        test: SQuAD JSON files of the test split.
        name: of the domain.
        test_share: share of the questions that become the test split where `test` is empty.
        seed: of that draw.

    Raises:
        InputError: a file is missing or in another layout.
    """
    must_exist((*train, *test))
    collection = Collection()
    splits: list[tuple[Split, tuple[Path, ...]]] = [("train", train), ("test", test)]
    for split, paths in splits:
        for path in paths:
            articles = _articles(path)
            with reading(path, "SQuAD's articles with paragraphs, context and qas"):
                for article in articles:
                    _add(collection, article, split)
    if not test:
        split_by_group(collection, test_share, seed)
    return collection.finish(name, "SQuAD: questions on paragraphs of Wikipedia", "group")


def _articles(path: Path) -> list[dict[str, Any]]:
    content = read_json(path)
    articles = content.get("data") if isinstance(content, dict) else None
    if not isinstance(articles, list) or not all(isinstance(a, dict) and "paragraphs" in a for a in articles):
        raise layout_error(path, "SQuAD's {data: [{title, paragraphs}]}", type(content).__name__)
    return articles


def _add(collection: Collection, article: dict[str, Any], split: Split) -> None:
    title = article.get("title", "").replace("_", " ")
    for paragraph in article["paragraphs"]:
        document = collection.add_document(paragraph["context"], title, "squad")
        for qa in paragraph["qas"]:
            answers = tuple(dict.fromkeys(a["text"].strip() for a in qa["answers"] if a["text"].strip()))
            impossible = bool(qa.get("is_impossible"))
            if not answers and not impossible:
                collection.left_out["without an answer"] += 1
                continue
            collection.add_question(
                Question(
                    id=str(qa["id"]),
                    text=qa["question"].strip(),
                    references=() if impossible else answers,
                    facts=() if impossible else (Fact("f1", answers),),
                    gold_documents=() if impossible else (document,),
                    group=title or document,
                    split=split,
                    type="unanswerable" if impossible else "factoid",
                )
            )


SQUAD = ImporterKind(
    "squad",
    "SQuAD 1 or 2 in its published JSON; articles are divided between both splits where no file of the test split is "
    "given.",
    import_squad,
    (
        Option("train", "SQuAD's JSON.", Path, many=True, required=True, is_argument=True),
        Option("test", "File of the test split.", Path, default=(), many=True),
        TEST_SHARE,
        SEED,
    ),
    "SQuAD; text of Wikipedia.",
    "CC BY-SA 4.0",
    ("ragstudy corpus import squad train-v2.0.json --test dev-v2.0.json",),
)
