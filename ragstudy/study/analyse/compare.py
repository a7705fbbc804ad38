"""Arms joined by question: every arm against its base, what passages bring, arms against shuffled labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.results import AgainstShuffled, ArmMean, ComparisonRow, Interaction
from ragstudy.specs import parse_context
from ragstudy.study.analyse.arm_means import compare_by_seed
from ragstudy.study.analyse.tables import mean_of, mean_over_seeds
from ragstudy.study.analyse.verdicts import decisions

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.statistics import AnalysisSettings, Comparison
    from ragstudy.study.analyse.tables import DomainData, ScoreTable
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
    """Compares the arms of one domain.

    Attributes:
        domain: that is asked about.
        scores: every score of the run.
        contexts: of the study.
        measures: of the study.
        verdict_measures: measures that get a verdict.
        settings: of the analysis.
    """

    domain: DomainData
    scores: ScoreTable
    contexts: Sequence[str]
    measures: Sequence[str]
    verdict_measures: Sequence[str]
    settings: AnalysisSettings

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

    def _pairings_with_verdict(self) -> list[Pairing]:
        return [one for one in self.pairings() if one.measure in self.verdict_measures]

    def _scores_of(self, arm: Arm, pairing: Pairing) -> NDArray[np.float64]:
        return self.scores.of_arm(self.domain, arm, pairing.contexts, pairing.measure)

    def _compared(self, pairings: Sequence[Pairing], differences: Sequence[NDArray[np.float64]]) -> list[Comparison]:
        return compare_by_seed(differences, self.domain.groups, self.settings, self.pools(pairings))

    def pools(self, pairings: Sequence[Pairing]) -> list[tuple[Hashable, Hashable]]:
        """For each comparison the pool that shares a prior of the variance between trainings, and its trainings.

        A pool is one measure in one context. Epochs of one training, and arms of other names that end in the same
        adapters, are the same trainings.

        Args:
            pairings: of the domain.
        """
        return [((one.contexts, one.measure), self.domain.trainings_of(one.arm)) for one in pairings]

    def comparisons(self) -> list[tuple[Pairing, _Sides, Comparison]]:
        """Every arm against its base.

        Raises:
            ValueError: two arms that are compared were not asked the same questions.
        """
        pairings = self.pairings()
        if not pairings:
            return []
        sides = []
        for one in pairings:
            for arm in (one.arm, one.base):
                self.scores.check_same_questions(self.domain, arm, one.contexts, one.measure)
            tuned = self._scores_of(one.arm, one)
            sides.append(_Sides(tuned, mean_over_seeds(self._scores_of(one.base, one))))
        compared = self._compared(pairings, [side.differences for side in sides])
        return list(zip(pairings, sides, compared, strict=True))

    def interactions(self) -> list[Interaction]:
        """[(tuned, passages) - (tuned, none)] - [(base, passages) - (base, none)]: did tuning change what they bring?

        Negative: tuning made passages worth less. Of every context with passages, where the study has `none` too.
        """
        if "none" not in self.contexts:
            return []
        pairings = [one for one in self._pairings_with_verdict() if one.contexts != "none"]
        if not pairings:
            return []
        gains = [(self._gain(one.arm, one), mean_over_seeds(self._gain(one.base, one))) for one in pairings]
        compared = self._compared(pairings, [tuned - base[:, None] for tuned, base in gains])
        return [
            self._interaction(one, mean_over_seeds(tuned), base, effect)
            for one, (tuned, base), effect in zip(pairings, gains, compared, strict=True)
        ]

    def _gain(self, arm: Arm, pairing: Pairing) -> NDArray[np.float64]:
        with_passages = self._scores_of(arm, pairing)
        return with_passages - self.scores.of_arm(self.domain, arm, "none", pairing.measure)

    def _interaction(
        self, pairing: Pairing, tuned: NDArray[np.float64], base: NDArray[np.float64], effect: Comparison
    ) -> Interaction:
        both = ~np.isnan(tuned - base)
        return Interaction(
            domain=self.domain.name,
            arm=pairing.arm.name,
            base=pairing.base.name,
            contexts=pairing.contexts,
            measure=pairing.measure,
            tuned_gain=mean_of(tuned[both]),
            base_gain=mean_of(base[both]),
            effect=effect,
        )

    def against_shuffled(self) -> list[AgainstShuffled]:
        """Arms minus the same training on shuffled labels, question by question and seed by seed."""
        controls = {(arm.series, arm.size, arm.trained_on): arm for arm in self.domain.arms}
        pairings = [
            (one, control)
            for one in self._pairings_with_verdict()
            if not one.arm.shuffled
            and (control := controls.get((f"{one.arm.series}-shuffled", one.arm.size, one.arm.trained_on)))
        ]
        if not pairings:
            return []
        differences = [self._scores_of(one.arm, one) - self._scores_of(control, one) for one, control in pairings]
        compared = self._compared([one for one, _ in pairings], differences)
        return [
            AgainstShuffled(self.domain.name, one.arm.name, control.name, one.contexts, one.measure, effect)
            for (one, control), effect in zip(pairings, compared, strict=True)
        ]

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


@dataclass(frozen=True)
class _Sides:
    """Scores of an arm, (n questions, n seeds), and of its base, (n questions,)."""

    tuned: NDArray[np.float64]
    base: NDArray[np.float64]

    @property
    def differences(self) -> NDArray[np.float64]:
        return self.tuned - self.base[:, None]


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
    rows = [
        _row(comparer, pairing, sides, effect, n_pairs)
        for comparer in comparers
        for pairing, sides, effect in comparer.comparisons()
    ]
    if not rows:
        return []
    return decisions(rows, comparers[0].contexts, comparers[0].verdict_measures, comparers[0].settings, less_is_better)


def _row(
    comparer: Comparer,
    pairing: Pairing,
    sides: _Sides,
    effect: Comparison,
    n_pairs: Mapping[tuple[str, str], int],
) -> ComparisonRow:
    arm, domain = pairing.arm, comparer.domain.name
    tuned, base = mean_over_seeds(sides.tuned), sides.base
    both = ~(np.isnan(tuned) | np.isnan(base))
    changed = tuned[both] - base[both]
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
        decision=None,
    )
