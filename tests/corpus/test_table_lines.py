"""Tables as lines: with a header, and names with values that have none."""

from __future__ import annotations

import pytest

from ragstudy.corpus.formats import parts_of
from ragstudy.corpus.running_lines import whole_sentences
from ragstudy.corpus.table_lines import lines_of

PRICES = ["Product: Lamp; Price 2024: 10", "Product: Sun; Price 2024: on request"]


@pytest.mark.parametrize(
    ("header", "rows", "lines"),
    [
        (["Ports", "5 harbours"], [["Ships", "4"]], ["Ports: 5 harbours", "Ships: 4"]),
        (["Route", "Price 2024"], [["Holm", "4"]], ["Route: Holm; Price 2024: 4"]),
        (["Founded:", "early"], [["Seat:", "Holm"]], ["Founded: early", "Seat: Holm"]),
        # A year among values of other kinds is a value, over figures alone the name of a column.
        (["Founded", "1962"], [["Seat", "Holm"]], ["Founded: 1962", "Seat: Holm"]),
        (["Item", "2024"], [["Sales", "5.2"]], ["Item: Sales; 2024: 5.2"]),
        (["Term", "Meaning"], [["ferry", "a ship"]], ["Term: ferry; Meaning: a ship"]),
        (["", "Price 2024"], [["ferry", "5"]], ["ferry; Price 2024: 5"]),
        (["a", "b 1", "c"], [["1", "2", ""]], ["a: 1; b 1: 2"]),
        (["Fee", "5 euro"], [["Late", ""], ["", ""]], ["Fee: 5 euro", "Late: "]),
        (["Fee", "5 euro"], [], ["Fee: 5 euro"]),
        (["Product", "Price 2024"], [["Lamp", "10"], ["Sun", "on request"]], PRICES),
        (["Land", "2023"], [["Holm", "9.1"], ["Ness", "n/a"]], ["Land: Holm; 2023: 9.1", "Land: Ness; 2023: n/a"]),
        (["Name:", "Phone:"], [["Holm", "555"]], ["Name: Holm; Phone: 555"]),
        (["Question", "Answer (v2)"], [["How long?", "A year."]], ["Question: How long?; Answer (v2): A year."]),
    ],
)
def test_lines(header, rows, lines):
    assert lines_of(header, rows) == lines


def test_a_sheet_of_names_and_values(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("Ships", 4), ("Seat", "Holm"), ("Fare", "5 euro")):
        book.active.append(row)
    book.save(tmp_path / "facts.xlsx")
    [part] = parts_of(tmp_path / "facts.xlsx")
    assert part.text.splitlines() == ["Ships: 4", "Seat: Holm", "Fare: 5 euro"]


@pytest.mark.parametrize(
    ("pages", "made"),
    [
        (["It sails at", "nine. It stops."], ["It sails at nine.", "It stops."]),
        (
            ["From Holm,", "it sails\nat 9.5 knots. Then it stops."],
            ["From Holm, it sails at 9.5 knots.", "Then it stops."],
        ),
        (["It sails.", "then it stops. So."], ["It sails.", "then it stops. So."]),
        (["It sails at", "Holm. It stops."], ["It sails at", "Holm. It stops."]),
        (["It sails at", "nine."], ["It sails at", "nine."]),  # nothing would be left of the page
        (["It sails at", "", "nine. So."], ["It sails at", "", "nine. So."]),
        (["It shows", "a) one\nb) two. So."], ["It shows", "a) one\nb) two. So."]),  # points of a list
        (["It shows", "i.e. the table. So."], ["It shows", "i.e. the table. So."]),
        (["hy-", "phen ends. So."], ["hy-", "phen ends. So."]),
        ([], []),
    ],
)
def test_a_sentence_stands_whole_on_the_page_where_it_begins(pages, made):
    assert whole_sentences(pages) == made
