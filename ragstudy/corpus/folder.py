"""Documents from a folder of files, and what was passed over in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ragstudy.corpus.formats import FORMATS, parts_of
from ragstudy.corpus.pages import PAGES
from ragstudy.corpus.running_lines import repeated_lines, without_lines
from ragstudy.errors import RagstudyError, UnavailableError
from ragstudy.records import Document, Question
from ragstudy.text import some_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LEFT_BY_EDITORS = ("~", ".bak", ".tmp", ".swp", ".orig")
_some = partial(some_of, most=3)
_SHOWN = 40


def documents_in(folder: Path) -> tuple[list[Document], list[str], list[str]]:
    """The documents of a folder and the folders in it, what was passed over and why, and what is wrong.

    Args:
        folder: of files in any format that `formats` reads; hidden files, what editors leave behind and empty files are
            no documents.
    """
    documents: list[Document] = []
    problems: list[str] = []
    passed: dict[str, list[str]] = {}
    read: Counter[str] = Counter()
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        reason = _why_not(path, folder)
        if not reason:
            try:
                parts = parts_of(path)
            except RagstudyError as error:
                if isinstance(error, UnavailableError):
                    problems += str(error).splitlines()
                else:
                    # One unreadable file among many is said, and does not keep the others from being used.
                    passed.setdefault(str(error).removeprefix(f"{path}: "), []).append(name)
                continue
            if parts:
                read[path.suffix.lower()] += 1
                plain = path.stem.replace("_", " ").replace("-", " ")
                documents += [
                    Document(f"{name}#{part.place}" if part.place else name, part.title or plain, part.text)
                    for part in parts
                ]
                continue
            reason = "empty"
        passed.setdefault(reason, []).append(name)
    notes = [
        f"{len(names)} file{'s are' if len(names) > 1 else ' is'} not read in {folder.name}/ ({why}): {_some(names)}"
        for why, names in passed.items()
    ]
    documents, cleaned = _without_site_lines(documents)
    return documents, [*_counts(folder, read, len(documents)), *cleaned, *notes], problems


def _counts(folder: Path, read: Counter[str], n_documents: int) -> list[str]:
    """What was read, where files of several formats make documents of their own."""
    n_files = read.total()
    if len(read) < 2 and n_files == n_documents:  # noqa: PLR2004 - of one format there is nothing to tell
        return []
    each = ", ".join(f"{n} {ending}" for ending, n in read.most_common())
    more = "; pages, slides, sheets, chapters and lines are documents of their own" if n_documents > n_files else ""
    return [f"{n_files} files in {folder.name}/ are read ({each}){more}"]


def _without_site_lines(documents: list[Document]) -> tuple[list[Document], list[str]]:
    """Pages of a site without the lines that stand on most of them, and a note that says which."""
    pages = {one.id: one.text for one in documents if one.id.lower().endswith(PAGES)}
    repeated = repeated_lines(list(pages.values()))
    if not repeated:
        return documents, []
    # The first page keeps them, so that nothing they say is lost.
    first = next(iter(pages))
    cleaned = [
        replace(one, text=without_lines(one.text, repeated)) if one.id in pages and one.id != first else one
        for one in documents
    ]
    lines = _some([repr(line[:_SHOWN]) for line in sorted(repeated)])
    return cleaned, [
        f"lines with which most of the {len(pages)} HTML pages begin or end stay on the first only: {lines}"
    ]


def _why_not(path: Path, folder: Path) -> str:
    """Why a file is no document by its name; '' if it may be one."""
    parts = path.relative_to(folder).parts
    if any(part.startswith((".", "__")) for part in parts) or "-checkpoint." in path.name:
        return "hidden or a checkpoint"
    if path.name.endswith(_LEFT_BY_EDITORS) or path.name.startswith(("~$", "Thumbs.db", "desktop.ini")):
        return "left behind by an editor or a desktop"
    ending = path.suffix.lower() or "no ending"
    return "" if ending in FORMATS else f"{ending}; convert them to Markdown or text"


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
    note = f"{len(copies)} documents are copies of {len(n_left)} others and count as one with them: {_some(copies)}"
    return kept, changed, [note]
