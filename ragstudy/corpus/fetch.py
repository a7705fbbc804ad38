"""Getting the full public sets from the model hub, where it can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.corpus.importers.imported import Collection
from ragstudy.errors import InputError, UnavailableError, nearest
from ragstudy.records import Document, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from ragstudy.corpus.importers.imported import Imported


@dataclass(frozen=True)
class Source:
    """Where a set is found.

    Attributes:
        dataset: id on the hub.
        files: patterns of the files that are needed.
        revision: branch or tag.
        by_hand: what to get, and the command that imports it, where no hub is reachable.
    """

    dataset: str
    files: tuple[str, ...]
    revision: str
    by_hand: str


SOURCES = {
    "bioasq": Source(
        "rag-datasets/rag-mini-bioasq",
        ("*.parquet", "**/*.parquet"),
        "main",
        "get the task B golden files from the participants' area of bioasq.org (free registration), then: "
        "ragstudy corpus import bioasq 7B*_golden.json 8B*_golden.json 9B*_golden.json 10B*_golden.json",
    ),
    "nq": Source(
        "sentence-transformers/natural-questions",
        ("**/*.parquet", "*.parquet"),
        "main",
        "get nq-train-*-qed.jsonlines of github.com/google-research-datasets/QED and nq-open-oracle.jsonl of "
        "github.com/nelson-liu/lost-in-the-middle, then: "
        "ragstudy corpus import nq --train nq-train-*-qed.jsonlines --test nq-open-oracle.jsonl",
    ),
    "qasper": Source(
        "allenai/qasper",
        ("qasper/*/*.parquet",),
        "refs/convert/parquet",
        "get qasper-train-dev-v0.3.tgz of allenai.org/data/qasper, unpack it, then: "
        "ragstudy corpus import qasper qasper-train-v0.3.json qasper-dev-v0.3.json",
    ),
}


def fetch(name: str, cache: Path) -> Imported:
    """Download a public set from the hub and make a domain of it.

    Args:
        name: 'bioasq', 'nq' or 'qasper'.
        cache: folder for the downloaded files.

    Raises:
        InputError: the name is unknown.
        UnavailableError: the hub cannot be reached; the message says which file to get and how to import it.
    """
    if name not in SOURCES:
        msg = f"no public set {name!r}{nearest(name, SOURCES)}"
        raise InputError(msg)
    source = SOURCES[name]
    folder = _download(source, cache / name)
    tables = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.parquet"))}
    return _READERS[name](tables)


def _download(source: Source, folder: Path) -> Path:
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(
            source.dataset,
            repo_type="dataset",
            revision=source.revision,
            allow_patterns=list(source.files),
            local_dir=str(folder),
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        msg = f"dataset {source.dataset!r}: the hub cannot be reached ({first}). By hand: {source.by_hand}"
        raise UnavailableError(msg) from error
    return folder


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        msg = "reading the hub's files needs pyarrow; install the extra: pip install 'ragstudy[parquet]'"
        raise UnavailableError(msg) from error
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def _mini_bioasq(tables: Mapping[str, Path]) -> Imported:
    """Passages with ids, and questions with `relevant_passage_ids`; split by question."""
    from ragstudy.corpus.importers.imported import split_by_group

    collection = Collection()
    for name, path in tables.items():
        if "question" not in name:
            for row in _rows(path):
                document = str(row["id"])
                collection.documents[document] = Document(document, "", str(row["passage"]))
    for name, path in tables.items():
        if "question" in name:
            for row in _rows(path):
                _add_mini(collection, row)
    split_by_group(collection, 0.25, 1)
    return collection.finish("bioasq", "BioASQ: biomedical questions over abstracts", "group")


def _add_mini(collection: Collection, row: dict[str, Any]) -> None:
    ids = str(row["relevant_passage_ids"]).strip("[]").split(",")
    gold = tuple(one.strip() for one in ids if one.strip() in collection.documents)
    if not gold:
        collection.left_out["without gold passages"] += 1
        return
    collection.add_question(
        Question(
            str(row["id"]), str(row["question"]), (str(row["answer"]),), (), gold, (), gold[0], "train", "freeform"
        )
    )


def _nq_pairs(tables: Mapping[str, Path]) -> Imported:
    """Queries with the passage that answers them; the passage is both gold document and reference."""
    from ragstudy.corpus.importers.imported import split_by_group

    collection = Collection()
    for path in tables.values():
        for number, row in enumerate(_rows(path), start=1):
            passage = str(row["answer"])
            gold = collection.add_document(passage, prefix="nq")
            question = Question(
                f"nq-{number}", str(row["query"]), (passage,), (), (gold,), (), gold, "train", "freeform"
            )
            collection.add_question(question)
    split_by_group(collection, 0.05, 1)
    return collection.finish("nq", "Natural Questions: search queries answered from Wikipedia", "group")


def _qasper_columns(tables: Mapping[str, Path]) -> Imported:
    """The columns of the hub are those of the importer's second layout."""
    from ragstudy.corpus.importers.qasper import import_papers

    return import_papers((row for path in tables.values() for row in _rows(path)), "qasper")


_READERS: dict[str, Callable[[Mapping[str, Path]], Imported]] = {
    "bioasq": _mini_bioasq,
    "nq": _nq_pairs,
    "qasper": _qasper_columns,
}
