"""A domain is a folder: domain.yaml, documents, questions.jsonl, SOURCE.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ragstudy.corpus.checks import find_problems
from ragstudy.corpus.folder import documents_in, without_copies
from ragstudy.corpus.rows import DOCUMENT_KEYS, document_of, question_of, question_row
from ragstudy.errors import InputError, nearest
from ragstudy.files import fingerprint, known_keys, read_lines, read_yaml, write_lines, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.records import Document, Question

SPLIT_BY = ("question", "group", "time")
SplitBy = Literal["question", "group", "time"]
_YAML_KEYS = ("title", "licence", "language", "split_by", "seed")


@dataclass(frozen=True)
class Domain:
    """A loaded and checked domain.

    Attributes:
        name: of its folder.
        title: one line about it.
        split_by: what the split keeps apart: 'question' (nothing more), 'group' (source documents) or 'time'.
        documents: every text of the corpus.
        questions: of both splits.
        language: code of the language of documents and questions, e.g. 'de'; '' where the folder does not say.
        notes: what a reader should know of how the folder was read, a sentence each.
    """

    name: str
    title: str
    split_by: SplitBy
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    language: str = ""
    notes: tuple[str, ...] = ()

    def split(self, name: Literal["train", "test"]) -> tuple[Question, ...]:
        """The questions of one split, in the file's order.

        Args:
            name: of the split, 'train' or 'test'.
        """
        return tuple(question for question in self.questions if question.split == name)

    @property
    def fingerprint(self) -> str:
        """Changes when any document or question changes."""
        return fingerprint(self.documents, self.questions)


def load_domain(folder: Path) -> Domain:
    """Read and check a domain.

    Args:
        folder: of the domain.

    Raises:
        InputError: anything is missing or wrong; every problem is named.
    """
    if not folder.is_dir():
        siblings = [p.name for p in folder.parent.iterdir() if p.is_dir()] if folder.parent.is_dir() else []
        msg = (
            f"{folder}: no such domain folder; expected one with domain.yaml (paths in a study start from the study's "
            f"file; `ragstudy corpus import` or `invent` makes such a folder){nearest(folder.name, siblings)}"
        )
        raise InputError(msg)
    about, problems = _read_about(folder / "domain.yaml")
    documents, notes, found = _read_documents(folder)
    problems += found
    questions, found = _read_questions(folder / "questions.jsonl")
    problems += found
    split_by = about.get("split_by", "question")
    if not problems:
        problems = find_problems(folder, documents, questions, by_group=split_by == "group")
    if problems:
        raise InputError(problems)
    documents, questions, copies = without_copies(documents, questions)
    title, language = str(about.get("title", folder.name)), str(about.get("language") or "")
    return Domain(folder.name, title, split_by, tuple(documents), tuple(questions), language, (*notes, *copies))


def _read_about(path: Path) -> tuple[dict[str, Any], list[str]]:
    if not path.is_file():
        return {}, [f"{path}: no such file; a domain needs one, e.g. with the line `title: Our handbook`"]
    try:
        about = read_yaml(path) or {}
    except InputError as error:
        return {}, list(error.problems)
    if not isinstance(about, dict):
        return {}, [f"{path}: expected a mapping with the key 'title', found {type(about).__name__}"]
    problems = known_keys(about, _YAML_KEYS, str(path))
    if about.get("split_by", "question") not in SPLIT_BY:
        problems.append(f"{path}: split_by: {about['split_by']!r} is wrong; one of {', '.join(SPLIT_BY)}")
    return about, problems


def _read_documents(folder: Path) -> tuple[list[Document], list[str], list[str]]:
    lines, texts = folder / "documents.jsonl", folder / "documents"
    if lines.is_file():
        documents, problems = _documents_of_lines(lines)
        return documents, [], problems
    if texts.is_dir():
        return documents_in(texts)
    return [], [], [f"{folder}: no documents; expected documents.jsonl or a folder documents/ of files"]


def _documents_of_lines(path: Path) -> tuple[list[Document], list[str]]:
    documents, problems = [], []
    for number, row in read_lines(path):
        place = f"{path}:{number}"
        problems += known_keys(row, DOCUMENT_KEYS, place)
        document = document_of(row, place, problems)
        if document is not None:
            documents.append(document)
    return documents, problems


def _read_questions(path: Path) -> tuple[list[Question], list[str]]:
    questions: list[Question] = []
    problems: list[str] = []
    if not path.is_file():
        return [], [f"{path}: no such file; a domain needs its questions there, one JSON object a line"]
    for number, row in read_lines(path):
        question = question_of(row, f"{path}:{number}", problems)
        if question is not None:
            questions.append(question)
    return questions, problems


def write_domain(folder: Path, domain: Domain, source: str, *, licence: str = "", seed: int | None = None) -> None:
    """Write a domain's folder: questions last, so that a half-written one does not load.

    Args:
        folder: created if it does not exist.
        domain: what to write.
        source: content of SOURCE.md: where the texts come from and under which licence.
        licence: short name of the licence.
        seed: that made the domain, if it is invented.
    """
    write_lines(folder / "documents.jsonl", domain.documents)
    about = f"title: {_quoted(domain.title)}\nsplit_by: {domain.split_by}\n"
    about += f"licence: {_quoted(licence)}\n" if licence else ""
    about += f"seed: {seed}\n" if seed is not None else ""
    write_text(folder / "domain.yaml", about)
    write_text(folder / "SOURCE.md", source)
    write_lines(folder / "questions.jsonl", _rows(domain.questions))


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _rows(questions: Sequence[Question]) -> list[dict[str, Any]]:
    return [question_row(question) for question in questions]
