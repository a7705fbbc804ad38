"""Dense retrieval and BM25 together, their ranks fused.

Examples:
    >>> HYBRID.needs_embedder
    True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.protocols import RetrieverKind
from ragstudy.retrieval.bm25 import Bm25Retriever
from ragstudy.retrieval.dense import DenseRetriever
from ragstudy.retrieval.saved import check_depth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.protocols import Embedder
    from ragstudy.records import Passage

# As Cormack, Clarke and Buettcher chose it.
_RANK_CONSTANT = 60
_DEPTH = 100


class HybridRetriever:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): the sum over both rankings of 1 / (60 + rank).

    Args:
        dense: over the passages.
        words: over the same passages.
    """

    def __init__(self, dense: DenseRetriever, words: Bm25Retriever) -> None:
        self.dense, self._words = dense, words

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[Passage, float]]]:
        """For each query the `k` best passages with their fused score, 0 upwards, best first.

        Args:
            queries: searched in one batch.
            k: passages per query.

        Raises:
            InputError: `k` is larger than the number of passages.
        """
        n_passages = len(self.dense.passages)
        check_depth(n_passages, k)
        depth = min(max(k, _DEPTH), n_passages)
        rankings = zip(self.dense.search(queries, depth), self._words.search(queries, depth), strict=True)
        return [_fused(rows, k) for rows in rankings]


def _fused(rankings: Sequence[Sequence[tuple[Passage, float]]], k: int) -> list[tuple[Passage, float]]:
    scores: dict[str, float] = {}
    passages: dict[str, Passage] = {}
    for ranking in rankings:
        for rank, (passage, _) in enumerate(ranking, start=1):
            passages[passage.id] = passage
            scores[passage.id] = scores.get(passage.id, 0.0) + 1 / (_RANK_CONSTANT + rank)
    best = sorted(scores, key=lambda name: (-scores[name], name))[:k]
    return [(passages[name], scores[name]) for name in best]


def _build(passages: Sequence[Passage], embedder: Embedder) -> HybridRetriever:
    return HybridRetriever(DenseRetriever.build(passages, embedder), Bm25Retriever(passages))


def _save(retriever: object, folder: Path) -> None:
    if isinstance(retriever, HybridRetriever):
        retriever.dense.save(folder)


def _load(folder: Path, passages: Sequence[Passage], embedder: Embedder) -> HybridRetriever:
    return HybridRetriever(DenseRetriever.load(folder, passages, embedder), Bm25Retriever(passages))


HYBRID = RetrieverKind("hybrid", _build, save=_save, load=_load)
