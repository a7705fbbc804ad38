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
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ragstudy.errors import InputError
from ragstudy.replies import NoReplyError, Reply, joined, reply_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenacity import RetryCallState

    from ragstudy.specs import ServerSpec

Role = Literal["generator", "judge"]
Messages = list[dict[str, str]]
Asked = TypeVar("Asked")
Result = TypeVar("Result")
# How the reason of an answer begins that was not asked for any more.
BUDGET_SPENT = "the budget of"
_LONGEST_WAIT = 60.0
_REQUEST_TIMEOUT = 408
_BAD_REQUEST = (400, 422)
_LONGEST_REASON = 300


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


def side_by_side(
    prompts: Sequence[Asked], ask: Callable[[Asked], Result], n_at_once: int, *, first_alone: bool
) -> list[Result]:
    """What each prompt gives, in order.

    Args:
        prompts: to be asked.
        ask: sends one.
        n_at_once: under way at a time.
        first_alone: whether the first is sent before the others, because what keeps it from an answer may keep all.
    """
    first = [ask(prompt) for prompt in prompts[:1]] if first_alone else []
    with ThreadPoolExecutor(max_workers=n_at_once) as pool:
        return first + list(pool.map(ask, prompts[len(first) :]))


class ChatClient:
    """Sends chat completions, at temperature 0 unless the study says otherwise.

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

    def send(self, messages: Messages, *, streamed: bool = False, **extras: Any) -> Reply:  # noqa: ANN401 - further fields of a request
        """The reply to one request, tried once.

        Args:
            messages: the request.
            streamed: whether it is read while it is written.
            extras: further fields of the request, e.g. `logprobs`.

        Raises:
            openai.OpenAIError: the request failed.
            NoReplyError: the server sent no text.
            NoAnswerError: the model refused, was filtered, or used up its tokens with thinking.
            json.JSONDecodeError: the server sent something that is no JSON.
        """
        spec = self._spec
        settings: dict[str, Any] = {spec.max_tokens_key: spec.max_new_tokens + spec.thinking_tokens}
        if spec.temperature is not None:
            settings["temperature"] = spec.temperature
        if spec.extra_body:
            settings["extra_body"] = spec.extra_body
        if streamed:
            settings |= {"stream": True, "stream_options": {"include_usage": True}}
        sent = self._client.chat.completions.create(
            model=spec.model,
            messages=messages,  # type: ignore[arg-type] # its library types each role apart
            **settings,
            **extras,
        )
        return reply_of(joined(sent) if streamed else sent, spec)

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

    def refusal(self, error: BaseException) -> str:
        """Why the server will refuse every request as it refused this one; '' if it may take others.

        Args:
            error: raised by a request.
        """
        import openai

        spec = self._spec
        if not isinstance(error, openai.APIStatusError):
            return ""
        code = error.code or ""
        about = f"{error.param or ''} {error.message}".lower()
        refused = {401: "the key", 403: "the key", 404: "the model or the address"}.get(error.status_code, "")
        cure = "check url (up to /v1), model and key_variable"
        if code == "insufficient_quota":
            refused, cure = "the account", "its quota is used up"
        elif error.status_code in _BAD_REQUEST and "max_completion_tokens" in about:
            refused, cure = "max_tokens", "write max_tokens_key: max_completion_tokens"
        elif error.status_code in _BAD_REQUEST and "temperature" in about:
            refused, cure = f"temperature {spec.temperature}", "write temperature: null"
        if not refused:
            return ""
        said = self.without_key(error.message)[:_LONGEST_REASON]
        return f"{spec.url} refuses {refused} for model {spec.model!r} (status {error.status_code}: {said}); {cure}"

    def without_key(self, text: str) -> str:
        """A message that a server may have put the key into, without it.

        Args:
            text: of the message.
        """
        return text.replace(self._client.api_key, "(key)")


def _may_pass(error: BaseException) -> bool:
    import openai

    if getattr(error, "code", None) == "insufficient_quota":
        return False
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
