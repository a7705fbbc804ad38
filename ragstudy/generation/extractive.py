"""The control that answers with the sentences of the passages most like the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ragstudy.records import Completion
from ragstudy.specs import GeneratorKind, GeneratorSpec
from ragstudy.text import word_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Prompt

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


class ExtractiveSpec(GeneratorSpec):
    """The control that answers with the sentences of the passages most like the question.

    Attributes:
        n_sentences: how many sentences an answer has.
    """

    kind: Literal["extractive"]
    n_sentences: int = Field(default=1, ge=1)
    batch_size: int = Field(default=256, ge=1)


class ExtractiveGenerator:
    """Answers with sentences by inverse-document-frequency-weighted overlap with the question.

    A floor for every generator: it reads nothing, it only finds.

    Args:
        n_sentences: how many sentences an answer has.
    """

    def __init__(self, n_sentences: int = 1) -> None:
        self._n_sentences = n_sentences

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """The best sentences of each prompt's passages, in the order in which they stand there.

        Args:
            prompts: answered as one batch.
        """
        return [self._answer(prompt) for prompt in prompts]

    def _answer(self, prompt: Prompt) -> Completion:
        sentences = [
            (f"{passage.title} {sentence}", sentence)
            for passage in prompt.passages
            for sentence in _SENTENCE.split(passage.text)
            if sentence.strip()
        ]
        if not sentences:
            return Completion("I do not know.", n_passages=0)
        words = [word_set(text) for text, _ in sentences]
        counts = Counter(word for found in words for word in found)
        asked = word_set(prompt.question)
        scores = [
            math.fsum(math.log(1 + len(words) / counts[word]) for word in sorted(asked & found)) for found in words
        ]
        best = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[: self._n_sentences]
        text = " ".join(sentences[i][1].strip() for i in sorted(best))
        return Completion(text, "end", len(text.split()), len(prompt.passages))


KIND = GeneratorKind("extractive", ExtractiveSpec, lambda spec: ExtractiveGenerator(spec.n_sentences))
