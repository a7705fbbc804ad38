"""What a scorer that errs more on long answers makes of two arms that are equally right."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ragstudy.statistics import Interval
from ragstudy.statistics.corrected import ErrorRates
from ragstudy.statistics.length_errors import LengthErrors, without_bias

MANY = 100_000
ERRORS = LengthErrors((10.0, math.inf), (ErrorRates(0.9, 1.0, MANY, MANY), ErrorRates(0.7, 0.9, MANY, MANY)), "a test")
SHORT, LONG = np.full((200, 2), 5.0), np.full(200, 40.0)


@pytest.mark.parametrize("right", [0.0, 0.3, 0.8, 1.0])
def test_the_bias_is_what_equally_right_arms_would_show(right):
    short, long = right * 0.9, right * 0.7 + (1 - right) * 0.1
    found = ERRORS.bias(base=LONG, tuned=SHORT, called=(short + long) / 2, confidence=0.95)
    assert found.value == pytest.approx(short - long, abs=0.005)
    assert found.low <= short - long + 0.003
    assert found.high >= short - long - 0.003


def test_equal_lengths_bring_nothing_and_unknown_ones_are_left_out():
    assert ERRORS.bias(base=LONG, tuned=LONG, called=0.5, confidence=0.95).value == 0
    some = np.where(np.arange(200) % 2, LONG, math.nan)
    assert ERRORS.of_lengths(some).sensitivity == pytest.approx(0.7)


def test_few_labels_make_the_bias_uncertain():
    few = LengthErrors((10.0, math.inf), (ErrorRates(0.9, 1.0, 20, 10), ErrorRates(0.7, 0.9, 20, 10)), "a test")
    found = few.bias(base=LONG, tuned=SHORT, called=0.5, confidence=0.95)
    assert found.high - found.low > 0.2


def test_a_difference_without_bias_has_the_errors_of_both():
    left = without_bias(Interval(0.2, 0.16, 0.23), Interval(0.1, 0.06, 0.13))
    assert (left.value, left.low, left.high) == pytest.approx((0.1, 0.1 - 0.05, 0.1 + 0.05))


def test_what_is_called_because_of_length_alone_is_not_called_any_more():
    """Equally right arms, one long and one short: the found difference is the scorer's, and is taken off."""
    rng = np.random.default_rng(1)
    wrong_before = wrong_after = 0
    for _ in range(200):
        right = rng.random(400) < 0.6
        calls = [np.where(right, rng.random(400) < q1, rng.random(400) > q0) for q1, q0 in ((0.9, 1.0), (0.7, 0.9))]
        difference = calls[0].astype(float) - calls[1].astype(float)
        half = 1.96 * difference.std() / 20
        found = Interval(difference.mean(), difference.mean() - half, difference.mean() + half)
        bias = ERRORS.bias(base=LONG, tuned=SHORT[:, :1], called=float(np.mean(calls)), confidence=0.95)
        wrong_before += found.is_above_zero
        without = without_bias(found, bias)
        wrong_after += without.is_above_zero or without.is_below_zero
    assert wrong_before > 100
    assert wrong_after < 20
