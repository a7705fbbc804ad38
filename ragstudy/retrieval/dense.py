r"""Dense retrieval: passages and queries as unit vectors in FAISS, behind llama-index's store.

Examples:
    >>> from ragstudy.records import Passage
    >>> embedded_text(Passage('d#1', 'd', 'Lamps', 'It is green.'))
    'Lamps\nIt is green.'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.protocols import RetrieverKind
from ragstudy.retrieval.saved import check_depth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from llama_index.vector_stores.faiss import FaissVectorStore

    from ragstudy.protocols import Embedder
    from ragstudy.records import Passage

_FILE = "vectors.faiss"


def embedded_text(passage: Passage) -> str:
    """What is embedded of a passage: the title, if there is one, and the text.

    Args:
        passage: of the corpus.
    """
    return f"{passage.title}\n{passage.text}" if passage.title else passage.text


class DenseRetriever:
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
    def build(cls, passages: Sequence[Passage], embedder: Embedder) -> DenseRetriever:
        """Embed all passages and index them.

        Args:
            passages: of the domain.
            embedder: embeds passages and queries.
        """
        return cls(passages, _store(embedder.embed([embedded_text(p) for p in passages])), embedder)

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[Passage, float]]]:
        """For each query the `k` nearest passages with their cosine similarity in [-1, 1], best first.

        Args:
            queries: searched in one batch.
            k: passages per query.

        Raises:
            InputError: `k` is larger than the number of passages.
        """
        check_depth(len(self.passages), k)
        if not queries:
            return []
        embed = getattr(self._embedder, "embed_queries", self._embedder.embed)
        similarities, positions = self._store.client.search(embed(queries), k)
        return [
            [(self.passages[position], float(similarity)) for position, similarity in zip(row, near, strict=True)]
            for row, near in zip(positions.tolist(), similarities.tolist(), strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the vectors, whole or not at all.

        Args:
            folder: of the index.
        """
        temporary = folder / f"{_FILE}.tmp"
        self._store.persist(str(temporary))
        temporary.replace(folder / _FILE)

    @classmethod
    def load(cls, folder: Path, passages: Sequence[Passage], embedder: Embedder) -> DenseRetriever:
        """Read saved vectors.

        Args:
            folder: of the index.
            passages: in the order of their vectors.
            embedder: embeds queries.

        Raises:
            RuntimeError: the file is damaged.
        """
        from llama_index.vector_stores.faiss import FaissVectorStore

        return cls(passages, FaissVectorStore.from_persist_path(str(folder / _FILE)), embedder)


def _store(vectors: np.ndarray) -> FaissVectorStore:
    import faiss
    from llama_index.vector_stores.faiss import FaissVectorStore

    store = FaissVectorStore(faiss.IndexFlatIP(vectors.shape[1]))
    # All at once: the store's own `add` takes one node at a time.
    store.client.add(vectors)
    return store


def _save(retriever: object, folder: Path) -> None:
    if isinstance(retriever, DenseRetriever):
        retriever.save(folder)


DENSE = RetrieverKind("dense", DenseRetriever.build, save=_save, load=DenseRetriever.load)
