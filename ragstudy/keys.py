"""Keys of servers: from the environment only, never in a file or a message."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from ragstudy.specs import ServerSpec


def key_of(spec: ServerSpec, role: str) -> str:
    """The key from the environment; servers that need none get a placeholder.

    Args:
        spec: of the server.
        role: what the server is to the study, for the message: 'generator' or 'judge'.

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
