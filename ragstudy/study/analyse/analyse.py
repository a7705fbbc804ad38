"""The analysis of a run, from its folder alone: comparisons with verdicts, why answers are as they are, findings."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from ragstudy.files import SCHEMA_VERSION, read_json
from ragstudy.records import Diagnosed
from ragstudy.results import DomainSummary, ReportedSettings, Results, RetrievalQuality
from ragstudy.retrieval.relevance import ranking_quality
from ragstudy.retrieval.saved import read_passages
from ragstudy.scoring.judges.measure import split_name
from ragstudy.scoring.measures import measure_kind
from ragstudy.specs import headline_context, parse_context
from ragstudy.study.analyse.answer_style import answer_style
from ragstudy.study.analyse.best import against_best
from ragstudy.study.analyse.compare import (
    Comparer,
    against_shuffled,
    between_contexts,
    comparison_rows,
    interactions,
)
from ragstudy.study.analyse.context_use import context_use
from ragstudy.study.analyse.error_correction import corrections
from ragstudy.study.analyse.failure_points import NEEDED_MEASURES, Corpus, failure_shares, points_of
from ragstudy.study.analyse.findings import find
from ragstudy.study.analyse.length_bias import errors_of
from ragstudy.study.analyse.model_tests import model_test_means
from ragstudy.study.analyse.series import series_of
from ragstudy.study.analyse.tables import LengthTable, ScoreTable, domains_of, settings_of
from ragstudy.study.plan.audits import load_audits
from ragstudy.study.run_folder import COMPARING_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Answer, Question, Retrieval
    from ragstudy.results import AnswerStyle, ContextUse, FailureShares
    from ragstudy.specs import StudySpec
    from ragstudy.statistics import AnalysisSettings
    from ragstudy.study.analyse.tables import DomainData
    from ragstudy.study.layout import Layout
    from ragstudy.study.run_folder import RunFolder

# Depths at which the ranking is judged, beside the study's own.
_DEPTHS = (1, 3, 5, 10)


def analyse(spec: StudySpec, layout: Layout, folder: RunFolder, look: int = 1) -> tuple[Results, list[Diagnosed]]:
    """Everything that reports show, and the failure point of every answer that has one.

    Args:
        spec: of the study, with its statistics, measures and audits.
        layout: arms, domains and contexts of the run.
        folder: of the run, with answers, scores, retrievals and questions.
        look: how often the run's data were looked at, this time included.

    Raises:
        ValueError: two arms that are compared were not asked the same questions.
        InputError: a file of the run or an audit is missing or damaged.
    """
    settings, answers = settings_of(spec.statistics, look), folder.answers()
    domains = domains_of(layout, folder.questions())
    scores = ScoreTable(folder.scores())
    measured = spec.statistics.verdict_measures
    headline, scales, primary = headline_context(layout.contexts), _scales(spec), spec.statistics.primary
    audits = load_audits(spec)
    errors, lengths = errors_of(spec.measures, audits), LengthTable(answers)
    comparers = [
        Comparer(one, scores, layout.contexts, spec.measures, measured, settings, scales, primary, errors, lengths)
        for one in domains
    ]
    rows = comparison_rows(comparers, _pairs_trained_on(layout, folder), _less_is_better(spec, measured))
    diagnosis = _Diagnosis(domains, scores, folder, settings, answers)
    diagnosis.look_at(layout.contexts, tells_failures=set(spec.measures) >= NEEDED_MEASURES)
    forgetting, ablation = model_test_means(domains, folder.model_tests(), settings)
    results = Results(
        schema_version=SCHEMA_VERSION,
        comparing_version=COMPARING_VERSION,
        study=spec.name,
        headline_context=headline,
        settings=ReportedSettings(**asdict(settings), level=settings.level, verdict_measures=list(measured)),
        domains=_summaries(domains, folder),
        retrieval=_retrieval_quality(domains, folder.retrievals(), spec.retrieval.top_k),
        arm_means=[mean for comparer in comparers for mean in comparer.means()],
        comparisons=rows,
        interactions=interactions(comparers),
        between_contexts=between_contexts(comparers, headline),
        against_shuffled=against_shuffled(comparers),
        against_best=[row for comparer in comparers for row in against_best(comparer, headline, measured[0])],
        series=series_of(rows),
        corrections=[row for comparer in comparers for row in corrections(comparer, audits)],
        context_use=diagnosis.context_use,
        failure_points=diagnosis.failure_shares,
        answer_style=diagnosis.answer_style,
        forgetting=forgetting,
        passage_ablation=ablation,
        findings=[],
    )
    return replace(results, findings=find(results)), diagnosis.points


def _less_is_better(spec: StudySpec, measures: Sequence[str]) -> frozenset[str]:
    """The measures that declare that a lower value is better; judges grade upwards."""
    judges = [judge.name for judge in spec.judges]
    own = [name for name in measures if split_name(name, judges) is None]
    return frozenset(name for name in own if measure_kind(name).higher_is_better is False)


def _scales(spec: StudySpec) -> dict[str, float]:
    """The length of each measure's scale, where it has one; judges grade from 0 to 1."""
    judges = [judge.name for judge in spec.judges]
    scales = {name: measure_kind(name).scale for name in spec.measures if split_name(name, judges) is None}
    lengths = {name: scale[1] - scale[0] for name, scale in scales.items() if scale is not None}
    return {name: 1.0 for name in spec.measures if name not in scales} | lengths


def _pairs_trained_on(layout: Layout, folder: RunFolder) -> dict[tuple[str, str], int]:
    """How many pairs each adapter was trained on, by domain and name."""
    counts = {}
    for domain in layout.domains:
        for name in domain.trainings:
            record = folder.adapter_folder(domain.name, name) / "record.json"
            if record.is_file():
                counts[domain.name, name] = len(read_json(record)["questions"])
    return counts


def _summaries(domains: Sequence[DomainData], folder: RunFolder) -> list[DomainSummary]:
    ceilings = folder.ceilings()
    return [
        DomainSummary(
            domain=one.name,
            title=one.layout.title,
            n_documents=one.layout.n_documents,
            n_train=one.layout.n_train,
            n_test=len(one.questions),
            n_test_groups=len(set(one.groups)),
            n_without_gold=one.layout.n_without_gold,
            test_types=dict(sorted(Counter(question.type for question in one.questions).items())),
            reference_means={
                name: float("nan") if value is None else value for name, value in ceilings.get(one.name, {}).items()
            },
        )
        for one in domains
    ]


def _retrieval_quality(
    domains: Sequence[DomainData], retrievals: Sequence[Retrieval], top_k: int
) -> list[RetrievalQuality]:
    rows = []
    for domain in domains:
        asked = {question.id for question in domain.questions}
        mine = [row for row in retrievals if row.domain == domain.name and row.question in asked]
        qualities = (ranking_quality(mine, k) for k in sorted({*_DEPTHS, top_k}))
        rows += [RetrievalQuality(domain.name, **asdict(one)) for one in qualities if one is not None]
    return rows


@dataclass
class _Diagnosis:
    """Why answers are as they are: failure points, use of passages and form, by domain, context and arm."""

    domains: Sequence[DomainData]
    scores: ScoreTable
    folder: RunFolder
    settings: AnalysisSettings
    answers: Sequence[Answer]

    def __post_init__(self) -> None:
        self._answers: dict[tuple[str, str], dict[tuple[str, str], Answer]] = {}
        for answer in self.answers:
            of_context = self._answers.setdefault((answer.domain, answer.contexts), {})
            of_context[answer.generator, answer.question] = answer
        self.context_use: list[ContextUse] = []
        self.failure_shares: list[FailureShares] = []
        self.answer_style: list[AnswerStyle] = []
        self.points: list[Diagnosed] = []

    def look_at(self, contexts: Sequence[str], *, tells_failures: bool) -> None:
        """Look at every domain in every context."""
        replaced = self.folder.replaced_values()
        for domain in self.domains:
            corpus = Corpus(read_passages(self.folder.index_folder(domain.name))) if tells_failures else None
            for name in contexts:
                kind, answer_of = parse_context(name).entry, self._answer_of(domain, name)
                self.answer_style += answer_style(domain, name, answer_of, self.settings)
                if kind.replaces_values:
                    rows = (row for row in replaced if (row.domain, row.contexts) == (domain.name, name))
                    values = {row.question: row.values for row in rows}
                    self.context_use += context_use(domain, name, values, answer_of, self.settings)
                if kind.meant_to_answer and corpus is not None:
                    self._failures(domain, name, corpus)

    def _answer_of(self, domain: DomainData, contexts: str) -> Callable[[str, Question], Answer | None]:
        mine = self._answers.get((domain.name, contexts), {})
        return lambda name, question: mine.get((name, question.id))

    def _failures(self, domain: DomainData, contexts: str, corpus: Corpus) -> None:
        def score_of(measure: str, generator: str, question: Question) -> float | None:
            return self.scores.value(domain.name, generator, contexts, measure, question.id)

        points = points_of(domain, corpus, self._answer_of(domain, contexts), score_of)
        self.points += [
            Diagnosed(domain.name, question, generator, contexts, point)
            for (generator, question), point in points.items()
        ]
        self.failure_shares += failure_shares(domain, contexts, points, self.settings)
