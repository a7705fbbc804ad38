"""What is kept of a domain's index beside what its retriever keeps: the passages, and the fingerprint of it all.

Examples:
    >>> check_depth(n_passages=100, k=5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import object_in, read_json, read_records, write_json, write_lines
from ragstudy.records import Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def save_index(folder: Path, passages: Sequence[Passage], fingerprint: str, save: Callable[[Path], None]) -> None:
    """Write passages, what the retriever keeps, and last the fingerprint.

    Args:
        folder: of the index.
        passages: of the domain.
        fingerprint: of everything that decides passages and index.
        save: writes what the retriever keeps into the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Without its fingerprint the folder counts as no index until everything is written.
    (folder / "index.json").unlink(missing_ok=True)
    write_lines(folder / "passages.jsonl", passages)
    save(folder)
    write_json(folder / "index.json", {"fingerprint": fingerprint, "n_passages": len(passages)})


def saved_fingerprint(folder: Path) -> str | None:
    """The fingerprint of the index saved in a folder, or None if there is none.

    Args:
        folder: of the index.
    """
    path = folder / "index.json"
    return str(read_json(path)["fingerprint"]) if path.is_file() else None


def is_whole(folder: Path) -> bool:
    """Whether as many passages lie in a folder as its index says; they are counted, not read.

    Args:
        folder: of the index.
    """
    path, wanted = folder / "passages.jsonl", object_in(folder / "index.json").get("n_passages")
    if not path.is_file():
        return False
    with path.open("rb") as lines:
        return wanted is None or sum(1 for _ in lines) == wanted


def read_passages(folder: Path) -> list[Passage]:
    """The passages of a saved index.

    Args:
        folder: of the index.

    Raises:
        InputError: there are none, the file is damaged, or does not hold as many as it should.
    """
    path = folder / "passages.jsonl"
    if not path.is_file():
        msg = f"{path}: no such file; `ragstudy run` makes the index anew"
        raise InputError(msg)
    if not is_whole(folder):
        msg = f"{path}: not as many passages as index.json says; `ragstudy run` makes the index anew"
        raise InputError(msg)
    return read_records(path, Passage)


def check_depth(n_passages: int, k: int, setting: str = "retrieval.top_k") -> None:
    """Check that there are enough passages to be found.

    Args:
        n_passages: of the domain.
        k: passages wanted.
        setting: that wants them, for the message.

    Raises:
        InputError: `k` is larger than the number of passages.
    """
    if k > n_passages:
        msg = (
            f"{setting} is {k}, but the corpus has only {n_passages} passages; "
            f"lower {setting} or chunk_tokens, or add documents"
        )
        raise InputError(msg)
