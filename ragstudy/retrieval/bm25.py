"""Retrieval by words: Okapi BM25 (Robertson et al. 1994), by the package bm25s.

Codes keep their form: `AX-500/2` is found by itself and by its parts, which company corpora full of part numbers need.

Examples:
    >>> from ragstudy.records import Passage
    >>> pages = [Passage('a', 'a', '', 'pump AX-200'), Passage('b', 'b', '', 'pump AX-300')]
    >>> Bm25Retriever(pages).search(['AX-300'], 1)[0][0][0].id
    'b'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.protocols import RetrieverKind
from ragstudy.retrieval.dense import embedded_text
from ragstudy.retrieval.saved import check_depth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.protocols import Embedder
    from ragstudy.records import Passage

_CODE = re.compile(r"\w+(?:[-./]\w+)*")
_PART = re.compile(r"\w+")


def tokens(text: str) -> list[str]:
    """Words in lower case, and of codes with hyphens, dots or slashes also the whole code.

    Args:
        text: of a passage or query.
    """
    found: list[str] = []
    for code in _CODE.findall(text.casefold()):
        parts = _PART.findall(code)
        found += parts if len(parts) == 1 else [code, *parts]
    return found


class Bm25Retriever:
    """Passages by their words.

    Args:
        passages: of the domain.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        import bm25s

        self.passages = tuple(passages)
        self._index = bm25s.BM25()
        self._index.index([tokens(embedded_text(one)) for one in self.passages], show_progress=False)

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[Passage, float]]]:
        """For each query the `k` best passages with their BM25 score, 0 upwards, best first.

        Args:
            queries: of any words; words that no passage holds count nothing.
            k: passages per query.

        Raises:
            InputError: `k` is larger than the number of passages.
        """
        check_depth(len(self.passages), k)
        return [self._search(query, k) for query in queries]

    def _search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        known = [word for word in tokens(query) if word in self._index.vocab_dict]
        scores = self._index.get_scores(known) if known else np.zeros(len(self.passages))
        # Passages of the same score in the corpus' order, so that results do not depend on the sorting.
        best = np.argsort(-scores, kind="stable")[:k]
        return [(self.passages[position], float(scores[position])) for position in best]


def _build(passages: Sequence[Passage], _embedder: Embedder) -> Bm25Retriever:
    return Bm25Retriever(passages)


BM25 = RetrieverKind("bm25", _build, needs_embedder=False)
