"""A report on loopback, for browsers that open no files."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from ragstudy.loopback import is_for_us

if TYPE_CHECKING:
    from pathlib import Path


class _Pages(SimpleHTTPRequestHandler):
    """Serves the pages of a report and nothing else of its folder."""

    def send_head(self):  # type: ignore[no-untyped-def] # noqa: ANN202 - as the parent has it
        """The page that is asked for; every other path is not found."""
        name = self.path.partition("?")[0].lstrip("/") or "index.html"
        if not is_for_us(self.headers) or "/" in name or "%" in name or not name.endswith(".html"):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.path = f"/{name}"
        return super().send_head()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the parent has it
        """Nothing: who looks at a report is told where it is, not what was read."""


def report_server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server of a report's pages on 127.0.0.1, not started yet.

    Args:
        folder: with the pages.
        port: to listen at; 0 for any free one.

    Raises:
        OSError: the port is taken.
    """
    return ThreadingHTTPServer(("127.0.0.1", port), partial(_Pages, directory=str(folder)))
