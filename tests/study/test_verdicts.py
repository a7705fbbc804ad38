"""Verdicts of comparisons: what they are about, what would decide them, and every caveat at its boundary."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from test_findings import effect, row

from ragstudy.results import LengthBias, UnscoredBounds
from ragstudy.statistics import AnalysisSettings, Interval
from ragstudy.statistics.effects import Found, beliefs_of
from ragstudy.statistics.planning import further, questions_to_trust
from ragstudy.statistics.seeds import SeedSpread
from ragstudy.study.analyse.verdicts import decisions

SETTINGS = AnalysisSettings()
ONCE = SeedSpread(1)


def decided(*rows, settings=SETTINGS):
    return decisions(rows, settings)


def caveats(settings=SETTINGS, **changes):
    return decided(row(**changes), settings=settings)[0].decision.caveats


@pytest.mark.parametrize(
    ("at", "beyond", "caveat"),
    [
        ({"base_mean": 0.05}, {"base_mean": 0.049}, "the base scores near 0 here"),
        ({"base_mean": 0.95}, {"base_mean": 0.951}, "the base scores near 1 here"),
        ({"found": effect(-0.2, n_clusters=20)}, {"found": effect(-0.2, n_clusters=19)}, "only 19 independent groups"),
        ({"n_left_out": 5, "found": effect(-0.2, n=95)}, {"n_left_out": 6, "found": effect(-0.2, n=94)}, "6 questions"),
        ({"n_pairs": 200}, {"n_pairs": 199}, "trained on 199 pairs"),
        ({}, {"found": effect(-0.2, spread=ONCE)}, "one training: the verdict is about this adapter"),
        ({}, {"found": effect(-0.2, spread=SeedSpread(1, prior_df=4.0))}, "one training: how much trainings differ"),
        (
            {"found": effect(-0.2, n_clusters=6, smallest_p=0.04)},
            {"found": effect(-0.2, n_clusters=6, smallest_p=0.041)},
            "too few sources: had all 6 agreed, the adjusted p-value were still .041",
        ),
    ],
)
def test_a_caveat_begins_behind_its_boundary(at, beyond, caveat):
    assert not any(one.startswith(caveat) for one in caveats(**at))
    assert any(one.startswith(caveat) for one in caveats(**beyond))


def test_a_single_comparison_of_a_plain_effect_has_no_caveat():
    assert caveats() == []
    assert caveats(size=0, found=effect(-0.2, spread=ONCE)) == []


def test_where_nothing_was_scored_nothing_else_is_said():
    nothing = effect(math.nan, n=0, n_clusters=0, p_adjusted=math.nan)
    [decided_] = decided(row(found=nothing, n_left_out=72))
    assert (decided_.verdict, decided_.caveats) == ("undecided", ["no question has a score from both arms"])


def test_a_verdict_says_whether_it_is_about_a_recipe_an_adapter_or_a_model():
    for changes, about in (
        ({}, "recipe"),
        ({"found": effect(-0.2, spread=ONCE)}, "adapter"),
        ({"found": effect(-0.2, spread=SeedSpread(1, prior_df=4.0))}, "recipe"),
        ({"size": 0, "found": effect(-0.2, spread=ONCE)}, "model"),
    ):
        assert decided(row(**changes))[0].decision.about == about


def test_measures_without_a_verdict_keep_what_they_have():
    other = replace(row(), measure="answer_words", decision=None, effect=effect(-0.2, in_family=False))
    first, second = decided(row(), other)
    assert first.decision.verdict == "hurts"
    assert second.decision is None


def test_every_caveat_in_full():
    late = row(found=effect(-0.2, n=90, n_clusters=19, spread=ONCE), base_mean=0.01, n_left_out=6, n_pairs=150)
    high = row("m+b-200", base_mean=0.99, found=effect(-0.2, p_adjusted=0.2))
    assert decided(late)[0].decision.caveats == [
        "only 19 independent groups: the interval is rough",
        "6 questions without a score from both arms are left out",
        "the base scores near 0 here, so there was nothing to lose: no sign that tuning is harmless",
        "trained on 150 pairs: labels or filter left no more",
        "one training: the verdict is about this adapter, not about tuning in this way",
    ]
    assert decided(high)[0].decision.caveats == [
        "zero is outside the interval, but the sign flips do not confirm it",
        "the base scores near 1 here, so there was nothing to gain",
    ]


def bounds(worst, best, *, within=False):
    low, high = Interval(worst, worst - 0.05, worst + 0.05), Interval(best, best - 0.05, best + 0.05)
    return UnscoredBounds(0.15, 0.0, low, high, within_margin=within)


@pytest.mark.parametrize(
    ("difference", "unscored", "verdict"),
    [
        (0.2, bounds(0.06, 0.3), "helps"),
        (0.2, bounds(0.04, 0.3), "undecided"),
        (-0.2, bounds(-0.3, -0.06), "hurts"),
        (-0.2, bounds(-0.3, -0.04), "undecided"),
        (0.0, bounds(-0.01, 0.01, within=True), "no meaningful difference"),
        (0.0, bounds(-0.01, 0.04), "undecided"),
    ],
)
def test_a_verdict_survives_the_worst_that_unscored_answers_could_have_been_or_falls(difference, unscored, verdict):
    found = effect(difference, 0.01 if difference == 0 else 0.05)
    decision = decided(row(found=found, unscored=unscored, n_left_out=50))[0].decision
    assert decision.verdict == verdict
    told = [one for one in decision.caveats if one.startswith("depends on answers that were not scored (15 % of")]
    assert bool(told) == (verdict == "undecided")
    # More questions of the same kind would leave as many unscored.
    assert decision.n_more_questions is None


def test_an_undecided_comparison_says_what_would_decide_it():
    unsure = effect(0.05, half=0.06, p=0.1, p_adjusted=0.1, n=100, n_clusters=50, standard_error=0.03)
    decision = decided(row(found=unsure))[0].decision
    assert decision.verdict == "undecided"
    belief = beliefs_of([Found.by(unsure)])[0]
    expected = further(0.05, unsure.precision, 100, belief, SETTINGS, unsure.joint_confidence)
    assert decision.n_more_questions == expected.questions > 50
    assert decision.n_more_documents == -(-expected.questions // 2)
    assert decision.n_more_questions_at_even_odds < decision.n_more_questions
    clear = decided(row())[0].decision
    assert (clear.verdict, clear.n_more_questions, clear.n_more_trainings) == ("hurts", None, None)


def test_where_trainings_differ_most_only_more_of_them_decide():
    apart = SeedSpread(3, var_seed_means=0.003, prior_df=4.0)
    found = effect(0.1, half=0.15, p=0.1, p_adjusted=0.1, spread=apart, standard_error=0.01)
    others = [row(f"m+{name}-200", difference) for name, difference in (("a", 0.2), ("b", -0.2), ("c", 0.15))]
    decision = decided(row(found=found), *others)[0].decision
    assert decision.n_more_questions is None
    assert decision.n_more_trainings > 1


def test_differences_that_are_all_zero_are_forecast_by_the_bound_of_a_share():
    same = effect(0.0, half=0.06, n=100, n_clusters=50, standard_error=0.0, interval_method="clopper_pearson")
    same = replace(same, p=1.0, p_adjusted=1.0)
    decision = decided(row(found=same))[0].decision
    assert decision.n_more_questions == questions_to_trust(0.0, 100, 50, SETTINGS)


def test_of_a_measure_of_which_less_is_better_a_fall_helps():
    [fall] = decisions([row(base_mean=0.99)], SETTINGS, {"accuracy"})
    assert fall.decision.verdict == "helps"
    nothing_to_lose = "so there was nothing to lose: no sign that tuning is harmless"
    assert fall.decision.caveats == [f"the base scores near 1 here, {nothing_to_lose}"]
    [good] = decisions([row(base_mean=0.01)], SETTINGS, {"accuracy"})
    assert good.decision.caveats == ["the base scores near 0 here, so there was nothing to gain"]


def of_lengths(bias, without):
    found = Interval(bias, bias - 0.01, bias + 0.01)
    return LengthBias("labels", 100, 40.0, 5.0, 0.8, 0.9, 0.97, 1.0, found, without)


@pytest.mark.parametrize(
    ("difference", "half", "biased", "verdict"),
    [
        (0.2, 0.05, of_lengths(0.08, Interval(0.12, 0.06, 0.18)), "helps"),
        (0.2, 0.05, of_lengths(0.15, Interval(0.05, -0.01, 0.11)), "undecided"),
        (-0.2, 0.05, of_lengths(-0.15, Interval(-0.05, -0.11, -0.01)), "hurts"),
        (-0.2, 0.05, of_lengths(-0.15, Interval(-0.05, -0.11, 0.01)), "undecided"),
        (0.0, 0.01, of_lengths(0.01, Interval(-0.01, -0.03, 0.01)), "no meaningful difference"),
        (0.0, 0.01, of_lengths(0.025, Interval(-0.025, -0.04, 0.01)), "undecided"),
    ],
)
def test_a_verdict_that_the_scorers_errors_could_make_is_none(difference, half, biased, verdict):
    decision = decided(row(found=effect(difference, half), length_bias=biased))[0].decision
    assert decision.verdict == verdict
    [told] = [one for one in decision.caveats if "answers of 5 words against 40 bring" in one]
    assert told.startswith("within what the scorer's errors make") == (verdict == "undecided")
    assert "calls 90 % against 80 % of the right answers right, and 0 % against 3 % of the wrong ones" in told
    assert decision.n_more_questions is None


def test_a_bias_too_small_to_matter_is_not_told():
    assert caveats(length_bias=of_lengths(0.009, Interval(-0.2, -0.3, -0.1))) == []


def test_a_verdict_that_falls_because_the_bias_is_uncertain_says_so():
    bias = Interval(-0.002, -0.06, 0.06)
    biased = LengthBias("labels", 100, 40.0, 5.0, 0.8, 0.9, 0.97, 1.0, bias, Interval(-0.05, -0.12, 0.01))
    decision = decided(row(found=effect(-0.052, 0.05), length_bias=biased))[0].decision
    assert decision.verdict == "undecided"
    [told] = decision.caveats
    assert told.startswith(
        "within what the scorer's errors make: answers of 5 words against 40 bring -.002 [-.060, +.060]"
    )
    level = decided(row(found=effect(0.0, 0.01), length_bias=replace(biased, bias=bias)))[0].decision
    assert level.verdict == "undecided"
