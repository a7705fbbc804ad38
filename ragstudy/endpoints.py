"""Models behind OpenAI-compatible endpoints: keys, requests, and when a request is tried again.

Generators and judges send their requests here. A key comes from the environment only and is never in a file or a
message.

Examples:
    >>> from ragstudy.specs import JudgeSpec
    >>> server_key(JudgeSpec(name='local', url='http://127.0.0.1:8080/v1', model='m', key_variable=None), 'judge')
    'none'
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

    from ragstudy.specs import ServerSpec

Role = Literal["generator", "judge"]
Messages = list[dict[str, str]]
Result = TypeVar("Result")
_LONGEST_WAIT = 60.0
_REQUEST_TIMEOUT = 408


@dataclass(frozen=True)
class Reply:
    """What a server said.

    Attributes:
        text: of the reply.
        tokens: the likeliest first tokens with their log-probabilities, where they were asked for and sent.
        n_prompt_tokens: tokens that the server read; 0 where it does not say.
        n_reply_tokens: tokens that the server wrote; 0 where it does not say.
        was_cut: whether the reply ended at its longest.
    """

    text: str
    tokens: tuple[tuple[str, float], ...] = ()
    n_prompt_tokens: int = 0
    n_reply_tokens: int = 0
    was_cut: bool = False


class NoReplyError(Exception):
    """The server sent a reply without content; another try may bring one."""


def server_key(spec: ServerSpec, role: Role) -> str:
    """The key from the environment; servers that need none get a placeholder.

    Args:
        spec: of the server.
        role: what the server is to the study, for the message.

    Raises:
        InputError: the variable is not set.
    """
    if spec.key_variable is None:
        return "none"
    key = os.environ.get(spec.key_variable, "")
    if not key:
        msg = (
            f"{role} {spec.name!r}: the environment variable {spec.key_variable} is not set; set it to the key "
            f"of {spec.url}, or write key_variable: null if the server needs none"
        )
        raise InputError(msg)
    return key


class ChatClient:
    """Sends chat completions at temperature 0.

    Args:
        spec: address, model, limits.
        role: what the server is to the study, for messages.

    Raises:
        InputError: the key is not set.
    """

    def __init__(self, spec: ServerSpec, role: Role) -> None:
        from openai import OpenAI

        self._spec = spec
        # Trying again is `with_retries`, so that a budget sees every try.
        self._client = OpenAI(
            base_url=spec.url, api_key=server_key(spec, role), max_retries=0, timeout=spec.timeout_seconds
        )

    def send(self, messages: Messages, **extras: Any) -> Reply:  # noqa: ANN401 - further fields of a request
        """The reply to one request, tried once.

        Args:
            messages: the request.
            extras: further fields of the request, e.g. `logprobs`.

        Raises:
            openai.OpenAIError: the request failed.
            NoReplyError: the server sent no text.
            json.JSONDecodeError: the server sent something that is no JSON.
        """
        sent = self._client.chat.completions.create(
            model=self._spec.model,
            messages=messages,  # type: ignore[arg-type] # its library types each role apart
            max_tokens=self._spec.max_new_tokens,
            temperature=0.0,
            **extras,
        )
        return _reply_of(sent, self._spec.url)

    def with_retries(self, request: Callable[[], Result]) -> Result:
        """What a request gives; tried again after 408, 409, 429, 5xx, time-outs, and replies without JSON or text.

        Args:
            request: sends one request; called up to `n_tries` times.

        Raises:
            Exception: what the last try raised.
        """
        import tenacity

        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._spec.n_tries),
            wait=_wait,
            retry=tenacity.retry_if_exception(_may_pass),
            reraise=True,
        )
        return tries(request)

    def without_key(self, text: str) -> str:
        """A message that a server may have put the key into, without it.

        Args:
            text: of the message.
        """
        return text.replace(self._client.api_key, "(key)")


def _reply_of(sent: Any, url: str) -> Reply:  # noqa: ANN401 - whatever the server sent
    if not hasattr(sent, "choices"):
        msg = f"{url} is no OpenAI-compatible endpoint"
        raise NoReplyError(msg)
    if not sent.choices or sent.choices[0].message is None or sent.choices[0].message.content is None:
        msg = "the endpoint sent no text"
        raise NoReplyError(msg)
    choice = sent.choices[0]
    listed = choice.logprobs.content if choice.logprobs and choice.logprobs.content else []
    tops = [top for top in (listed[0].top_logprobs or []) if top.logprob is not None] if listed else []
    return Reply(
        _clean(choice.message.content.strip()),
        tuple(
            (_clean(top.token), top.logprob) for top in tops if top.logprob is not None and math.isfinite(top.logprob)
        ),
        sent.usage.prompt_tokens if sent.usage else 0,
        sent.usage.completion_tokens if sent.usage else 0,
        choice.finish_reason == "length",
    )


def _clean(text: str) -> str:
    """Text that can be written as UTF-8: half of a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _may_pass(error: BaseException) -> bool:
    import openai

    passing = (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError, openai.ConflictError)
    if isinstance(error, openai.APIStatusError) and error.status_code == _REQUEST_TIMEOUT:
        return True
    return isinstance(error, (*passing, openai.APIResponseValidationError, json.JSONDecodeError, NoReplyError))


def _wait(state: RetryCallState) -> float:
    """Seconds to the next try: what the server asks for, or else twice as long each time, with jitter."""
    import tenacity

    error = state.outcome.exception() if state.outcome else None
    asked = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    if asked.replace(".", "", 1).isdigit():
        return min(float(asked), _LONGEST_WAIT)
    return float(tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)(state))
