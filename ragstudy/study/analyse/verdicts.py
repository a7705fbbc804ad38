"""Verdicts on comparisons: Holm's correction over the study, what would decide an undecided one, and caveats."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ragstudy.results import Decision
from ragstudy.statistics import decide, holm
from ragstudy.statistics.power import questions_to_decide, questions_to_trust

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ragstudy.results import ComparisonRow
    from ragstudy.statistics import AnalysisSettings, Verdict

# Fewer independent groups of questions than this make rough intervals.
FEW_CLUSTERS = 20
# Share of the questions without a score from both arms above which a reader is told.
_LEFT_OUT_WORTH_TELLING = 0.05
# A mean this near to an end of the scale leaves nothing to lose, or nothing to gain.
_NEAR_END = 0.05


def decisions(
    rows: Sequence[ComparisonRow],
    contexts: Sequence[str],
    verdict_measures: Sequence[str],
    settings: AnalysisSettings,
    less_is_better: Collection[str] = (),
) -> list[ComparisonRow]:
    """The rows with their verdicts: Holm's correction is over the verdict measures' rows of each context.

    Args:
        rows: every comparison of the study.
        contexts: of the study.
        verdict_measures: measures that get a verdict; the others get none.
        settings: of the analysis.
        less_is_better: the verdict measures of which a lower value is a better answer.
    """
    decided = list(rows)
    for name in contexts:
        family = [number for number, row in enumerate(rows) if row.contexts == name and row.measure in verdict_measures]
        adjusted = holm([rows[number].effect.p for number in family])
        for number, p in zip(family, adjusted, strict=True):
            better = rows[number].measure not in less_is_better
            decided[number] = replace(rows[number], decision=_decision(rows[number], p, len(family), settings, better))
    return decided


def _decision(
    row: ComparisonRow,
    p: float,
    n_in_family: int,
    settings: AnalysisSettings,
    higher_is_better: bool,  # noqa: FBT001 - one of the parts of a decision
) -> Decision:
    verdict = decide(row.effect, p, settings, higher_is_better=higher_is_better)
    more = _more_questions(row, n_in_family, settings) if verdict == "undecided" else None
    return Decision(
        verdict=verdict,
        p_adjusted=p,
        n_in_family=n_in_family,
        n_more_questions=None if more is None or more == math.inf else int(more),
        needs_trainings=more == math.inf,
        caveats=list(_caveats(row, verdict, n_in_family, settings, higher_is_better)),
    )


def _more_questions(row: ComparisonRow, n_in_family: int, settings: AnalysisSettings) -> float | None:
    """How many more questions would decide; infinity where only more trainings would, None where nothing is known."""
    effect = row.effect
    more = questions_to_decide(effect.difference, effect.precision, effect.n, settings, n_in_family)
    if more is None and effect.interval_method == "rule_of_three":
        return questions_to_trust(effect.difference, effect.n, effect.n_clusters, settings.margin)
    return more


def _caveats(
    row: ComparisonRow,
    verdict: Verdict,
    n_in_family: int,
    settings: AnalysisSettings,
    higher_is_better: bool,  # noqa: FBT001 - one of the parts of a decision
) -> Iterator[str]:
    effect = row.effect
    if effect.test == "permutation" and n_in_family / (settings.n_resamples + 1) > 1 - settings.confidence:
        yield f"{settings.n_resamples} resamples are too few for {n_in_family} comparisons to be decided"
    if verdict == "undecided" and effect.p <= settings.alpha and (effect.low > 0 or effect.high < 0):
        yield f"zero is outside the interval, but not after the correction for {n_in_family} comparisons"
    if effect.n_clusters < FEW_CLUSTERS:
        yield f"only {effect.n_clusters} independent groups: the interval is rough"
    if row.n_left_out > _LEFT_OUT_WORTH_TELLING * (effect.n + row.n_left_out):
        yield f"{row.n_left_out} questions without a score from both arms are left out"
    yield from _at_an_end(row, higher_is_better=higher_is_better)
    if row.n_pairs < row.size:
        yield f"trained on {row.n_pairs} pairs: labels or filter left no more"
    if effect.spread.n_seeds == 1 and row.size:
        yield "one training seed: the spread between trainings is not in the interval"


def _at_an_end(row: ComparisonRow, *, higher_is_better: bool) -> Iterator[str]:
    """A caveat where the base is so good, or so bad, that a change could go one way only."""
    nothing_to_lose = "so there was nothing to lose: no sign that tuning is harmless"
    if row.base_mean < _NEAR_END:
        yield f"the base scores near 0 here, {nothing_to_lose if higher_is_better else 'so there was nothing to gain'}"
    if row.base_mean > 1 - _NEAR_END:
        yield f"the base scores near 1 here, {'so there was nothing to gain' if higher_is_better else nothing_to_lose}"
