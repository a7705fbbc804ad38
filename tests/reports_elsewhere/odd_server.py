"""A server on loopback that speaks the OpenAI protocol and replies as it is told, whatever that is."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from ragstudy.generation.scripted_server import ScriptedServer


def message(content: object, finish: str | None = "stop", **fields: object) -> dict[str, Any]:
    """The body of a usual reply."""
    told = {"role": "assistant", "content": content, **fields}
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": told, "finish_reason": finish}],
        "usage": usage,
    }


def fault(said: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": said, "type": "invalid_request_error", "param": param, "code": code}}


class OddServer(ScriptedServer):
    """Serves `POST /v1/chat/completions` while it is open, and says whatever it is told, of any status and form.

    Args:
        reply: from the request to a body (JSON or text), or to a status with a body.
    """

    def __init__(self, reply: Any) -> None:
        self._told = reply
        super().__init__(lambda _: "")

    @property
    def root(self) -> str:
        """Address of the server."""
        return self.url.removesuffix("/v1")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        told, requests = self._told, self.requests

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                requests.append(request)
                found = told(request) if self.path == "/v1/chat/completions" else (404, fault("no such path"))
                status, body = found if isinstance(found, tuple) else (200, found)
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
                self.end_headers()
                self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

        return Handler
