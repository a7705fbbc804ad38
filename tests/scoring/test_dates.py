"""Dates that are given less exactly, and times of day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.records import Fact, Question
from ragstudy.scoring.claims import judge
from ragstudy.scoring.dates import date_of, dates_in, is_same_time, share_of_date
from ragstudy.scoring.words import WordWeights

ADOPTED = Question("q", "When was it adopted?", ("20 November 1989",), (Fact("f", ("20 November 1989",)),))


@pytest.mark.parametrize(
    ("answer", "accuracy", "completeness"),
    [
        ("20 November 1989", 1, 1),
        ("It was adopted on November 20th, 1989.", 1, 1),
        ("1989-11-20", 1, 1),
        ("It was adopted in November 1989.", 1, 2 / 3),
        ("in 1989", 1, 1 / 3),
        ("November 20", 1, 2 / 3),
        ("In 1988 it was drafted, in 1989 adopted.", 0, 0),
        ("on 2 November 1989", 0, 0),
        ("in November 1990", 0, 0),
        ("in December 1989", 0, 0),
        ("not in 1989", 0, 0),
    ],
)
def test_a_date_given_less_exactly_is_right_and_incomplete(answer, accuracy, completeness):
    judged = judge(ADOPTED, answer, WordWeights([]))
    assert judged.accuracy == pytest.approx(accuracy)
    assert judged.completeness == pytest.approx(completeness)


@pytest.mark.parametrize(
    ("form", "text", "question"),
    [
        ("9 February 2018", "The 2018 ceremony was on a Friday.", "When are the games of 2018?"),
        ("the act of 5 May 1990", "1990", "Which act?"),
        ("prior to June 1592", "1592", "When was it first played?"),
        ("5 May", "in May", "Which day?"),
        ("1990", "May 1991", "When?"),
        ("12 months", "12 May 1990", "How long?"),
        ("between 1881 and 1885", "1881", "When was it built?"),
    ],
)
def test_what_gives_no_part_of_a_date(form, text, question):
    assert share_of_date(form, text, question) == 0


def test_the_year_of_the_question_is_known():
    assert share_of_date("9 February 2018", "on Friday, February 9th", "When do the games of 2018 open?") > 0.6


def test_every_date_of_a_text_is_found_as_far_as_it_is_given():
    told = dates_in("It opened on 2 May 1990, then in June 1991 and 1995; on Friday, February 9th.")
    assert [one.n_parts for one in told] == [3, 2, 1, 2]
    assert date_of("25 August 1939") == date_of("August 25, 1939") == date_of("1939-08-25")


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
    assert 0 <= share_of_date(form, text, "When?") <= 1
    assert is_same_time(form, text) in (True, False)
