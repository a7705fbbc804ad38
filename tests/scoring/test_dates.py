"""Dates that are given less exactly, and times of day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.records import Fact, Question
from ragstudy.scoring.claims import judge
from ragstudy.scoring.dates import date_of, is_same_time, share_of_date
from ragstudy.scoring.words import WordWeights

ADOPTED = Question("q", "When was it adopted?", ("20 November 1989",), (Fact("f", ("20 November 1989",)),))


@pytest.mark.parametrize(
    ("answer", "accuracy", "completeness"),
    [
        ("20 November 1989", 1, 1),
        ("It was adopted on November 20th, 1989.", 1, 1),
        ("1989-11-20", 1, 1),
        ("It was adopted in November 1989.", 1, 2 / 3),
        ("Nov. 1989", 1 / 1.1, 2 / 3),
        ("November of 1989", 1, 2 / 3),
        ("im November 1989", 1, 2 / 3),
        ("in 1989", 1, 1 / 3),
        ("1989", 1, 1 / 3),
        ("The assembly adopted it in 1989 in New York.", 1 / 1.1, 1 / 3),
    ],
)
def test_a_date_given_less_exactly_is_right_and_incomplete(answer, accuracy, completeness):
    judged = judge(ADOPTED, answer, WordWeights([]))
    assert judged.accuracy == pytest.approx(accuracy)
    assert judged.completeness == pytest.approx(completeness)


@pytest.mark.parametrize(
    "answer",
    [
        "In 1988 it was drafted, in 1989 adopted.",
        "on 2 November 1989",
        "November 2, 1989",
        "2 Nov. 1989",
        "in November 1990",
        "in December 1989",
        "not in 1989",
        "1989-12",
        "1989/12/03",
        "1989\u5e7412\u67083\u65e5",
        "3 d\u00e9cembre 1989",
        "Am 3. Dezember 1989",
        "21. listopadu 1989",
        "21 de noviembre de 1989",
        "on the 21st, in 1989",
        "in the 1989s",
        "It costs 1989 dollars.",
        "in 1989 dollars",
        "in room 1989",
        "Office 1989",
        "November 20",
        "1,989 units",
    ],
)
def test_another_date_or_number_is_no_part_of_a_date(answer):
    assert judge(ADOPTED, answer, WordWeights([])).completeness == 0


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("the act of 5 May 1990", "1990"),
        ("prior to June 1592", "1592"),
        ("5 May", "in May"),
        ("1990", "May 1991"),
        ("12 months", "12 May 1990"),
        ("between 1881 and 1885", "1881"),
        ("2 May 2019", "Version 2 may have been adopted."),
        ("2 May 2019", "Article 2 may apply"),
        ("20 November 1980", "in the 1980s"),
        ("14 March 2023", "with Office 2023"),
    ],
)
def test_what_gives_no_part_of_a_date(form, text):
    assert share_of_date(form, text) == 0


def test_a_date_is_read_however_it_is_written():
    assert date_of("25 August 1939") == date_of("August 25, 1939") == date_of("1939-08-25")
    assert date_of("prior to 25 August 1939") is None
    assert date_of("25 August") is None


@pytest.mark.parametrize(
    ("form", "text", "is_same"),
    [
        ("7 a.m.", "from 7:00 a.m. to 2:00 a.m.", True),
        ("7:30 pm", "It begins at 19:30.", True),
        ("19:30", "at 7.30 p.m.", True),
        ("12 noon", "12 pm", False),
        ("12 am", "00:00", True),
        ("7 a.m.", "7 p.m.", False),
        ("7 a.m.", "17:00", False),
        ("from 7 a.m. on", "7 a.m.", False),
        ("1:30", "a ratio of 1:300", False),
        ("10:30", "version 2:10:30", False),
    ],
)
def test_times_of_day_in_two_notations(form, text, is_same):
    assert is_same_time(form, text) is is_same


@given(st.text(max_size=40), st.text(max_size=80))
def test_any_text_has_dates_or_none(form, text):
    assert 0 <= share_of_date(form, text) <= 1
    assert is_same_time(form, text) in (True, False)
