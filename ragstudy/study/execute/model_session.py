"""Models that are loaded when they are first needed, and at most once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.generation.likelihood import likelihoods
from ragstudy.generation.make import make_generator
from ragstudy.hardware import give_memory_back
from ragstudy.prompting import answer_ids, fit, plain_ids, token_ids
from ragstudy.specs import TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.generation.causal import CausalGenerator, CausalModel
    from ragstudy.generation.likelihood import Likelihood
    from ragstudy.protocols import Generator
    from ragstudy.records import Prompt
    from ragstudy.specs import GeneratorSpec


class LazyModel:
    """A declared generator that is made only when something has to be generated or trained."""

    def __init__(self, spec: GeneratorSpec) -> None:
        self._spec = spec
        self._model: CausalModel | None = None
        self._other: Generator | None = None

    def causal(self) -> CausalModel:
        """The loaded base model, with its own adapter not switched on."""
        from ragstudy.generation.causal import CausalModel

        if not isinstance(self._spec, TransformersSpec):
            msg = f"generator {self._spec.name!r} is of kind {self._spec.kind!r} and cannot be tuned here"
            raise TypeError(msg)
        if self._model is None:
            self._model = CausalModel(self._spec)
        return self._model

    def generator(self) -> Generator:
        """The generator as declared."""
        if isinstance(self._spec, TransformersSpec):
            return self.adapted(self._spec.adapter)
        self._other = self._other or make_generator(self._spec)
        return self._other

    def adapted(self, adapter: str | None) -> Generator:
        """The loaded base with an adapter, or without one.

        Args:
            adapter: folder or hub id, or None.
        """
        from ragstudy.generation.causal import CausalGenerator

        return CausalGenerator(self.causal(), adapter)

    def release(self) -> None:
        """Give the memory back, of a model that was loaded."""
        if self._model is None and self._other is None:
            return
        self._model = self._other = None
        give_memory_back()


@dataclass(frozen=True)
class AdaptedModel:
    """A model with one adapter or none.

    Attributes:
        make: gives the loaded model.
        adapter: folder of the adapter, or None.
    """

    make: Callable[[], CausalModel]
    adapter: str | None

    def generator(self) -> CausalGenerator:
        """What answers prompts."""
        from ragstudy.generation.causal import CausalGenerator

        return CausalGenerator(self.make(), self.adapter)

    def question_ids(self, text: str) -> list[int]:
        """Token ids of a user message, up to where the answer begins.

        Args:
            text: of the message.
        """
        return token_ids(text, self.make().tokenizer)

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt, cut as it is cut when it is answered.

        Args:
            prompt: that is answered.
        """
        model = self.make()
        return fit(prompt, model.tokenizer, model.max_prompt_tokens())[0]

    def answer_ids(self, text: str) -> list[int]:
        """Token ids of an answer as it follows a user message.

        Args:
            text: of the answer.
        """
        return answer_ids(text, self.make().tokenizer)

    def plain_ids(self, text: str) -> list[int]:
        """Token ids of plain text.

        Args:
            text: without a chat template.
        """
        return plain_ids(text, self.make().tokenizer)

    def likelihoods(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Likelihood]:
        """Likelihoods of continuations after their beginnings.

        Args:
            pairs: token ids of each beginning and continuation.
        """
        return likelihoods(self.make(), pairs, self.adapter)
