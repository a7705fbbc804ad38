"""An arm over HTTP on loopback, in the protocol of OpenAI's chat completions."""

from __future__ import annotations

import json
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, RagstudyError
from ragstudy.loopback import is_for_us
from ragstudy.text import storable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ragstudy.serving.answerer import Answered, Answerer

_LONGEST_REQUEST = 1_000_000


def arm_server(answerer: Answerer, port: int = 0) -> ThreadingHTTPServer:
    """A server of an arm on 127.0.0.1, not started yet; it answers one question at a time.

    `POST /v1/chat/completions` answers the last message of the user; the passages shown stand under `sources`.
    `GET /v1/models` names the arm.

    Args:
        answerer: that answers.
        port: to listen at; 0 for any free one.

    Raises:
        OSError: the port is taken.
    """
    lock = threading.Lock()

    class Handler(_Handler):
        def answered(self, question: str) -> Answered:
            with lock:
                return answerer.answer(question)

        @property
        def model(self) -> str:
            return answerer.recipe.arm

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests and writes replies."""

    def answered(self, question: str) -> Answered:
        """The answer to a question."""
        raise NotImplementedError

    @property
    def model(self) -> str:
        """Name of the arm."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Name the arm."""
        if is_for_us(self.headers) and self.path == "/v1/models":
            self._send(HTTPStatus.OK, {"object": "list", "data": [{"id": self.model, "object": "model"}]})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"no such path: {self.path}")

    def do_POST(self) -> None:
        """Answer the last message of the user."""
        if not is_for_us(self.headers) or self.path != "/v1/chat/completions":
            self._refuse(HTTPStatus.NOT_FOUND, f"no such path: {self.path}; expected /v1/chat/completions")
            return
        try:
            request = self._request()
            said = self.answered(question_in(request))
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except RagstudyError as error:
            self._refuse(HTTPStatus.BAD_GATEWAY, str(error))
        except Exception as error:  # noqa: BLE001 - a generator of the user's own may raise anything
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")
        else:
            self._reply(said, streamed=bool(request.get("stream")))

    def _request(self) -> dict[str, Any]:
        # A browser sends other types to foreign servers without asking them first.
        kind = self.headers.get_content_type()
        if kind != "application/json":
            msg = f"Content-Type is {kind}; expected application/json"
            raise InputError(msg)
        length = self.headers.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit()) or int(length) > _LONGEST_REQUEST:
            msg = f"Content-Length is {length or 'missing'}; expected a number up to {_LONGEST_REQUEST}"
            raise InputError(msg)
        try:
            request = json.loads(self.rfile.read(int(length)))
        except ValueError as error:
            msg = f"the body is no JSON: {error}"
            raise InputError(msg) from None
        if not isinstance(request, dict):
            msg = "the body is no JSON object"
            raise InputError(msg)
        return request

    def _reply(self, said: Answered, *, streamed: bool) -> None:
        reason = "length" if said.was_cut else "stop"
        about = {"id": f"ragstudy-{time.time_ns()}", "created": int(time.time()), "model": self.model}
        sources = [
            {"id": one.id, "document": one.document, "title": one.title, "text": one.text, "score": score}
            for one, score in said.sources
        ]
        if not streamed:
            choice = {"index": 0, "message": {"role": "assistant", "content": said.text}, "finish_reason": reason}
            usage = {"completion_tokens": said.n_tokens}
            reply = {**about, "object": "chat.completion", "choices": [choice], "usage": usage, "sources": sources}
            self._send(HTTPStatus.OK, reply)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        told = {"role": "assistant", "content": said.text}
        for delta, ended, more in ((told, None, {}), ({}, reason, {"sources": sources})):
            choice = {"index": 0, "delta": delta, "finish_reason": ended}
            part = {**about, "object": "chat.completion.chunk", "choices": [choice], **more}
            self.wfile.write(f"data: {json.dumps(part)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": "invalid_request_error"}})

    def _send(self, status: HTTPStatus, body: Mapping[str, Any]) -> None:
        written = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the parent has it
        """Nothing: questions are nobody else's business."""


def question_in(request: Mapping[str, Any]) -> str:
    """The last message of the user, its parts of text joined.

    Args:
        request: of a chat completion.

    Raises:
        InputError: there is none, or it holds no text.
    """
    given = request.get("messages")
    messages = given if isinstance(given, list) else []
    asked = [one for one in messages if isinstance(one, dict) and one.get("role") == "user"]
    content = asked[-1].get("content") if asked else None
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str) or not content.strip():
        msg = "messages: no message of the user with a text"
        raise InputError(msg)
    return storable(content)
