"""Qasper: questions on papers; the original layouts with full text, and the one with evidence only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.importers.imported import Collection, Imported, layout_error, must_exist, reading, split_by_group
from ragstudy.corpus.importers.kind import SEED, TEST_SHARE, ImporterKind, Option
from ragstudy.files import read_json, read_lines
from ragstudy.records import Fact, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ragstudy.records import QuestionType


def import_qasper(paths: tuple[Path, ...], name: str, test_share: float = 0.25, seed: int = 1) -> Imported:
    """A domain of Qasper questions; paragraphs are the documents; papers are the groups and are split whole.

    Three layouts are read: the published JSON (`{paper id: {title, abstract, full_text, qas}}`), the same as
    columns, one paper a line, and a list of papers whose questions carry only their evidence paragraphs.
    A paper that comes in several files is read once, from the first.

    Args:
        paths: files in any of the layouts.
        name: of the domain.
        test_share: share of the questions, by whole papers, that become the test split.
        seed: of that draw.

    Raises:
        InputError: a file is missing or in another layout.
    """
    must_exist(paths)
    return _collect((paper for path in paths for paper in _papers(path)), name, test_share, seed)


def import_papers(rows: Iterable[dict[str, Any]], name: str, test_share: float = 0.25, seed: int = 1) -> Imported:
    """A domain of Qasper papers given as columns, one paper a row, as the hub has them.

    Args:
        rows: one paper each.
        name: of the domain.
        test_share: share of the questions that become the test split, by whole papers.
        seed: decides which papers are drawn.
    """
    return _collect((_of_columns(row) for row in rows), name, test_share, seed)


def _collect(papers: Iterable[dict[str, Any]], name: str, test_share: float, seed: int) -> Imported:
    collection = Collection()
    titles: set[str] = set()
    for paper in papers:
        if paper["title"] in titles:
            collection.left_out["papers that came twice"] += 1
            continue
        titles.add(paper["title"])
        _add_paper(collection, paper)
    split_by_group(collection, test_share, seed)
    return collection.finish(name, "Qasper: questions on papers of natural language processing", "group")


def _papers(path: Path) -> list[dict[str, Any]]:
    """Papers as {id, title, paragraphs, qas: [{id, question, answers: [answer]}]}."""
    with reading(path, "Qasper's papers with title, full_text and qas with their answers"):
        return list(_read_papers(path))


def _read_papers(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".jsonl":
        for number, row in read_lines(path):
            if "qas" not in row or "full_text" not in row:
                raise layout_error(path, f"a paper with full_text and qas in line {number}", str(sorted(row)))
            yield _of_columns(row)
        return
    content = read_json(path)
    if isinstance(content, dict) and all(isinstance(p, dict) and "qas" in p for p in content.values()):
        for name, paper in content.items():
            yield _of_published(name, paper)
    elif isinstance(content, list) and all(isinstance(p, dict) and "qas" in p for p in content):
        for paper in content:
            yield _of_evidence(paper)
    else:
        raise layout_error(path, "Qasper's papers with their qas", type(content).__name__)


def _of_published(name: str, paper: dict[str, Any]) -> dict[str, Any]:
    sections = [p for section in paper.get("full_text", []) for p in section.get("paragraphs", [])]
    qas = [
        {"id": qa["question_id"], "question": qa["question"], "answers": [a["answer"] for a in qa["answers"]]}
        for qa in paper["qas"]
    ]
    return {
        "id": name,
        "title": paper.get("title", ""),
        "paragraphs": [paper.get("abstract", ""), *sections],
        "qas": qas,
    }


def _of_columns(row: dict[str, Any]) -> dict[str, Any]:
    columns, text = row["qas"], row["full_text"]
    sections = [p for paragraphs in text.get("paragraphs", []) for p in paragraphs]
    qas = [
        {"id": name, "question": question, "answers": answers["answer"]}
        for name, question, answers in zip(columns["question_id"], columns["question"], columns["answers"], strict=True)
    ]
    return {"id": row["id"], "title": row["title"], "paragraphs": [row.get("abstract", ""), *sections], "qas": qas}


def _of_evidence(paper: dict[str, Any]) -> dict[str, Any]:
    name = str(paper.get("paper_index", paper.get("title", "")))
    qas, paragraphs = [], []
    for number, qa in enumerate(paper["qas"]):
        paragraphs += qa["evidence"]
        answers = [_plain_answer(answer, qa["evidence"]) for answer in qa["answer"]]
        qas.append({"id": f"{name}-{number}", "question": qa["question"], "answers": answers})
    return {"id": name, "title": paper.get("title", ""), "paragraphs": paragraphs, "qas": qas}


def _plain_answer(value: Any, evidence: list[str]) -> dict[str, Any]:  # noqa: ANN401 - text, spans or truth value
    return {
        "unanswerable": False,
        "yes_no": value if isinstance(value, bool) else None,
        "extractive_spans": value if isinstance(value, list) else [],
        "free_form_answer": value if isinstance(value, str) else "",
        "evidence": evidence,
    }


def _add_paper(collection: Collection, paper: dict[str, Any]) -> None:
    group = f"qasper-{paper['id']}"
    # A table or figure stands in the evidence by its caption, which is no paragraph of the text.
    ids = {p.strip(): collection.add_document(p, paper["title"], group) for p in paper["paragraphs"] if p.strip()}
    for qa in paper["qas"]:
        question = _question(qa, group, ids)
        if question is None:
            collection.left_out["without a usable answer"] += 1
        else:
            collection.add_question(question)


def _question(qa: dict[str, Any], group: str, ids: dict[str, str]) -> Question | None:
    answers = qa["answers"]
    answerable = [answer for answer in answers if not answer.get("unanswerable")]
    if len(answerable) * 2 < len(answers):
        return Question(qa["id"], qa["question"], (), (), (), (), group, "train", "unanswerable")
    references = tuple(dict.fromkeys(text for answer in answerable if (text := _text(answer))))
    if not references:
        return None
    gold = [ids[p.strip()] for answer in answerable for p in answer.get("evidence", []) if p.strip() in ids]
    kind = _type(answerable)
    facts = (Fact("f1", (references[0].casefold(),)),) if kind == "yesno" else ()
    return Question(qa["id"], qa["question"], references, facts, tuple(dict.fromkeys(gold)), (), group, "train", kind)


def _text(answer: dict[str, Any]) -> str:
    if answer.get("yes_no") is not None:
        return "Yes" if answer["yes_no"] else "No"
    spans = [span.strip() for span in answer.get("extractive_spans") or [] if span.strip()]
    return ", ".join(spans) or (answer.get("free_form_answer") or "").strip()


def _type(answers: list[dict[str, Any]]) -> QuestionType:
    """The type that all annotators gave; 'freeform' where they differ."""
    if all(answer.get("yes_no") is not None for answer in answers):
        return "yesno" if len({answer["yes_no"] for answer in answers}) == 1 else "freeform"
    return "factoid" if all(answer.get("extractive_spans") for answer in answers) else "freeform"


QASPER = ImporterKind(
    "qasper",
    "Qasper: the published JSON, one paper a line, or evidence only; split by whole papers.",
    import_qasper,
    (
        Option("paths", "Files in any of the layouts.", Path, many=True, required=True, is_argument=True),
        TEST_SHARE,
        SEED,
    ),
    "Qasper, by the Allen Institute.",
    "CC BY 4.0",
    ("ragstudy corpus import qasper qasper-train-v0.3.json qasper-dev-v0.3.json",),
)
