"""Documents in every format, as they are written by other programs."""

from __future__ import annotations

import zipfile

import pytest
from docx import Document as WordDocument
from fpdf import FPDF
from openpyxl import Workbook
from pptx import Presentation
from pypdf import PdfReader, PdfWriter

from ragstudy.corpus.folder import documents_in
from ragstudy.corpus.formats import FORMATS, LONGEST, parts_of
from ragstudy.errors import InputError

SENTENCE = "The pump P-7 runs at 40 litres a minute."


def pdf(path, pages):
    made = FPDF()
    for text in pages:
        made.add_page()
        made.set_font("Helvetica", size=12)
        if text:
            made.multi_cell(0, 8, text)
    made.output(str(path))


def word(path):
    made = WordDocument()
    made.add_heading("Pumps", 1)
    made.add_paragraph(SENTENCE)
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("part", "weight", "P-7", "4 kg"), strict=True
    ):
        cell.text = text
    made.save(str(path))


def slides(path):
    made = Presentation()
    for title, text in (("Pumps", SENTENCE), ("Valves", "Valve V-2 is closed at night.")):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    made.slides[0].notes_slide.notes_text_frame.text = "Said aloud: it is loud."
    made.save(str(path))


def test_word_keeps_headings_and_tables(tmp_path):
    word(tmp_path / "pumps.docx")
    [part] = parts_of(tmp_path / "pumps.docx")
    assert part.title == "Pumps"
    assert SENTENCE in part.text
    assert "| P-7 | 4 kg |" in part.text


def test_every_page_of_a_pdf_and_every_slide_can_be_cited(tmp_path):
    pdf(tmp_path / "manual.pdf", [SENTENCE, "", "Valve V-2 is closed at night."])
    first, third = parts_of(tmp_path / "manual.pdf")
    assert (first.place, third.place) == ("page=1", "page=3")
    assert first.title == "manual, page 1"
    assert SENTENCE in " ".join(first.text.split())
    slides(tmp_path / "talk.pptx")
    one, two = parts_of(tmp_path / "talk.pptx")
    assert (one.place, one.title, two.title) == ("slide=1", "Pumps", "Valves")
    assert one.text.startswith("# Pumps")
    assert SENTENCE in one.text
    assert "it is loud" in one.text


def test_pages_lose_what_stands_around_their_text(tmp_path):
    (tmp_path / "page.html").write_text(
        "<html><head><title>Pumps - Holm Ltd</title><script>track()</script></head><body><nav>Home Shop</nav>"
        f"<main><header><h1>Pumps</h1></header><p>{SENTENCE}</p><ul><li>red</li><li>blue</li></ul></main>"
        "<footer>Imprint</footer></body></html>"
    )
    [part] = parts_of(tmp_path / "page.html")
    assert part.text == f"# Pumps\n\n{SENTENCE}\n\n- red\n- blue"
    (tmp_path / "old.htm").write_bytes('<meta charset="iso-8859-1"><p>Gr\u00f6\u00dfe 4 kg</p>'.encode("latin-1"))
    assert parts_of(tmp_path / "old.htm")[0].text == "Gr\u00f6\u00dfe 4 kg"


def test_restructured_text_is_read_and_includes_nothing(tmp_path):
    (tmp_path / "secret.txt").write_text("password")
    (tmp_path / "guide.rst").write_text(f"Pumps\n=====\n\n{SENTENCE}\n\n.. include:: secret.txt\n\n* red\n* blue\n")
    [part] = parts_of(tmp_path / "guide.rst")
    assert SENTENCE in part.text
    assert "- red" in part.text
    assert "password" not in part.text


def test_tables_books_mail_and_lines(tmp_path):
    book = Workbook()
    book.active.append(["part", "weight"])
    book.active.append(["P-7", 4.0])
    book.save(tmp_path / "parts.xlsx")
    (tmp_path / "parts.csv").write_text("part;weight\nP-7;4 kg\n")
    assert parts_of(tmp_path / "parts.xlsx")[0].text == "part: P-7; weight: 4"
    assert parts_of(tmp_path / "parts.csv")[0].text == "part: P-7; weight: 4 kg"
    with zipfile.ZipFile(tmp_path / "book.epub", "w") as epub:
        epub.writestr("META-INF/container.xml", "<container/>")
        epub.writestr("OEBPS/one.xhtml", f"<html><body><h2>Pumps</h2><p>{SENTENCE}</p></body></html>")
    [chapter] = parts_of(tmp_path / "book.epub")
    assert (chapter.title, chapter.place) == ("Pumps", "chapter=1")
    (tmp_path / "note.eml").write_bytes(f"From: a@b.example\nSubject: Pump\n\n{SENTENCE}\n".encode())
    [mail] = parts_of(tmp_path / "note.eml")
    assert mail.title == "Pump"
    assert "From: a@b.example" in mail.text
    (tmp_path / "wiki.jsonl").write_text(f'{{"_id": "w1", "title": "Pump", "text": "{SENTENCE}"}}\n')
    assert [(one.place, one.title) for one in parts_of(tmp_path / "wiki.jsonl")] == [("w1", "Pump")]
    (tmp_path / "wiki.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(InputError, match=r"wiki\.jsonl:1: no text"):
        parts_of(tmp_path / "wiki.jsonl")


def test_what_cannot_be_read_is_named_with_its_cure(tmp_path):
    pdf(tmp_path / "scan.pdf", ["", ""])
    pdf(tmp_path / "plain.pdf", [SENTENCE])
    locked = PdfWriter(clone_from=PdfReader(tmp_path / "plain.pdf"))
    locked.encrypt("secret", algorithm="RC4-128")
    locked.write(tmp_path / "locked.pdf")
    (tmp_path / "no.docx").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    (tmp_path / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 50)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    (tmp_path / "no.pptx").write_bytes(b"nothing")
    (tmp_path / "line.html").write_text("x" * (LONGEST + 1))
    for name, told in (
        ("scan.pdf", "2 pages without text, probably scanned"),
        ("locked.pdf", "is encrypted; save it without a password"),
        ("no.docx", "is no Word document"),
        ("old.docx", "is encrypted or of an old version"),
        ("broken.pdf", "not readable as PDF"),
        ("no.pptx", "is no PowerPoint presentation"),
        ("line.html", "the most is 20,000,000: split it"),
    ):
        with pytest.raises(InputError, match=told):
            parts_of(tmp_path / name)
    documents, notes, problems = documents_in(tmp_path)
    assert [one.id for one in documents] == ["plain.pdf#page=1"]
    assert problems == []
    assert any("probably scanned; recognise its text first (OCR)): scan.pdf" in note for note in notes)


def test_every_format_of_nothing_is_a_message_or_nothing(tmp_path):
    for ending in FORMATS:
        path = tmp_path / f"empty{ending}"
        path.write_bytes(b"")
        try:
            assert parts_of(path) == []
        except InputError as error:
            assert path.name in str(error)  # noqa: PT017 - either is right
