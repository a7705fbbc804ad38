"""Test doubles and conformance checks for generators, embedders and measures of one's own.

from ragstudy.testing import check_generator
check_generator(MyGenerator())

Examples:
    >>> check_embedder(HashEmbedder())
    >>> HashEmbedder().embed(['a green lamp']).shape[0]
    1
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.generation.scripted import ScriptedGenerator
from ragstudy.generation.scripted_server import ScriptedServer
from ragstudy.prompting import make_prompt
from ragstudy.records import Passage, Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.protocols import Embedder, Generator, Measure

__all__ = [
    "HashEmbedder",
    "ScriptedGenerator",
    "ScriptedServer",
    "check_embedder",
    "check_generator",
    "check_measure",
]


class HashEmbedder:
    """A test double: a bag of hashed words as a unit vector; no model is needed.

    Args:
        dimension: of the vectors.
    """

    def __init__(self, dimension: int = 256) -> None:
        self._dimension = dimension

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 array (n, d) of unit-length rows.

        Args:
            texts: of any length.
        """
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                digest = hashlib.sha256(word.strip(".,;:?!").encode()).digest()
                vectors[row, int.from_bytes(digest[:4], "big") % self._dimension] += 1.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: np.ndarray = vectors / np.maximum(norms, 1e-12)
        return unit


def check_generator(generator: Generator) -> None:
    """Check the promises of `ragstudy.protocols.Generator`.

    Args:
        generator: to check.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    passages = [Passage("d1#1", "d1", "Lamp", "The lamp is green."), Passage("d2#1", "d2", "", "Unlike the door: red.")]
    prompts = [
        make_prompt("q1", "What colour is the lamp?", passages),
        make_prompt("q2", "What colour is the door?", passages[1:]),
        make_prompt("q3", "", []),
    ]
    _true(len(generator.generate([])) == 0, "no prompts give no completions")
    completions = generator.generate(prompts)
    _true(len(completions) == len(prompts), "there is one completion per prompt")
    for prompt, completion in zip(prompts, completions, strict=True):
        _true(completion.stopped in ("end", "length", "error"), "stopped is 'end', 'length' or 'error'")
        _true(bool(completion.error) == (completion.stopped == "error"), "an error has a reason, nothing else has one")
        _true(0 <= completion.n_passages <= len(prompt.passages), "n_passages counts passages of the prompt")
        _true(completion.n_tokens >= 0, "n_tokens is not negative")
    reversed_texts = [completion.text for completion in generator.generate(prompts[::-1])][::-1]
    _true([c.text for c in completions] == reversed_texts, "completions come in the order of the prompts")
    _true(all(len(generator.generate([prompt])) == 1 for prompt in prompts), "a batch of one gives one completion")


def check_embedder(embedder: Embedder) -> None:
    """Check the promises of `ragstudy.protocols.Embedder`.

    Args:
        embedder: to check.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    texts = ["a green lamp", "", "a green lamp", "ein grünes Licht"]
    vectors = embedder.embed(texts)
    _true(vectors.dtype == np.float32 and vectors.ndim == 2, "vectors are a float32 matrix")  # noqa: PLR2004 - a matrix
    _true(len(vectors) == len(texts), "there is one row per text")
    norms = np.linalg.norm(vectors, axis=1)
    _true(bool(np.all((np.abs(norms - 1) < 1e-3) | (norms == 0))), "rows have unit length")  # noqa: PLR2004 - rounding
    _true(bool(np.allclose(vectors[0], vectors[2], atol=1e-3)), "equal texts have equal vectors")


def check_measure(measure: Measure) -> None:
    """Check the promises of `ragstudy.protocols.Measure`.

    Args:
        measure: to check.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    question = Question("q1", "What colour is the lamp?", ("The lamp is green.",))
    for answer in ("green", "", "x" * 10_000, "أخضر", "green\nred; blue, and 12.5 %"):
        try:
            value = measure.score(question, answer)
        except ValueError as error:
            _true(bool(str(error)), "what cannot be scored has a reason")
        else:
            _true(math.isfinite(value), "scores are finite")


def _true(holds: bool, promise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        msg = f"broken promise: {promise}"
        raise AssertionError(msg)
