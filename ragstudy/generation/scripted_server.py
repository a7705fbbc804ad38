"""A test double: an OpenAI-compatible server on loopback that says, or fails, as it is told."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Fault = Literal["429", "500", "401", "malformed", "truncated", "silence", "empty"]


class ScriptedServer:
    """Serves `POST /v1/chat/completions` while it is open, as a context manager.

    Args:
        answer: from the request's JSON to the text to reply; it may raise KeyError for a reply with status 400.
        fault: from the number of the request, counted from 0, to how it fails; None where it does not.
        silence_seconds: how long a silent request hangs.
        probabilities: from the request to the likeliest first tokens with their log-probabilities, if it sends any.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any]], str],
        fault: Callable[[int], Fault | None] = lambda _: None,
        silence_seconds: float = 1.0,
        probabilities: Callable[[dict[str, Any]], dict[str, float]] | None = None,
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.faults: list[Fault | None] = []
        self._answer, self._fault, self._silence = answer, fault, silence_seconds
        self._probabilities = probabilities
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Base address, up to `/v1`."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        """Begin to serve."""
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _take(self, request: dict[str, Any]) -> Fault | None:
        with self._lock:
            fault = self._fault(len(self.requests))
            self.requests.append(request)
            self.faults.append(fault)
            return fault

    def _body(self, request: dict[str, Any], fault: Fault | None) -> str:
        text = "" if fault == "empty" else self._answer(request)
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }
        if fault == "truncated":
            choice |= {"message": {"role": "assistant", "content": text[: len(text) // 2]}, "finish_reason": "length"}
        if self._probabilities is not None and request.get("logprobs"):
            tops = [{"token": t, "logprob": p, "bytes": None} for t, p in self._probabilities(request).items()]
            choice["logprobs"] = {"content": [{"token": text[:1], "logprob": 0.0, "bytes": None, "top_logprobs": tops}]}
        usage = {"prompt_tokens": len(json.dumps(request)) // 4, "completion_tokens": max(1, len(text) // 4)}
        usage["total_tokens"] = sum(usage.values())
        reply = {"id": "scripted", "object": "chat.completion", "created": 0, "model": request.get("model", "")}
        body = json.dumps({**reply, "choices": [choice], "usage": usage})
        return body[: len(body) // 2] if fault == "malformed" else body

    def _reply(self, request: dict[str, Any]) -> tuple[int, str]:
        fault = self._take(request)
        if fault == "silence":
            time.sleep(self._silence)
        if fault in {"429", "500", "401"}:
            return int(fault), json.dumps({"error": {"message": f"scripted {fault}"}})
        try:
            return 200, self._body(request, fault)
        except KeyError as error:
            return 400, json.dumps({"error": {"message": str(error)}})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        reply = self._reply

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, body = reply(request)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.end_headers()
                    self.wfile.write(body.encode())
                except BrokenPipeError:
                    pass  # the client did not wait for a silent reply

            def log_message(self, *_arguments: object) -> None:
                """Nothing is logged."""

        return Handler
