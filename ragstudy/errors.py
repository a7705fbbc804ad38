"""Errors that ragstudy raises.

RagstudyError           everything below
├── InputError          something the user wrote or named is wrong; the command line exits with code 2
└── UnavailableError    something needed is not installed or cannot be reached; code 2 as well

Examples:
    >>> nearest('retreived', ['retrieved', 'none'])
    "; did you mean 'retrieved'?"
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class RagstudyError(Exception):
    """Base of all errors that ragstudy raises on purpose; the message says place, value and cure."""


class InputError(RagstudyError):
    """Something the user wrote or named is wrong.

    Args:
        problems: every problem found, one message each.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class UnavailableError(RagstudyError):
    """Something that is needed is not installed or cannot be reached."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known name nearest to a wrong one, or the list of known names.

    Args:
        name: that is wrong.
        known: names that there are.
    """
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(known)}" if known else ""
