"""Replies of a judge, kept by the content of the request, so that nothing is paid for twice."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import asdict
from threading import Lock
from typing import TYPE_CHECKING

from ragstudy.files import append_lines, drop_torn_line, read_lines
from ragstudy.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class ReplyCache:
    """Replies by key, in memory and as lines of a file; two threads never ask for the same key at a time.

    Args:
        path: of the file; nothing is kept beyond the process without one.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = Lock()
        self._known: dict[str, Future[Reply]] = {}
        if path is not None and path.is_file():
            drop_torn_line(path)
            for _, row in read_lines(path):
                self._known[row["key"]] = _done(
                    Reply(
                        row["text"],
                        tuple((token, value) for token, value in row["tokens"]),
                        row["n_prompt_tokens"],
                        row["n_reply_tokens"],
                        row.get("was_cut", False),
                    )
                )

    def __len__(self) -> int:
        """How many replies are known."""
        with self._lock:
            return len(self._known)

    def get(self, key: str, ask: Callable[[], Reply]) -> Reply:
        """The reply of a key, asked for if it is not known; a request that fails is forgotten.

        Args:
            key: hash of the request.
            ask: sends the request.
        """
        with self._lock:
            found = self._known.get(key)
            mine: Future[Reply] | None = None
            if found is None:
                found = mine = Future()
                self._known[key] = mine
        if mine is not None:
            self._ask(key, ask, mine)
        return found.result()

    def _ask(self, key: str, ask: Callable[[], Reply], future: Future[Reply]) -> None:
        try:
            reply = ask()
            with self._lock:
                if self._path is not None:
                    append_lines(self._path, [{"key": key, **asdict(reply)}])
        except BaseException as error:
            with self._lock:
                del self._known[key]
            future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        future.set_result(reply)


def _done(reply: Reply) -> Future[Reply]:
    future: Future[Reply] = Future()
    future.set_result(reply)
    return future
