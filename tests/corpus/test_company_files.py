"""The files of a company in eight formats, and its questions: all is read, and every answer is where it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragstudy.corpus.importers.folder import read_folder
from ragstudy.notation import words_of

FILES = Path(__file__).parents[2] / "corpora" / "company_files"


@pytest.fixture(scope="module")
def company():
    return read_folder("tarnholm", FILES / "documents", FILES / "questions.csv")


def text_of(company, name):
    return next(one.text for one in company.domain.documents if one.id == name)


def test_every_file_and_every_question_is_read(company):
    files = [path for path in (FILES / "documents").rglob("*") if path.is_file()]
    assert {one.id.partition("#")[0] for one in company.domain.documents} == {
        path.relative_to(FILES / "documents").as_posix() for path in files
    }
    assert len({path.suffix for path in files}) == 8
    assert len(files) >= 30
    assert company.left_out == {}
    assert len(company.domain.questions) >= 150
    assert company.notes[0].startswith(
        "36 files in documents/ are read (15 .md, 6 .html, 5 .docx, 4 .pdf, 2 .txt, 2 .xlsx"
    )


def test_every_number_of_an_answer_stands_in_its_document_and_each_has_one(company):
    for question in company.domain.questions:
        [gold] = question.gold_documents
        numbers = {word for word in words_of(question.references[0]) if any(map(str.isdigit, word))}
        assert numbers <= set(words_of(text_of(company, gold))), question
    assert not any("none stands in the document" in note or "not there" in note for note in company.notes)


@pytest.mark.parametrize(
    ("name", "wanted", "unwanted"),
    [
        ("archive/expenses_2023.docx", "# Expense rules 2023", "|  |"),
        ("finance/purchasing_limits.docx", "| up to 7,500 euros | head of department | 2 |", "|  |  |"),
        ("customer/refunds_and_delays.html", "| Standard | 14 to 3 days | 70 percent |", "Quick links"),
        ("customer/accessibility.html", "out of order until", "Imprint"),
        ("customer/fares_2025.xlsx", "Fare in euros: 14.50; Per: person; Online discount: 5%", "00:00"),
        ("operations/timetable_summer_2025.xlsx#sheet=Summer 2025", "Departs: 06:10; Arrives: 07:05", "06:10:00"),
        ("operations/timetable_summer_2025.xlsx#sheet=Notes", "regatta", "Departs"),
        ("safety/safety_briefing_2025.pptx#slide=5", "had 1,340 hours", "nothing else"),
        ("safety/safety_briefing_2025.pptx#slide=3", "- Slips on wet ramps", "nothing else"),
        ("operations/bunkering_procedure.pdf#page=2", "months. The delivery note", "Page 2 of 2"),
        ("hr/sickness_absence.md", "# Sickness and return to work", "---\ntitle"),
    ],
)
def test_what_a_reader_of_the_file_sees_is_there_and_nothing_else(company, name, wanted, unwanted):
    text = text_of(company, name)
    assert wanted in text
    assert unwanted not in text


def test_titles_are_those_that_people_see(company):
    titles = {one.id: one.title for one in company.domain.documents}
    assert titles["archive/expenses_2023.docx"] == "Expense rules 2023"
    assert titles["it/service_desk.html"] == "The service desk"
    assert titles["it/password_and_accounts.md"] == "Passwords and accounts"
    assert titles["customer/fares_2025.xlsx"] == "fares 2025"


def test_questions_about_slides_and_pages_name_the_one_that_answers(company):
    of_slides = [one for one in company.domain.questions if one.gold_documents[0].startswith("safety/safety_brief")]
    assert len(of_slides) == 5
    assert len({one.gold_documents for one in of_slides}) > 3
