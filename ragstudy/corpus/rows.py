"""Documents and questions as rows of JSON lines."""

from __future__ import annotations

from typing import Any

from ragstudy.errors import nearest
from ragstudy.files import known_keys
from ragstudy.records import QUESTION_TYPES, Document, Fact, Question

DOCUMENT_KEYS = ("id", "title", "text")
QUESTION_KEYS = ("id", "text", "references", "facts", "gold_documents", "evidence", "group", "split", "type")


def document_of(row: dict[str, Any], place: str, problems: list[str]) -> Document | None:
    """The document in a row; adds what is wrong to `problems`.

    Args:
        row: parsed JSON of one line.
        place: names the row in messages.
        problems: gets a message for everything that is wrong.
    """
    identifier, text = row.get("id"), row.get("text")
    if not isinstance(identifier, str) or not identifier:
        problems.append(f"{place}: id is {identifier!r}; expected a non-empty string")
        return None
    if not isinstance(text, str) or not text.strip():
        problems.append(f"{place}: document {identifier!r} has no text; expected a non-empty string under 'text'")
        return None
    return Document(identifier, str(row.get("title") or ""), text)


def question_of(row: dict[str, Any], place: str, problems: list[str]) -> Question | None:
    """The question in a row; adds what is wrong to `problems`.

    Args:
        row: parsed JSON of one line.
        place: names the row in messages.
        problems: gets a message for everything that is wrong.
    """
    found = known_keys(row, QUESTION_KEYS, place)
    identifier, text = row.get("id"), row.get("text")
    if not isinstance(identifier, str) or not identifier:
        found.append(f"{place}: id is {identifier!r}; expected a non-empty string")
    if not isinstance(text, str) or not text.strip():
        found.append(f"{place}: text is {text!r}; expected the question as a non-empty string")
    split, kind = row.get("split", "test"), row.get("type", "freeform")
    if split not in ("train", "test"):
        found.append(f"{place}: split is {split!r}; expected 'train' or 'test'")
    if kind not in QUESTION_TYPES:
        found.append(f"{place}: type is {kind!r}{nearest(str(kind), QUESTION_TYPES)}")
    for key in ("references", "gold_documents", "evidence"):
        value = row.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            found.append(f"{place}: {key} is {_short(value)}; expected a list of non-empty strings")
    facts = _facts(row.get("facts", []), place, found)
    if found:
        problems += found
        return None
    return Question(
        id=str(identifier),
        text=str(text),
        references=tuple(row.get("references", [])),
        facts=facts,
        gold_documents=tuple(row.get("gold_documents", [])),
        evidence=tuple(row.get("evidence", [])),
        group=str(row.get("group") or identifier),
        split=split,
        type=kind,
    )


def _facts(value: object, place: str, found: list[str]) -> tuple[Fact, ...]:
    if not isinstance(value, list):
        found.append(f"{place}: facts is {_short(value)}; expected a list of {{id, forms}}")
        return ()
    facts = []
    for number, fact in enumerate(value, start=1):
        forms = fact.get("forms") if isinstance(fact, dict) else None
        if not isinstance(forms, list) or not forms or not all(isinstance(f, str) and f.strip() for f in forms):
            found.append(f"{place}: fact {number} is {_short(fact)}; expected {{id, forms: [non-empty strings]}}")
        else:
            others = _alternatives(fact, f"{place}: fact {number}", found)
            facts.append(Fact(str(fact.get("id") or f"f{number}"), tuple(forms), others))
    ids = [fact.id for fact in facts]
    found += [
        f"{place}: fact {name!r} stands twice; fact ids must differ within a question"
        for name in dict.fromkeys(ids)
        if ids.count(name) > 1
    ]
    return tuple(facts)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:77]}..."  # noqa: PLR2004 - fits a line


def _alternatives(fact: dict[str, Any], place: str, found: list[str]) -> tuple[str, ...]:
    others = fact.get("alternatives", [])
    if isinstance(others, list) and all(isinstance(text, str) and text.strip() for text in others):
        return tuple(others)
    found.append(f"{place}: alternatives is {_short(others)}; expected a list of non-empty strings")
    return ()


def _fact_row(fact: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {"id": fact.id, "forms": list(fact.forms)}
    return {**row, "alternatives": list(fact.alternatives)} if fact.alternatives else row


def question_row(question: Question) -> dict[str, Any]:
    """The row of a question, without what is empty.

    Args:
        question: to write.
    """
    row: dict[str, Any] = {"id": question.id, "text": question.text, "references": list(question.references)}
    if question.facts:
        row["facts"] = [_fact_row(fact) for fact in question.facts]
    for key in ("gold_documents", "evidence"):
        if getattr(question, key):
            row[key] = list(getattr(question, key))
    return {**row, "group": question.group or question.id, "split": question.split, "type": question.type}
