"""A test double: a generator that says what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ragstudy.records import Completion
from ragstudy.specs import GeneratorKind, GeneratorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.records import Prompt


class ScriptedSpec(GeneratorSpec):
    """A test double that says what it is told.

    Attributes:
        answers: answers by question text.
        default: what it says to any other question.
        fails_on: question texts on which it reports an error instead.
    """

    kind: Literal["scripted"]
    answers: dict[str, str] = Field(default_factory=dict)
    default: str = "I do not know."
    fails_on: tuple[str, ...] = ()
    batch_size: int = Field(default=256, ge=1)


class ScriptedGenerator:
    """Answers by question text; for tests of studies, without any model.

    Args:
        answers: answers by question text.
        default: what it says to any other question.
        fails_on: question texts on which it reports an error instead.
    """

    def __init__(
        self,
        answers: Mapping[str, str] | None = None,
        default: str = "I do not know.",
        fails_on: Sequence[str] = (),
    ) -> None:
        self._answers = dict(answers or {})
        self._default = default
        self._fails_on = frozenset(fails_on)
        self.prompts: list[Prompt] = []

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """The scripted answers; every prompt seen is kept in `prompts`.

        Args:
            prompts: answered as one batch.
        """
        self.prompts += prompts
        return [self._answer(prompt) for prompt in prompts]

    def _answer(self, prompt: Prompt) -> Completion:
        shown = len(prompt.passages)
        if prompt.question in self._fails_on:
            return Completion("", "error", 0, shown, "scripted failure")
        text = self._answers.get(prompt.question, self._default)
        return Completion(text, "end", len(text.split()), shown)


KIND = GeneratorKind(
    "scripted", ScriptedSpec, lambda spec: ScriptedGenerator(spec.answers, spec.default, spec.fails_on)
)
