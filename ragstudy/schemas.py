"""A JSON Schema of every file of a run folder and of a study, generated from the records that are read from them.

`python -m ragstudy.schemas docs/schemas` writes them; a test holds them to the code.

Examples:
    >>> schema_of('passages.jsonl')['required']
    ['id', 'document', 'title', 'text']
"""

from __future__ import annotations

import inspect
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
    Evidence,
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
from ragstudy.specs import StudySpec
from ragstudy.specs.base import Spec
from ragstudy.specs.designs import DESIGNS
from ragstudy.specs.generators import GENERATORS, GeneratorSpec, ServerSpec
from ragstudy.study.layout import Layout
from ragstudy.study.looks import Look
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
    "claims.jsonl": Evidence,
    "replaced_values.jsonl": ReplacedValues,
    "layout.json": Layout,
    "looks.jsonl": Look,
    "manifest.json": Manifest,
    "comparisons.json": Results,
    "ceilings.json": dict[str, dict[str, float | None]],
    "state.json": dict[str, str],
    "study.yaml": StudySpec,
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
    written_by_a_person = kind is StudySpec
    schema: dict[str, Any] = TypeAdapter(kind).json_schema(
        mode="validation" if written_by_a_person else "serialization"
    )
    if written_by_a_person:
        _allow_what_a_person_writes(schema)
    _describe(schema)
    for part in schema.get("$defs", {}).values():
        _describe(part)
    if kind is AskedQuestion:
        schema["$defs"]["Question"]["required"] = ["id", "text"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": file, **schema}


def _allow_what_a_person_writes(schema: dict[str, Any]) -> None:
    """Put the kinds of generators, the designs and the shorter forms that a study may use into its schema."""
    parts = schema["$defs"]
    schema["properties"]["domains"]["items"] = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/DomainSpec"}]}
    general = parts.pop("GeneratorSpec")
    _describe(general, GeneratorSpec)
    _describe(parts["JudgeSpec"], ServerSpec)
    kinds = []
    for name in GENERATORS.built_in:
        entry = GENERATORS.get(name, "schema")
        part = TypeAdapter(entry.spec).json_schema()
        for base in entry.spec.__mro__:
            if issubclass(base, Spec):
                _describe(part, base)
        part["properties"]["kind"] = {"const": name, "description": "name of the kind of generator"}
        part["required"] = [*part.get("required", []), "kind"]
        parts[part["title"]] = part
        kinds.append({"$ref": f"#/$defs/{part['title']}"})
    own = {**general, "title": "OwnGenerator", "additionalProperties": True, "required": ["kind", "name"]}
    own["properties"] = {
        **general["properties"],
        "kind": {
            "type": "string",
            "not": {"enum": list(GENERATORS.built_in)},
            "description": "name of a kind that a package installed, or package.module:ENTRY",
        },
    }
    parts["OwnGenerator"] = own
    kinds.append({"$ref": "#/$defs/OwnGenerator"})
    schema["properties"]["generators"]["items"] = {"anyOf": kinds}
    schema["properties"]["design"] = {
        "anyOf": [
            {"enum": ["", *DESIGNS]},
            {"type": "object", "properties": {"name": {"enum": list(DESIGNS)}}, "required": ["name"]},
        ]
    }
    schema["properties"]["sensitivity"] = {"type": "boolean", "description": "former name of passage_ablation"}


def _describe(schema: dict[str, Any], base: type | None = None) -> None:
    """Move the lines about attributes from the description of a record, or of a base of it, to its properties."""
    text = schema.get("description", "") if base is None else inspect.getdoc(base) or ""
    known = {name: " ".join(about.split()) for name, about in _ATTRIBUTE.findall(text)}
    if text and base is None:
        schema["description"] = text.split("\n\nAttributes:")[0]
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
