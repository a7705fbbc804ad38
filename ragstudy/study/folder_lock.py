"""One run at a time writes to a run folder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other runs out of a folder for a while; it need not exist yet.

    Args:
        path: the folder.

    Raises:
        InputError: another run is writing to it.
    """
    from filelock import FileLock, Timeout

    parent = path.parent
    made = not parent.exists()
    parent.mkdir(parents=True, exist_ok=True)
    beside = parent / f".{path.name}.lock"
    try:
        with FileLock(beside, timeout=0):
            try:
                yield
            finally:
                beside.unlink(missing_ok=True)
                if made and not any(parent.iterdir()):
                    parent.rmdir()
    except Timeout:
        msg = f"{path}: another run is writing to this folder; wait for it, or name another one with --out"
        raise InputError(msg) from None
