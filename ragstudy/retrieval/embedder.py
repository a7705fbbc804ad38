"""Embedding with sentence-transformers.

Examples:
    >>> from ragstudy.testing import HashEmbedder
    >>> len(tokens_of(HashEmbedder())('a green lamp'))
    3
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import hash_files
from ragstudy.registry import Registry, is_object_name, make_object, source_fingerprint
from ragstudy.retrieval import minilm
from ragstudy.retrieval.embedding_cache import CachedEmbedder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sentence_transformers import SentenceTransformer

    from ragstudy.protocols import Embedder
    from ragstudy.specs import DType, RetrievalSpec


@dataclass(frozen=True)
class EmbedderKind:
    """An embedder that a study can name.

    Attributes:
        name: as a study writes it under `retrieval.embedder`.
        make: from precision ('auto', 'float32', 'bfloat16' or 'float16') and batch size to the embedder.
        version: raised whenever it gives other vectors than before.
    """

    name: str
    make: Callable[[DType, int], Embedder]
    version: int = 1


EMBEDDERS = Registry(
    kind="embedder",
    group="ragstudy.embedders",
    entry_type=EmbedderKind,
    built_in={"minilm": "ragstudy.retrieval.embedder:MINILM"},
)


def locate_embedder(name: str) -> str:
    """Where an embedder is loaded from: a local folder, the hub's cache, the package, or the hub itself.

    Args:
        name: folder or hub id.

    Raises:
        InputError: a local folder without a model.
        UnavailableError: the default embedder is in none of these places.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            msg = f"retrieval.embedder: {name}: the folder holds no model; expected modules.json or config.json in it"
            raise InputError(msg)
        return str(folder)
    if _in_hub_cache(name) or name != minilm.HUB_ID:
        return name
    return str(minilm.verified_folder())


def _in_hub_cache(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(name, "model.safetensors"), str)
    except HFValidationError:
        return False


class SentenceEmbedder:
    """A sentence-transformers model that gives unit-length vectors.

    Args:
        name: local folder or hub id.
        dtype: 'auto', 'float32', 'bfloat16' or 'float16'.
        batch_size: texts embedded at a time.
        device: 'auto' takes a GPU if there is one.
    """

    def __init__(self, name: str, dtype: str = "auto", batch_size: int = 64, device: str = "auto") -> None:
        from sentence_transformers import SentenceTransformer

        from ragstudy.hardware import device_of, dtype_of, load_quietly

        load_quietly()
        self.batch_size = batch_size
        chosen = device_of(device)
        self.numbers = str(dtype_of(dtype, chosen))
        try:
            self._model: SentenceTransformer = SentenceTransformer(
                locate_embedder(name),
                device=chosen,
                model_kwargs={"dtype": dtype_of(dtype, chosen), "use_safetensors": True},
            )
        except OSError as error:
            msg = (
                f"retrieval.embedder: cannot load {name!r}: no such local folder, not in the hub's cache, and the hub "
                f"gave: {_first_line(error)}. Give a local folder, or leave the key out for the default"
            )
            raise UnavailableError(msg) from error

    def tokens(self) -> Callable[[str], list[int]]:
        """A function from text to the model's token ids, without special tokens."""
        tokenizer = self._model.tokenizer

        def encode(text: str) -> list[int]:
            ids: list[int] = tokenizer.encode(text, add_special_tokens=False, verbose=False)
            return ids

        return encode

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> np.ndarray:
        """float32 array (n, d) of unit-length rows, one per text, in order.

        The vectors are brought to unit length in float32, whatever precision the model runs in.

        Args:
            texts: what is longer than the model reads is cut.
            progress: whether a bar is drawn.
        """
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension() or 0), dtype=np.float32)
        vectors = self._model.encode(
            list(texts), batch_size=self.batch_size, convert_to_tensor=True, show_progress_bar=progress
        )
        dense = vectors.float().cpu().numpy()
        unit: np.ndarray = dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-12)
        return unit.astype(np.float32)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def scoring_embedder() -> Embedder:
    """The embedder that claims are compared with: always the default one in float32, whatever a study retrieves with.

    Raises:
        UnavailableError: it cannot be reached.
    """
    return SentenceEmbedder(minilm.HUB_ID, "float32")


def make_embedder(settings: RetrievalSpec) -> Embedder:
    """The embedder that a study names.

    Args:
        settings: of the study.

    Raises:
        InputError: something it names is missing or wrong.
        UnavailableError: the model cannot be reached.
    """
    kind = EMBEDDERS.find(settings.embedder)
    if kind is not None:
        return kind.make(settings.dtype, settings.batch_size)
    if is_object_name(settings.embedder):
        made: Embedder = make_object(settings.embedder, "retrieval.embedder", ["embed"])
        return made
    inner = SentenceEmbedder(settings.embedder, settings.dtype, settings.batch_size)
    return CachedEmbedder(inner, f"{embedder_fingerprint(settings.embedder)} {inner.numbers} {settings.batch_size}")


def embedder_fingerprint(name: str) -> str:
    """Changes with the files of a local embedder and with the code of one of the user's own; else the name itself.

    Args:
        name: as a study writes it under `retrieval.embedder`.
    """
    if is_object_name(name):
        return f"{name} {source_fingerprint(name)}"
    kind = EMBEDDERS.find(name)
    if kind is not None:
        return f"{name} {kind.version}"
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return name
    return hash_files([p for p in folder.rglob("*") if p.suffix in {".safetensors", ".json", ".txt"}], folder)


def tokens_of(embedder: Embedder) -> Callable[[str], Sequence[object]]:
    """A function from text to tokens: the embedder's own if it has one, else words.

    Args:
        embedder: of the study.
    """
    own = getattr(embedder, "tokens", None)
    return own() if callable(own) else str.split


MINILM = EmbedderKind("minilm", lambda dtype, batch_size: SentenceEmbedder(minilm.HUB_ID, dtype, batch_size))
