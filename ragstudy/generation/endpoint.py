"""Models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ragstudy.endpoints import ChatClient, NoReplyError, server_key
from ragstudy.records import Completion
from ragstudy.specs import GeneratorKind, GeneratorSpec, ServerSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Prompt

_LONGEST_REASON = 500


class EndpointSpec(ServerSpec, GeneratorSpec):
    """A generator behind an OpenAI-compatible endpoint.

    Attributes:
        batch_size: requests under way at a time.
    """

    kind: Literal["endpoint"]
    batch_size: int = Field(default=8, ge=1)


class EndpointGenerator:
    """Answers through chat completions at temperature 0; requests of one batch run side by side.

    Args:
        spec: address, model, limits. The key is read from the environment and kept nowhere else.
    """

    def __init__(self, spec: EndpointSpec) -> None:
        self._spec = spec
        self._client = ChatClient(spec, "generator")

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """One completion per prompt, in order; a request that keeps failing gives one that says why.

        Args:
            prompts: answered as one batch.
        """
        with ThreadPoolExecutor(max_workers=self._spec.batch_size) as pool:
            return list(pool.map(self._answer, prompts))

    def _answer(self, prompt: Prompt) -> Completion:
        shown = len(prompt.passages)
        messages = [{"role": "user", "content": prompt.text}]
        try:
            reply = self._client.with_retries(lambda: self._client.send(messages))
        except NoReplyError as error:
            return Completion("", "error", 0, shown, str(error))
        except Exception as error:  # noqa: BLE001 - a proxy may send anything; the other prompts' answers are kept
            reason = self._client.without_key(f"{type(error).__name__}: {error}")
            return Completion("", "error", 0, shown, reason[:_LONGEST_REASON])
        return Completion(reply.text, "length" if reply.was_cut else "end", reply.n_reply_tokens, shown)


KIND = GeneratorKind(
    "endpoint",
    EndpointSpec,
    EndpointGenerator,
    check_ready=lambda spec: server_key(spec, "generator"),
    sends_requests=True,
)
