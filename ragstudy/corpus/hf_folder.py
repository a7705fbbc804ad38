"""Folders that `datasets` writes with `save_to_disk`, read without that package.

Examples:
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     is_saved_dataset(Path(empty))
    False
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SPLITS, _ONE = "dataset_dict.json", "state.json"


def is_saved_dataset(path: Path) -> bool:
    """Whether a folder was written by `save_to_disk`, of one dataset or of several splits.

    Args:
        path: of the folder.
    """
    return (path / _SPLITS).is_file() or (path / _ONE).is_file()


def saved_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row with its place. Of several splits, a column `split` says train, or test of all others.

    Args:
        path: of the folder.

    Raises:
        InputError: a file is missing or damaged.
        UnavailableError: pyarrow is not installed.
    """
    if not (path / _SPLITS).is_file():
        yield from _rows(path)
        return
    try:
        names = [str(name) for name in json.loads((path / _SPLITS).read_text(encoding="utf-8"))["splits"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path / _SPLITS}: not as `save_to_disk` writes it: {type(error).__name__}: {error}"
        raise InputError(msg) from error
    for name in names:
        split = "train" if name.startswith("train") else "test"
        yield from ((place, {"split": split, **row}) for place, row in _rows(path / name))


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        import pyarrow as pa
    except ImportError as error:
        msg = f"{path}: reading a saved dataset needs the package pyarrow: pip install 'ragstudy[parquet]'"
        raise UnavailableError(msg) from error
    try:
        state = json.loads((path / _ONE).read_text(encoding="utf-8"))
        files = [path / str(one["filename"]) for one in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path / _ONE}: not as `save_to_disk` writes it: {type(error).__name__}: {error}"
        raise InputError(msg) from error
    number = 0
    for file in files:
        try:
            with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
                for batch in stream:
                    for row in batch.to_pylist():
                        number += 1
                        yield f"{file}: row {number}", row
        except (OSError, pa.ArrowException) as error:
            msg = f"{file}: not readable as Arrow: {str(error).splitlines()[0]}"
            raise InputError(msg) from error
