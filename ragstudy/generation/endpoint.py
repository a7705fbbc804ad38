"""Models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.endpoints import BUDGET_SPENT, ChatClient, server_key, side_by_side
from ragstudy.errors import UnavailableError
from ragstudy.records import Completion
from ragstudy.replies import NoAnswerError, NoEndpointError, NoReplyError
from ragstudy.specs import EndpointSpec, GeneratorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.endpoints import Messages
    from ragstudy.records import Prompt, Stopped
    from ragstudy.replies import Reply

_LONGEST_REASON = 500
_SERVER_ERROR = 500


class _BudgetSpentError(Exception):
    """No further request may be sent."""


class EndpointGenerator:
    """Answers through chat completions at temperature 0; requests of one batch run side by side.

    Args:
        spec: address, model, limits. The key is read from the environment and kept nowhere else.
    """

    def __init__(self, spec: EndpointSpec) -> None:
        self._spec = spec
        self._client = ChatClient(spec, "generator")
        self._has_answered = False

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """One completion per prompt, in order; a request that keeps failing gives one that says why.

        The first prompt of all is sent alone: what keeps the server from answering it keeps it from answering any.

        Args:
            prompts: answered as one batch.

        Raises:
            UnavailableError: the server refuses every request, or has not answered any.
        """
        return side_by_side(prompts, self._answer, self._spec.batch_size, first_alone=not self._has_answered)

    def _answer(self, prompt: Prompt) -> Completion:
        shown = len(prompt.passages)
        messages = [{"role": "user", "content": prompt.text}]
        try:
            reply = self._client.with_retries(lambda: self._send(messages))
        except _BudgetSpentError as error:
            return Completion("", "error", 0, shown, str(error))
        except NoAnswerError as error:
            self._has_answered = True
            return Completion("", "error", 0, shown, str(error))
        except Exception as error:  # noqa: BLE001 - a proxy may send anything; the other prompts' answers are kept
            reason = self._client.without_key(f"{type(error).__name__}: {error}")[:_LONGEST_REASON]
            self._check_goes_on(error, reason)
            return Completion("", "error", 0, shown, str(error) if isinstance(error, NoReplyError) else reason)
        self._has_answered = True
        stopped: Stopped = "length" if reply.was_cut else "end"
        return Completion(reply.text, stopped, reply.n_reply_tokens, shown, thinking=reply.thinking)

    def _send(self, messages: Messages) -> Reply:
        limit = self._spec.max_calls
        if not self._spec.calls.count_one(limit):
            msg = f"{BUDGET_SPENT} {limit} requests is spent; raise max_calls and run again"
            raise _BudgetSpentError(msg)
        return self._client.send(messages, streamed=self._spec.stream)

    def _check_goes_on(self, error: Exception, reason: str) -> None:
        """Check that other requests may succeed where one has failed.

        Raises:
            UnavailableError: none will.
        """
        import openai

        refusal = self._client.refusal(error)
        # What is wrong with one request, such as a prompt that is too long, is not wrong with all.
        is_answered = isinstance(error, NoReplyError) and not isinstance(error, NoEndpointError)
        of_this_request = is_answered or (
            isinstance(error, openai.APIStatusError) and error.status_code < _SERVER_ERROR
        )
        if not refusal and (self._has_answered or of_this_request):
            return
        msg = f"generator {self._spec.name!r}: " + (
            refusal or f"{self._spec.url} does not answer: {reason}; check that the server runs, and url (up to /v1)"
        )
        raise UnavailableError(msg) from error


KIND = GeneratorKind(
    "endpoint",
    EndpointSpec,
    EndpointGenerator,
    check_ready=lambda spec: server_key(spec, "generator"),
    sends_requests=True,
)
