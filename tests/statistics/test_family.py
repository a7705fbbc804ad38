"""The comparisons of a study tested together: against scipy, brute force and simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from ragstudy.statistics import AnalysisSettings, Block, Comparison, compare_blocks, compare_columns, decide
from ragstudy.statistics.compare import intervals_at
from ragstudy.statistics.family import Family
from ragstudy.statistics.looks import spent
from ragstudy.statistics.rare_changes import clusters_until, unseen
from ragstudy.statistics.seeds import SeedSpread

SETTINGS = AnalysisSettings(n_resamples=4000)


def numbered(n):
    return [str(row) for row in range(n)]


def comparison(low, high, p=0.01, equivalence_p=0.01):
    return Comparison(
        n=100,
        n_clusters=50,
        difference=(low + high) / 2,
        low=low,
        high=high,
        single_low=low,
        single_high=high,
        equivalence_low=low * 0.9,
        equivalence_high=high * 0.9,
        equivalence_p=equivalence_p,
        interval_method="bootstrap",
        standard_error=(high - low) / 4,
        spread=SeedSpread(1),
        p=p,
        p_adjusted=p,
        in_family=True,
        n_in_family=1,
        smallest_p=0.001,
        joint_confidence=0.95,
        smallest_detectable=0.1,
    )


@pytest.mark.parametrize(
    ("low", "high", "p", "verdict"),
    [
        (0.05, 0.15, 0.01, "helps"),
        (-0.15, -0.05, 0.01, "hurts"),
        (-0.02, 0.02, 0.9, "no meaningful difference"),
        (0.005, 0.02, 0.001, "no meaningful difference"),
        (-0.02, 0.15, 0.2, "undecided"),
        (0.05, 0.15, 0.2, "undecided"),
        (0.05, 0.15, 0.04, "helps"),
        (0.05, 0.15, 0.0401, "undecided"),
        (-0.001, 0.15, 0.01, "undecided"),
    ],
)
def test_verdict_follows_interval_margin_and_adjusted_p(low, high, p, verdict):
    found = comparison(low, high, p)
    assert decide(found, SETTINGS) == verdict
    # Where less is better, the same difference means the opposite.
    opposite = {"helps": "hurts", "hurts": "helps"}.get(verdict, verdict)
    assert decide(found, SETTINGS, higher_is_better=False) == opposite


def test_a_difference_within_the_margin_needs_the_tilted_bootstrap_too():
    assert decide(comparison(-0.02, 0.02, 0.9, equivalence_p=0.041), SETTINGS) == "undecided"


def test_a_single_p_value_is_scipys_of_sign_flips():
    """Divided by its error or not, sign flips of single questions order the draws alike."""
    differences = np.random.default_rng(2).normal(0.15, 1.0, 80)
    reference = stats.permutation_test(
        (differences, np.zeros(80)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=9999,
        vectorized=True,
        rng=np.random.default_rng(3),
    )
    [found] = compare_columns(differences[:, None], numbered(80), replace(SETTINGS, n_resamples=9999))
    assert found.p == pytest.approx(reference.pvalue, abs=0.02)
    assert found.p == found.p_adjusted


def test_step_down_p_values_are_those_of_every_flip():
    """Six documents, three comparisons, all 64 flips by hand: Westfall and Young 1993, algorithm 2.8."""
    rng = np.random.default_rng(5)
    values = rng.normal([0.6, 0.3, 0.0], 0.4, (6, 3))

    def scores(of):
        error = of.std(axis=0, ddof=1) / math.sqrt(6)
        return np.abs(of.mean(axis=0)) / error

    flips = np.asarray([scores(values * np.asarray(signs)[:, None]) for signs in product((1, -1), repeat=6)])
    observed = scores(values)
    expected, highest = np.zeros(3), 0.0
    order = np.argsort(-observed)
    for rank, column in enumerate(order):
        largest = flips[:, order[rank:]].max(axis=1)
        highest = max(highest, float((largest >= observed[column] - 1e-9).mean()))
        expected[column] = highest
    block = Block(values, numbered(6), ranks=["secondary"] * 3)
    [found] = compare_blocks([block], replace(SETTINGS, n_resamples=20_000))
    assert [one.p_adjusted for one in found] == pytest.approx(expected.tolist(), abs=0.012)


def test_independent_comparisons_are_adjusted_as_by_sidak():
    """Of many independent comparisons step-down maxima are Sidak's step-down, which statsmodels has."""
    rng = np.random.default_rng(1)
    null = np.abs(rng.standard_normal((200_000, 5)))
    observed = np.asarray([2.9, 2.5, 2.4, 1.2, 0.3])
    reference = multipletests(2 * stats.norm.sf(observed), method="holm-sidak")[1]
    family = Family.of(observed, null)
    assert family.p_adjusted == pytest.approx(reference, abs=0.004)
    assert family.confidence(0.05) == pytest.approx(0.95 ** (1 / 5), abs=3e-4)


def test_comparisons_that_say_the_same_cost_nothing():
    differences = np.random.default_rng(4).normal(0.1, 0.3, (60, 1))
    [alone] = compare_columns(differences, numbered(60), SETTINGS)
    copies = Block(np.tile(differences, (1, 12)), numbered(60), ranks=["secondary"] * 12)
    [found] = compare_blocks([copies], SETTINGS)
    assert {one.p_adjusted for one in found} == {alone.p}
    assert found[0].low == pytest.approx(alone.low, abs=0.003)
    assert found[0].n_in_family == 12


def test_primary_comparisons_are_tested_by_themselves_and_open_the_gate():
    rng = np.random.default_rng(8)
    clear, unclear = rng.normal(0.3, 0.3, (80, 1)), rng.normal(0.0, 0.3, (80, 1))
    many = rng.normal(0.2, 0.3, (80, 10))

    def compared(primary):
        block = Block(np.concatenate([primary, many], axis=1), numbered(80), ranks=["primary", *["secondary"] * 10])
        return compare_blocks([block], SETTINGS)[0]

    opened, shut = compared(clear), compared(unclear)
    assert opened[0].p_adjusted == opened[0].p
    assert (opened[0].n_in_family, opened[1].n_in_family) == (1, 10)
    assert opened[1].p_adjusted <= SETTINGS.alpha
    assert all(one.p_adjusted >= shut[0].p_adjusted > SETTINGS.alpha for one in shut)


def test_with_few_documents_the_smallest_p_says_whether_anything_can_be_called():
    for m, reachable in ((5, False), (12, True)):
        values = np.random.default_rng(3).normal(0.4, 0.05, (m, 4))
        [found] = compare_blocks([Block(values, numbered(m), ranks=["secondary"] * 4)], SETTINGS)
        assert all((one.smallest_p <= SETTINGS.alpha) == reachable for one in found)
        assert all(one.smallest_p >= 2 / 2**m - 0.01 for one in found)


def test_domains_are_one_family():
    rng = np.random.default_rng(6)
    one = Block(rng.normal(0.1, 0.3, (60, 2)), numbered(60), ranks=["secondary"] * 2)
    [first] = compare_blocks([one], SETTINGS)
    together = compare_blocks([one, replace(one, differences=rng.normal(0, 0.3, (60, 2)))], SETTINGS)
    assert together[0][0].n_in_family == 4
    assert together[0][0].p_adjusted >= first[0].p_adjusted
    assert together[0][0].low <= first[0].low + 1e-9
    assert together[0][0].single_low == pytest.approx(first[0].single_low)


def test_an_interval_of_a_given_confidence_is_that_of_a_comparison():
    block = Block(np.random.default_rng(0).normal(0.1, 0.3, (60, 1)), numbered(60))
    [[found]] = compare_blocks([block], SETTINGS)
    [[same], [wider]] = intervals_at(block, (SETTINGS.level, 0.999), SETTINGS)
    assert (same.low, same.high) == (found.low, found.high)
    assert wider.low < same.low < same.high < wider.high


@pytest.mark.parametrize(("n", "changed", "alpha"), [(100, 0, 0.05), (50, 3, 0.025), (7, 1, 0.1)])
def test_unseen_changes_are_bounded_as_statsmodels_does(n, changed, alpha):
    _, high = proportion_confint(changed, n, alpha=2 * alpha, method="beta")
    assert unseen(n, changed, alpha) == pytest.approx(high - changed / n)
    assert unseen(n, n, alpha) == 0
    enough = clusters_until(0.03, alpha)
    assert unseen(enough, 0, alpha) <= 0.03 < unseen(enough - 1, 0, alpha)


def test_no_spread_in_a_few_questions_is_no_proof_of_no_difference():
    few = compare_columns(np.zeros((5, 1)), numbered(5), SETTINGS)[0]
    assert few.equivalence_high == pytest.approx(1 - 0.04 ** (1 / 5))
    assert few.interval_method == "clopper_pearson"
    # A two-sided interval has half of the error rate on each side.
    assert few.high == pytest.approx(1 - 0.02 ** (1 / 5))
    many = compare_columns(np.zeros((200, 1)), numbered(200), SETTINGS)[0]
    assert decide(many, SETTINGS) == "no meaningful difference"
    lengths = compare_blocks([Block(np.zeros((20, 1)), numbered(20), scales=[math.inf])], SETTINGS)[0][0]
    assert (lengths.low, lengths.high, lengths.interval_method) == (0, 0, "bootstrap")


def test_one_small_change_among_ten_questions_proves_no_equivalence():
    differences = np.zeros((10, 1))
    differences[3] = 0.1
    (cell,) = compare_columns(differences, numbered(10), SETTINGS)
    assert cell.equivalence_low < -0.2
    assert cell.equivalence_high > 0.2


def test_looks_spend_no_more_than_there_is():
    assert sum(spent(0.05, look) for look in range(1, 60)) == pytest.approx(0.05)
    rates = [replace(SETTINGS, look=look).alpha for look in (1, 2, 3)]
    assert rates == pytest.approx([0.04, 0.008, 0.0016])
    values = np.random.default_rng(9).normal(0.1, 0.3, (60, 1))
    first, second = (compare_columns(values, numbered(60), replace(SETTINGS, look=look))[0] for look in (1, 2))
    assert second.low < first.low < first.high < second.high


def test_a_recipe_trained_once_borrows_the_spread_of_the_others():
    from ragstudy.statistics.by_seed import block_by_seed

    rng = np.random.default_rng(3)
    several = [rng.normal(size=(60, 1)) * 0.3 + rng.normal(size=(60, 3)) * 0.2 for _ in range(2)]
    once = rng.normal(size=(60, 1)) * 0.3
    pools = [("accuracy", "a"), ("accuracy", "b"), ("accuracy", "c")]
    spread = block_by_seed([*several, once], numbered(60), pools).spreads[2]
    assert (spread.n_seeds, spread.is_borrowed, spread.degrees) == (1, True, 4)
    alone = block_by_seed([*several, once], numbered(60), [*pools[:2], ("accuracy of another model", "c")]).spreads[2]
    assert not alone.is_known
