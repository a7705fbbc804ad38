"""What the importers share: collecting documents and questions, splitting, dropping leaks, counting."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from ragstudy.corpus.checks import near_duplicates
from ragstudy.corpus.domain import Domain
from ragstudy.corpus.hf_folder import is_saved_dataset
from ragstudy.errors import InputError
from ragstudy.records import Document, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ragstudy.corpus.domain import SplitBy


@dataclass(frozen=True)
class Imported:
    """A domain made of publishers' files.

    Attributes:
        domain: documents and questions.
        left_out: how many questions were left out, by reason.
        notes: what was found, guessed and not read, a sentence each.
    """

    domain: Domain
    left_out: dict[str, int]
    notes: tuple[str, ...] = ()

    def with_notes(self, notes: Iterable[str]) -> Imported:
        """The same with more to know.

        Args:
            notes: a sentence each.
        """
        return replace(self, notes=(*self.notes, *notes))

    def summary(self) -> str:
        """One paragraph of counts."""
        domain = self.domain
        counts = f"{len(domain.documents)} documents, {len(domain.split('train'))} training questions, "
        counts += f"{len(domain.split('test'))} test questions"
        n_without = sum(not question.gold_documents for question in domain.questions)
        if n_without:
            verb = "names" if n_without == 1 else "name"
            counts += f"; {n_without} of the questions {verb} no document that holds the answer"
        if not self.left_out:
            return f"{counts}; nothing was left out."
        reasons = "; ".join(f"{n} {reason}" for reason, n in sorted(self.left_out.items()))
        return f"{counts}. Left out: {reasons}."


@dataclass
class Collection:
    """Documents and questions under collection; equal texts become one document.

    Attributes:
        documents: so far, by id.
        questions: so far, by id.
        left_out: how many questions were left out, by reason.
    """

    documents: dict[str, Document] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    _by_text: dict[tuple[str, str], str] = field(default_factory=dict)

    def add_document(self, text: str, title: str = "", prefix: str = "d") -> str:
        """The id of the document with this title and text, made of a hash of both.

        Args:
            text: of the document.
            title: of the document, or ''.
            prefix: with which the id begins.
        """
        text, title = text.strip(), title.strip()
        key = (title, text)
        if key not in self._by_text:
            digest = hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()[:12]
            name = f"{prefix}-{digest}"
            self._by_text[key] = name
            self.documents[name] = Document(name, title, text)
        return self._by_text[key]

    def add_question(self, question: Question) -> None:
        """Keep a question; one whose id is known already is counted and left out.

        Args:
            question: to keep.
        """
        if question.id in self.questions:
            self.left_out["with an id that another question has"] += 1
            return
        self.questions[question.id] = question

    def finish(self, name: str, title: str, split_by: SplitBy) -> Imported:
        """The domain, without training questions that are nearly test questions.

        Args:
            name: of the domain.
            title: one line about the corpus.
            split_by: what the splits divide: 'question' or 'group'.

        Raises:
            InputError: no document or no question was found.
        """
        if not self.documents or not self.questions:
            msg = (
                f"import of {name!r}: found {len(self.documents)} documents and {len(self.questions)} questions; "
                "expected at least one of each. Are these the publisher's files for this importer?"
            )
            raise InputError(msg)
        leaking: set[str] = set()
        while pairs := near_duplicates(
            [q for q in self.questions.values() if q.id not in leaking], by_group=split_by == "group"
        ):
            leaking.update(train for _, train in pairs)
        if leaking:
            self.left_out["training questions that are nearly a test question"] += len(leaking)
        questions = tuple(q for q in self.questions.values() if q.id not in leaking)
        return Imported(Domain(name, title, split_by, tuple(self.documents.values()), questions), dict(self.left_out))


def split_by_group(collection: Collection, test_share: float, seed: int) -> None:
    """Put whole groups into the test split until it holds at least `test_share` of the questions.

    Args:
        collection: whose questions are divided.
        test_share: share of the questions that become the test split.
        seed: decides which groups are drawn.
    """
    groups = sorted({question.group for question in collection.questions.values()})
    Random(seed).shuffle(groups)
    sizes = Counter(question.group for question in collection.questions.values())
    wanted = test_share * len(collection.questions)
    chosen: set[str] = set()
    n_chosen = 0
    for group in groups:
        if n_chosen >= wanted:
            break
        chosen.add(group)
        n_chosen += sizes[group]
    for name, question in collection.questions.items():
        split = "test" if question.group in chosen else "train"
        collection.questions[name] = replace(question, split=split)  # type: ignore[arg-type] # a literal


def group_by_gold(collection: Collection) -> None:
    """Questions whose first gold document is the same depend on each other and become one group.

    Args:
        collection: whose questions are grouped; one without a gold document is a group of its own.
    """
    for name, question in collection.questions.items():
        if question.gold_documents:
            collection.questions[name] = replace(question, group=question.gold_documents[0])


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Turn a missing key or a wrong type in a publisher's file into the error for its layout.

    Args:
        path: of the publisher's file.
        expected: layout that the importer reads, in words.

    Raises:
        InputError: the file is not in the expected layout.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise layout_error(path, expected, f"{type(error).__name__}: {error}") from error


def must_exist(paths: tuple[Path, ...]) -> None:
    """Check that every file, or folder of a saved dataset, is there.

    Args:
        paths: files to import.

    Raises:
        InputError: naming each missing file, or that none was given.
    """
    missing = [f"{path}: no such file" for path in paths if not path.is_file() and not is_saved_dataset(path)]
    if missing:
        raise InputError(missing)
    if not paths:
        msg = "no file was given to import"
        raise InputError(msg)


def layout_error(path: Path, expected: str, found: str) -> InputError:
    """The error for a file that is not in the publisher's layout.

    Args:
        path: the file.
        expected: layout that the importer reads, in words.
        found: what the file holds instead.
    """
    return InputError(f"{path}: not in the expected layout; expected {expected}, found {found}")
