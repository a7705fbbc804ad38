"""Any `LLM` of llama-index as a generator: the services and engines that its integrations speak to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from ragstudy.endpoints import side_by_side
from ragstudy.errors import RagstudyError, UnavailableError
from ragstudy.records import Completion
from ragstudy.registry import make_object
from ragstudy.replies import without_thinking
from ragstudy.specs import GeneratorKind, GeneratorSpec
from ragstudy.text import storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llama_index.core.llms import LLM

    from ragstudy.records import Prompt

_LONGEST_REASON = 500
_SECRET_ENDINGS = ("key", "keys", "token")
_SECRET_PARTS = ("apikey", "secret", "password", "passwd", "credential", "authorization", "accesskey")
# Tokens of a text.
_NOT_SECRET = frozenset({"eostoken", "padtoken", "bostoken", "unktoken", "stoptoken"})


class LlamaIndexSpec(GeneratorSpec):
    """An `LLM` of llama-index.

    Attributes:
        object: `package.module:Class` of the LLM, or a function that makes one; called with `options`.
        options: keyword arguments, such as `model` and `temperature`. No keys: the integrations read these from the
            environment.
        batch_size: requests under way at a time.
    """

    kind: Literal["llama_index"]
    object: str = Field(pattern=r"^[\w.]+:[\w.]+$")
    options: dict[str, Any] = Field(default_factory=dict)
    batch_size: int = Field(default=4, ge=1)

    @field_validator("options")
    @classmethod
    def _hold_no_key(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name in _names_in(options):
            if _looks_secret(name):
                msg = f"{name!r} looks like a secret; keys come from the environment, which the integration reads"
                raise ValueError(msg)
        return options


def _names_in(options: object) -> Iterator[str]:
    """Names of options, of those within them too."""
    if isinstance(options, dict):
        for name, value in options.items():
            yield str(name)
            yield from _names_in(value)
    elif isinstance(options, list | tuple):
        for value in options:
            yield from _names_in(value)


def _looks_secret(name: str) -> bool:
    plain = re.sub(r"[^a-z]", "", name.lower())
    if plain in _NOT_SECRET:
        return False
    return plain.endswith(_SECRET_ENDINGS) or any(part in plain for part in _SECRET_PARTS)


class LlamaIndexGenerator:
    """Asks an LLM of llama-index: by a chat message where it is a chat model, else by plain text.

    Args:
        spec: of the generator.

    Raises:
        InputError: the object is not found or is no LLM.
        UnavailableError: it cannot be made here, for instance because its key is not set.
    """

    def __init__(self, spec: LlamaIndexSpec) -> None:
        self._spec = spec
        try:
            self._llm: LLM = make_object(spec.object, f"generator {spec.name!r}", ["complete"], spec.options)
        except RagstudyError:
            raise
        except Exception as error:
            # An integration raises what it likes where a key or a server is missing.
            msg = f"generator {spec.name!r}: {spec.object} cannot be made: {_reason(error)}"
            raise UnavailableError(msg) from error
        self._has_answered = False

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """One completion per prompt, in order; a request that fails gives one that says why.

        The first prompt of all is sent alone: what keeps it from an answer keeps all others from theirs.

        Args:
            prompts: answered as one batch.

        Raises:
            UnavailableError: the first request of all fails.
        """
        return side_by_side(prompts, self._answer, self._spec.batch_size, first_alone=not self._has_answered)

    def _answer(self, prompt: Prompt) -> Completion:
        shown = len(prompt.passages)
        try:
            said = self._said(prompt.text)
        except Exception as error:
            if not self._has_answered:
                msg = f"generator {self._spec.name!r}: {self._spec.object} does not answer: {_reason(error)}"
                raise UnavailableError(msg) from error
            return Completion("", "error", 0, shown, _reason(error))
        self._has_answered = True
        text, thinking = without_thinking(storable(said))
        if not text.strip():
            return Completion("", "error", 0, shown, "the model sent no text", thinking=thinking)
        return Completion(text.strip(), "end", len(text.split()), shown, thinking=thinking)

    def _said(self, text: str) -> str:
        from llama_index.core.llms import ChatMessage

        if not self._llm.metadata.is_chat_model:
            return str(self._llm.complete(text).text)
        return self._llm.chat([ChatMessage(role="user", content=text)]).message.content or ""


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST_REASON]


KIND = GeneratorKind(
    "llama_index", LlamaIndexSpec, LlamaIndexGenerator, check_ready=LlamaIndexGenerator, sends_requests=True
)
