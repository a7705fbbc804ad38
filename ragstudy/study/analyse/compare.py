"""Arms joined by question: every arm against its base, what passages bring, arms against each other and controls."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.results import AgainstShuffled, ArmMean, BetweenContexts, ComparisonRow, Interaction, LengthBias
from ragstudy.specs import parse_context
from ragstudy.statistics.by_seed import block_by_seed
from ragstudy.statistics.compare import compare_blocks
from ragstudy.study.analyse.length_bias import length_bias
from ragstudy.study.analyse.missing import bounds_of
from ragstudy.study.analyse.tables import Sides, mean_of, mean_over_seeds
from ragstudy.study.analyse.verdicts import decisions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.specs import PrimarySpec
    from ragstudy.statistics import AnalysisSettings, Block, Comparison
    from ragstudy.statistics.compare import Rank
    from ragstudy.statistics.length_errors import LengthErrors
    from ragstudy.study.analyse.tables import DomainData, LengthTable, ScoreTable
    from ragstudy.study.layout import Arm


@dataclass(frozen=True)
class Pairing:
    """A comparison to be made: an arm against its base in one context on one measure.

    Attributes:
        arm: that was tuned.
        base: that it is compared with.
        contexts: name of the test context.
        measure: name of the measure.
    """

    arm: Arm
    base: Arm
    contexts: str
    measure: str


@dataclass(frozen=True)
class Comparer:
    """What is compared of one domain.

    Attributes:
        domain: that is asked about.
        scores: every score of the run.
        contexts: of the study.
        measures: of the study.
        verdict_measures: measures that get a verdict.
        settings: of the analysis.
        scales: length of each measure's scale; none for a measure without one.
        primary: which comparisons the study names as primary.
        errors: of measures whose scorer was held against people, how often it errs.
        lengths: of the answers, which decide that.
    """

    domain: DomainData
    scores: ScoreTable
    contexts: Sequence[str]
    measures: Sequence[str]
    verdict_measures: Sequence[str]
    settings: AnalysisSettings
    scales: Mapping[str, float] = field(default_factory=dict)
    primary: Sequence[PrimarySpec] = ()
    errors: Mapping[str, LengthErrors] = field(default_factory=dict)
    lengths: LengthTable | None = None

    def pairings(self) -> list[Pairing]:
        """Every comparison that is made on the domain."""
        return [
            Pairing(arm, self.domain.by_name[arm.base], contexts, measure)
            for contexts in self.contexts
            if parse_context(contexts).entry.is_compared
            for arm in self.domain.arms
            if arm.base is not None
            for measure in self.measures
        ]

    def with_verdict(self) -> list[Pairing]:
        """The comparisons that get a verdict."""
        return [one for one in self.pairings() if one.measure in self.verdict_measures]

    def rank(self, pairing: Pairing) -> Rank | None:
        """The place of a comparison in the study's family; None for a measure that gets no verdict.

        Args:
            pairing: of the domain.
        """
        if pairing.measure not in self.verdict_measures:
            return None
        names = (self.domain.name, pairing.arm.name, pairing.contexts, pairing.measure)
        return "primary" if any(one.holds(*names) for one in self.primary) else "secondary"

    def scores_of(self, arm: Arm, pairing: Pairing) -> NDArray[np.float64]:
        """(n questions, n seeds) scores of an arm in the context and on the measure of a comparison.

        Args:
            arm: that answered.
            pairing: with context and measure.
        """
        return self.scores.of_arm(self.domain, arm, pairing.contexts, pairing.measure)

    def sides(self, pairing: Pairing) -> Sides:
        """The scores of both arms.

        Args:
            pairing: of the domain.

        Raises:
            ValueError: two arms that are compared were not asked the same questions.
        """
        for arm in (pairing.arm, pairing.base):
            self.scores.check_same_questions(self.domain, arm, pairing.contexts, pairing.measure)
        return Sides(self.scores_of(pairing.arm, pairing), mean_over_seeds(self.scores_of(pairing.base, pairing)))

    def block(
        self,
        pairings: Sequence[Pairing],
        differences: Sequence[NDArray[np.float64]],
        ranks: Sequence[Rank | None],
    ) -> Block:
        """Comparisons of the domain, ready to be compared with those of the others.

        Args:
            pairings: what is compared.
            differences: (n questions, n seeds) of each.
            ranks: of each its place in the family.
        """
        scales = [self.scales.get(one.measure, math.inf) for one in pairings]
        return block_by_seed(differences, self.domain.groups, self.pools(pairings), ranks, scales)

    def pools(self, pairings: Sequence[Pairing]) -> list[tuple[Hashable, Hashable]]:
        """For each comparison the pool that shares what is known of trainings, and its trainings.

        A pool is one measure in one context. Epochs of one training, and arms of other names that end in the same
        adapters, are the same trainings. What was not trained here learns nothing from what was.

        Args:
            pairings: of the domain.
        """
        return [
            (
                (one.contexts, one.measure, "" if one.arm.homes else one.arm.name),
                self.domain.trainings_of(one.arm),
            )
            for one in pairings
        ]

    def gains(self, pairing: Pairing) -> Sides:
        """What passages bring both arms: their scores with them minus those without.

        Args:
            pairing: with the context with passages.
        """
        tuned, base = (
            self.scores_of(arm, pairing) - self.scores_of(arm, replace(pairing, contexts="none"))
            for arm in (pairing.arm, pairing.base)
        )
        return Sides(tuned, mean_over_seeds(base))

    def length_bias(self, pairing: Pairing, sides: Sides, effect: Comparison) -> LengthBias | None:
        """What the scorer's errors make of a difference; None where they are not known.

        Args:
            pairing: that is compared.
            sides: scores of both arms.
            effect: of the comparison.
        """
        errors = self.errors.get(pairing.measure)
        if errors is None or self.lengths is None:
            return None
        tuned, base = (self.lengths.of_arm(self.domain, arm, pairing.contexts) for arm in (pairing.arm, pairing.base))
        return length_bias(errors, self.domain.questions, sides, Sides(tuned, mean_over_seeds(base)), effect)

    def means(self) -> Iterator[ArmMean]:
        """The mean of every arm, context and measure."""
        for arm in self.domain.arms:
            for contexts in self.contexts:
                for measure in self.measures:
                    scores = self.scores.of_arm(self.domain, arm, contexts, measure)
                    present = scores[~np.isnan(scores)]
                    yield ArmMean(
                        domain=self.domain.name,
                        arm=arm.name,
                        contexts=contexts,
                        measure=measure,
                        mean=mean_of(present),
                        n_scored=len(present),
                        n_unscored=int(scores.size - len(present)),
                        seed_means=[mean_of(column) for column in scores.T],
                    )


def comparison_rows(
    comparers: Sequence[Comparer], n_pairs: Mapping[tuple[str, str], int], less_is_better: Collection[str] = ()
) -> list[ComparisonRow]:
    """Every comparison of the study with its verdict.

    Args:
        comparers: of each domain.
        n_pairs: by (domain of the training, name of an adapter) the pairs it was trained on, which may be fewer than
            its arm says.
        less_is_better: the verdict measures of which a lower value is a better answer.

    Raises:
        ValueError: two arms that are compared were not asked the same questions.
    """
    sides = [{one: comparer.sides(one) for one in comparer.pairings()} for comparer in comparers]
    found = _compared(
        comparers,
        [list(of_domain) for of_domain in sides],
        lambda number, one: sides[number][one].differences,
        Comparer.rank,
    )
    rows = [
        _row(comparer, pairing, of_domain[pairing], effect, n_pairs)
        for comparer, of_domain, effects in zip(comparers, sides, found, strict=True)
        for pairing, effect in effects
    ]
    return decisions(rows, comparers[0].settings, less_is_better) if rows else []


def _compared(
    comparers: Sequence[Comparer],
    pairings: Sequence[Sequence[Pairing]],
    differences: Callable[[int, Pairing], NDArray[np.float64]],
    rank: Callable[[Comparer, Pairing], Rank | None] = lambda _comparer, _pairing: "secondary",
) -> list[list[tuple[Pairing, Comparison]]]:
    """The comparisons of every domain, all of the study together; of one rank where nothing else is said."""
    asked = [number for number, mine in enumerate(pairings) if mine]
    if not asked:
        return [[] for _ in comparers]
    blocks = [
        comparers[number].block(
            pairings[number],
            [differences(number, one) for one in pairings[number]],
            [rank(comparers[number], one) for one in pairings[number]],
        )
        for number in asked
    ]
    found = dict(zip(asked, compare_blocks(blocks, comparers[0].settings), strict=True))
    return [list(zip(mine, found.get(number, []), strict=True)) for number, mine in enumerate(pairings)]


def _row(
    comparer: Comparer,
    pairing: Pairing,
    sides: Sides,
    effect: Comparison,
    n_pairs: Mapping[tuple[str, str], int],
) -> ComparisonRow:
    arm, domain = pairing.arm, comparer.domain.name
    tuned, base = mean_over_seeds(sides.tuned), sides.base
    both = ~(np.isnan(tuned) | np.isnan(base))
    changed = tuned[both] - base[both]
    is_judged = comparer.rank(pairing) is not None
    unscored = bounds_of(sides, comparer.domain.groups, effect, comparer.settings) if is_judged else None
    biased = comparer.length_bias(pairing, sides, effect) if is_judged else None
    known = [n_pairs.get((arm.trained_on or domain, home), arm.size) for home in arm.homes]
    return ComparisonRow(
        domain=domain,
        arm=arm.name,
        base=pairing.base.name,
        format=arm.format,
        size=arm.size,
        series=arm.series,
        training=arm.training,
        n_epochs=arm.n_epochs,
        shuffled=arm.shuffled,
        trained_on=arm.trained_on,
        contexts=pairing.contexts,
        measure=pairing.measure,
        base_mean=mean_of(base[both]),
        tuned_mean=mean_of(tuned[both]),
        n_left_out=int((~both).sum()),
        n_better=int((changed > 0).sum()),
        n_worse=int((changed < 0).sum()),
        n_pairs=min(known, default=arm.size),
        effect=effect,
        unscored=unscored,
        length_bias=biased,
        decision=None,
    )


def interactions(comparers: Sequence[Comparer]) -> list[Interaction]:
    """[(tuned, passages) - (tuned, none)] - [(base, passages) - (base, none)]: did tuning change what they bring?

    Negative: tuning made passages worth less. Of every context with passages, where the study has `none` too. The
    intervals of all of them hold together.

    Args:
        comparers: of each domain.
    """
    gains = [
        {one: comparer.gains(one) for one in comparer.with_verdict() if one.contexts != "none"}
        if "none" in comparer.contexts
        else {}
        for comparer in comparers
    ]
    pairings = [list(of_domain) for of_domain in gains]
    found = _compared(comparers, pairings, lambda number, one: gains[number][one].differences)
    return [
        _interaction(comparer.domain.name, one, of_domain[one], effect)
        for comparer, of_domain, effects in zip(comparers, gains, found, strict=True)
        for one, effect in effects
    ]


def _interaction(domain: str, pairing: Pairing, gains: Sides, effect: Comparison) -> Interaction:
    tuned = mean_over_seeds(gains.tuned)
    both = ~np.isnan(tuned - gains.base)
    return Interaction(
        domain=domain,
        arm=pairing.arm.name,
        base=pairing.base.name,
        contexts=pairing.contexts,
        measure=pairing.measure,
        tuned_gain=mean_of(tuned[both]),
        base_gain=mean_of(gains.base[both]),
        effect=effect,
    )


def between_contexts(comparers: Sequence[Comparer], headline: str) -> list[BetweenContexts]:
    """What tuning changes with the gold passages alone, against what it changes in the headline context.

    Args:
        comparers: of each domain.
        headline: name of the headline context.
    """
    pairings = [
        [one for one in comparer.with_verdict() if parse_context(one.contexts).kind == "oracle"]
        for comparer in comparers
    ]

    found = _compared(
        comparers,
        pairings,
        lambda number, one: (
            comparers[number].sides(one).differences
            - comparers[number].sides(replace(one, contexts=headline)).differences
        ),
    )
    return [
        BetweenContexts(comparer.domain.name, one.arm.name, one.contexts, one.measure, effect)
        for comparer, effects in zip(comparers, found, strict=True)
        for one, effect in effects
    ]


def against_shuffled(comparers: Sequence[Comparer]) -> list[AgainstShuffled]:
    """Arms minus the same training on shuffled labels, question by question and seed by seed.

    Args:
        comparers: of each domain.
    """
    controls = [_controls(comparer) for comparer in comparers]
    found = _compared(
        comparers,
        [list(of_domain) for of_domain in controls],
        lambda number, one: (
            comparers[number].scores_of(one.arm, one) - comparers[number].scores_of(controls[number][one], one)
        ),
    )
    return [
        AgainstShuffled(comparer.domain.name, one.arm.name, of_domain[one].name, one.contexts, one.measure, effect)
        for comparer, of_domain, effects in zip(comparers, controls, found, strict=True)
        for one, effect in effects
    ]


def _controls(comparer: Comparer) -> dict[Pairing, Arm]:
    """The comparisons whose arm has a control with shuffled labels, and the control."""
    arms = {(arm.series, arm.size, arm.trained_on): arm for arm in comparer.domain.arms}
    return {
        one: control
        for one in comparer.with_verdict()
        if not one.arm.shuffled
        and (control := arms.get((f"{one.arm.series}-shuffled", one.arm.size, one.arm.trained_on)))
    }
