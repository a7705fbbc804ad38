"""A JSON Schema of every file of a run folder, generated from the records that are read from it.

`python -m ragstudy.schemas docs/schemas` writes them; a test holds them to the code.

Examples:
    >>> schema_of('passages.jsonl')['required']
    ['id', 'document', 'title', 'text']
"""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ragstudy.audit_records import AuditResult
from ragstudy.files import write_text
from ragstudy.records import (
    Answer,
    Diagnosed,
    Labelled,
    ModelTestValue,
    Passage,
    Question,
    ReplacedValues,
    Retrieval,
    Score,
)
from ragstudy.results import Results
from ragstudy.scoring.words import WordCounts
from ragstudy.study.layout import Layout
from ragstudy.study.manifest import Manifest


@dataclass(frozen=True)
class AskedQuestion:
    """A test question that was asked.

    Attributes:
        domain: name of the domain.
        question: with what is known about its right answer; what is empty is left out.
    """

    domain: str
    question: Question


# The record of each file; of JSON lines, that of each line.
FILES: dict[str, Any] = {
    "answers.jsonl": Answer,
    "unasked_answers.jsonl": Answer,
    "scores.jsonl": Score,
    "questions.jsonl": AskedQuestion,
    "retrievals.jsonl": Retrieval,
    "labels.jsonl": Labelled,
    "model_tests.jsonl": ModelTestValue,
    "failure_points.jsonl": Diagnosed,
    "replaced_values.jsonl": ReplacedValues,
    "layout.json": Layout,
    "manifest.json": Manifest,
    "comparisons.json": Results,
    "ceilings.json": dict[str, dict[str, float | None]],
    "state.json": dict[str, str],
    "passages.jsonl": Passage,
    "words.json": WordCounts,
    "audit.json": AuditResult,
}
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


def schema_of(file: str) -> dict[str, Any]:
    """The JSON Schema of a file, of JSON lines that of each line.

    Args:
        file: name of the file, one of `FILES`.
    """
    kind = FILES[file]
    schema: dict[str, Any] = TypeAdapter(kind).json_schema(mode="serialization")
    _describe(schema)
    for part in schema.get("$defs", {}).values():
        _describe(part)
    if kind is AskedQuestion:
        schema["$defs"]["Question"]["required"] = ["id", "text"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": file, **schema}


def _describe(schema: dict[str, Any]) -> None:
    """Move the lines about attributes from the description of a record to its properties."""
    text = schema.get("description", "")
    known = {name: " ".join(about.split()) for name, about in _ATTRIBUTE.findall(text)}
    schema.update({"description": text.split("\n\nAttributes:")[0]} if text else {})
    for name, about in known.items():
        if name in schema.get("properties", {}):
            schema["properties"][name].setdefault("description", about)
    for part in schema.get("properties", {}).values():
        # NaN in memory is null in files.
        if isinstance(part.get("default"), float) and math.isnan(part["default"]):
            part["default"] = None


def write_schemas(folder: Path) -> None:
    """Write the schema of every file.

    Args:
        folder: to write.
    """
    for file in FILES:
        write_text(
            folder / f"{file}.schema.json",
            json.dumps(schema_of(file), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        )


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
