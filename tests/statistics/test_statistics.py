"""Statistics against scipy, statsmodels and simulation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestPower

from ragstudy.statistics import AnalysisSettings, PairedDifferences, compare_columns
from ragstudy.statistics.family import HIGHEST, normal_scores
from ragstudy.statistics.paired import interval
from ragstudy.statistics.power import Precision, power_of, power_of_equivalence, smallest_detectable
from ragstudy.statistics.seeds import SeedSpread, moderate, seed_spread, t_quantile
from ragstudy.statistics.verdicts import decide

SETTINGS = AnalysisSettings(n_resamples=4000)


def clustered(rng: np.random.Generator, n_clusters: int, effect: float, spread: float = 0.3) -> tuple:
    """Differences with a shared part per cluster, one to five questions each."""
    sizes = rng.integers(1, 6, n_clusters)
    groups = np.repeat(np.arange(n_clusters), sizes)
    shared = rng.normal(0, spread, n_clusters)[groups]
    return effect + shared + rng.normal(0, spread, len(groups)), [str(g) for g in groups]


def test_standard_error_is_that_of_statsmodels_clustered_regression_on_a_constant():
    differences, groups = clustered(np.random.default_rng(0), 60, 0.1)
    paired = PairedDifferences.of(differences[:, None], groups)
    fitted = sm.OLS(differences, np.ones(len(differences))).fit(
        cov_type="cluster", cov_kwds={"groups": np.asarray(groups, dtype=int), "use_correction": False}
    )
    m = paired.n_clusters
    assert paired.means()[0] == pytest.approx(fitted.params[0])
    assert paired.standard_errors()[0] == pytest.approx(fitted.bse[0] * math.sqrt(m / (m - 1)))


def test_bootstrap_interval_agrees_with_scipy_where_every_question_is_its_own_cluster():
    rng = np.random.default_rng(1)
    differences = rng.normal(0.2, 1.0, 300)
    paired = PairedDifferences.of(differences[:, None], [str(i) for i in range(300)])
    low, high = interval(paired.bootstrap_means(9999, 1)[:, 0], 0.95, 300)
    reference = stats.bootstrap((differences,), np.mean, method="percentile", n_resamples=9999, rng=rng)
    assert low == pytest.approx(reference.confidence_interval.low, abs=0.01)
    assert high == pytest.approx(reference.confidence_interval.high, abs=0.01)


def test_smallest_detectable_effect_is_what_statsmodels_solves_for():
    # One-sample: a ratio of 0 makes the second group infinite in statsmodels' two-sample form.
    solved = NormalIndPower().solve_power(None, nobs1=400, alpha=0.05, power=0.8, ratio=0)
    many = Precision(1 / 400, 1e9, SeedSpread(1))
    assert smallest_detectable(many, 0.95, 0.8) == pytest.approx(solved, rel=1e-3)


def test_about_969_questions_are_needed_to_see_three_points():
    # Miller 2024 (arXiv 2411.00640), section 5: variance of the paired difference 1/9, 3 points, 80 % power.
    assert smallest_detectable(Precision((1 / 9) / 969, 1e9, SeedSpread(1)), 0.95, 0.8) == pytest.approx(0.03, abs=2e-4)


def test_power_of_few_groups_is_that_of_a_t_test():
    # statsmodels' exact power of a one-sample t-test of 12 observations, from the noncentral t.
    exact = TTestPower().power(effect_size=0.8, nobs=12, alpha=0.05)
    assert power_of(0.8, Precision(1 / 12, 12, SeedSpread(1)), 0.95) == pytest.approx(exact, abs=3e-3)


def test_power_and_equivalence_with_trainings_are_those_of_simulated_studies():
    """Both sources of error normal and estimated as in `seed_spread`; 4000 draws know a share to +-.016."""
    rng = np.random.default_rng(3)
    n_seeds, m, variance, noise, questions = 3, 40, 0.0012, 0.0006, 0.0009
    spread = SeedSpread(n_seeds, variance + noise, noise)
    precision = Precision(questions, m, spread)
    means = rng.normal(0, precision.standard_error, 4000)
    of_questions = questions * rng.chisquare(m - 1, 4000) / (m - 1)
    var_seed_means = (variance + noise) * rng.chisquare(n_seeds - 1, 4000) / (n_seeds - 1)
    parts = [(q, m, SeedSpread(n_seeds, one, noise)) for q, one in zip(of_questions, var_seed_means, strict=True)]
    errors = np.asarray([math.sqrt(q + spread.variance_of_mean) for q, _, spread in parts])

    def reach(confidence):
        return errors * np.asarray([t_quantile(confidence, *one) for one in parts])

    told = np.mean(np.abs(means + 0.12) > reach(0.95))
    assert power_of(0.12, precision, 0.95) == pytest.approx(told, abs=0.025)
    within = np.mean(np.abs(means + 0.01) + reach(0.9) < 0.2)
    assert power_of_equivalence(0.01, precision, 0.2, 0.95) == pytest.approx(within, abs=0.025)
    found = smallest_detectable(precision, 0.95, 0.8)
    assert power_of(found, precision, 0.95) == pytest.approx(0.8, abs=1e-6)


def test_interval_covers_the_truth_and_the_test_keeps_its_level_on_clustered_data():
    rng = np.random.default_rng(5)
    covered = rejected = 0
    n_runs = 400
    for run in range(n_runs):
        differences, groups = clustered(rng, 40, 0.0)
        cell = compare_columns(differences[:, None], groups, replace(SETTINGS, n_resamples=400, seed=run))[0]
        covered += cell.low <= 0 <= cell.high
        rejected += cell.p <= SETTINGS.alpha
    # At the first look four fifths of the error rate are spent; 400 runs: three binomial standard errors are .03.
    assert 0.96 - 0.03 <= covered / n_runs <= 0.96 + 0.03
    assert rejected / n_runs <= 0.04 + 0.03


def test_ignoring_clusters_would_cover_too_rarely():
    rng = np.random.default_rng(6)
    covered = 0
    for run in range(200):
        differences, _ = clustered(rng, 40, 0.0)
        alone = [str(i) for i in range(len(differences))]
        cell = compare_columns(differences[:, None], alone, replace(SETTINGS, n_resamples=400, seed=run))[0]
        covered += cell.low <= 0 <= cell.high
    assert covered / 200 < 0.9


def test_cells_keep_their_own_missing_questions():
    differences = np.array([[0.5, 0.5], [0.5, math.nan], [-0.5, -0.5], [0.1, 0.1]])
    first, second = compare_columns(differences, ["a", "b", "c", "d"], SETTINGS)
    assert (first.n, second.n) == (4, 3)
    assert second.difference == pytest.approx(0.1 / 3)


def test_one_cluster_gives_no_interval_and_stays_undecided():
    cell = compare_columns(np.array([[0.4], [0.5]]), ["a", "a"], SETTINGS)[0]
    assert math.isnan(cell.low)
    assert decide(cell, SETTINGS) == "undecided"


def test_same_seed_same_numbers_and_cells_do_not_disturb_each_other():
    differences, groups = clustered(np.random.default_rng(7), 30, 0.1)
    both = np.stack([differences, -differences], axis=1)
    first = compare_columns(both, groups, SETTINGS)
    alone = compare_columns(differences[:, None], groups, SETTINGS)[0]
    assert first == compare_columns(both, groups, SETTINGS)
    assert first[0].low == pytest.approx(alone.low)
    assert first[1].high == pytest.approx(-first[0].low, abs=1e-9)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="expected"):
        PairedDifferences.of(np.zeros((3, 1)), ["a", "b"])


def test_the_spread_of_trainings_is_told_from_that_of_questions():
    """Planted components: questions .3, trainings .2, the rest .1 (standard deviations)."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(60):
        values = 0.3 * rng.normal(size=(400, 1)) + 0.2 * rng.normal(size=(1, 5)) + 0.1 * rng.normal(size=(400, 5))
        found.append(seed_spread(values, [str(i) for i in range(400)]))
    assert np.mean([one.variance for one in found]) == pytest.approx(0.04, rel=0.2)
    assert np.mean([one.share_question for one in found]) == pytest.approx(0.09 / 0.14, abs=0.06)
    alike = seed_spread(np.tile(rng.normal(size=(50, 1)), 3), [str(i) for i in range(50)])
    assert (alike.variance, alike.share_question) == (0.0, 1.0)
    assert seed_spread(np.ones((5, 1)), list("abcde")) == SeedSpread(1)


def test_the_quantile_of_two_sources_lies_between_theirs_and_its_score_fits():
    """Cochran and Cox: equal variances give the mean of t with 9 and with 2 degrees of freedom."""
    spread = SeedSpread(3, var_seed_means=3.0)
    assert t_quantile(0.95, 1.0, 10, spread) == pytest.approx((stats.t.ppf(0.975, 9) + stats.t.ppf(0.975, 2)) / 2)
    assert t_quantile(0.95, 1.0, 10, SeedSpread(3)) == pytest.approx(stats.t.ppf(0.975, 9))
    reach = t_quantile(0.95, 1.0, 10, spread) * math.sqrt(2)
    # The score of a difference that reaches just as far is the normal quantile of the same confidence.
    share = np.asarray([0.5])
    assert normal_scores(np.asarray([reach / math.sqrt(2)]), share, 10, 2)[0] == pytest.approx(1.96, abs=0.005)
    assert normal_scores(np.asarray([0.0]), share, 10, 2)[0] == 0
    assert normal_scores(np.asarray([1e99]), share, 10, 2)[0] == HIGHEST


def test_the_prior_of_many_variances_is_found():
    """2,000 variances of three trainings each, drawn with d0 = 8 around s0^2 = .01: Smyth 2004, section 6.2."""
    rng = np.random.default_rng(7)
    true = 0.01 * 8 / rng.chisquare(8, 2000)
    found = [SeedSpread(3, float(one), noise=0.002) for one in true * rng.chisquare(2, 2000) / 2]
    made = moderate(found, range(2000))
    # The least variance has all of d0: 2 + 8 degrees, and eight tenths of the middle.
    least = min(made, key=lambda one: one.var_seed_means)
    assert least.degrees == pytest.approx(10, abs=2)
    assert least.var_seed_means == pytest.approx(0.01 * 8 / 10, rel=0.15)
    errors = [np.abs(np.log([one.var_seed_means for one in some]) - np.log(true)).mean() for some in (made, found)]
    assert errors[0] < 0.75 * errors[1]


def test_trainings_that_differ_alike_lend_each_other_their_degrees_of_freedom():
    spreads = [SeedSpread(3, 0.010, 0.01), SeedSpread(3, 0.011, 0.01), SeedSpread(3, 0.009, 0.01), SeedSpread(1)]
    made = moderate(spreads, "abcd")
    # Four degrees of the others, times the probability of a ratio as large beside theirs: about one half.
    # The single training has nothing of its own: all six.
    assert [one.prior_df for one in made] == pytest.approx(
        [4 * stats.f.sf(one / 0.01, 2, 4) for one in (0.010, 0.011 / 0.95 * 1.0, 0.009 / 1.05)] + [6.0], rel=0.02
    )
    assert made[1].var_seed_means == pytest.approx((made[1].prior_df * 0.01 + 2 * 0.011) / made[1].degrees)
    # The second and the third are epochs of the same trainings and count once.
    assert moderate(spreads, "abbd")[0].prior_df == pytest.approx(2 * stats.f.sf(1.0, 2, 2))
    # Ratios to the noise are what is alike: where trainings leave more answers as they were, they vary less.
    scaled = [SeedSpread(3, one.var_seed_means * 9, one.noise * 9) for one in spreads[:1]] + spreads[1:]
    assert moderate(scaled, "abcd")[0].var_seed_means == pytest.approx(9 * made[0].var_seed_means)


@pytest.mark.parametrize(
    "alone",
    [
        [SeedSpread(3, 0.01, 0.01)],
        [SeedSpread(3)] * 3,
        [SeedSpread(1)] * 3,
        [SeedSpread(3, 0.01, 0.01), SeedSpread(3)],
    ],
)
def test_nobody_to_borrow_from(alone):
    assert moderate(alone, range(len(alone))) == alone


def test_trainings_that_agree_by_chance_do_not_stop_the_others_from_borrowing():
    """Equal seed means leave 1e-34 by rounding; the logarithm of that would outweigh everything else."""
    rng = np.random.default_rng(5)
    values = rng.choice([0.0, 0.5, 1.0], size=(200, 3))
    values[:, 1], values[:, 2] = rng.permutation(values[:, 0]), rng.permutation(values[:, 0])
    agreeing = seed_spread(values + 0.1, [str(i) for i in range(200)])
    assert agreeing.var_seed_means == 0
    assert agreeing.noise > 0
    others = [SeedSpread(3, one, agreeing.noise) for one in (0.0010, 0.0012, 0.0008, 0.0011)]
    made = moderate([*others, agreeing], range(5))
    assert min(one.prior_df for one in made) > 2
    assert made[4].var_seed_means > 0
    same = seed_spread(np.tile(values[:, :1], 3) + 0.1, [str(i) for i in range(200)])
    assert (same.var_seed_means, same.noise) == (0.0, 0.0)


def test_trainings_that_differ_far_more_than_the_others_stand_for_themselves():
    spreads = [SeedSpread(3, one, 0.0001) for one in (0.0001, 0.0002, 0.00015, 0.0001, 0.0002, 0.02)]
    made = moderate(spreads, range(6))
    assert made[5].var_seed_means == pytest.approx(0.02, rel=0.01)
    assert made[5].degrees == pytest.approx(2, abs=0.01)
    assert all(one.var_seed_means < 0.001 for one in made[:5])
