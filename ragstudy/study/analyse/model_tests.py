"""What tests elsewhere say of every arm, before and after tuning, and how far answers depend on gold passages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.results import ModelTestMean
from ragstudy.specs import PASSAGE_ABLATION
from ragstudy.statistics import compare_blocks
from ragstudy.statistics.by_seed import block_by_seed
from ragstudy.statistics.means import mean_intervals
from ragstudy.study.analyse.arm_means import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.records import ModelTestValue
    from ragstudy.statistics import AnalysisSettings
    from ragstudy.study.analyse.tables import DomainData
    from ragstudy.study.layout import Arm

_SHARES = frozenset({"accuracy", "accuracy_normalised", "adherence"})
_FEWEST_ITEMS = 2  # a spread needs two
_ByItem = dict[tuple[str, str, str, str], dict[str, float]]


def model_test_means(
    domains: Sequence[DomainData], values: Sequence[ModelTestValue], settings: AnalysisSettings
) -> tuple[list[ModelTestMean], list[ModelTestMean]]:
    """Tests for forgetting, and passage ablation, of every arm; tuned arms beside their bases.

    Items are the clusters, of passage ablation the questions' groups; seeds count as in every comparison.

    Args:
        domains: answers and scores of each domain of the run.
        values: all that were measured.
        settings: of the analysis.
    """
    by_item: _ByItem = {}
    for one in values:
        by_item.setdefault((one.test, one.measure, one.domain, one.generator), {})[one.item] = one.value
    forgetting: list[ModelTestMean] = []
    ablation: list[ModelTestMean] = []
    kinds = dict.fromkeys((one.test, one.measure) for one in values)
    for domain in domains:
        for test, measure in kinds:
            is_ablation = test == PASSAGE_ABLATION
            for arm in domain.arms:
                if arm.trained_on and not is_ablation:
                    continue
                row = _row(domain, arm, (test, measure), by_item, settings)
                if row is not None:
                    (ablation if is_ablation else forgetting).append(row)
    return forgetting, ablation


def _row(
    domain: DomainData, arm: Arm, kind: tuple[str, str], by_item: _ByItem, settings: AnalysisSettings
) -> ModelTestMean | None:
    test, measure = kind
    is_ablation = test == PASSAGE_ABLATION

    def of(one: Arm) -> list[Mapping[str, float]]:
        home = domain.name if one.size or is_ablation else ""
        return [by_item.get((test, measure, home, name), {}) for name in one.generators]

    mine = of(arm)
    base = domain.by_name[arm.base] if arm.base else None
    before = of(base)[0] if base else {}
    items = sorted(set(mine[0]).intersection(*mine[1:], before or mine[0]))
    if len(items) < _FEWEST_ITEMS:
        return None
    scores = np.asarray([[seed[item] for seed in mine] for item in items])
    groups = {question.id: question.group for question in domain.questions}
    clusters = [groups[item] if is_ablation else item for item in items]
    bounds = (0.0, 1.0) if measure in _SHARES else UNBOUNDED
    (mean,) = mean_intervals(scores.mean(axis=1, keepdims=True), clusters, settings, bounds)
    if base is None or not before:
        return ModelTestMean(domain.name, arm.name, test, measure, len(items), mean)
    differences = scores - np.asarray([before[item] for item in items])[:, None]
    scale = bounds[1] - bounds[0]
    [[compared]] = compare_blocks([block_by_seed([differences], clusters, scales=[scale])], settings)
    base_mean = math.fsum(before[item] for item in items) / len(items)
    return ModelTestMean(
        domain.name, arm.name, test, measure, len(items), mean, base.name, base_mean, compared.interval
    )
