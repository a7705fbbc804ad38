"""Which arms can be told from the best one of their domain."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.results import AgainstBest
from ragstudy.statistics import compare_blocks
from ragstudy.statistics.by_seed import block_by_seed
from ragstudy.study.analyse.tables import training_by_training

if TYPE_CHECKING:
    from ragstudy.study.analyse.compare import Comparer

# With more arms than this only the best ones are compared with each other: pairs grow with the square.
_MOST_ARMS = 16


def against_best(comparer: Comparer, contexts: str, measure: str) -> list[AgainstBest]:
    """Every arm against the one with the highest mean; all pairs are one family, so that picking it does no harm.

    Multiple comparisons with the best (Hsu 1984), by the shared sign flips of all pairs.

    Args:
        comparer: of the domain.
        contexts: name of the test context.
        measure: name of the measure.
    """
    domain = comparer.domain
    asked = [arm for arm in domain.arms if not arm.shuffled and not arm.trained_on]
    asked = [arm for arm in asked if arm.base or any(other.base == arm.name for other in asked)]
    scores = {arm.name: comparer.scores.of_arm(domain, arm, contexts, measure) for arm in asked}
    known = {name: columns for name, columns in scores.items() if not np.isnan(columns).all()}
    ordered = sorted(known, key=lambda name: float(np.nanmean(known[name])), reverse=True)[:_MOST_ARMS]
    pairs = list(combinations(ordered, 2))
    if not pairs:
        return []
    block = block_by_seed(
        [training_by_training(known[other], known[one]) for one, other in pairs],
        domain.groups,
        ranks=["secondary"] * len(pairs),
    )
    [found] = compare_blocks([block], comparer.settings)
    best = ordered[0]
    return [
        AgainstBest(domain.name, best, other, contexts, measure, effect)
        for (one, other), effect in zip(pairs, found, strict=True)
        if one == best
    ]
