"""How a run tells what it is doing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


class Task(Protocol):
    """One piece of long work."""

    def advance(self, n: int = 1, note: str = "") -> None:
        """`n` more units are done; `note` is a word on how it goes, such as the loss."""


class Watcher(Protocol):
    """Hears what a run does; the command line draws progress bars from it."""

    def say(self, line: str) -> None:
        """A line about what was done or reused."""

    def task(self, title: str, total: int) -> AbstractContextManager[Task]:
        """A piece of work of `total` units begins; it ends with the context."""


class Silent:
    """Hears and says nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Task]:  # noqa: ARG002 - the protocol's signature
        """A task that nobody sees."""
        yield self

    def advance(self, n: int = 1, note: str = "") -> None:
        """Nothing."""
