"""The retrievers and rerankers that a study can name.

Examples:
    >>> retriever_kind('bm25').needs_embedder
    False
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ragstudy.errors import UnavailableError
from ragstudy.protocols import RetrieverKind
from ragstudy.registry import Registry, is_object_name, make_object, source_fingerprint
from ragstudy.retrieval.dense import embedded_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.protocols import Embedder, Reranker, Retriever
    from ragstudy.records import Passage
    from ragstudy.specs import RetrievalSpec

# Passages that are searched for at least: ranking quality is reported that deep, and what is tied falls the same way
# wherever a question is asked.
LEAST_DEPTH = 10
_AFTER_GROUP = re.compile(r"[-#/:]")
RETRIEVERS = Registry(
    kind="retriever",
    group="ragstudy.retrievers",
    entry_type=RetrieverKind,
    built_in={
        "dense": "ragstudy.retrieval.dense:DENSE",
        "bm25": "ragstudy.retrieval.bm25:BM25",
        "hybrid": "ragstudy.retrieval.hybrid:HYBRID",
    },
)


def retriever_kind(name: str) -> RetrieverKind:
    """What is known of a retriever.

    Args:
        name: as a study writes it under `retrieval.retriever`.

    Raises:
        InputError: there is none of this name.
    """
    return RETRIEVERS.get(name, "retrieval.retriever")


def search_fingerprint(retriever: str, reranker: str | None, rerank_depth: int) -> list[object]:
    """Changes with what orders passages; nothing for dense retrieval alone, as before there was a choice.

    Args:
        retriever: name of the retriever.
        reranker: name of the reranker, or None.
        rerank_depth: passages that the reranker looks at.
    """
    parts: list[object] = [] if retriever == "dense" else [retriever]
    parts += [source_fingerprint(retriever)] if is_object_name(retriever) else []
    if reranker is not None:
        parts += [reranker, source_fingerprint(reranker) if is_object_name(reranker) else "", rerank_depth]
    return parts


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers.

    Args:
        name: local folder or hub id.

    Raises:
        UnavailableError: the model is not local and the hub does not give it.
    """

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self._model = CrossEncoder(name, model_kwargs={"use_safetensors": True})
        except OSError as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            msg = f"retrieval.reranker: cannot load {name!r}: {first}. Give a local folder, or leave the key out"
            raise UnavailableError(msg) from error

    def rerank(self, query: str, passages: Sequence[Passage]) -> list[float]:
        """The model's score for each passage, in order; higher is a better match.

        Args:
            query: the question.
            passages: that the retriever found.
        """
        scores = self._model.predict([(query, embedded_text(one)) for one in passages], show_progress_bar=False)
        return [float(score) for score in scores]


def make_reranker(name: str) -> Reranker:
    """The reranker that a study names.

    Args:
        name: local folder or hub id of a cross-encoder, or `package.module:object`.

    Raises:
        InputError: the object cannot be made.
        UnavailableError: the model is not to be had.
    """
    if is_object_name(name):
        made: Reranker = make_object(name, "retrieval.reranker", ["rerank"])
        return made
    return CrossEncoderReranker(name)


def open_retriever(name: str, place: Path, passages: Sequence[Passage], embedder: Embedder) -> Retriever:
    """The retriever of a saved index.

    Args:
        name: as a study writes it under `retrieval.retriever`.
        place: folder of the index.
        passages: of the domain.
        embedder: of the study.
    """
    kind = retriever_kind(name)
    found: Retriever = kind.build(passages, embedder) if kind.load is None else kind.load(place, passages, embedder)
    return found


def reranked(retriever: Retriever, settings: RetrievalSpec, n_passages: int) -> Retriever:
    """A retriever with the study's reranker behind it, if it names one.

    Args:
        retriever: of the domain.
        settings: of the study.
        n_passages: passages of the domain.
    """
    if settings.reranker is None:
        return retriever
    return RerankedRetriever(retriever, make_reranker(settings.reranker), settings.rerank_depth, n_passages)


def groups_of(document: str) -> list[str]:
    """The groups that a document may belong to: its own id, and what stands in it before each of `-`, `#`, `/`, `:`.

    Args:
        document: its id.
    """
    return [document, *(document[: mark.start()] for mark in _AFTER_GROUP.finditer(document))]


class RerankedRetriever:
    """A retriever whose first passages another model orders anew.

    Args:
        retriever: finds passages.
        reranker: scores them.
        depth: passages that the reranker looks at.
        n_passages: passages that there are.
    """

    def __init__(self, retriever: Retriever, reranker: Reranker, depth: int, n_passages: int) -> None:
        self._retriever, self._reranker = retriever, reranker
        self._depth, self._n_passages = depth, n_passages

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[Passage, float]]]:
        """For each query the `k` best passages, best first; passages beyond the depth follow in the retriever's order.

        The scores are the reranker's, and of passages beyond its depth the retriever's.

        Args:
            queries: searched in one batch.
            k: passages per query.

        Raises:
            ValueError: the reranker gives another number of scores than it was given passages.
        """
        depth = min(max(k, self._depth), self._n_passages) if k <= self._n_passages else k
        return [
            self._reranked(query, row)[:k]
            for query, row in zip(queries, self._retriever.search(queries, depth), strict=True)
        ]

    def _reranked(self, query: str, row: Sequence[tuple[Passage, float]]) -> list[tuple[Passage, float]]:
        looked_at, rest = [passage for passage, _ in row[: self._depth]], list(row[self._depth :])
        scores = list(self._reranker.rerank(query, looked_at))
        if len(scores) != len(looked_at):
            msg = f"the reranker gave {len(scores)} scores for {len(looked_at)} passages"
            raise ValueError(msg)
        order = sorted(range(len(scores)), key=lambda position: (-scores[position], position))
        return [(looked_at[position], float(scores[position])) for position in order] + rest
