"""Comparisons of arms with several trainings: from scores by seed to a block.

Examples:
    >>> import numpy as np
    >>> differences = [np.asarray([[0.2, 0.4], [0.1, 0.3], [0.3, 0.5], [0.0, 0.2]])]
    >>> block = block_by_seed(differences, list('abcd'))
    >>> block.differences[:, 0].round(1).tolist(), block.spreads[0].n_seeds
    ([0.3, 0.2, 0.4, 0.1], 2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.compare import Block
from ragstudy.statistics.seeds import SeedSpread, moderate, seed_spread

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics.compare import Rank

Pool = tuple["Hashable", "Hashable"]


def block_by_seed(
    differences: Sequence[NDArray[np.float64]],
    groups: Sequence[str],
    pools: Sequence[Pool] = (),
    ranks: Sequence[Rank | None] = (),
    scales: Sequence[float] = (),
) -> Block:
    """The comparisons of one domain, each given as (n questions, n seeds) differences.

    A question that any seed has no score for is left out of its comparison, so that seeds stay balanced.

    Args:
        differences: of each comparison, tuned minus base.
        groups: the cluster of each question.
        pools: of each comparison the pool that shares what is known of the variance between trainings (`moderate`), and
            what its arm was trained as; without it every comparison stands alone.
        ranks: of each comparison its place in the study's family.
        scales: of each comparison the length of its measure's scale.
    """
    spreads: list[SeedSpread] = [seed_spread(one, groups) for one in differences]
    members: dict[Hashable, list[int]] = {}
    for number, (pool, _) in enumerate(pools):
        members.setdefault(pool, []).append(number)
    for numbers in members.values():
        moderated = moderate([spreads[number] for number in numbers], [pools[number][1] for number in numbers])
        for number, spread in zip(numbers, moderated, strict=True):
            spreads[number] = spread
    return Block(
        np.stack([one.mean(axis=1) for one in differences], axis=1),
        groups,
        spreads,
        [training for _, training in pools],
        ranks,
        scales,
    )
