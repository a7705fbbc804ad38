"""Passages by section: with their headings, tables by rows, nothing lost and nothing too long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragstudy.records import Document
from ragstudy.retrieval.passages import cut
from ragstudy.retrieval.sections import sections_of


def by_sections(text, most=64, title="Refunds"):
    return [one.text for one in cut([Document("d", title, text)], most, 0, str.split, "sections")]


def test_a_passage_tells_the_headings_that_it_stands_under():
    text = "# Refunds\n\nFrom May on.\n\n## Fees\n\n### Late\n\nIt costs 5.\n\n## Time\n\nWithin a week."
    assert by_sections(text) == ["From May on.", "Fees > Late\nIt costs 5.", "Time\nWithin a week."]
    assert by_sections(text, title="Ferries")[0] == "Refunds\nFrom May on."


def test_a_slash_in_a_heading_and_a_number_sign_in_code_are_what_they_say():
    text = "# A/B\n\n```\n# no heading\n```\n\n## C #1 ##\n\nText."
    assert by_sections(text) == ["A/B\n```\n# no heading\n```", "A/B > C #1\nText."]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("# A\n\n~~~bash\n# no\n~~~\n\n## B\n\nText.", ["A\n~~~bash\n# no\n~~~", "A > B\nText."]),
        ("# A\n\n````\n```\n# no\n```\n````\n\n# B\n\nText.", ["A\n````\n```\n# no\n```\n````", "B\nText."]),
        ("# C#\n\n## Use\n\nText.", ["C# > Use\nText."]),
        ("## Other #\n\n### In\n\nText.", ["Other > In\nText."]),
        ("# A\r\n\r\n## B\r\n\r\nText.\r\n", ["A > B\nText."]),
        ("Fees\n====\n\nLate\n----\n\nIt costs 5.", ["Fees > Late\nIt costs 5."]),
        ("- # in a list\n\n> # in a quotation\n\nText.", ["- # in a list\n\n> # in a quotation\n\nText."]),
        ("# A\n\n    # indented\n", ["A\n# indented"]),
    ],
)
def test_headings_are_those_of_markdown(text, texts):
    assert by_sections(text, title="") == texts


def test_a_table_without_bars_at_its_ends_is_one_too():
    rows = [f"route {n} | {n} euro" for n in range(30)]
    texts = by_sections("\n".join(["# Fares", "", "route | price", "---|---", *rows]), most=30, title="")
    assert all(one.startswith("Fares\nroute | price\n---|---\nroute ") for one in texts)


def test_an_outer_heading_for_which_there_is_no_room_everywhere_is_told_once():
    outer, inner = (" ".join(f"{letter}{n}" for n in range(9)) for letter in "ab")
    texts = by_sections(f"# {outer}\n\n## {inner}\n\nOne.\n\n## Two\n\nText.", most=30, title="")
    assert texts == [f"{inner}\n{outer}\nOne.", "Two\nText."]
    assert all(len(one.split()) <= 30 for one in texts)


def test_a_table_is_cut_between_rows_and_its_head_told_again():
    rows = [f"| route {n} | {n} euro |" for n in range(30)]
    text = "\n".join(
        ["# Fares", "", "As of May.", "", "| route | price |", "|---|---|", *rows, "", "Children pay half."]
    )
    texts = by_sections(text, most=40, title="")
    tables = [one for one in texts if "|---|---|" in one]
    assert len(tables) > 3
    assert all(one.startswith("Fares\n| route | price |\n|---|---|\n| route ") for one in tables)
    assert [row for one in tables for row in one.splitlines()[3:]] == rows
    assert (texts[0], texts[-1]) == ("Fares\nAs of May.", "Fares\nChildren pay half.")


def test_a_row_that_is_longer_than_a_passage_is_cut_too():
    row = "| " + " ".join(f"word{n}" for n in range(100)) + " |"
    texts = by_sections(f"| a |\n|---|\n{row}\n| end |", most=30)
    assert all(len(one.split()) <= 30 for one in texts)
    assert {word for one in texts for word in one.split()} >= {f"word{n}" for n in range(100)}


def test_a_heading_with_nothing_below_is_told_once():
    assert by_sections("# Plan\n\n## Later\n\n# Left\n\n## Deep\n\nText.", title="") == [
        "Plan > Later",
        "Left > Deep\nText.",
    ]


def test_headings_too_long_to_be_told_everywhere_are_text():
    long = " ".join(f"h{n}" for n in range(40))
    texts = by_sections(f"# {long}\n\n{'It is green. ' * 20}", most=30)
    assert all(len(one.split()) <= 30 for one in texts)
    assert " ".join(texts).startswith(long[:20])
    # The innermost heading is told where there is no room for those around it, which are text.
    inner = by_sections(f"# {long}\n\n## Fees\n\nIt costs 5.\n\n## Time\n\nA week.", most=30)
    assert [one.split("\n")[0] for one in inner] == ["Fees", "Fees", "Time"]
    assert (inner[1][-12:], inner[2]) == ("\nIt costs 5.", "Time\nA week.")


def test_without_headings_it_is_the_other_way_of_cutting():
    text = "It is green. " * 60
    assert by_sections(text) == [one.text for one in cut([Document("d", "", text)], 64, 0, str.split)]
    assert by_sections("") == by_sections("  \n ") == []


LINES = st.sampled_from(
    [
        "# One",
        "## Two",
        "#### Four",
        "Some words stand here.",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
        "```",
        "- item",
        "",
        "x " * 40,
    ]
)


@given(st.lists(LINES, max_size=30))
@settings(max_examples=150, deadline=None)
def test_no_word_is_lost_and_no_passage_is_too_long(lines):
    text = "\n".join(lines)
    texts = by_sections(text, most=24, title="")
    assert all(len(one.split()) <= 24 for one in texts)
    told = set(re.findall(r"\w+", " ".join(texts)))
    assert told >= set(re.findall(r"\w+", text))


def test_sections_are_in_their_order():
    found = sections_of("Before.\n\n# A\n\n# B\n\nText.")
    assert [(one.headings, one.text) for one in found] == [((), "Before."), (("A",), ""), (("B",), "Text.")]


@pytest.mark.parametrize("chunking", ["sentences", "sections"])
def test_numbers_of_passages_count_up(chunking):
    text = "# A\n\n" + "It is green. " * 40 + "\n\n# B\n\nText."
    found = cut([Document("d", "", text)], 32, 0, str.split, chunking)
    assert [one.id for one in found] == [f"d#{n}" for n in range(1, len(found) + 1)]
