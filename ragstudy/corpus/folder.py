"""Documents from a folder of files, and what was passed over in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ragstudy.corpus.formats import FORMATS, PLAIN, parts_of
from ragstudy.errors import RagstudyError, UnavailableError
from ragstudy.records import Document, Question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LEFT_BY_EDITORS = ("~", ".bak", ".tmp", ".swp", ".orig")
_MOST_NAMED = 3


def documents_in(folder: Path) -> tuple[list[Document], list[str], list[str]]:
    """The documents of a folder and the folders in it, what was passed over and why, and what is wrong.

    Args:
        folder: of files in any format that `formats` reads; hidden files, what editors leave behind and empty files are
            no documents.
    """
    documents: list[Document] = []
    problems: list[str] = []
    passed: dict[str, list[str]] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        reason = _why_not(path, folder)
        if not reason:
            try:
                parts = parts_of(path)
            except RagstudyError as error:
                if isinstance(error, UnavailableError) or path.suffix.lower() in PLAIN:
                    problems += str(error).splitlines()
                else:
                    # One unreadable file among many is said, and does not keep the others from being used.
                    passed.setdefault(str(error).removeprefix(f"{path}: "), []).append(name)
                continue
            if parts:
                plain = path.stem.replace("_", " ").replace("-", " ")
                documents += [
                    Document(f"{name}#{part.place}" if part.place else name, part.title or plain, part.text)
                    for part in parts
                ]
                continue
            reason = "empty"
        passed.setdefault(reason, []).append(name)
    notes = [
        f"{len(names)} files in {folder.name}/ are not read ({why}): {_named(names)}" for why, names in passed.items()
    ]
    return documents, notes, problems


def _why_not(path: Path, folder: Path) -> str:
    """Why a file is no document by its name; '' if it may be one."""
    parts = path.relative_to(folder).parts
    if any(part.startswith((".", "__")) for part in parts) or "-checkpoint." in path.name:
        return "hidden or a checkpoint"
    if path.name.endswith(_LEFT_BY_EDITORS):
        return "left behind by an editor"
    ending = path.suffix.lower() or "no ending"
    return "" if ending in FORMATS else f"{ending}; convert them to Markdown or text"


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def without_copies(
    documents: Sequence[Document], questions: Sequence[Question]
) -> tuple[list[Document], list[Question], list[str]]:
    """Documents of which no two have the same text, questions whose gold documents are among them, and a note.

    Otherwise a copy of the gold document would be a distractor that holds the answer, and recall would be halved.

    Args:
        documents: of the corpus; of copies the first is kept.
        questions: of both splits.
    """
    first: dict[str, str] = {}
    kept_for = {one.id: first.setdefault(" ".join(one.text.split()), one.id) for one in documents}
    copies = [name for name, kept in kept_for.items() if name != kept]
    if not copies:
        return list(documents), list(questions), []
    kept = [one for one in documents if kept_for[one.id] == one.id]
    changed = [
        replace(one, gold_documents=tuple(dict.fromkeys(kept_for.get(name, name) for name in one.gold_documents)))
        for one in questions
    ]
    n_left = Counter(kept_for[name] for name in copies)
    note = f"{len(copies)} documents are copies of {len(n_left)} others and count as one with them: {_named(copies)}"
    return kept, changed, [note]
