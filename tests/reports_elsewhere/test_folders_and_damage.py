"""What was read, passed over and merged is said; a damaged file of a run is made anew or named, without a traceback.

After llama_index #8628 (hidden files are indexed), langchain4j #913 (an empty file) and mem0 #7117 (a damaged index).
"""

from __future__ import annotations

import shutil

import pytest
from conftest import study_content

from ragstudy.corpus import load_domain
from ragstudy.errors import RagstudyError
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


@pytest.fixture
def folder(lamps):
    """The lamps as a folder of text files."""
    texts = lamps / "documents"
    texts.mkdir()
    for document in load_domain(lamps).documents:
        path = texts / f"{document.id}.md"
        path.write_text(document.text)
    (lamps / "documents.jsonl").unlink()
    rows = (lamps / "questions.jsonl").read_text()
    for document in texts.iterdir():
        rows = rows.replace(f'["{document.stem}"]', f'["{document.name}"]')
    (lamps / "questions.jsonl").write_text(rows)
    return lamps


def test_what_is_no_document_is_passed_over_and_said(folder):
    texts, n = folder / "documents", len(load_domain(folder).documents)
    (texts / "empty.md").write_text(" \n")
    (texts / ".draft.md").write_text("The lamp is plaid.")
    (texts / ".ipynb_checkpoints").mkdir()
    (texts / ".ipynb_checkpoints" / "a.md").write_text("The lamp is plaid.")
    (texts / "notes-checkpoint.md").write_text("The lamp is plaid.")
    (texts / "a.md~").write_text("The lamp is plaid.")
    for name in ("page.odt", "scan.pdf", "plan.docx", "README"):
        (texts / name).write_text("The lamp is plaid.")
    domain = load_domain(folder)
    assert len(domain.documents) == n
    assert not any("plaid" in document.text for document in domain.documents)
    told = " ".join(domain.notes)
    for part in (
        "1 file is not read in documents/ (empty): empty.md",
        "3 files are not read in documents/ (hidden or a checkpoint): .draft.md",
        "(left behind by an editor or a desktop): a.md~",
        "(.odt; convert them to Markdown or text): page.odt",
        "(not readable as PDF: ",
        "(is no Word document (File is not a zip file)): plan.docx",
        "(no ending; convert",
    ):
        assert part in told
    plan = make_plan(parse_study(study_content(folder), "s.yaml"))
    assert any("empty.md" in note for note in plan.layout.notes)


def test_copies_of_a_document_are_one_document_with_all_its_ids(folder, tmp_path):
    before = load_domain(folder)
    texts = folder / "documents"
    original = before.questions[0].gold_documents[0]
    shutil.copy(texts / original, texts / "zz-copy.md")
    (texts / "zz-copy-2.md").write_text(f"  {(texts / original).read_text()}\n\n")
    rows = (folder / "questions.jsonl").read_text().replace(f'["{original}"]', '["zz-copy.md"]')
    (folder / "questions.jsonl").write_text(rows)
    after = load_domain(folder)
    assert after.documents == before.documents
    assert after.questions == before.questions
    assert after.fingerprint == before.fingerprint
    assert "2 documents are copies of 1 others" in after.notes[0]


def test_a_domain_without_copies_is_as_it_was(lamps):
    assert load_domain(lamps).notes == ()


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("xx", None, "no rules for yes, no and declining to answer in language 'xx'"),
        ("de", None, "was trained on English"),
        ("", "\u4ec0\u4e48\u989c\u8272\uff1f", "was trained on English"),
        ("en", None, ""),
        ("", None, ""),
    ],
)
def test_a_language_without_rules_or_embedder_is_told(lamps, language, text, told):
    if language:
        with (lamps / "domain.yaml").open("a") as about:
            about.write(f"language: {language}\n")
    content = study_content(lamps)
    del content["retrieval"]["embedder"]
    plan = make_plan(parse_study(content, "s.yaml"))
    if text:
        from dataclasses import replace

        (one,) = plan.domains
        asked = tuple(replace(question, text=text) for question in one.domain.questions)
        plan = replace(plan, domains=(replace(one, domain=replace(one.domain, questions=asked)),))
    # Six questions from six sources have a note of their own.
    notes = " ".join(note for note in plan.notes if "sources" not in note)
    assert (told in notes) if told else notes == ""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    from conftest import make_domain

    root = tmp_path_factory.mktemp("damage")
    content = study_content(make_domain(root / "lamps"))
    run_study(make_plan(parse_study(content, "s.yaml")), root / "run")
    return content, root / "run"


def damaged(content: bytes, how: str) -> bytes:
    if how == "cut in the middle":
        return content[: len(content) // 2]
    if how == "empty":
        return b""
    return content + b'{"torn": \xff\xfe\n' if how == "a bad last line" else b"\x00\xff" * 40


FILES = [
    "answers.jsonl",
    "scores.jsonl",
    "retrievals.jsonl",
    "questions.jsonl",
    "layout.json",
    "manifest.json",
    "state.json",
    "comparisons.json",
    "failure_points.jsonl",
    "study.yaml",
    "indexes/lamps/index.json",
    "indexes/lamps/passages.jsonl",
    "indexes/lamps/vectors.faiss",
    "indexes/lamps/words.json",
]


@pytest.mark.parametrize("how", ["cut in the middle", "empty", "a bad last line", "other bytes"])
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_of_a_run_is_made_anew_or_named(finished, tmp_path, file, how):
    content, run = finished
    there = shutil.copytree(run, tmp_path / "run")
    path = there / file
    assert path.is_file()
    path.write_bytes(damaged(path.read_bytes(), how))
    plan = make_plan(parse_study(content, "s.yaml"))
    told = ""
    try:
        run_study(plan, there)
    except RagstudyError as error:
        told = str(error)
    if told:
        assert path.name in told
        return
    right = RunFolder(run).results().comparisons
    assert RunFolder(there).results().comparisons == right
