"""What costs a model's time, kept by key in a file of the user's cache.

Examples:
    >>> kept = Kept(None)
    >>> kept.add({'a': b'green'})
    >>> kept.get('a'), kept.get('b')
    (b'green', None)
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_WAIT_SECONDS = 30.0


class Kept:
    """Bytes by key; what is added is on the disk when `add` returns.

    Several processes may use one file. A file that cannot be written or read is no reason to stop: values then are kept
    for this process alone.

    Args:
        path: of the SQLite file; None to keep nothing beyond the process.
    """

    def __init__(self, path: Path | None) -> None:
        self._known: dict[str, bytes] = {}
        self._file: sqlite3.Connection | None = None
        if path is None:
            return
        with contextlib.suppress(OSError, sqlite3.Error):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._file = _opened(path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                # What is no database any more is made anew: all in it can be made again.
                path.unlink()
                self._file = _opened(path)

    def get(self, key: str) -> bytes | None:
        """What is kept of a key; None if nothing is.

        Args:
            key: of any length.
        """
        self._known |= self.look_up([key])
        return self._known.get(key)

    def look_up(self, keys: Iterable[str]) -> dict[str, bytes]:
        """What is kept of each of many keys, which are not held in memory: only those that are there.

        Args:
            keys: of any length.
        """
        wanted = dict.fromkeys(keys)
        found = {key: self._known[key] for key in wanted if key in self._known}
        if self._file is not None:
            with contextlib.suppress(sqlite3.Error):
                for key in wanted.keys() - found.keys():
                    row = self._file.execute("SELECT value FROM kept WHERE key = ?", (_digest(key),)).fetchone()
                    if row is not None and isinstance(row[0], bytes):
                        found[key] = row[0]
        return found

    def keep(self, values: Mapping[str, bytes]) -> dict[str, bytes]:
        """Keep values without holding them in memory; those that hold from now on, which another may have kept before.

        Where there is no file they are held all the same, so that a key has one value within a process.

        Args:
            values: by key.
        """
        self._write(values)
        if self._file is None:
            self._known |= {key: value for key, value in values.items() if key not in self._known}
        return {**values, **self.look_up(values)}

    def add(self, values: Mapping[str, bytes]) -> None:
        """Keep values; what is there already of a key stays, so that all who share the file go on with the same.

        Args:
            values: by key.
        """
        self._write(values)
        for key, value in values.items():
            if self.get(key) is None:
                self._known[key] = value

    def _write(self, values: Mapping[str, bytes]) -> None:
        if self._file is not None:
            with contextlib.suppress(sqlite3.Error), self._file:
                rows = [(_digest(key), value) for key, value in values.items()]
                self._file.executemany("INSERT OR IGNORE INTO kept VALUES (?, ?)", rows)


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    with file:
        file.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    return file


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
