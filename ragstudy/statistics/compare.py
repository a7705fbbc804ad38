"""All arms of a study compared with their bases at once.

Examples:
    >>> import numpy as np
    >>> from ragstudy.statistics.settings import AnalysisSettings
    >>> differences = np.array([[0.5], [0.0], [1.0], [0.5], [0.0], [0.5]])
    >>> block = Block(differences, ['a', 'a', 'b', 'c', 'd', 'e'])
    >>> [[found]] = compare_blocks([block], AnalysisSettings(n_resamples=200))
    >>> round(found.difference, 3), found.n, found.n_clusters
    (0.417, 6, 5)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from ragstudy.statistics.equivalence import tilted_p
from ragstudy.statistics.family import Family, null_scores, scores_of
from ragstudy.statistics.paired import PairedDifferences, interval
from ragstudy.statistics.power import Precision, smallest_detectable
from ragstudy.statistics.rare_changes import FEW_CHANGED, unseen
from ragstudy.statistics.seeds import SeedSpread, t_quantile
from ragstudy.statistics.settings import Interval, Real

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics.settings import AnalysisSettings

# Comparisons of one rank are tested together; those of a later one only where all of the earlier are decided.
Rank = Literal["primary", "secondary"]
IntervalMethod = Literal["bootstrap", "clopper_pearson"]


@dataclass(frozen=True)
class Block:
    """The comparisons of one domain, which share its questions.

    Attributes:
        differences: (n questions, n comparisons) tuned minus base; NaN where one arm has no score.
        groups: the cluster of each question.
        spreads: of each comparison over its trainings; one training each by default.
        trainings: of each comparison what makes its trainings the same as another's; all different by default.
        ranks: of each comparison its place in the study's family, or None for one that stands alone.
        scales: of each comparison the length of its measure's scale, infinite where it has none; 1 by default.
    """

    differences: NDArray[np.float64]
    groups: Sequence[str]
    spreads: Sequence[SeedSpread] = ()
    trainings: Sequence[Hashable] = ()
    ranks: Sequence[Rank | None] = ()
    scales: Sequence[float] = ()

    @property
    def n_comparisons(self) -> int:
        """How many comparisons there are."""
        return int(self.differences.shape[1])


@dataclass(frozen=True)
class Comparison:
    """Two arms on one measure, before any rounding.

    Attributes:
        n: questions with a score from both arms.
        n_clusters: independent groups among them.
        difference: mean of (tuned - base), in the measure's units.
        low: lower end of the interval that is shown. The intervals of a study's family hold together with the
            study's confidence; one of a comparison that stands alone holds by itself.
        high: upper end of that interval.
        single_low: lower end of the interval that holds by itself.
        single_high: upper end of the interval that holds by itself.
        equivalence_low: lower end of the interval at 1 - 2a, for the margin.
        equivalence_high: upper end of the interval at 1 - 2a, for the margin.
        equivalence_p: p-value of a difference as large as the margin, by tilting; NaN where the interval at 1 - 2a
            reaches beyond the margin already.
        interval_method: where the intervals come from: 'bootstrap' over groups, or 'clopper_pearson' where hardly any
            group changed and the bound of an unseen share of changes reaches further.
        standard_error: cluster-robust over the questions, without the spread of the trainings.
        spread: how much the trainings of the tuned arm differ; where it is known the intervals hold for other
            trainings too.
        p: two-sided p-value of this comparison by itself.
        p_adjusted: p-value after correction for the family; `p` of a comparison that stands alone.
        in_family: whether it is one of the study's comparisons that are corrected together.
        n_in_family: comparisons that the correction is for.
        smallest_p: the least that `p_adjusted` could have been, had every group of questions agreed.
        joint_confidence: the confidence of one interval such that those of the family hold together.
        smallest_detectable: the difference that is called with the study's power; NaN where no spread was seen.
    """

    n: int
    n_clusters: int
    difference: Real
    low: Real
    high: Real
    single_low: Real
    single_high: Real
    equivalence_low: Real
    equivalence_high: Real
    equivalence_p: Real
    interval_method: IntervalMethod
    standard_error: Real
    spread: SeedSpread
    p: Real
    p_adjusted: Real
    in_family: bool
    n_in_family: int
    smallest_p: Real
    joint_confidence: float
    smallest_detectable: Real

    @property
    def interval(self) -> Interval:
        """The difference with the interval that is shown."""
        return Interval(self.difference, self.low, self.high)

    @property
    def single(self) -> Interval:
        """The difference with the interval that holds by itself."""
        return Interval(self.difference, self.single_low, self.single_high)

    def is_within(self, margin: float) -> bool:
        """Whether the difference is shown to lie within a margin.

        Args:
            margin: positive.
        """
        return Interval(self.difference, self.equivalence_low, self.equivalence_high).is_within(margin)

    @property
    def precision(self) -> Precision:
        """What the error of the difference is made of."""
        return Precision(self.standard_error**2, self.n_clusters, self.spread)


def compare_blocks(blocks: Sequence[Block], settings: AnalysisSettings) -> list[list[Comparison]]:
    """Compare all arms of a study with their bases.

    The comparisons that have a rank are one family (`family`): their p-values are adjusted and their intervals widened
    for all of them together. Where some are primary, these are tested first and by themselves, and the others only as
    far as every primary one is told from zero (serial gatekeeping: Dmitrienko, Offen and Westfall 2003).

    The bootstrap is hierarchical where trainings differ: questions are drawn by cluster, and the trainings' part from a
    normal distribution of the estimated variance, because the few trainings there are cannot be resampled without
    losing half of it.

    Args:
        blocks: of each domain its comparisons.
        settings: error rate, power, margin, draws and seed.

    Returns:
        For each block its comparisons in their order.
    """
    adjusted = _Adjusted.of([_Prepared(block, number, settings) for number, block in enumerate(blocks)], settings)
    return [
        [_Column(one, column).compared(adjusted) for column in range(one.block.n_comparisons)]
        for one in adjusted.prepared
    ]


def compare_columns(
    differences: NDArray[np.float64],
    groups: Sequence[str],
    settings: AnalysisSettings,
    spreads: Sequence[SeedSpread] = (),
    trainings: Sequence[Hashable] = (),
) -> list[Comparison]:
    """Compare the arms of one domain, each standing alone.

    Args:
        differences: (n questions, n comparisons) tuned minus base; NaN where one arm has no score.
        groups: the cluster of each question.
        settings: error rate, power, margin, draws and seed.
        spreads: of each comparison over its trainings.
        trainings: of each comparison what makes its trainings the same as another's.
    """
    return compare_blocks([Block(differences, groups, spreads, trainings)], settings)[0]


def intervals_at(block: Block, confidences: Sequence[float], settings: AnalysisSettings) -> list[list[Interval]]:
    """The differences of a block with intervals of given confidences, each by itself.

    Args:
        block: of one domain.
        confidences: of the intervals.
        settings: draws and seed.

    Returns:
        For each confidence one interval per comparison.
    """
    prepared = _Prepared(block, 0, settings)
    columns = [_Column(prepared, column) for column in range(block.n_comparisons)]
    return [[Interval(column.mean, *column.interval(one)) for column in columns] for one in confidences]


class _Prepared:
    """A block with everything that is drawn for it, the null hypothesis only where it is asked for.

    Args:
        block: of one domain.
        number: of the block, from which its draws of the null hypothesis are seeded.
        settings: of the analysis.
    """

    def __init__(self, block: Block, number: int, settings: AnalysisSettings) -> None:
        k = block.n_comparisons
        self.block, self.number, self.settings = block, number, settings
        self.spreads = block.spreads or [SeedSpread(1)] * k
        self.trainings = block.trainings or list(range(k))
        self.scales = block.scales or [1.0] * k
        self.ranks: Sequence[Rank | None] = block.ranks or [None] * k
        self.paired = PairedDifferences.of(block.differences, block.groups)
        self.means, self.errors = self.paired.means(), self.paired.standard_errors()
        drawn = self.paired.bootstrap_means(settings.n_resamples, settings.seed)
        self.draws = drawn + _of_trainings(self.spreads, self.trainings, settings)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """(comparisons,) absolute normal scores of the differences."""
        return scores_of(self.paired, self.spreads)

    @cached_property
    def highest(self) -> NDArray[np.float64]:
        """(comparisons,) what they would be, had every group agreed."""
        return scores_of(self.paired, self.spreads, agreeing=True)

    @cached_property
    def null(self) -> NDArray[np.float64]:
        """(draws, comparisons) what they are under the null hypothesis."""
        settings = self.settings
        seed = (settings.seed, 3, self.number)
        return null_scores(self.paired, self.spreads, self.trainings, settings.n_resamples, seed)


def _of_trainings(
    spreads: Sequence[SeedSpread], trainings: Sequence[Hashable], settings: AnalysisSettings
) -> NDArray[np.float64]:
    """(draws, comparisons) what other trainings would add to the means, the same for all comparisons of a recipe."""
    rng = np.random.default_rng([settings.seed, 1])
    known = [one for one, spread in zip(trainings, spreads, strict=True) if spread.variance_of_mean > 0]
    normal = {one: rng.standard_normal(settings.n_resamples) for one in dict.fromkeys(known)}
    nothing = np.zeros(settings.n_resamples)
    columns = [normal.get(one, nothing) * spread.standard_error for one, spread in zip(trainings, spreads, strict=True)]
    return np.stack(columns, axis=1) if columns else np.zeros((settings.n_resamples, 0))


@dataclass
class _Adjusted:
    """The families of a study: p-values, and how confident one interval must be for all to hold."""

    prepared: Sequence[_Prepared]
    p: dict[tuple[int, int], float] = field(default_factory=dict)
    smallest_p: dict[tuple[int, int], float] = field(default_factory=dict)
    confidence: dict[Rank, float] = field(default_factory=dict)
    n: dict[Rank, int] = field(default_factory=dict)

    @classmethod
    def of(cls, prepared: Sequence[_Prepared], settings: AnalysisSettings) -> _Adjusted:
        made = cls(prepared)
        gate = 0.0
        members: list[tuple[int, int]] = []
        ranks: tuple[Rank, ...] = ("primary", "secondary")
        for rank in ranks:
            mine = [
                (number, column)
                for number, one in enumerate(prepared)
                for column, of_column in enumerate(one.ranks)
                if of_column == rank
            ]
            if not mine:
                continue
            tested = made._family(mine)
            members += mine
            # Intervals of later ones hold together with those of the primary ones.
            made.confidence[rank] = made._family(members).confidence(settings.alpha)
            made.n[rank] = len(mine)
            for place, p, smallest in zip(mine, tested.p_adjusted, tested.smallest_p, strict=True):
                made.p[place] = float(max(p, gate)) if not math.isnan(p) else math.nan
                made.smallest_p[place] = float(smallest)
            gate = max((made.p[place] for place in mine if not math.isnan(made.p[place])), default=1.0)
        return made

    def _family(self, members: Sequence[tuple[int, int]]) -> Family:
        observed = np.asarray([self.prepared[number].scores[column] for number, column in members])
        null = np.stack([self.prepared[number].null[:, column] for number, column in members], axis=1)
        highest = np.asarray([self.prepared[number].highest[column] for number, column in members])
        return Family.of(observed, null, highest)


class _Column:
    """One comparison of a block.

    Args:
        of: block with its draws.
        column: number of the comparison.
    """

    def __init__(self, of: _Prepared, column: int) -> None:
        present = ~np.isnan(of.paired.values[:, column])
        values, clusters = of.paired.values[present, column], of.paired.clusters[present]
        self.of, self.column, self.settings = of, column, of.settings
        self.spread, self.scale = of.spreads[column], of.scales[column]
        self.mean, self.error = float(of.means[column]), float(of.errors[column])
        self.n, self.n_clusters = len(values), len(np.unique(clusters))
        self.n_changed = len(np.unique(clusters[values != 0]))

    def compared(self, adjusted: _Adjusted) -> Comparison:
        rank, p, settings, place = self.of.ranks[self.column], self._p(), self.settings, (self.of.number, self.column)
        joint = adjusted.confidence[rank] if rank else settings.level
        single = self.interval(settings.level)
        low, high = self.interval(joint) if rank else single
        inner = self.interval(1 - 2 * settings.alpha)
        precision = Precision(self.error**2, self.n_clusters, self.spread)
        return Comparison(
            n=self.n,
            n_clusters=self.n_clusters,
            difference=self.mean,
            low=low,
            high=high,
            single_low=single[0],
            single_high=single[1],
            equivalence_low=inner[0],
            equivalence_high=inner[1],
            equivalence_p=self._equivalence_p() if Interval(self.mean, *inner).is_within(settings.margin) else math.nan,
            interval_method="clopper_pearson" if self._reach(settings.alpha) > 0 else "bootstrap",
            standard_error=self.error,
            spread=self.spread,
            p=p,
            p_adjusted=adjusted.p[place] if rank else p,
            in_family=rank is not None,
            n_in_family=adjusted.n[rank] if rank else 1,
            smallest_p=adjusted.smallest_p[place] if rank else self._share_beyond(self.of.highest[self.column]),
            joint_confidence=joint,
            smallest_detectable=smallest_detectable(precision, joint, settings.power),
        )

    def interval(self, confidence: float) -> tuple[float, float]:
        t = t_quantile(confidence, self.error**2, self.n_clusters, self.spread)
        low, high = interval(self.of.draws[:, self.column], confidence, self.n_clusters, t)
        reach = self._reach((1 - confidence) / 2)
        if not reach:
            return low, high
        return float(np.nanmin([low, self.mean - reach])), float(np.nanmax([high, self.mean + reach]))

    def _reach(self, alpha: float) -> float:
        """How far groups that were not seen to change may move the mean; 0 where resampling knows better."""
        if not self.n or self.n_changed >= FEW_CHANGED or math.isinf(self.scale):
            return 0.0
        if self.n_clusters == 1 and self.error != 0:
            return 0.0
        return self.scale * unseen(self.n_clusters, self.n_changed, alpha)

    def _equivalence_p(self) -> float:
        settings = self.settings
        return tilted_p(self.of.paired, self.column, settings.margin, self.spread.standard_error, settings)

    def _p(self) -> float:
        score = float(self.of.scores[self.column])
        return math.nan if not self.n or math.isnan(score) else self._share_beyond(score)

    def _share_beyond(self, score: float) -> float:
        """The share of the draws of the null hypothesis that are at least as extreme: (1 + b) / (1 + B)."""
        null = self.of.null[:, self.column]
        return float((1 + (null >= score - 1e-9).sum()) / (1 + len(null)))
