"""What the differences of a study tell about each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ragstudy.statistics.effects import Belief, Found, beliefs_of

ERROR = 0.03


def found(*differences, base=None, trainings=0.0):
    return [Found(one, ERROR**2, trainings, base) for one in differences]


def test_a_difference_is_drawn_towards_those_of_the_study():
    mean, variance = beliefs_of(found(0.12, 0.01, -0.01, 0.02, 0.0))[0].of_effect
    assert ((mean > 0.028) & (mean < 0.12)).all()
    assert (variance < ERROR**2 * 1.05).all()
    assert (np.diff(mean) >= 0).all()  # the more true differences vary, the more is believed of one that stands out


@pytest.mark.parametrize("base", ["nq", None])
def test_beliefs_hold_the_truth_as_often_as_they_say_or_somewhat_more(base):
    """Of true differences drawn as the model says, the middle .80 of what is believed holds at least .80."""
    rng = np.random.default_rng(3)
    held = []
    for _ in range(400):
        spread = rng.uniform(0, 0.1)
        true = rng.uniform(-0.2, 0.2) + rng.normal(0, spread, 5)
        shared = rng.normal() if base else 0.0
        own = rng.normal(0, 1, 5)
        noise = ERROR * (math.sqrt(0.5) * (shared + own) if base else own)
        bases = [base] * 5 if base else range(5)
        given = [Found(d, ERROR**2, base=b) for d, b in zip(true + noise, bases, strict=True)]
        mean, variance = beliefs_of(given)[0].of_effect
        drawn = rng.normal(mean, np.sqrt(variance), (400, len(mean))).ravel()
        low, high = np.quantile(drawn, [0.1, 0.9])
        held.append(low < true[0] < high)
    assert 0.77 < np.mean(held) < 0.91


def test_differences_from_one_base_are_more_alike_by_error_and_so_by_less_of_the_truth():
    differences = (0.10, 0.06, 0.02, 0.08)
    shared = beliefs_of(found(*differences, base="nq"))[0]
    apart = beliefs_of([Found(d, ERROR**2, base=str(d)) for d in differences])[0]
    assert shared.of_effect[0].mean() > apart.of_effect[0].mean()


def test_two_differences_tell_no_centre_and_none_tells_nothing():
    first, _ = beliefs_of(found(0.05, -0.05))
    assert 0 < first.expected < 0.05
    assert beliefs_of([]) == []


def test_a_difference_that_is_not_known_tells_nothing():
    beliefs = beliefs_of([Found(math.nan, math.nan), *found(0.1, 0.0, 0.05, 0.02)])
    assert math.isnan(beliefs[0].expected)
    assert beliefs[1].expected == pytest.approx(beliefs_of(found(0.1, 0.0, 0.05, 0.02))[0].expected)
    sure = beliefs_of([Found(0.1, 0.0), *found(0.0, 0.05, 0.02)])[0]
    assert sure.expected == pytest.approx(0.1)


def test_the_trainings_at_hand_are_known_better_than_those_that_could_have_been():
    belief = beliefs_of(found(0.1, 0.0, 0.05, 0.02, trainings=0.02**2))[0]
    assert belief.of_trained[1].mean() < belief.of_effect[1].mean()
    itself = Belief.of_itself(Found(0.1, 0.03**2, 0.02**2))
    assert (itself.expected, float(itself.of_effect[1][0])) == (0.1, pytest.approx(0.0013))
