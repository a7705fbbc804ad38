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
        """More of the work is done.

        Args:
            n: units done since the last call.
            note: a word on how it goes, such as the loss.
        """


class ProgressReporter(Protocol):
    """Is told what a run does; the command line draws progress bars from it."""

    def log(self, line: str) -> None:
        """Something was done or reused.

        Args:
            line: what, in one sentence.
        """

    def task(self, title: str, total: int) -> AbstractContextManager[Task]:
        """A piece of work begins; it ends with the context.

        Args:
            title: what is done.
            total: units of the work.
        """


class NullReporter:
    """Reports nothing."""

    def log(self, line: str) -> None:
        """Nothing.

        Args:
            line: is dropped.
        """

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Task]:  # noqa: ARG002 - the protocol's signature
        """A task that nobody sees.

        Args:
            title: is dropped.
            total: is dropped.
        """
        yield self

    def advance(self, n: int = 1, note: str = "") -> None:
        """Nothing.

        Args:
            n: is dropped.
            note: is dropped.
        """
