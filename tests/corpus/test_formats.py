"""Documents in every format, as they are written by other programs."""

from __future__ import annotations

import zipfile
from datetime import datetime, time, timedelta

import pytest
from docx import Document as WordDocument
from fpdf import FPDF
from openpyxl import Workbook
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pypdf import PdfReader, PdfWriter

from ragstudy.corpus.folder import documents_in
from ragstudy.corpus.formats import FORMATS, LONGEST, parts_of
from ragstudy.corpus.locate import Locator
from ragstudy.corpus.pages import markdown_of, parsed
from ragstudy.corpus.running_lines import without_running_lines
from ragstudy.corpus.sheets import shown
from ragstudy.corpus.tables import rows_of
from ragstudy.errors import InputError
from ragstudy.records import Document

SPANS = (
    "<table><tr><th>a</th><th>b</th></tr><tr><td rowspan=2>x</td><td>1</td></tr><tr><td>2</td></tr>"
    "<tr><td colspan=2>y</td></tr></table>"
)
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


def test_a_title_in_words_style_is_the_title(tmp_path):
    made = WordDocument()
    made.add_heading("Pumps of hall 3", 0)
    made.add_heading("Limits", 1)
    made.add_paragraph(SENTENCE)
    made.save(str(tmp_path / "a.docx"))
    [part] = parts_of(tmp_path / "a.docx")
    assert (part.title, part.text.splitlines()[0]) == ("Pumps of hall 3", "# Pumps of hall 3")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<form runat=server><h1>Pumps</h1><p>4 kg</p><input value=x></form>", "# Pumps\n\n4 kg"),
        ('<div id="sidebar"><h4>Links</h4></div><h1>Pumps</h1>', "# Pumps"),
        ('<div role="navigation">Home</div><p class="menu-price">4 kg</p>', "4 kg"),
        ("<aside>Also read</aside><main><aside>Closed today</aside><p>4 kg</p></main>", "Closed today\n\n4 kg"),
        (SPANS, "| a | b |\n| --- | --- |\n| x | 1 |\n| x | 2 |\n| y | y |"),
        ("<table><tr><td>a</td></tr><tr><td>1</td></tr></table>", "| a |\n| --- |\n| 1 |"),
    ],
)
def test_what_stands_around_a_page_goes_and_its_own_parts_stay(html, text):
    assert markdown_of(html) == text


def test_the_title_of_a_page_is_its_main_heading(tmp_path):
    path = tmp_path / "a.html"
    for html, title in (
        ("<title>Site</title><div class=sidebar><h1>Links</h1></div><h4>x</h4><h1>Pumps</h1>", "Pumps"),
        ("<title>Pumps | Holm Ltd</title><h2>Limits</h2><p>4 kg</p>", "Pumps"),
        ("<h2>Limits</h2><p>4 kg</p>", "Limits"),
    ):
        path.write_text(html)
        assert parts_of(path)[0].title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: Pumps\nowner: hall 3\n---\n4 kg", "Pumps"),
        ("---\nowner: hall 3\n---\nPumps\n-----\n4 kg", "Pumps"),
        ("```\n# stop\n```\n\n## Pumps ##\n4 kg", "Pumps"),
        ("#hashtag\n4 kg", ""),
        ("| a | b |\n---\n4 kg", ""),
        ("4 kg\n\n---\n\nmore", ""),
    ],
)
def test_headings_of_markdown_are_its_own(tmp_path, text, title):
    path = tmp_path / "a.md"
    path.write_text(text)
    [part] = parts_of(path)
    assert part.title == title
    assert "4 kg" in part.text
    assert "owner" not in part.text


def test_excel_is_read_as_it_is_shown(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["Prices of our pumps"])
    sheet.append([])
    sheet.append(["part", None, "price", "price", "share", "from", "at", "sum"])
    sheet.append(["P-7", None, 14.5, 3, 0.125, datetime(2025, 5, 1), time(6, 10), "=1+1"])  # noqa: DTZ001 - as Excel has it
    for cell, written in (("C4", "0.00"), ("E4", "0%"), ("F4", "d/m/yy")):
        sheet[cell].number_format = written
    book.create_sheet("empty")
    book.save(tmp_path / "a.xlsx")
    [part] = parts_of(tmp_path / "a.xlsx")
    assert part.title == "Prices of our pumps"
    assert part.text.splitlines() == [
        "Prices of our pumps",
        "part: P-7; price: 14.50; price (2): 3; share: 13%; from: 2025-05-01; at: 06:10; sum: =1+1",
    ]
    book["empty"].append(["note"])
    book["empty"].append(["closed"])
    book.save(tmp_path / "a.xlsx")
    assert [one.place for one in parts_of(tmp_path / "a.xlsx")] == ["sheet=Sheet", "sheet=empty"]


def test_lines_of_a_site_and_of_pages_are_left_out_and_said(tmp_path):
    for number in range(5):
        page = f"<h1>Page {number}</h1><p>Weight {number} kg</p><div>Holm Ltd, all rights reserved</div>"
        (tmp_path / f"{number}.html").write_text(page)
    documents, notes, _ = documents_in(tmp_path)
    assert documents[2].text == "# Page 2\n\nWeight 2 kg"
    assert documents[0].text == "# Page 0\n\nWeight 0 kg\n\nHolm Ltd, all rights reserved"
    told = (
        "lines with which most of the 5 HTML pages begin or end stay on the first only: 'Holm Ltd, all rights reserved'"
    )
    assert told in notes


def test_what_pages_share_within_them_or_in_figures_is_their_own(tmp_path):
    for number in range(5):
        rows = f"<tr><th>Property</th><th>Value</th></tr><tr><td>Weight</td><td>{number} kg</td></tr>"
        page = f"<h1>Pump {number}</h1><table>{rows}<tr><td>Voltage</td><td>230 V</td></tr></table><p>2 years.</p>"
        (tmp_path / f"{number}.html").write_text(page)
    documents, notes, _ = documents_in(tmp_path)
    assert all("| Voltage | 230 V |" in one.text and one.text.endswith("2 years.") for one in documents)
    assert notes == []


@pytest.mark.parametrize(
    ("pages", "left"),
    [
        ([f"Holm Ltd\n{one}\nPage {n} of 3" for n, one in ((1, "a"), (2, "b"), (3, "c"))], ["Holm Ltd\na", "b", "c"]),
        # Numbers that are what the pages say.
        (["Pump 100\nWeight: 4 kg", "Pump 200\nWeight: 5 kg"], None),
        (["Invoice 17\nTotal: 300 EUR", "Invoice 18\nTotal: 950 EUR"], None),
        (["a\n7", "b\n7"], None),
        (["Status: open\na", "Status: open\nb"], None),
        (["Nothing here."] * 3, None),
        (["- 3 -\na", "", "- 5 -\nb"], ["a", "", "b"]),
    ],
)
def test_only_what_runs_through_all_pages_is_left_out_of_them(pages, left):
    assert without_running_lines(pages) == (left or pages)


@pytest.mark.parametrize(
    "html",
    [
        '<main><section id="menu"><h2>Menu</h2><p>Soup</p></section><p>kept</p></main>',
        '<div id="content" class="navigation"><p>kept</p></div>',
        "<main></main><p>kept</p>",
        "<article><p>kept</p></article><article><p>also</p></article>",
        "<p>The whole long text that is kept</p><aside><article>related</article></aside>",
        "<section><header><h2>kept</h2></header><p>4 kg</p></section>",
        "<h2><button>kept</button></h2><div>4 kg</div>",
        "<table><tr><td rowspan='\u00b2'>kept</td></tr></table>",
        "<table><tr><th>Part<th>kg<tr><td>valve<td>kept</table>",
    ],
)
def test_no_odd_page_loses_its_text(html):
    assert "kept" in markdown_of(html)


def test_exponents_are_told_from_footnotes_and_from_numbers():
    text = markdown_of('<p>10<sup>6</sup> cells, 4<sup><a href="#1">1</a></sup> kg</p>')
    assert text == "10^6 cells, 4 kg"
    assert markdown_of("<p>the 1<sup>st</sup> of May</p>") == "the 1st of May"


def test_cells_without_end_tags_and_over_rows_stay_in_their_columns():
    text = markdown_of("<table><tr><th>Part<th>kg<tr><td>valve<td>2<tr><td>pipe<td>3</table>")
    assert text == "| Part | kg |\n| --- | --- |\n| valve | 2 |\n| pipe | 3 |"
    head = "<thead><tr><th rowspan=3>a</th><th>b</th></tr></thead>"
    assert "| 1 | 2 |" in markdown_of(f"<table>{head}<tbody><tr><td>1</td><td>2</td></tr></tbody></table>")


def test_a_text_between_rules_is_no_settings(tmp_path):
    for name in ("a.md", "b.txt"):
        (tmp_path / name).write_text("---\n\n# Safety rules\n\n- At most 5 bar\n\n---\n\nSee the manual.")
        assert "At most 5 bar" in parts_of(tmp_path / name)[0].text
    (tmp_path / "c.md").write_text("---\nNote: hot surface\n---\nKeep off.")
    assert "hot surface" in parts_of(tmp_path / "c.md")[0].text


def test_a_text_of_another_encoding_does_not_stop_the_others(tmp_path):
    (tmp_path / "a.txt").write_bytes("4 \u20ac".encode("cp1252"))
    (tmp_path / "b.txt").write_text(SENTENCE)
    documents, notes, problems = documents_in(tmp_path)
    assert ([one.id for one in documents], problems) == (["b.txt"], [])
    assert notes == [f"1 file is not read in {tmp_path.name}/ (not readable as UTF-8 text; save it as UTF-8): a.txt"]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1 / 3, "0.00", "0.33"),
        (0.125, "0%", "13%"),
        (12, "00000", "00012"),
        (1_500_000, '0.0,,"M"', "1.5M"),
        (1234.5, '#,##0.00 "euros"', "1,234.50 euros"),
        (5, "[$\u20ac-407] #,##0.00", "\u20ac5.00"),
        (-5, "0.00;[Red]-0.00", "-5.00"),
        (12345.678, "General", "12345.678"),
        (10**12, "General", "1000000000000"),
        (1.5e-12, "0.00E+00", "1.5e-12"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
        (True, "General", "yes"),
    ],
)
def test_cells_are_written_as_excel_shows_them(value, number_format, text):
    assert shown(value, number_format) == text


def test_what_stands_above_a_table_is_not_its_header_and_a_lone_line_is_text(tmp_path):
    book = Workbook()
    for row in (["Price list"], ["Valid from", "2025"], ["part", "kg", "price"], ["P-7", 4, 9], ["P-8", 5, 7]):
        book.active.append(row)
    book.create_sheet("cover").append(["Only a title"])
    book.save(tmp_path / "a.xlsx")
    table, cover = parts_of(tmp_path / "a.xlsx")
    assert table.text.splitlines() == [
        "Price list",
        "Valid from 2025",
        "part: P-7; kg: 4; price: 9",
        "part: P-8; kg: 5; price: 7",
    ]
    assert cover.text == "Only a title"


def test_questions_in_excel_are_read_as_documents_are_and_from_the_right_sheet(tmp_path):
    book = Workbook()
    book.active.append(["Questions of hall 3"])
    sheet = book.create_sheet("qa")
    for row in (
        ["question", "answer"],
        ["What discount?", 0.05],
        ["Is it loud?", True],
        ["How long?", timedelta(hours=2)],
    ):
        sheet.append(row)
    sheet["B2"].number_format = "0%"
    book.save(tmp_path / "q.xlsx")
    assert [row["answer"] for _, row in rows_of(tmp_path / "q.xlsx", [])] == ["5%", "yes", "2:00"]
    assert len(list(rows_of(tmp_path / "q.xlsx", ["question"]))) == 3


def test_numbers_of_charts_are_kept(tmp_path):
    made = Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "Sales\nof pumps"
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Sold", (10, 20.5))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 3_000_000, 3_000_000, data)
    made.save(str(tmp_path / "a.pptx"))
    [part] = parts_of(tmp_path / "a.pptx")
    assert "| 2024 | 20.5 |" in part.text
    assert part.title == "Sales of pumps"


def test_yes_and_short_answers_do_not_choose_a_page():
    pages = [
        Document("1", "", "Smoking is allowed in the yard at any time."),
        Document("2", "", "Order article no. 5 here."),
    ]
    locator = Locator(pages)
    assert locator.nearest("Is smoking allowed in the yard?", ["no"]) == "1"
    assert locator.nearest("How many rules are there?", ["5"]) is None
    assert locator.nearest("Which article is to be ordered?", ["5"]) == "2"


def test_chapters_of_a_book_come_in_reading_order(tmp_path):
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="b" href="two%20b.xhtml"/>'
        '<item id="a" href="one.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    with zipfile.ZipFile(tmp_path / "book.epub", "w") as epub:
        epub.writestr(
            "META-INF/container.xml", '<c><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></c>'
        )
        epub.writestr("OEBPS/content.opf", package)
        for name, text in (("extra", "Cover"), ("two b", "Second"), ("one", "First")):
            epub.writestr(f"OEBPS/{name}.xhtml", f"<html><body><h1>{text}</h1><p>{SENTENCE}</p></body></html>")
    assert [part.title for part in parts_of(tmp_path / "book.epub")] == ["First", "Second", "Cover"]


def test_a_cell_merged_over_rows_stands_in_each_and_a_merged_title_is_one(tmp_path):
    book = Workbook()
    for row in (
        ["Staff of the halls", None, None],
        ["dept", "name", "kg"],
        ["HR", "a", 1],
        [None, "b", 2],
        ["IT", "c", 3],
    ):
        book.active.append(row)
    book.active.merge_cells("A1:C1")
    book.active.merge_cells("A3:A4")
    book.save(tmp_path / "a.xlsx")
    [part] = parts_of(tmp_path / "a.xlsx")
    assert part.text.splitlines() == [
        "Staff of the halls",
        *(
            f"dept: {dept}; name: {name}; kg: {kg}"
            for dept, name, kg in (("HR", "a", 1), ("HR", "b", 2), ("IT", "c", 3))
        ),
    ]


@pytest.mark.filterwarnings("error")
def test_nobody_is_warned_of_xhtml_or_of_short_texts():
    assert (
        markdown_of('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>4 kg</body></html>')
        == "4 kg"
    )
    assert markdown_of("http://example.org/page") == "http://example.org/page"
    page = parsed(b'<?xml version="1.0" encoding="iso-8859-1"?><html><body>Gr\xf6\xdfe</body></html>')
    assert page.get_text() == "Gr\u00f6\u00dfe"


def test_a_header_may_leave_one_column_without_a_name(tmp_path):
    book = Workbook()
    for row in (["question", "answer"], ["How heavy?", "4 kg", "checked"], ["How old?", "9 years", "asked"]):
        book.active.append(row)
    book.save(tmp_path / "q.xlsx")
    assert [row for _, row in rows_of(tmp_path / "q.xlsx", ["question"])] == [
        {"question": "How heavy?", "answer": "4 kg", "column 3": "checked"},
        {"question": "How old?", "answer": "9 years", "column 3": "asked"},
    ]
