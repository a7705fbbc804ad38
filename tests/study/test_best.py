"""Which arms are told from the best one."""

from __future__ import annotations

import numpy as np

from ragstudy.records import Question, Score
from ragstudy.statistics import AnalysisSettings
from ragstudy.study.analyse.best import against_best
from ragstudy.study.analyse.compare import Comparer
from ragstudy.study.analyse.tables import DomainData, ScoreTable
from ragstudy.study.layout import Arm, DomainLayout

N = 120


def compared(means_of_trainings):
    """Arms of several trainings that differ from a base of .3 by these means; every question is a document."""
    rng = np.random.default_rng(1)
    arms = [Arm("m", "m", ("m",))]
    arms += [
        Arm(name, "m", tuple(f"{name}@{number}" for number in range(len(means))), base="m", size=200)
        for name, means in means_of_trainings.items()
    ]
    chances = {"m": 0.3} | {
        f"{name}@{number}": mean for name, means in means_of_trainings.items() for number, mean in enumerate(means)
    }
    scores = [
        Score("d", str(question), name, "retrieved", "accuracy", float(rng.random() < chance))
        for name, chance in chances.items()
        for question in range(N)
    ]
    questions = tuple(Question(str(number), "?", ("a",), group=str(number)) for number in range(N))
    layout = DomainLayout("d", "", "", N, 0, 0, tuple(map(str, range(N))), {})
    domain = DomainData(layout, questions, tuple(arms), {arm.name: arm for arm in arms})
    settings = AnalysisSettings(n_resamples=1000)
    comparer = Comparer(domain, ScoreTable(scores), ("retrieved",), ("accuracy",), ("accuracy",), settings)
    return {row.arm: row.effect for row in against_best(comparer, "retrieved", "accuracy")}


def test_the_base_and_a_clearly_worse_arm_are_told_from_the_best_and_a_near_one_is_not():
    found = compared({"best": (0.8, 0.8, 0.8), "near": (0.77, 0.78, 0.77), "worse": (0.5, 0.5, 0.5)})
    assert set(found) == {"m", "near", "worse"}
    assert found["worse"].interval.is_below_zero
    assert found["m"].interval.is_below_zero
    assert not found["near"].interval.is_below_zero
    # All six pairs of four arms are one family.
    assert found["near"].n_in_family == 6


def test_where_trainings_differ_an_arm_may_not_be_told_from_the_best():
    """The same means as an arm that is told, but trainings that lie far apart."""
    alike = compared({"best": (0.75, 0.75, 0.75), "other": (0.55, 0.55, 0.55)})
    apart = compared({"best": (0.95, 0.5, 0.8), "other": (0.3, 0.8, 0.55)})
    assert alike["other"].interval.is_below_zero
    assert not apart["other"].interval.is_below_zero
