"""Verdicts on comparisons: what each is about, what would decide an undecided one, and caveats."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ragstudy.formatting import SCORERS_ERRORS, UNSCORED, effect, p_value, percent, signed
from ragstudy.results import Decision
from ragstudy.statistics import Interval, decide
from ragstudy.statistics.effects import Found, beliefs_of
from ragstudy.statistics.length_errors import without_bias
from ragstudy.statistics.planning import Further, further, questions_to_trust

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ragstudy.results import ComparisonRow
    from ragstudy.statistics import AnalysisSettings, Verdict
    from ragstudy.statistics.effects import Belief

# Fewer independent groups of questions than this make rough intervals.
FEW_CLUSTERS = 20
# Share of the questions without a score from both arms above which a reader is told.
_LEFT_OUT_WORTH_TELLING = 0.05
# A part of a difference that the scorer's errors make and that a reader is told of.
_BIAS_WORTH_TELLING = 0.01
# A mean this near to an end of the scale leaves nothing to lose, or nothing to gain.
_NEAR_END = 0.05


def decisions(
    rows: Sequence[ComparisonRow], settings: AnalysisSettings, less_is_better: Collection[str] = ()
) -> list[ComparisonRow]:
    """The rows with their verdicts; a row whose measure gets none has no rank in the family and keeps none.

    Args:
        rows: every comparison of the study.
        settings: of the analysis.
        less_is_better: the verdict measures of which a lower value is a better answer.
    """
    beliefs = _beliefs(rows)
    return [
        replace(row, decision=_Deciding(row, belief, settings, row.measure not in less_is_better).decision())
        if belief
        else row
        for row, belief in zip(rows, beliefs, strict=True)
    ]


def _beliefs(rows: Sequence[ComparisonRow]) -> list[Belief | None]:
    """What the study says of the true difference of each row in the family; measures tell nothing about each other."""
    beliefs: list[Belief | None] = [None] * len(rows)
    for measure in {row.measure for row in rows}:
        places = [place for place, row in enumerate(rows) if row.effect.in_family and row.measure == measure]
        found = [Found.by(rows[place].effect, _base_of(rows[place])) for place in places]
        for place, belief in zip(places, beliefs_of(found), strict=True):
            beliefs[place] = belief
    return beliefs


def _base_of(row: ComparisonRow) -> tuple[str, ...]:
    return row.domain, row.contexts, row.base


class _Deciding:
    """One row on its way to a decision."""

    def __init__(
        self,
        row: ComparisonRow,
        belief: Belief,
        settings: AnalysisSettings,
        higher_is_better: bool,  # noqa: FBT001 - one of the parts of a decision
    ) -> None:
        self.row, self.belief, self.settings, self.higher_is_better = row, belief, settings, higher_is_better
        self.of_scored = decide(row.effect, settings, higher_is_better=higher_is_better)
        self.survives = self._survives_missing() and self._survives_bias()
        self.verdict: Verdict = self.of_scored if self.survives else "undecided"

    def _survives_missing(self) -> bool:
        """Whether the verdict on the answers with a score holds whatever those without one would have scored."""
        bounds = self.row.unscored
        if bounds is None or self.of_scored == "undecided":
            return True
        if self.of_scored == "no meaningful difference":
            return bounds.within_margin
        return bounds.worst.is_above_zero if self.row.effect.difference > 0 else bounds.best.is_below_zero

    def _survives_bias(self) -> bool:
        """Whether the verdict holds without the part of the difference that the scorer's known errors make."""
        biased = self.row.length_bias
        if biased is None or self.of_scored == "undecided":
            return True
        if self.of_scored == "no meaningful difference":
            found = self.row.effect
            inner = Interval(found.difference, found.equivalence_low, found.equivalence_high)
            return without_bias(inner, biased.bias).is_within(self.settings.margin)
        above = self.row.effect.difference > 0
        return biased.without.is_above_zero if above else biased.without.is_below_zero

    def decision(self) -> Decision:
        more = self._further() if self.verdict == "undecided" and self.survives else Further(None, None, None)
        effect = self.row.effect
        documents = None if more.questions is None else math.ceil(more.questions * effect.n_clusters / effect.n)
        return Decision(
            verdict=self.verdict,
            about=self._about(),
            n_more_questions=more.questions,
            n_more_questions_at_even_odds=more.questions_at_even_odds,
            n_more_documents=documents,
            n_more_trainings=more.trainings,
            caveats=list(self._caveats()),
        )

    def _about(self) -> Literal["recipe", "adapter", "model"]:
        if not self.row.size:
            return "model"
        return "recipe" if self.row.effect.spread.is_known else "adapter"

    def _further(self) -> Further:
        effect, settings = self.row.effect, self.settings
        if effect.interval_method == "clopper_pearson":
            return Further(questions_to_trust(effect.difference, effect.n, effect.n_clusters, settings), None, None)
        return further(effect.difference, effect.precision, effect.n, self.belief, settings, effect.joint_confidence)

    def _caveats(self) -> Iterator[str]:
        row, effect, settings = self.row, self.row.effect, self.settings
        if not effect.n:
            yield "no question has a score from both arms"
            return
        if not self._survives_missing() and row.unscored is not None:
            yield (
                f"{UNSCORED} ({percent(row.unscored.tuned)} of the arm's, "
                f"{percent(row.unscored.base)} of the base's): with these at worst {signed(row.unscored.worst.value)}, "
                f"at best {signed(row.unscored.best.value)}"
            )
        yield from self._of_lengths()
        if effect.n_clusters < FEW_CLUSTERS and effect.standard_error > 0 and effect.smallest_p > settings.alpha:
            yield (
                f"too few sources: had all {effect.n_clusters} agreed, the adjusted p-value were still "
                f"{p_value(effect.smallest_p)}"
            )
        elif effect.n_clusters < FEW_CLUSTERS:
            yield f"only {effect.n_clusters} independent groups: the interval is rough"
        if self.verdict == "undecided" and self.survives and (effect.low > 0 or effect.high < 0):
            yield "zero is outside the interval, but the sign flips do not confirm it"
        if row.unscored is None and row.n_left_out > _LEFT_OUT_WORTH_TELLING * (effect.n + row.n_left_out):
            yield f"{row.n_left_out} questions without a score from both arms are left out"
        yield from _at_an_end(row, higher_is_better=self.higher_is_better)
        if row.n_pairs < row.size:
            yield f"trained on {row.n_pairs} pairs: labels or filter left no more"
        if effect.spread.is_borrowed:
            yield "one training: how much trainings differ is taken from the study's other recipes"
        elif row.size and not effect.spread.is_known:
            yield "one training: the verdict is about this adapter, not about tuning in this way"

    def _of_lengths(self) -> Iterator[str]:
        """What the scorer's errors make of the difference, where it is worth telling."""
        biased = self.row.length_bias
        if biased is None or (abs(biased.bias.value) < _BIAS_WORTH_TELLING and self._survives_bias()):
            return
        wrong = [1 - one for one in (biased.tuned_specificity, biased.base_specificity)]
        beginning = "the scorer errs differently" if self._survives_bias() else SCORERS_ERRORS
        yield (
            f"{beginning}: answers of {biased.tuned_words:.0f} words against {biased.base_words:.0f} bring "
            f"{effect(biased.bias)} by themselves (it calls {percent(biased.tuned_sensitivity)} against "
            f"{percent(biased.base_sensitivity)} of the right answers right, and {percent(wrong[0])} against "
            f"{percent(wrong[1])} of the wrong ones); without that the difference is {effect(biased.without)}"
        )


def _at_an_end(row: ComparisonRow, *, higher_is_better: bool) -> Iterator[str]:
    """A caveat where the base is so good, or so bad, that a change could go one way only."""
    nothing_to_lose = "so there was nothing to lose: no sign that tuning is harmless"
    if row.base_mean < _NEAR_END:
        yield f"the base scores near 0 here, {nothing_to_lose if higher_is_better else 'so there was nothing to gain'}"
    if row.base_mean > 1 - _NEAR_END:
        yield f"the base scores near 1 here, {'so there was nothing to gain' if higher_is_better else nothing_to_lose}"
