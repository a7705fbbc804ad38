"""What a report says, taken from the files of a run."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.formatting import effect, share, signed
from ragstudy.reporting.advice import advice
from ragstudy.reporting.charts import charts_of
from ragstudy.reporting.run_files import about
from ragstudy.reporting.scorer_note import scorer_note
from ragstudy.reporting.warnings import warnings_of
from ragstudy.scoring.measures import measure_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.records import Score
    from ragstudy.reporting.advice import Advice
    from ragstudy.reporting.charts import Chart
    from ragstudy.reporting.run_files import RunFiles
    from ragstudy.results import (
        AnswerStyle,
        ArmMean,
        ComparisonRow,
        ContextUse,
        CorrectedShares,
        DomainSummary,
        FailureShares,
        Interaction,
        ModelTestMean,
        ReportedSettings,
        RetrievalQuality,
        Series,
    )
    from ragstudy.study.layout import Layout
    from ragstudy.study.manifest import Manifest

_N_EXAMPLES = 6
# Pages of a report that are about no domain.
_OTHER_PAGES = ("index", "provenance")


@dataclass(frozen=True)
class Example:
    """A question on which base and tuned arm differ most.

    Attributes:
        question: text of the question.
        reference: its first reference answer.
        base: what the base answered.
        tuned: what the tuned arm answered.
        arm: name under which that answer is filed.
        change: measure and difference of the scores.
    """

    question: str
    reference: str
    base: str
    tuned: str
    arm: str
    change: str


@dataclass(frozen=True)
class MeansLine:
    """The means of one arm in one context.

    Attributes:
        contexts: name of the test context.
        arm: name of the arm.
        n_seeds: trainings of the arm.
        n_unscored: answers without a score of a verdict measure.
        values: mean of each measure in the study's order; None where there is none.
    """

    contexts: str
    arm: str
    n_seeds: int
    n_unscored: int
    values: list[float | None]

    @property
    def columns(self) -> list[str]:
        """The means as text."""
        return [share(value) for value in self.values]


@dataclass(frozen=True)
class TypesLine:
    """The means of one arm by question type.

    Attributes:
        measure: name of the measure.
        arm: name of the arm.
        types: question types.
        columns: mean of each type as text.
    """

    measure: str
    arm: str
    types: list[str]
    columns: list[str]


@dataclass(frozen=True)
class DomainView:
    """One domain's part of a report.

    Attributes:
        about: what is known of the domain.
        advice: what to do, in a sentence; None where nothing was compared.
        charts: that have something to show.
        warnings: generators that mostly failed or were cut, a sentence each.
        headline: what was found, in one or two sentences.
        explanation: what changed, why, and what to try next, a sentence each.
        verdicts: comparisons with a verdict, headline context first.
        caveats: those that hold for every verdict; a row's own stand in the row.
        scorer: what is known of the scorers' errors; '' where nothing is to be said.
        others: comparisons on the other measures, headline context.
        retrieval: ranking quality at several depths.
        means: one line per arm and context.
        ceiling: what the reference answers score on the verdict measures, as text.
        interactions: whether tuning changed what passages bring.
        context_use: what arms make of passages with wrong values.
        failure_points: share of each arm's answers at every failure point.
        answer_style: form of each arm's answers in the headline context.
        forgetting: what tests elsewhere say, before and after tuning.
        passage_ablation: how far answers depend on the gold passages.
        series: effects over training sizes and epochs.
        corrections: shares of right answers, corrected for the errors of an audited scorer.
        types: means by question type for the headline context and verdict measures.
        examples: questions that changed most.
    """

    about: DomainSummary
    advice: Advice | None
    charts: list[Chart]
    warnings: list[str]
    headline: list[str]
    explanation: list[str]
    verdicts: list[ComparisonRow]
    caveats: list[str]
    scorer: str
    others: list[ComparisonRow]
    retrieval: list[RetrievalQuality]
    means: list[MeansLine]
    ceiling: str
    interactions: list[Interaction]
    context_use: list[ContextUse]
    failure_points: list[FailureShares]
    answer_style: list[AnswerStyle]
    forgetting: list[ModelTestMean]
    passage_ablation: list[ModelTestMean]
    series: list[Series]
    corrections: list[CorrectedShares]
    types: list[TypesLine]
    examples: list[Example]

    @property
    def name(self) -> str:
        """How the study calls the domain."""
        return self.about.domain

    @property
    def page(self) -> str:
        """Name of the file of its page."""
        return f"domain_{self.name}.html" if self.name in _OTHER_PAGES else f"{self.name}.html"


@dataclass(frozen=True)
class RunView:
    """A whole report.

    Attributes:
        manifest: where the run comes from.
        layout: what it is made of.
        settings: of the analysis.
        domains: their parts.
        headline_context: the context that headlines and plots are about: retrieved passages, where the study has them.
    """

    manifest: Manifest
    layout: Layout
    settings: ReportedSettings
    domains: list[DomainView]
    headline_context: str

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures, in the study's order."""
        return self.layout.measures

    @property
    def about_measures(self) -> dict[str, str]:
        """One line about each measure."""
        return {name: _about_measure(name) for name in self.measures}


def _about_measure(name: str) -> str:
    try:
        return measure_kind(name).about
    except InputError:
        # A judge's, or one of the user's own that is not here any more.
        return ""


def view_run(files: RunFiles) -> RunView:
    """Everything a report shows.

    Args:
        files: of the run.
    """
    results = files.results
    domains = [_domain_view(summary, files) for summary in results.domains]
    return RunView(files.manifest, files.layout, results.settings, domains, results.headline_context)


def _domain_view(summary: DomainSummary, files: RunFiles) -> DomainView:
    name, results, headline = summary.domain, files.results, files.headline
    measured = results.settings.verdict_measures
    rows = about(results.comparisons, name)
    order = {context: place for place, context in enumerate((headline, *files.layout.contexts)[::-1])}
    verdicts = sorted((row for row in rows if row.decision), key=lambda row: -order[row.contexts])
    shared = shared_caveats(verdicts)
    mine = [score for score in files.scores if score.domain == name]
    return DomainView(
        about=summary,
        advice=advice([row for row in verdicts if row.contexts == headline], about(results.against_best, name)),
        charts=charts_of(files, name),
        warnings=warnings_of(answer for answer in files.answers.values() if answer.domain == name),
        headline=headline_of([row for row in verdicts if row.contexts == headline]),
        explanation=[finding.text for finding in about(results.findings, name)],
        verdicts=[_without_caveats(row, shared) for row in verdicts],
        caveats=shared,
        scorer=scorer_note(verdicts),
        others=[row for row in rows if row.decision is None and row.contexts == headline],
        retrieval=about(results.retrieval, name),
        means=_means_lines(about(results.arm_means, name), files.layout.measures, measured),
        ceiling=_ceiling(summary.reference_means, measured),
        interactions=about(results.interactions, name),
        context_use=about(results.context_use, name),
        failure_points=about(results.failure_points, name),
        answer_style=about(results.answer_style, name, headline),
        forgetting=about(results.forgetting, name),
        passage_ablation=about(results.passage_ablation, name),
        series=about(results.series, name, headline),
        corrections=about(results.corrections, name),
        types=_types_lines(mine, files, measured),
        examples=_examples(name, verdicts, mine, files),
    )


def _without_caveats(row: ComparisonRow, said: Sequence[str]) -> ComparisonRow:
    if row.decision is None:
        return row
    left = [caveat for caveat in row.decision.caveats if caveat not in said]
    return replace(row, decision=replace(row.decision, caveats=left))


def shared_caveats(rows: Sequence[ComparisonRow]) -> list[str]:
    """Caveats that all rows have, to be said once.

    Args:
        rows: comparisons with a verdict.
    """
    first = rows[0].caveats if rows else []
    return [caveat for caveat in first if all(caveat in row.caveats for row in rows)]


def headline_of(rows: Sequence[ComparisonRow]) -> list[str]:
    """Per measure a sentence: which arms help, hurt, make no difference, are undecided; with the largest effects.

    Args:
        rows: comparisons with a verdict in the headline context.
    """
    sentences = []
    for measure in dict.fromkeys(row.measure for row in rows):
        mine = [row for row in rows if row.measure == measure]
        parts = []
        for verdict in ("hurts", "helps", "no meaningful difference", "undecided"):
            called = [row for row in mine if row.verdict == verdict]
            if called:
                parts.append(f"{verdict} in {len(called)} of {len(mine)} arms ({_largest(called)})")
        # One training tells about itself, not about tuning.
        single = all(row.decision is not None and row.decision.about == "adapter" for row in mine)
        about = ", one training an arm:" if single else ": tuning"
        sentences.append(f"{measure.capitalize()}{about} {'; '.join(parts)}.")
    return sentences


def _size_of(row: ComparisonRow) -> float:
    return abs(row.effect.difference) if row.effect.interval.is_known else 0.0


def _largest(rows: Sequence[ComparisonRow]) -> str:
    row = max(rows, key=_size_of)
    more = "" if len(rows) == 1 else "largest: "
    return f"{more}{row.arm} {effect(row.effect)}"


def _means_lines(rows: Sequence[ArmMean], measures: Sequence[str], counted: Sequence[str]) -> list[MeansLine]:
    """Means of every arm; answers are counted as not scored where they lack a score of the counted measures."""
    by_line: dict[tuple[str, str], dict[str, ArmMean]] = {}
    for row in rows:
        by_line.setdefault((row.contexts, row.arm), {})[row.measure] = row
    return [
        MeansLine(
            contexts,
            arm,
            max(len(row.seed_means) for row in found.values()),
            max((row.n_unscored for name, row in found.items() if name in counted), default=0),
            [found[name].mean if name in found else None for name in measures],
        )
        for (contexts, arm), found in by_line.items()
    ]


def _ceiling(means: Mapping[str, float], measures: Sequence[str]) -> str:
    return ", ".join(f"{name} {share(means[name])}" for name in measures if not math.isnan(means.get(name, math.nan)))


def _types_lines(scores: Sequence[Score], files: RunFiles, measures: Sequence[str]) -> list[TypesLine]:
    """Mean of each verdict measure by arm and question type."""
    sums: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    arm_of = files.layout.arm_of
    for score in scores:
        if score.contexts == files.headline and score.measure in measures and score.value is not None:
            kind = files.questions[score.domain, score.question].type
            sums[score.measure, arm_of[score.generator], kind].append(score.value)
    types = sorted({kind for _, _, kind in sums})
    lines = []
    for measure, arm in dict.fromkeys((measure, arm) for measure, arm, _ in sums):
        values = [sums.get((measure, arm, kind), []) for kind in types]
        columns = [share(math.fsum(some) / len(some)) if some else "-" for some in values]
        lines.append(TypesLine(measure, arm, types, columns))
    return lines


def _examples(
    domain: str, verdicts: Sequence[ComparisonRow], scores: Sequence[Score], files: RunFiles
) -> list[Example]:
    """Questions whose first verdict measure changed most between base and the arm with the largest effect."""
    rows = [row for row in verdicts if row.contexts == files.headline]
    if not rows:
        return []
    measure, contexts = rows[0].measure, files.headline
    row = max((one for one in rows if one.measure == measure), key=_size_of)
    tuned = next(arm.generators[0] for arm in files.layout.arms if arm.name == row.arm)
    values = {(s.generator, s.question): s.value for s in scores if s.measure == measure and s.contexts == contexts}
    changes = []
    for (name, question), value in values.items():
        before = values.get((row.base, question))
        if name == tuned and value is not None and before is not None and value != before:
            changes.append((value - before, question))
    worst, best = sorted(changes)[: _N_EXAMPLES // 2], sorted(changes, reverse=True)[: _N_EXAMPLES // 2]
    chosen = [*worst, *(one for one in best if one not in worst and one[0] > 0)]
    return [
        Example(
            question=files.questions[domain, question].text,
            reference=(files.questions[domain, question].references or ("(the corpus holds no answer)",))[0],
            base=files.answers[domain, row.base, contexts, question].text,
            tuned=files.answers[domain, tuned, contexts, question].text,
            arm=tuned,
            change=f"{measure} {signed(change)}",
        )
        for change, question in chosen
    ]
