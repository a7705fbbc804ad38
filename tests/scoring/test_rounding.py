"""Numbers that an answer rounds and says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.scoring.rounding import is_rounded


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("224.7 days", "about 225 days"),
        ("759.9625 torr", "approximately 760 torr"),
        ("1,234 litres", "It holds some 1,200 litres."),
        ("51.7 %", "around 52 percent"),
        ("2,630 stores", "nearly 2600 stores"),
        ("54,321 inhabitants", "~54,000 inhabitants"),
        ("12.44 mm", "ca. 12.4 mm"),
    ],
)
def test_a_number_said_to_be_rounded_is_the_exact_one(form, text):
    assert is_rounded(form, text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("224.7 days", "225 days"),
        ("224.7 days", "about 226 days"),
        ("224.7 days", "about 225 nights"),
        ("66 inches", "around 67 inches"),
        ("1,234 litres", "about 1,000 litres"),
        ("9.8 mg", "about 10 mg"),
        ("1989", "around 1990"),
        ("230", "about 228"),
        ("10 mg per day", "about 10 mg per week"),
        ("between 19 and 21 days", "about 20 days"),
        ("no number", "about 12"),
        ("94043", "Mountain View, CA 94040"),
        ("94043 postcode", "Mountain View, CA 94040 postcode"),
        ("48213", "Ask about 48210"),
        ("3.12", "about 3.1"),
        ("1989 AD", "around 1990 AD"),
        ("54,321 cats", "nearly 54,000 dogs"),
    ],
)
def test_what_is_not_that_number_rounded(form, text):
    assert not is_rounded(form, text)


def test_a_model_that_goes_round_in_circles_is_read_in_time():
    assert not is_rounded("48.5 litres", "It holds about 50 litres of water in there. " * 2000)


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_text_can_be_asked_for(form, text):
    assert is_rounded(form, f"about {text}") in (True, False)
