"""Vectors of passages and queries in the user's cache, so that no run embeds again what another has embedded.

Each vector is kept by its text and by what embeds it: ten more documents embed ten documents, wherever they stand, and
an embedding that was killed goes on where it was.

Examples:
    >>> from ragstudy.testing import HashEmbedder
    >>> CachedEmbedder(HashEmbedder(), 'hash').embed(['a', 'b']).shape
    (2, 256)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ragstudy.files import cache_folder, fingerprint
from ragstudy.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.protocols import Embedder

# Texts that are looked up, embedded and kept at a time.
_BLOCK = 512
# Fewer texts than this are embedded faster than they are looked up.
_FEWEST = 64


class CachedEmbedder:
    """An embedder that keeps its vectors.

    Args:
        inner: embeds what is not there yet.
        identity: of everything that decides its vectors: model, precision, batch size.
    """

    def __init__(self, inner: Embedder, identity: str) -> None:
        self._inner, self._identity = inner, identity
        self._stores: dict[str, Kept] = {}
        self.on_embedded: Callable[[int], object] = lambda _: None

    def tokens(self) -> Callable[[str], Sequence[object]]:
        """A function from text to tokens: the inner embedder's own if it has one, else words."""
        own = getattr(self._inner, "tokens", None)
        found: Callable[[str], Sequence[object]] = own() if callable(own) else str.split
        return found

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 array (n, d) of unit-length rows, one per text, in order.

        Args:
            texts: what is longer than the model reads is cut.
        """
        if len(texts) < _FEWEST:
            vectors = self._inner.embed(texts)
            self.on_embedded(len(texts))
            return vectors
        made = []
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            made.append(self._vectors("passages", block))
            self.on_embedded(len(block))
        return np.concatenate(made)

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray:
        """float32 array (n, d) of unit-length rows, one per query, in order.

        The last digits of a vector hang on the texts embedded beside it. A query that is asked again among others must
        find the same passages in the same order, or training prompts and answers would be made anew for nothing.

        Args:
            queries: what is longer than the model reads is cut.
        """
        return self._vectors("queries", queries) if queries else self._inner.embed([])

    def _vectors(self, kind: str, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: kept ones, and new ones that are kept from now on."""
        if kind not in self._stores:
            self._stores[kind] = Kept(cache_folder() / kind / f"{fingerprint(self._identity)}.sqlite")
        kept = self._stores[kind]
        found = kept.look_up(texts)
        new = [text for text in dict.fromkeys(texts) if found.get(text) is None]
        if new:
            rows = np.ascontiguousarray(self._inner.embed(new), dtype=np.float32)
            found |= kept.keep({text: row.tobytes() for text, row in zip(new, rows, strict=True)})
        return np.stack([np.frombuffer(found[text], dtype=np.float32) for text in texts])
