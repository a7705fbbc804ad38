"""BioASQ task B golden files: factoid, list, yes/no and summary questions with snippets of abstracts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.importers.imported import Collection, Imported, layout_error, must_exist, reading
from ragstudy.corpus.importers.kind import ImporterKind, Option
from ragstudy.errors import InputError
from ragstudy.files import read_json
from ragstudy.records import Fact, Question

if TYPE_CHECKING:
    from ragstudy.records import QuestionType, Split

# `10B1_golden.json`, and `training11b.json`, which holds every year before its own.
_YEAR = re.compile(r"^(?:(?P<golden>\d+)B|training(?P<training>\d+)b)", re.IGNORECASE)
_TYPES: dict[str, QuestionType] = {"factoid": "factoid", "list": "list", "yesno": "yesno", "summary": "summary"}


def import_bioasq(paths: tuple[Path, ...], name: str, test_years: tuple[int, ...] = ()) -> Imported:
    """A domain of BioASQ questions; all their snippets are the corpus; split by year.

    Args:
        paths: files named as published, e.g. `10B1_golden.json` (year 10) or `training11b.json` (up to year 10).
        name: of the domain.
        test_years: years whose questions are the test split; the latest year by default.

    Raises:
        InputError: a file is missing, not named by year, or not in BioASQ's layout.
    """
    must_exist(paths)
    years = {path: _year(path) for path in paths}
    chosen = test_years or (max(years.values()),)
    absent = sorted(set(chosen) - set(years.values()))
    if absent:
        msg = f"test year {absent[0]} has no file; the files are of years {sorted(set(years.values()))}"
        raise InputError(msg)
    collection = Collection()
    for path in sorted(paths, key=lambda one: (years[one], one.name)):
        split: Split = "test" if years[path] in chosen else "train"
        rows = _rows(path)
        with reading(path, "BioASQ's questions with id, body, type, snippets and answers"):
            for row in rows:
                _add(collection, row, split)
    return collection.finish(name, "BioASQ task B: biomedical questions over snippets of abstracts", "time")


def _year(path: Path) -> int:
    match = _YEAR.match(path.name)
    if match is None:
        msg = f"{path}: cannot tell the year; expected a name like 10B1_golden.json or training11b.json"
        raise InputError(msg)
    return int(match["golden"]) if match["golden"] else int(match["training"]) - 1


def _rows(path: Path) -> list[dict[str, Any]]:
    content = read_json(path)
    rows = content.get("questions") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "body" in row for row in rows):
        raise layout_error(path, "BioASQ's {questions: [{body, type, snippets, ...}]}", type(content).__name__)
    return rows


def _add(collection: Collection, row: dict[str, Any], split: Split) -> None:
    kind = _TYPES.get(row.get("type", ""))
    snippets = [s for s in row.get("snippets", []) if s.get("text", "").strip()]
    references = _strings(row.get("ideal_answer"))
    facts = _facts(row.get("exact_answer"), kind)
    if kind is None:
        collection.left_out[f"of the unknown type {row.get('type')!r}"] += 1
    elif not snippets:
        collection.left_out["without snippets"] += 1
    elif not references and not facts:
        collection.left_out["without an answer"] += 1
    else:
        gold = [collection.add_document(s["text"], prefix=_pubmed(s.get("document", ""))) for s in snippets]
        collection.add_question(
            Question(
                id=str(row["id"]),
                text=row["body"].strip(),
                references=_references(kind, references, facts),
                facts=facts,
                gold_documents=tuple(dict.fromkeys(gold)),
                group=_pubmed(snippets[0].get("document", "")),
                split=split,
                type=kind,
            )
        )


def _references(kind: QuestionType, ideal: tuple[str, ...], facts: tuple[Fact, ...]) -> tuple[str, ...]:
    """The ideal answers; those of yes/no questions begin with the exact answer, which their prose may only imply."""
    if not ideal:
        return (", ".join(fact.forms[0] for fact in facts),)
    if kind != "yesno" or not facts:
        return ideal
    side = facts[0].forms[0].capitalize()
    return tuple(text if text.casefold().startswith(side.casefold()) else f"{side}. {text}" for text in ideal)


def _pubmed(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[-1] or "unknown"


def _strings(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - some years hold a string, some a list
    values = [value] if isinstance(value, str) else value or []
    return tuple(one.strip() for one in values if isinstance(one, str) and one.strip())


def _facts(value: Any, kind: QuestionType | None) -> tuple[Fact, ...]:  # noqa: ANN401 - as above
    """Exact answers: a word for yes/no, a list of (lists of) synonyms else."""
    if kind == "summary" or not value:
        return ()
    items = [value] if isinstance(value, str) else value
    if kind == "factoid" and all(isinstance(item, str) for item in items):
        items = [items]  # one answer with its synonyms
    forms = [_strings(item) for item in items]
    return tuple(Fact(f"f{number}", form) for number, form in enumerate([f for f in forms if f], start=1))


BIOASQ = ImporterKind(
    "bioasq",
    "BioASQ task B golden files, named as published (10B1_golden.json).",
    import_bioasq,
    (
        Option("paths", "Golden files.", Path, many=True, required=True, is_argument=True),
        Option(
            "test_years",
            "Year of the test split; the latest by default.",
            int,
            default=(),
            many=True,
            flag="--test-year",
        ),
    ),
    "BioASQ task B; see bioasq.org for its terms.",
    "BioASQ",
    ("ragstudy corpus import bioasq 7B*_golden.json 10B*_golden.json",),
)
