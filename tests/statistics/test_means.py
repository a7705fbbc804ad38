"""Means with their intervals: who counts as a group, where there is no spread, and the ends of the scale."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ragstudy.statistics import AnalysisSettings
from ragstudy.statistics.means import mean_intervals
from ragstudy.statistics.paired import PairedDifferences, interval
from ragstudy.statistics.rare_changes import unseen

SETTINGS = AnalysisSettings(n_resamples=400)
GROUPS = [f"g{number // 2}" for number in range(40)]
VALUES = np.random.default_rng(3).uniform(0, 1, (40, 1))


def test_the_interval_is_that_of_the_bootstrap_over_the_groups_that_are_there():
    values = VALUES.copy()
    values[:10] = np.nan
    paired = PairedDifferences.of(values, GROUPS)
    draws = paired.bootstrap_means(SETTINGS.n_resamples, SETTINGS.seed)
    low, high = interval(draws[:, 0], SETTINGS.confidence, 15)
    [found] = mean_intervals(values, GROUPS, SETTINGS)
    assert (found.value, found.low, found.high) == (pytest.approx(np.nanmean(values)), low, high)


def test_without_spread_the_exact_bound_of_a_share_gives_the_interval():
    [found] = mean_intervals(np.full((40, 1), 0.5), GROUPS, SETTINGS, (0.0, 1.0))
    reach = unseen(20, 0, 0.025)
    assert (found.low, found.high) == (pytest.approx(0.5 - reach), pytest.approx(0.5 + reach))
    # Of lengths, which have no highest value, nothing is known then.
    [words] = mean_intervals(np.full((40, 1), 12.0), GROUPS, SETTINGS)
    assert math.isnan(words.low)


def test_intervals_are_cut_at_the_ends_of_the_scale():
    [top] = mean_intervals(np.ones((40, 1)), GROUPS, SETTINGS, (0.0, 1.0))
    [bottom] = mean_intervals(np.zeros((40, 1)), GROUPS, SETTINGS, (0.0, 1.0))
    assert (top.high, bottom.low) == (1.0, 0.0)
    assert top.low == pytest.approx(1 - bottom.high)


def test_without_values_nothing_is_known():
    [found] = mean_intervals(np.empty((0, 1)), [], SETTINGS)
    assert not found.is_known
    [alone] = mean_intervals(np.ones((1, 1)), ["g"], SETTINGS)
    assert alone.value == 1
    assert math.isnan(alone.low)
