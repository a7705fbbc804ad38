"""What the analysis of a run found: frozen records, and comparisons.json is their serialisation.

Numbers that are not known are NaN here and null in the file. Nothing is rounded.

Examples:
    >>> from ragstudy.results.comparisons import RetrievalQuality
    >>> sorted(table_row(RetrievalQuality('faq', 5, 0.9, 0.95, 0.8, 0.85, 100)))[:3]
    ['domain', 'hit', 'k']
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from ragstudy.results.comparisons import (
    AgainstBest,
    AgainstShuffled,
    ArmMean,
    BetweenContexts,
    ComparisonRow,
    CorrectedShares,
    Decision,
    DomainSummary,
    Interaction,
    LengthBias,
    RetrievalQuality,
    Series,
    SeriesPoint,
    UnscoredBounds,
)
from ragstudy.results.diagnosis import (
    AnswerStyle,
    ContextUse,
    FailureShares,
    Finding,
    FindingNumber,
    ModelTestMean,
)
from ragstudy.statistics import Comparison, Interval

__all__ = [
    "AgainstBest",
    "AgainstShuffled",
    "AnswerStyle",
    "ArmMean",
    "BetweenContexts",
    "ComparisonRow",
    "ContextUse",
    "CorrectedShares",
    "Decision",
    "DomainSummary",
    "FailureShares",
    "Finding",
    "FindingNumber",
    "Interaction",
    "LengthBias",
    "ModelTestMean",
    "ReportedSettings",
    "Results",
    "RetrievalQuality",
    "Series",
    "SeriesPoint",
    "UnscoredBounds",
    "table_row",
]


@dataclass(frozen=True)
class ReportedSettings:
    """The settings of the analysis.

    Attributes:
        margin: smallest difference of a score that matters.
        confidence: with which the verdicts of the study hold, over all looks at its data.
        power: probability with which an effect is to be found.
        n_resamples: draws of bootstrap and sign flips.
        seed: decides these draws.
        look: how often data of this study were looked at, this time included.
        level: confidence that is left for this look.
        verdict_measures: measures that get a verdict.
    """

    margin: float
    confidence: float
    power: float
    n_resamples: int
    seed: int
    look: int
    level: float
    verdict_measures: list[str]


@dataclass(frozen=True)
class Results:
    """Everything that the analysis of a run found.

    Attributes:
        schema_version: of the file's layout.
        comparing_version: raised whenever comparing the same scores gives other results.
        study: name of the study.
        headline_context: the context that headlines, findings and plots are about.
        settings: of the analysis.
        domains: what is known of each domain.
        retrieval: ranking quality at several depths.
        arm_means: mean of every arm, context and measure.
        comparisons: every arm against its base.
        interactions: what passages bring, before and after tuning.
        between_contexts: what tuning changes with gold passages alone, against what it changes with retrieved ones.
        against_shuffled: arms against the same training on shuffled labels.
        against_best: arms against the best one of their domain.
        series: dose and response.
        corrections: shares of right answers, corrected for an audited scorer's errors.
        context_use: what arms make of passages with wrong values.
        failure_points: where answers fail.
        answer_style: length and form of the answers.
        forgetting: tests elsewhere, before and after tuning.
        passage_ablation: how much less likely answers get without the gold passages.
        findings: what changed, why, and what to try next.
    """

    schema_version: int
    comparing_version: int
    study: str
    headline_context: str
    settings: ReportedSettings
    domains: list[DomainSummary]
    retrieval: list[RetrievalQuality]
    arm_means: list[ArmMean]
    comparisons: list[ComparisonRow]
    interactions: list[Interaction]
    between_contexts: list[BetweenContexts]
    against_shuffled: list[AgainstShuffled]
    against_best: list[AgainstBest]
    series: list[Series]
    corrections: list[CorrectedShares]
    context_use: list[ContextUse]
    failure_points: list[FailureShares]
    answer_style: list[AnswerStyle]
    forgetting: list[ModelTestMean]
    passage_ablation: list[ModelTestMean]
    findings: list[Finding]


def table_row(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the records
    """A record as one row of a table: the fields of its effect, interval and decision become columns of their own.

    Args:
        record: of the classes above.
    """
    row: dict[str, Any] = {}
    for name, value in asdict(record).items():
        if name == "effect" and isinstance(value, dict):
            row |= _effect_columns(record.effect)
        elif name == "decision":
            row |= value or {}
        elif name == "unscored":
            row |= _unscored_columns(record.unscored)
        elif name == "length_bias":
            row |= _length_columns(record.length_bias)
        else:
            row[name] = value
    return row


def _unscored_columns(found: UnscoredBounds | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "unscored_tuned": found.tuned,
        "unscored_base": found.base,
        "worst_low": found.worst.low,
        "best_high": found.best.high,
    }


def _length_columns(found: LengthBias | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "length_bias": found.bias.value,
        "without_length_bias": found.without.value,
        "without_low": found.without.low,
        "without_high": found.without.high,
    }


def _effect_columns(effect: Comparison | Interval) -> dict[str, Any]:
    if isinstance(effect, Interval):
        return {"difference": effect.value, "low": effect.low, "high": effect.high}
    columns = {name: value for name, value in asdict(effect).items() if name != "spread"}
    spread = effect.spread
    return columns | {
        "n_seeds": spread.n_seeds,
        "seed_error": spread.standard_error,
        "seed_degrees": spread.degrees,
        "seed_noise": math.sqrt(spread.noise),
        "share_seed": spread.share_seed,
        "share_question": spread.share_question,
    }
