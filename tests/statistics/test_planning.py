"""What further questions and trainings would do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ragstudy.statistics import AnalysisSettings
from ragstudy.statistics.effects import Belief, Found, beliefs_of
from ragstudy.statistics.planning import further, questions_to_trust
from ragstudy.statistics.power import Precision
from ragstudy.statistics.seeds import SeedSpread

SETTINGS = AnalysisSettings()


def precise(error, n, seed_error=0.0):
    return Precision(error**2, n, SeedSpread(3, 3 * seed_error**2) if seed_error else SeedSpread(1))


def itself(difference, precision):
    return Belief.of_itself(Found(difference, precision.question_variance, precision.spread.variance_of_mean))


def more(difference, precision, n=200, joint=SETTINGS.level):
    return further(difference, precision, n, itself(difference, precision), SETTINGS, joint)


def test_the_chance_after_the_advised_questions_is_that_of_simulated_studies():
    """True differences drawn from what is believed now, new data added to the old: decided in .80 of the cases."""
    rng = np.random.default_rng(2)
    difference, error, n = 0.06, 0.035, 200
    advised = more(difference, precise(error, n)).questions
    true = rng.normal(difference, error, 20_000)
    fresh = rng.normal(true, error * math.sqrt(n / advised))
    final, of_final = (n * difference + advised * fresh) / (n + advised), error * math.sqrt(n / (n + advised))
    alpha = SETTINGS.next_look.alpha
    told = np.abs(final) > stats.norm.isf(alpha / 2) * of_final
    within = np.abs(final) + stats.norm.isf(alpha) * of_final < SETTINGS.margin
    assert np.mean(told | within) == pytest.approx(0.8, abs=0.015)


def test_even_odds_take_fewer_and_a_family_more():
    alone = more(0.06, precise(0.035, 200))
    assert alone.questions_at_even_odds < alone.questions
    assert more(0.06, precise(0.035, 200), joint=0.999).questions > alone.questions


def test_where_trainings_differ_most_only_more_of_them_decide():
    found = more(0.1, precise(0.01, 100, seed_error=0.03), 100)
    assert found.questions is None
    assert 1 <= found.trainings <= 30
    assert more(0.05, precise(0.03, 100), 100).trainings is None


def test_further_trainings_meet_the_same_questions():
    """What is believed of true effect and questions' error together is what a simulation finds."""
    rng = np.random.default_rng(4)
    spread, error, sd, n_before, seen = 0.06, 0.02, 0.05, 3, 0.10
    others = [Found(d, 1e-12, 0.0, base=str(d)) for d in rng.normal(0, spread, 60)]
    belief = beliefs_of([Found(seen, error**2, sd**2 / n_before), *others])[0]
    true, kept = rng.normal(0, spread, 400_000), rng.normal(0, error, 400_000)
    found = true + kept + rng.normal(0, sd / math.sqrt(n_before), 400_000)
    near = np.abs(found - seen) < 0.004
    mean, variance = belief.of_asked
    assert mean.mean() == pytest.approx((true + kept)[near].mean(), abs=0.004)
    assert math.sqrt(variance.mean()) == pytest.approx((true + kept)[near].std(), rel=0.08)


def test_what_no_study_of_a_hundred_times_the_size_tells_cannot_be_planned():
    sure = Belief.of_itself(Found(0.0301, 1e-12))
    found = further(0.0301, precise(0.2, 200), 200, sure, SETTINGS, SETTINGS.level)
    assert (found.questions, found.questions_at_even_odds, found.trainings) == (None, None, None)
    assert more(math.nan, precise(0.2, 200)).questions is None
    assert more(0.1, precise(0.0, 200)).questions is None


@pytest.mark.parametrize(("difference", "n", "m"), [(0.0, 400, 100), (0.02, 300, 150)])
def test_what_hardly_changed_is_trusted_from_enough_groups_on(difference, n, m):
    found = questions_to_trust(difference, n, m, SETTINGS)
    alpha = SETTINGS.next_look.alpha
    groups = (n + found) * m / n
    assert 1 - alpha ** (1 / groups) <= SETTINGS.margin - difference + 1e-4
    assert 1 - alpha ** (1 / (groups * 0.98)) > SETTINGS.margin - difference


def test_a_difference_at_the_margin_is_never_trusted():
    assert questions_to_trust(0.03, 9, 3, SETTINGS) is None
    assert questions_to_trust(0.0, 100_000, 100_000, replace(SETTINGS, margin=0.01)) == 1
