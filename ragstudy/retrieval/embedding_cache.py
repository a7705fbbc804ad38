"""Vectors of passages and queries in the user's cache, so that no run embeds again what another has embedded.

Texts are embedded block by block, and a block is known by its texts and by what embeds them. Where a block ends is
decided by the texts alone (content-defined chunking: Muthitacharoen, Chen and Mazieres 2001), so that documents that
are added or taken away change their own blocks only, and vectors do not hang on what was embedded before.

Examples:
    >>> from ragstudy.testing import HashEmbedder
    >>> [len(block) for block in blocks([str(n) for n in range(3000)])]
    [409, 320, 2048, 223]
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.files import cache_folder, fingerprint
from ragstudy.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ragstudy.protocols import Embedder

_MEAN, _MOST = 512, 2048
# Fewer texts than this are embedded faster than they are looked up.
_FEWEST = 64


def blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order: up to 2048 whole, more of them cut where a text's hash says so.

    Args:
        texts: to embed.
    """
    if len(texts) <= _MOST:
        yield from [list(texts)] if texts else []
        return
    block: list[str] = []
    for text in texts:
        block.append(text)
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        if int.from_bytes(digest[:4]) % _MEAN == 0 or len(block) == _MOST:
            yield block
            block = []
    if block:
        yield block


class CachedEmbedder:
    """An embedder that keeps its vectors.

    Args:
        inner: embeds what is not there yet.
        identity: of everything that decides its vectors: model, precision, batch size.
    """

    def __init__(self, inner: Embedder, identity: str) -> None:
        self._inner, self._identity = inner, identity
        self._queries: Kept | None = None
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
        for block in blocks(texts):
            made.append(self._block(block))
            self.on_embedded(len(block))
        return np.concatenate(made)

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray:
        """float32 array (n, d) of unit-length rows, one per query, in order; each is kept by its own text.

        The last digits of a vector hang on the texts embedded beside it. A query that is asked again among others must
        find the same passages in the same order, or training prompts and answers would be made anew for nothing.

        Args:
            queries: what is longer than the model reads is cut.
        """
        if not queries:
            return self._inner.embed([])
        if self._queries is None:
            self._queries = Kept(cache_folder() / "queries" / f"{fingerprint(self._identity)}.sqlite")
        kept = self._queries
        new = [text for text in dict.fromkeys(queries) if kept.get(text) is None]
        if new:
            rows = np.asarray(self._inner.embed(new), dtype=np.float32)
            kept.add({text: row.tobytes() for text, row in zip(new, rows, strict=True)})
        return np.stack([np.frombuffer(kept.get(text) or b"", dtype=np.float32) for text in queries])

    def _block(self, texts: list[str]) -> np.ndarray:
        path = cache_folder() / "embeddings" / f"{fingerprint(self._identity, texts)}.npy"
        kept = _read(path, len(texts))
        if kept is not None:
            return kept
        vectors = self._inner.embed(texts)
        _write(path, vectors)
        return vectors


def _read(path: Path, n: int) -> np.ndarray | None:
    """Kept vectors; None where there are none that can be read."""
    try:
        vectors: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.ndim == 2 and len(vectors) == n else None  # noqa: PLR2004 - rows and columns


def _write(path: Path, vectors: np.ndarray) -> None:
    """Keep vectors, whole or not at all; a cache that cannot be written to is no reason to stop."""
    unfinished = path.with_suffix(f".{os.getpid()}.tmp.npy")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(unfinished, vectors, allow_pickle=False)
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
