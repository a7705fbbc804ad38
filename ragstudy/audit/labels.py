"""Human labels: pairs of answers with a preference, and answers with a verdict."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ragstudy.errors import InputError, nearest
from ragstudy.files import read_json
from ragstudy.records import Fact, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Layout = Literal["ragchecker", "evouna", "csv"]
LAYOUTS: tuple[Layout, ...] = ("ragchecker", "evouna", "csv")
AXES = ("correctness", "completeness", "overall")
_LIMIT = 2
_SHORT = 8


@dataclass(frozen=True)
class LabelledPair:
    """Two answers to one question, and how much better the second one is.

    Attributes:
        question: with its reference.
        answers: first and second.
        labels: by axis, each annotator's label from -2 (the first is much better) to 2.
        domain: name of the question's domain.
        stored: by axis, scores of the two answers that came with the labels.
    """

    question: Question
    answers: tuple[str, str]
    labels: dict[str, tuple[float, ...]]
    domain: str = ""
    stored: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledAnswer:
    """One answer and whether, or how far, it is right.

    Attributes:
        question: with its references.
        answer: the text given.
        labels: each annotator's label, in [0, 1].
        system: who answered.
        domain: name of the question's domain.
    """

    question: Question
    answer: str
    labels: tuple[float, ...]
    system: str = ""
    domain: str = ""


@dataclass(frozen=True)
class HumanLabels:
    """What people said about some answers: pairs or single answers, not both.

    Attributes:
        source: where the labels came from.
        pairs: two answers each.
        answers: one answer each.
        n_left_out: rows that carry no label.
    """

    source: str
    pairs: tuple[LabelledPair, ...] = ()
    answers: tuple[LabelledAnswer, ...] = ()
    n_left_out: int = 0


def read_labels(path: Path, layout: Layout, stored: Path | None = None) -> HumanLabels:
    """The labels in a file.

    Args:
        path: the file.
        layout: 'ragchecker' (its meta-evaluation's human_labeled_data.json), 'evouna' (one of its JSON files) or
            'csv' with the columns question, reference and label, and answer or answer_1 and answer_2.
        stored: of the layout 'ragchecker', a file with scores of the same pairs.

    Raises:
        InputError: the file is missing, has another layout, or holds no label.
    """
    if not path.is_file():
        msg = f"{path}: no such file; expected human labels in the layout {layout!r}"
        raise InputError(msg)
    if stored is not None and layout != "ragchecker":
        msg = f"stored scores are read with the layout 'ragchecker' only, not with {layout!r}"
        raise InputError(msg)
    found = _ragchecker(path, stored) if layout == "ragchecker" else _READERS[layout](path)
    if not found.pairs and not found.answers:
        msg = f"{path}: holds no label in the layout {layout!r}"
        raise InputError(msg)
    return found


def _json_rows(path: Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = read_json(path)
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        msg = f"{path}: expected a list of objects with {', '.join(keys)}"
        raise InputError(msg)
    for number, row in enumerate(rows, start=1):
        missing = [key for key in keys if key not in row]
        if missing:
            msg = f"{path}: row {number} has no {', '.join(missing)}; is this the layout you named?"
            raise InputError(msg)
    return rows


def _ragchecker(path: Path, stored: Path | None) -> HumanLabels:
    keys = ("dataset", "query_id", "query", "gt_answer", "model1", "model2")
    scores = _stored_scores(stored) if stored else {}
    merged: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in _json_rows(path, (*keys, "correctness_label")):
        merged.setdefault(_pair_key(row), []).append(row)
    pairs = []
    for key, rows in merged.items():
        first = rows[0]
        group = f"{first['dataset']}/{first['query_id']}"
        question = Question(group, first["query"], (first["gt_answer"],), group=group, type="freeform")
        labels = {axis: tuple(float(r[f"{axis}_label"]) for r in rows) for axis in AXES if f"{axis}_label" in first}
        answers = (first["model1"]["response"], first["model2"]["response"])
        pairs.append(LabelledPair(question, answers, labels, first["dataset"], scores.get(key, {})))
    return HumanLabels(str(path.name), tuple(pairs))


def _pair_key(row: dict[str, Any]) -> tuple[str, ...]:
    return (row["dataset"], str(row["query_id"]), row["model1"]["response"], row["model2"]["response"])


def _stored_scores(path: Path) -> dict[tuple[str, ...], dict[str, tuple[float, float]]]:
    """Scores under `model1.ragchecker.AXIS_label` and `model2.…`."""
    rows = _json_rows(path, ("dataset", "query_id", "model1", "model2"))
    return {
        _pair_key(row): {
            axis: (float(row["model1"]["ragchecker"][name]), float(row["model2"]["ragchecker"][name]))
            for axis in AXES
            if (name := f"{axis}_label") in row["model1"].get("ragchecker", {})
        }
        for row in rows
    }


def _evouna(path: Path) -> HumanLabels:
    """Five systems' answers to each question; questions called improper and verdicts that are missing are left out."""
    answers, n_left_out = [], 0
    for number, row in enumerate(_json_rows(path, ("question", "golden_answer")), start=1):
        systems = [key.removeprefix("answer_") for key in row if key.startswith("answer_")]
        references = tuple(text.strip() for text in str(row["golden_answer"]).split("/") if text.strip())
        facts = (Fact("f1", references),)
        question = Question(f"q{number}", row["question"], references, facts, group=f"q{number}")
        for system in systems:
            label = row.get(f"judge_{system}")
            if row.get("improper") or label is None or not references:
                n_left_out += 1
            else:
                answer = str(row[f"answer_{system}"] or "")
                answers.append(LabelledAnswer(question, answer, (float(label),), system))
    return HumanLabels(str(path.name), (), tuple(answers), n_left_out)


_REQUIRED = ("question", "reference")
_KNOWN = (*_REQUIRED, "answer", "answer_1", "answer_2", "label", "label_2", "axis", "group", "system", "domain")


def _csv(path: Path) -> HumanLabels:
    columns, rows = _csv_rows(path)
    problems = [f"{path}: no column {name!r}{nearest(name, columns)}" for name in _REQUIRED if name not in columns]
    strange = [name for name in columns if name not in _KNOWN]
    problems += [f"{path}: unknown column {name!r}{nearest(name, _KNOWN)}" for name in strange]
    is_pairs = "answer_1" in columns and "answer_2" in columns
    if not is_pairs and "answer" not in columns:
        problems.append(f"{path}: no column 'answer', nor 'answer_1' and 'answer_2'")
    if "label" not in columns:
        problems.append(f"{path}: no column 'label'")
    if problems:
        raise InputError(problems)
    texts = ("question", "reference", *(("answer_1", "answer_2") if is_pairs else ("answer",)))
    pairs, answers, n_left_out = [], [], 0
    for number, row in enumerate(rows, start=2):
        low, high = (-_LIMIT, _LIMIT) if is_pairs else (0, 1)
        labels = _csv_labels(row, f"{path}: line {number}", low, high, problems)
        if not labels:
            n_left_out += 1
            continue
        empty = [name for name in texts if row[name] is None or (name in _REQUIRED and not row[name].strip())]
        if empty:
            problems.append(f"{path}: line {number}: {', '.join(empty)} is empty; expected a text")
            continue
        question = _csv_question(row, number)
        if is_pairs:
            axis = row.get("axis") or "correctness"
            both = (row["answer_1"], row["answer_2"])
            pairs.append(LabelledPair(question, both, {axis: labels}, row.get("domain") or ""))
        else:
            answers.append(
                LabelledAnswer(question, row["answer"], labels, row.get("system") or "", row.get("domain") or "")
            )
    if problems:
        raise InputError(problems)
    return HumanLabels(str(path.name), tuple(pairs), tuple(answers), n_left_out)


def _csv_rows(path: Path) -> tuple[Sequence[str], list[dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            return reader.fieldnames or [], list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{path}: not readable as CSV in UTF-8: {error}"
        raise InputError(msg) from None


def _csv_question(row: dict[str, str], number: int) -> Question:
    reference = row["reference"]
    facts = (Fact("f1", (reference,)),) if len(reference.split()) <= _SHORT else ()
    return Question(f"q{number}", row["question"], (reference,), facts, group=row.get("group") or row["question"])


def _csv_labels(row: dict[str, str], place: str, low: int, high: int, problems: list[str]) -> tuple[float, ...]:
    found = []
    for name in ("label", "label_2"):
        text = (row.get(name) or "").strip()
        if not text:
            continue
        try:
            value = float({"true": "1", "false": "0"}.get(text.casefold(), text))
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            problems.append(f"{place}: {name} is {text!r}; expected a number from {low} to {high}")
        found.append(value)
    return tuple(found)


_READERS: dict[str, Callable[[Path], HumanLabels]] = {"evouna": _evouna, "csv": _csv}
