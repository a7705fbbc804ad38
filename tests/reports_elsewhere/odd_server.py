"""A server on loopback that speaks the OpenAI protocol and replies as it is told, whatever that is."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self


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


class OddServer:
    """Serves `POST /v1/chat/completions` while it is open.

    Args:
        reply: from the request to a body (JSON or text), or to a status with a body.
    """

    def __init__(self, reply: Any) -> None:
        self.requests: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(request)
                found = reply(request) if self.path == "/v1/chat/completions" else (404, fault("no such path"))
                status, body = found if isinstance(found, tuple) else (200, found)
                raw = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def root(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Base address, up to `/v1`."""
        return f"{self.root}/v1"

    def __enter__(self) -> Self:
        """Begin to serve."""
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
