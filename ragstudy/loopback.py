"""What the servers of this machine share: they answer only requests that are meant for them.

Examples:
    >>> from email.message import Message
    >>> headers = Message()
    >>> headers['Host'] = '127.0.0.1:8017'
    >>> is_for_us(headers)
    True
    >>> headers['Origin'] = 'https://elsewhere.example'
    >>> is_for_us(headers)
    False
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from email.message import Message
    from http.server import HTTPServer

_NAMES = ("127.0.0.1", "localhost")


def is_for_us(headers: Message) -> bool:
    """Whether a request names this machine and comes from no page elsewhere.

    A page elsewhere may send its reader here under a name of its own, or ask from where it stands.

    Args:
        headers: of the request.
    """
    host = (headers.get("Host") or "").partition(":")[0]
    origin = urlsplit(headers.get("Origin") or "http://localhost").hostname
    return host in _NAMES and origin in _NAMES


def serve_until_stopped(server: HTTPServer) -> None:
    """Serve until Ctrl-C.

    Args:
        server: that is not started yet.
    """
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()  # noqa: T201 - the shell goes on below the ^C
