"""The documents that a table of questions names, however it writes their paths.

Examples:
    >>> from ragstudy.corpus.importers.table import Columns
    >>> from ragstudy.records import Document
    >>> texts = 'Leave: 27 days.', 'Taken by 31 March.'
    >>> pages = [Document(f'hr/Leave.pdf#page={n}', 'Leave', text) for n, text in enumerate(texts, start=1)]
    >>> row = {'question': 'By when?', 'answer': 'by 31 March', 'document': 'docs/hr/leave.pdf'}
    >>> NamedGold('docs', pages).of(row, Columns(gold='document'), 'qa.csv:2')
    ['hr/Leave.pdf#page=2']
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from ragstudy.corpus.cells import texts_of
from ragstudy.corpus.locate import Locator
from ragstudy.text import some_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ragstudy.corpus.importers.table import Columns
    from ragstudy.records import Document

_SEVERAL, _COMMAS = re.compile(r"\s*[;|\n]\s*"), re.compile(r"\s*,\s*")


def _plain(name: str) -> str:
    return normalize("NFC", name.strip().replace("\\", "/")).casefold()


class NamedGold:
    """Finds the documents that cells name.

    A file of several pages, slides or sheets, and a name that several files have, stand for the one that holds the
    answer, where one does.

    Args:
        folder: name of the folder of documents, with which paths may begin.
        documents: of the corpus.
    """

    def __init__(self, folder: str, documents: Iterable[Document]) -> None:
        self._folder = folder.casefold()
        self._documents = {one.id: one for one in documents}
        self._folders = {_plain(one).partition("/")[0] for one in self._documents if "/" in one}
        self._by_name: dict[str, list[str]] = {}
        self._unknown: list[str] = []
        self._counts: Counter[str] = Counter()
        for one in self._documents:
            path = PurePosixPath(one.partition("#")[0])
            for called in dict.fromkeys((one, path.as_posix(), path.name, path.stem)):
                self._by_name.setdefault(_plain(called), []).append(one)

    def of(self, row: Mapping[str, Any], columns: Columns, place: str) -> list[str]:
        """Ids of the documents that a row names; a name that is no document's stays as it is, and is counted.

        Args:
            row: of the table.
            columns: with that of the gold documents.
            place: of the row, for messages.

        Raises:
            InputError: a cell holds something without a rule.
        """
        found: list[str] = []
        for name in texts_of(row.get(str(columns.gold)), f"{place}: {columns.gold}"):
            for one in self._names_in(name):
                documents = self._known(one)
                if not documents:
                    self._unknown.append(f"{place} {one!r}{self._near(one)}")
                found += self._narrowed(documents, row, columns, place) or [one]
        return list(dict.fromkeys(found))

    def _names_in(self, cell: str) -> list[str]:
        """The names in a cell; what divides them may stand in a name too."""
        if self._known(cell):
            return [cell]
        names: list[str] = []
        for part in (one for one in _SEVERAL.split(cell) if one):
            names += [part] if self._known(part) else [one for one in _COMMAS.split(part) if one]
        return names

    def _near(self, name: str) -> str:
        """Which document may have been meant."""
        close = get_close_matches(name, {one.partition("#")[0] for one in self._documents}, n=1)
        return f"; did you mean {close[0]!r}?" if close else ""

    def _known(self, name: str) -> list[str]:
        """The documents of a name: as it is, else by the end of a path from elsewhere.

        A path that begins in a folder of the documents is none from elsewhere: another file of that name is not meant.
        """
        path = _plain(name).removeprefix("./")
        tried = [path, path.removeprefix(f"{self._folder}/")]
        parts = tried[1].partition("#")[0].split("/")
        if parts[0] not in self._folders:
            tried += ["/".join(parts[start:]) for start in range(len(parts))]
        return next((self._by_name[one] for one in tried if one in self._by_name), [])

    def _narrowed(self, documents: list[str], row: Mapping[str, Any], columns: Columns, place: str) -> list[str]:
        """Of several documents that one name stands for, the one that holds the answer; all where none stands out."""
        if len(documents) < 2:  # noqa: PLR2004 - one is one
            return documents
        locator = Locator([self._documents[one] for one in documents])
        answers = texts_of(row.get(columns.answer), f"{place}: {columns.answer}")
        question = " ".join(texts_of(row.get(columns.question), f"{place}: {columns.question}"))
        nearest_one = locator.nearest(question, answers)
        self._counts["one" if nearest_one else "all"] += 1
        return [nearest_one] if nearest_one else documents

    def notes(self) -> list[str]:
        """What a person should know of the names, a sentence each."""
        told = []
        if self._counts["one"]:
            told.append(
                f"documents named that have several parts, or a name that several files have: {self._counts['one']} "
                "times the one that holds the most of the answer is taken"
            )
        if self._counts["all"]:
            told.append(
                f"documents named of which no part holds the answer: {self._counts['all']} times all count as gold"
            )
        if self._unknown:
            told.append(f"names of documents that are not there: {some_of(self._unknown)}")
        return told
