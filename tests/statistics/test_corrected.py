"""Shares of right answers freed of a scorer's errors: published values, bias and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ragstudy.statistics.corrected import ErrorRates, corrected_difference, corrected_rate


@pytest.mark.parametrize(
    ("called", "n", "right", "n_right", "wrong", "n_wrong", "low", "high"),
    [
        (4060, 11284, 178, 179, 358, 359, 0.349, 0.372),
        (51, 2971, 32, 33, 20, 20, 0.0, 0.053),
        (711.72, 11862, 8, 10, 12, 12, 0.0, 0.147),
        (259, 509, 84, 127, 96, 109, 0.58, 0.87),
        (51, 509, 23, 41, 187, 195, 0.037, 0.195),
    ],
)
def test_intervals_are_those_that_lang_and_reiczigel_published(called, n, right, n_right, wrong, n_wrong, low, high):
    """Their examples, which the R package asht checks its prevSeSp against."""
    p = called / n
    rates = ErrorRates(right / n_right, wrong / n_wrong, n_right, n_wrong)
    found = corrected_rate(p, math.sqrt(p * (1 - p) / n), rates, 0.95)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.005), pytest.approx(high, abs=0.005))


@pytest.mark.parametrize("n_audited", [50, 400])
def test_corrected_differences_hold_the_truth_and_are_not_biased(n_audited):
    """1,500 studies of 400 questions; a share is known to +-.011 (1.96 errors)."""
    rng = np.random.default_rng(1)
    theta, true, q1, q0, n = 0.5, 0.1, 0.9, 0.8, 400
    held, values = 0, []
    for _ in range(1500):
        right = rng.binomial(n_audited // 2, q1), rng.binomial(n_audited // 2, q0)
        rates = ErrorRates(right[0] / (n_audited // 2), right[1] / (n_audited // 2), n_audited // 2, n_audited // 2)
        shares = [share * q1 + (1 - share) * (1 - q0) for share in (theta, theta + true)]
        called = [rng.binomial(n, share) / n for share in shares]
        error = math.sqrt(sum(share * (1 - share) / n for share in called))
        found = corrected_difference(called[1] - called[0], error, rates, 0.95)
        held += found.low <= true <= found.high
        values.append(found.value)
    assert held / 1500 >= 0.93
    assert np.mean(values) == pytest.approx(true, abs=0.01)


def test_a_guessing_scorer_corrects_nothing():
    assert corrected_rate(0.5, 0.1, ErrorRates(0.5, 0.5, 50, 50), 0.95) is None
    assert corrected_difference(0.1, 0.1, ErrorRates(0.4, 0.5, 50, 50), 0.95) is None
