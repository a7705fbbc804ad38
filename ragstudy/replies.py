"""What a chat completion says: its text, the thinking before it, and why there is none.

Servers differ in what they send beside or instead of a text: lists of parts, thinking in a field of its own or between
marks, null, refusals, tool calls, counts of tokens in any form or none.

Examples:
    >>> without_thinking('<think>Red or green?</think> Green')
    ('Green', 'Red or green?')
    >>> without_thinking('Green')
    ('Green', '')
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ragstudy.text import storable

if TYPE_CHECKING:
    from ragstudy.specs import ServerSpec

_OPEN = re.compile(r"<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_SHUT = re.compile(r"</(think|thinking|thought|reasoning)>", re.IGNORECASE)
_THINKING_KEYS = ("reasoning_content", "reasoning", "thinking")
_CUT = frozenset({"length", "max_tokens", "max_output_tokens"})
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Reply:
    """What a server said.

    Attributes:
        text: of the reply.
        tokens: the likeliest first tokens with their log-probabilities, where they were asked for and sent.
        n_prompt_tokens: tokens that the server read; 0 where it does not say.
        n_reply_tokens: tokens that the server wrote; 0 where it does not say.
        was_cut: whether the reply ended at its longest.
        thinking: what the model thought before it replied, which is no part of the text.
    """

    text: str
    tokens: tuple[tuple[str, float], ...] = ()
    n_prompt_tokens: int = 0
    n_reply_tokens: int = 0
    was_cut: bool = False
    thinking: str = ""


class NoReplyError(Exception):
    """The server sent a reply without content; another try may bring one."""


class NoEndpointError(NoReplyError):
    """What was sent is not of the protocol; another request will hardly bring anything else."""


class NoAnswerError(ValueError):
    """The model did not answer this request, and would not if it were asked again: a refusal, a filter, a tool call."""


def without_thinking(text: str, *, begins: bool = False) -> tuple[str, str]:
    """An answer and the thinking before it, which is apart from it by marks such as `<think>` and `</think>`.

    Text before a closing mark is thinking even if no opening mark is there (some templates put it into the prompt);
    after an opening mark that is never closed, everything is.

    Args:
        text: as the model wrote it.
        begins: whether the opening mark stood at the end of the prompt, so that the text begins with thinking.

    Returns:
        The answer, empty where the text ends in thinking, and the thinking, empty where there is none.
    """
    *before, last = _SHUT.split(text)[::2]
    if begins and not before:
        return "", text.strip()
    opening = _OPEN.search(last)
    answer, unfinished = (last[: opening.start()], last[opening.end() :]) if opening else (last, "")
    thought = [_OPEN.sub("", one).strip() for one in (*before, unfinished)]
    return answer.strip(), "\n".join(one for one in thought if one)


def reply_of(sent: Any, spec: ServerSpec) -> Reply:  # noqa: ANN401 - whatever the server sent
    """What a server said.

    Args:
        sent: as its library read it.
        spec: of the server, for messages.

    Raises:
        NoReplyError: there is nothing in it; another try may bring something.
        NoEndpointError: it is of no chat completion.
        NoAnswerError: the model refused, was filtered, called a tool, or used up its tokens with thinking.
    """
    if not hasattr(sent, "choices"):
        msg = f"{spec.url} is no OpenAI-compatible endpoint"
        raise NoEndpointError(msg)
    if not sent.choices:
        said = getattr(sent, "error", None)
        msg = f"the endpoint sent no text{f': {said}'[:_LONGEST_REASON] if said else ''}"
        raise NoReplyError(msg)
    choice = min(sent.choices, key=lambda one: getattr(one, "index", None) or 0)
    message = getattr(choice, "message", None)
    finish = str(getattr(choice, "finish_reason", None) or "")
    written = _text_of(getattr(message, "content", None) if message is not None else getattr(choice, "text", None))
    text, thinking = without_thinking(storable(written))
    if not thinking:
        told = next((found for key in _THINKING_KEYS if isinstance(found := getattr(message, key, None), str)), "")
        thinking = storable(told).strip()
    usage = getattr(sent, "usage", None)
    _check_answer(text, thinking, message, finish, spec)
    return Reply(
        text,
        () if thinking else _likeliest(choice),  # those of the thinking say nothing about the answer
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
        finish in _CUT,
        thinking,
    )


def joined(chunks: Any) -> SimpleNamespace:  # noqa: ANN401 - whatever the server sends, read by its library
    """A reply that was sent in pieces, as one that was sent whole.

    Args:
        chunks: pieces of a streamed chat completion.

    Raises:
        NoReplyError: the stream ended before the reply did.
    """
    parts: dict[str, list[str]] = {"content": [], **{key: [] for key in _THINKING_KEYS}}
    finish, usage, refusal = "", None, None
    for chunk in chunks:
        usage = getattr(chunk, "usage", None) or usage
        for choice in (one for one in getattr(chunk, "choices", None) or () if not (getattr(one, "index", None) or 0)):
            delta = getattr(choice, "delta", None)
            for key, written in parts.items():
                if isinstance(piece := getattr(delta, key, None), str):
                    written.append(piece)
            refusal = getattr(delta, "refusal", None) or refusal
            finish = str(getattr(choice, "finish_reason", None) or finish)
    if not finish:
        msg = "the stream ended before the reply did"
        raise NoReplyError(msg)
    texts = {key: "".join(written) for key, written in parts.items()}
    message = SimpleNamespace(**texts, refusal=refusal)
    choice = SimpleNamespace(index=0, message=message, finish_reason=finish, logprobs=None)
    return SimpleNamespace(choices=[choice], usage=usage)


def _check_answer(text: str, thinking: str, message: Any, finish: str, spec: ServerSpec) -> None:  # noqa: ANN401 - whatever the server sent
    """Check that there is an answer.

    Raises:
        NoReplyError: there is nothing; another try may bring something.
        NoAnswerError: there is a reason why not.
    """
    refusal = getattr(message, "refusal", None)
    reason = ""
    if finish == "content_filter":
        reason = "the server's filter held the answer back"
    elif text:
        return
    elif refusal:
        reason = f"the model refused: {refusal}"[:_LONGEST_REASON]
    elif getattr(message, "tool_calls", None):
        reason = "the model called a tool instead of answering"
    elif thinking and finish in _CUT:
        n_tokens = spec.max_new_tokens + spec.thinking_tokens
        reason = f"still thinking when its {n_tokens} tokens were used up; raise thinking_tokens, or turn thinking off"
    elif thinking:
        reason = "the model thought and then wrote no answer"
    if reason:
        raise NoAnswerError(reason)
    msg = "the endpoint sent no text"
    raise NoReplyError(msg)


def _text_of(content: Any) -> str:  # noqa: ANN401 - whatever the server sent
    """Text as it is, or that of a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") if isinstance(part, dict) else part for part in content]
    return "".join(part for part in parts if isinstance(part, str))


def _count(usage: Any, key: str) -> int:  # noqa: ANN401 - whatever the server sent
    """A number of tokens; 0 where the server does not say."""
    found = getattr(usage, key, None)
    try:
        return max(0, int(float(found))) if found is not None else 0
    except (TypeError, ValueError, OverflowError):
        return 0


def _likeliest(choice: Any) -> tuple[tuple[str, float], ...]:  # noqa: ANN401 - whatever the server sent
    """The likeliest first tokens with their log-probabilities."""
    logprobs = getattr(choice, "logprobs", None)
    listed = getattr(logprobs, "content", None) or []
    tops = getattr(listed[0], "top_logprobs", None) or [] if listed else []
    return tuple(
        (storable(top.token), top.logprob) for top in tops if top.logprob is not None and math.isfinite(top.logprob)
    )
