"""A smaller version of benchmarks/simulation.py; bounds are three binomial standard errors of the studies simulated."""

from __future__ import annotations

import numpy as np
import pytest

from ragstudy.statistics import AnalysisSettings, compare_blocks, decide
from ragstudy.statistics.simulation import Answers, Design, block_of, shift_of, simulate

N = 80


def beyond(share, n=N):
    return 3 * (share * (1 - share) / n) ** 0.5


@pytest.mark.parametrize(
    "design",
    [
        Design((0.0,) * 4, n_documents=100),
        Design((0.0,) * 3, n_documents=40, n_seeds=3, training=0.2),
        Design((0.0,) * 3, n_documents=8, per_document=20),
        Design((0.0,) * 3, n_documents=30, per_document=5, share_of_largest=0.4),
    ],
    ids=["plain", "3 trainings", "8 documents", "one large document"],
)
def test_where_there_is_no_effect_hardly_any_study_makes_one_up(design):
    found = simulate(design, N, seed=5, n_resamples=400)
    assert found.false_calls <= 0.05 + beyond(0.05)
    assert found.covered_jointly >= 0.95 - beyond(0.95)
    assert 0.9 < np.mean(found.covered) <= 0.995


def test_effects_are_found_as_large_as_they_are_and_called_as_often_as_said():
    design = Design((-0.1, 0.0, 0.1), n_documents=100)
    found = simulate(design, N, seed=6, n_resamples=400)
    assert found.mean == pytest.approx((-0.1, 0.0, 0.1), abs=0.015)
    planted = Design((found.called_at_detectable, 0.0, 0.0), n_documents=100)
    assert simulate(planted, N, seed=7, n_resamples=400).called[0] == pytest.approx(0.8, abs=beyond(0.8))


def test_without_the_part_of_the_trainings_effects_would_be_made_up():
    """The same answers with seeds taken for questions' noise: the part for trainings is what keeps the promise."""
    design = Design((0.0, 0.0), n_documents=60, n_seeds=3, training=0.6)
    settings = AnalysisSettings(n_resamples=400)
    with_part = without = 0
    for number in range(40):
        block = block_of(Answers(design, number).ask(), design)
        [found] = compare_blocks([block], settings)
        with_part += any(decide(one, settings) in ("helps", "hurts") for one in found)
        alone = type(block)(block.differences, block.groups, ranks=block.ranks)
        [found] = compare_blocks([alone], settings)
        without += any(decide(one, settings) in ("helps", "hurts") for one in found)
    assert with_part <= 40 * (0.05 + beyond(0.05, 40))
    assert without > 12


def test_a_shift_has_the_effect_that_it_was_made_for():
    design = Design((0.12,), n_documents=4000, per_document=1, training=0.3, n_seeds=20)
    asked = Answers(design, 3).ask()
    assert shift_of(design, 0.0) == pytest.approx(0.0, abs=0.05)
    assert np.mean(asked.differences[0]) == pytest.approx(0.12, abs=0.02)
    assert len(asked.with_more(Answers(design, 4).ask(10)).groups) == 4010
