"""Verdicts of comparisons: the family of Holm's correction, and every caveat at its boundary."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_findings import effect, row

from ragstudy.statistics import AnalysisSettings
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
