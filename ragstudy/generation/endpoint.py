"""Models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ragstudy.keys import key_of
from ragstudy.records import Completion
from ragstudy.specs import GeneratorKind, GeneratorSpec, ServerSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Prompt


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
        from openai import OpenAI

        self._spec = spec
        # The client waits and tries again on 408, 409, 429 and 5xx, with backoff.
        self._client = OpenAI(
            base_url=spec.url,
            api_key=key_of(spec, "generator"),
            max_retries=spec.n_tries - 1,
            timeout=spec.timeout_seconds,
        )

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """One completion per prompt, in order; a request that keeps failing gives one that says why.

        Args:
            prompts: answered as one batch.
        """
        with ThreadPoolExecutor(max_workers=self._spec.batch_size) as pool:
            return list(pool.map(self._answer, prompts))

    def _answer(self, prompt: Prompt) -> Completion:
        shown = len(prompt.passages)
        try:
            reply = self._client.chat.completions.create(
                model=self._spec.model,
                messages=[{"role": "user", "content": prompt.text}],
                max_tokens=self._spec.max_new_tokens,
                temperature=0.0,
            )
        except Exception as error:  # noqa: BLE001 - a proxy may send anything; the other prompts' answers are kept
            return Completion("", "error", 0, shown, self._without_key(f"{type(error).__name__}: {error}")[:500])
        return self._completion(reply, shown)

    def _without_key(self, text: str) -> str:
        """A message that a server may have put the key into."""
        return text.replace(self._client.api_key, "(key)")

    def _completion(self, reply: Any, shown: int) -> Completion:  # noqa: ANN401 - whatever the server sent
        if not hasattr(reply, "choices"):
            return Completion("", "error", 0, shown, f"{self._spec.url} is no OpenAI-compatible endpoint")
        if not reply.choices or reply.choices[0].message.content is None:
            return Completion("", "error", 0, shown, "the endpoint sent no text")
        choice = reply.choices[0]
        n_tokens = reply.usage.completion_tokens if reply.usage else 0
        return Completion(
            (choice.message.content or "").strip(),
            "length" if choice.finish_reason == "length" else "end",
            n_tokens,
            shown,
        )


KIND = GeneratorKind(
    "endpoint",
    EndpointSpec,
    EndpointGenerator,
    check_ready=lambda spec: key_of(spec, "generator"),
    sends_requests=True,
)
