"""The FAISS index of a domain's passages, saved with the fingerprint of what it was built from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError
from ragstudy.files import read_json, read_lines, write_json, write_lines
from ragstudy.records import Passage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from llama_index.vector_stores.faiss import FaissVectorStore

    from ragstudy.protocols import Embedder


def embedded_text(passage: Passage) -> str:
    """What is embedded: the title, if there is one, and the text."""
    return f"{passage.title}\n{passage.text}" if passage.title else passage.text


class PassageIndex:
    """Passages with their vectors in llama-index's FAISS store; cosine by inner product of unit vectors.

    Args:
        passages: in the order of their vectors.
        store: holds one unit vector per passage.
        embedder: embeds queries.
    """

    def __init__(self, passages: Sequence[Passage], store: FaissVectorStore, embedder: Embedder) -> None:
        self.passages = tuple(passages)
        self._store = store
        self._embedder = embedder

    @classmethod
    def build(cls, passages: Sequence[Passage], embedder: Embedder) -> PassageIndex:
        """Embed all passages and index them."""
        return cls(passages, _store(embedder.embed([embedded_text(p) for p in passages])), embedder)

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[Passage, float]]]:
        """For each query the `k` nearest passages with their cosine similarity, best first; one batch for all.

        Raises:
            InputError: `k` is larger than the number of passages.
        """
        self.check_depth(k)
        if not queries:
            return []
        similarities, positions = self._store.client.search(self._embedder.embed(queries), k)
        return [
            [(self.passages[position], float(similarity)) for position, similarity in zip(row, near, strict=True)]
            for row, near in zip(positions.tolist(), similarities.tolist(), strict=True)
        ]

    def check_depth(self, k: int, setting: str = "retrieval.top_k") -> None:
        """Check that there are `k` passages to be found.

        Args:
            k: passages wanted.
            setting: that wants them, for the message.

        Raises:
            InputError: `k` is larger than the number of passages.
        """
        if k > len(self.passages):
            msg = (
                f"{setting} is {k}, but the corpus has only {len(self.passages)} passages; "
                f"lower {setting} or chunk_tokens, or add documents"
            )
            raise InputError(msg)

    def save(self, folder: Path, fingerprint: str) -> None:
        """Write passages, vectors and, last, the fingerprint."""
        folder.mkdir(parents=True, exist_ok=True)
        # Without its fingerprint the folder counts as no index until everything is written.
        (folder / "index.json").unlink(missing_ok=True)
        write_lines(folder / "passages.jsonl", self.passages)
        temporary = folder / "vectors.faiss.tmp"
        self._store.persist(str(temporary))
        temporary.replace(folder / "vectors.faiss")
        write_json(folder / "index.json", {"fingerprint": fingerprint, "n_passages": len(self.passages)})

    @classmethod
    def load(cls, folder: Path, embedder: Embedder) -> PassageIndex:
        """Read a saved index."""
        from llama_index.vector_stores.faiss import FaissVectorStore

        passages = read_passages(folder)
        return cls(passages, FaissVectorStore.from_persist_path(str(folder / "vectors.faiss")), embedder)


def _store(vectors: np.ndarray) -> FaissVectorStore:
    import faiss
    from llama_index.vector_stores.faiss import FaissVectorStore

    store = FaissVectorStore(faiss.IndexFlatIP(vectors.shape[1]))
    # All at once: the store's own `add` takes one node at a time.
    store.client.add(vectors)
    return store


def saved_fingerprint(folder: Path) -> str | None:
    """The fingerprint of the index saved in a folder, or None if there is none."""
    path = folder / "index.json"
    return str(read_json(path)["fingerprint"]) if path.is_file() else None


def read_passages(folder: Path) -> list[Passage]:
    """The passages of a saved index."""
    return [_passage(row) for _, row in read_lines(folder / "passages.jsonl")]


def _passage(row: dict[str, Any]) -> Passage:
    return Passage(row["id"], row["document"], row["title"], row["text"])
