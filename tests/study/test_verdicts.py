"""Verdicts of comparisons: the family of Holm's correction, and every caveat at its boundary."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_findings import effect, row

from ragstudy.statistics import AnalysisSettings
from ragstudy.statistics.power import questions_to_decide, questions_to_trust
from ragstudy.statistics.seeds import SeedSpread
from ragstudy.study.analyse.verdicts import decisions

SETTINGS = AnalysisSettings()
MANY = SeedSpread(3)


def decided(*rows, settings=SETTINGS):
    return decisions(rows, ["retrieved", "none"], ["accuracy"], settings)


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
        ({"found": effect(-0.2, spread=MANY)}, {"found": effect(-0.2, spread=SeedSpread(1))}, "one training seed"),
    ],
)
def test_a_caveat_begins_behind_its_boundary(at, beyond, caveat):
    assert not any(one.startswith(caveat) for one in caveats(**at))
    assert any(one.startswith(caveat) for one in caveats(**beyond))


def test_a_single_comparison_of_a_plain_effect_has_no_caveat():
    assert caveats() == []
    assert caveats(size=0, found=effect(-0.2, spread=SeedSpread(1))) == []


def test_too_few_resamples_to_decide_are_said():
    assert caveats(AnalysisSettings(n_resamples=19)) == []
    assert caveats(AnalysisSettings(n_resamples=18)) == ["18 resamples are too few for 1 comparisons to be decided"]


def test_the_correction_is_over_the_rows_of_one_context():
    weak = effect(-0.2, p=0.02)
    rows = decided(row(found=weak), row("m+b-200", found=weak), row(contexts="none", found=weak))
    assert [one.decision.p_adjusted for one in rows] == pytest.approx([0.04, 0.04, 0.02])
    assert [one.decision.n_in_family for one in rows] == [2, 2, 1]
    three = decided(*(row(f"m+{name}-200", found=weak) for name in "abc"))
    assert {one.decision.verdict for one in three} == {"undecided"}
    assert three[0].decision.caveats == ["zero is outside the interval, but not after the correction for 3 comparisons"]


def test_measures_without_a_verdict_keep_what_they_have_and_count_in_no_family():
    other = replace(row(), measure="answer_words", decision=None)
    first, second = decided(row(), other)
    assert first.decision.n_in_family == 1
    assert second.decision is None


def test_every_caveat_in_full():
    late = row(
        found=effect(-0.2, n=90, n_clusters=19, spread=SeedSpread(1), p=0.02), base_mean=0.01, n_left_out=6, n_pairs=150
    )
    high = row("m+b-200", base_mean=0.99)
    few = AnalysisSettings(n_resamples=30)
    assert decided(late, high, settings=few)[0].decision.caveats == [
        "30 resamples are too few for 2 comparisons to be decided",
        "only 19 independent groups: the interval is rough",
        "6 questions without a score from both arms are left out",
        "the base scores near 0 here, so there was nothing to lose: no sign that tuning is harmless",
        "trained on 150 pairs: labels or filter left no more",
        "one training seed: the spread between trainings is not in the interval",
    ]
    assert decided(high)[0].decision.caveats == ["the base scores near 1 here, so there was nothing to gain"]


def test_an_undecided_comparison_says_what_would_decide_it():
    unsure = effect(0.05, half=0.06, p=0.1, n=100, n_clusters=50, standard_error=0.03)
    decision = decided(row(found=unsure))[0].decision
    assert decision.verdict == "undecided"
    expected = questions_to_decide(0.05, unsure.precision, 100, SETTINGS, 1)
    assert decision.n_more_questions == int(expected) > 50
    assert decision.needs_trainings is False
    clear = decided(row())[0].decision
    assert (clear.verdict, clear.n_more_questions, clear.needs_trainings) == ("hurts", None, False)


def test_where_trainings_differ_most_only_more_of_them_decide():
    apart = SeedSpread(3, var_seed_means=0.09)
    decision = decided(row(found=effect(0.02, half=0.5, p=0.9, spread=apart)))[0].decision
    assert (decision.n_more_questions, decision.needs_trainings) == (None, True)


def test_differences_that_are_all_zero_are_forecast_by_the_rule_of_three():
    same = effect(0.0, half=0.06, p=1.0, n=100, n_clusters=50, standard_error=0.0, interval_method="rule_of_three")
    decision = decided(row(found=same))[0].decision
    assert decision.n_more_questions == questions_to_trust(0.0, 100, 50, SETTINGS.margin)


def test_of_a_measure_of_which_less_is_better_a_fall_helps():
    [fall] = decisions([row(base_mean=0.99)], ["retrieved"], ["accuracy"], SETTINGS, {"accuracy"})
    assert fall.decision.verdict == "helps"
    nothing_to_lose = "so there was nothing to lose: no sign that tuning is harmless"
    assert fall.decision.caveats == [f"the base scores near 1 here, {nothing_to_lose}"]
    [good] = decisions([row(base_mean=0.01)], ["retrieved"], ["accuracy"], SETTINGS, {"accuracy"})
    assert good.decision.caveats == ["the base scores near 0 here, so there was nothing to gain"]
