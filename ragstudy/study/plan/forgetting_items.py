"""Items of the tests for forgetting, from files or from a domain."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus import load_domain
from ragstudy.errors import InputError
from ragstudy.files import read_json, read_lines

if TYPE_CHECKING:
    from ragstudy.records import Question
    from ragstudy.specs import ForgettingSpec

_KEYS: dict[str, dict[str, type]] = {
    "perplexity": {"text": str},
    "multiple_choice": {"question": str, "choices": list, "answer": int},
    "cloze": {"text": str, "answer": str},
    "instructions": {"prompt": str, "expect": str},
}
_MOST_CHOICES = 4


@dataclass(frozen=True)
class Item:
    """One item of a test.

    Attributes:
        id: unique in its test.
        text: what the model reads, or is asked.
        choices: texts of which one is right; the one wanted text of a cloze; none otherwise.
        answer: number of the right choice.
        expect: regular expression that a written answer has to match somewhere.
    """

    id: str
    text: str
    choices: tuple[str, ...] = ()
    answer: int = 0
    expect: str = ""


def read_items(spec: ForgettingSpec) -> list[Item]:
    """The first `spec.n` items of a test; none of a task that brings its own.

    Args:
        spec: of the test.

    Raises:
        InputError: the file is missing or a row is wrong; place, value and what was expected are named.
    """
    if spec.kind == "lm_eval":
        return []
    path = Path(spec.path).expanduser()
    items = _of_domain(spec, path) if path.is_dir() else _of_file(spec, path)
    twice = sorted(name for name, n in Counter(item.id for item in items).items() if n > 1)
    if twice:
        msg = f"forgetting: {spec.name!r}: {path}: id {twice[0]!r} stands twice; ids must differ, or be left out"
        raise InputError(msg)
    if len(items) < 2:  # noqa: PLR2004 - a spread needs two
        msg = f"forgetting: {spec.name!r}: {path} gives {len(items)} items of kind {spec.kind!r}; expected at least 2"
        raise InputError(msg)
    return items[: spec.n]


def _of_file(spec: ForgettingSpec, path: Path) -> list[Item]:
    if not path.is_file():
        msg = f"forgetting: {spec.name!r}: {path}: no such file or folder"
        raise InputError(msg)
    if path.suffix == ".jsonl":
        return [_item(spec, row, f"{path}:{number}") for number, row in read_lines(path)]
    if path.suffix == ".json":
        rows = read_json(path)
        if not isinstance(rows, list):
            msg = f"forgetting: {spec.name!r}: {path}: expected a list of items, found {type(rows).__name__}"
            raise InputError(msg)
        return [_item(spec, row, f"{path}: item {number}") for number, row in enumerate(rows, start=1)]
    if spec.kind != "perplexity":
        msg = f"forgetting: {spec.name!r}: {path}: expected .jsonl or .json for kind {spec.kind!r}"
        raise InputError(msg)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        msg = f"forgetting: {spec.name!r}: {path}: not UTF-8 at byte {error.start}; save it as UTF-8"
        raise InputError(msg) from None
    parts = re.split(r"\n\s*\n", text)
    return [Item(f"{path.name}#{number}", part.strip()) for number, part in enumerate(parts, start=1) if part.strip()]


def _item(spec: ForgettingSpec, row: Any, place: str) -> Item:  # noqa: ANN401 - whatever the file holds
    for key, kind in _KEYS[spec.kind].items():
        value = row.get(key) if isinstance(row, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool) or value == "":
            msg = f"{place}: {key!r} is {value!r}; expected {kind.__name__} (forgetting: {spec.name!r}, {spec.kind})"
            raise InputError(msg)
    name = str(row.get("id") or place.rsplit("/", maxsplit=1)[-1])
    if spec.kind == "multiple_choice":
        choices = tuple(map(str, row["choices"]))
        if not all(choices):
            msg = f"{place}: 'choices' holds an empty one; expected texts"
            raise InputError(msg)
        if not 0 <= row["answer"] < len(choices):
            msg = f"{place}: 'answer' is {row['answer']}; expected the number of a choice, 0 to {len(choices) - 1}"
            raise InputError(msg)
        return Item(name, row["question"], choices, row["answer"])
    if spec.kind == "cloze":
        return Item(name, row["text"], (row["answer"],))
    if spec.kind == "instructions":
        try:
            re.compile(row["expect"])
        except re.error as error:
            msg = f"{place}: 'expect' is no regular expression: {error}"
            raise InputError(msg) from None
        return Item(name, row["prompt"], expect=row["expect"])
    return Item(name, row["text"])


def _of_domain(spec: ForgettingSpec, folder: Path) -> list[Item]:
    """Items made of a domain: its documents, or its test questions with their evidence."""
    domain = load_domain(folder)
    if spec.kind == "perplexity":
        return [Item(document.id, document.text) for document in domain.documents]
    if spec.kind == "instructions":
        msg = f"forgetting: {spec.name!r}: a domain holds no instructions; give a file"
        raise InputError(msg)
    made = (_of_question(spec, question) for question in domain.split("test"))
    return [item for item in made if item is not None]


def _of_question(spec: ForgettingSpec, question: Question) -> Item | None:
    """An item of a question for one fact that its evidence states word for word."""
    if len(question.facts) != 1 or len(question.evidence) != 1:
        return None
    (fact,), (evidence,) = question.facts, question.evidence
    form = fact.forms[0]
    if spec.kind == "cloze":
        before, there, _ = evidence.partition(form)
        return Item(question.id, before.rstrip(), (form,)) if there and before.strip() else None
    others = fact.alternatives[: _MOST_CHOICES - 1]
    if not others:
        return None
    # The right one stands first in some and last in others, so that its place tells nothing.
    place = sum(map(ord, question.id)) % (len(others) + 1)
    choices = (*others[:place], form, *others[place:])
    return Item(question.id, f"{evidence}\n\nQuestion: {question.text}", choices, place)
