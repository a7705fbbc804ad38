"""The scoring stage: measures that are new or whose answers changed; the other scores are kept.

It needs the run folder alone: questions, passages and word weights are kept there when the answers are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import fingerprint, plain
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.generation.local_chat import chat_source
from ragstudy.records import Case
from ragstudy.registry import is_object_name, source_fingerprint
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.judges.measure import Judges, cost_of, split_name
from ragstudy.scoring.long_answers import LONG_ANSWER_RULES
from ragstudy.scoring.measures import MEASURES, SCORING_VERSION, Resources, looks_for_claims, make_measure, measure_kind
from ragstudy.scoring.surprisal import source_for
from ragstudy.scoring.table import reference_means, score_answers
from ragstudy.study.texts_shown import texts_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.protocols import LikelihoodSource
    from ragstudy.records import Answer, Question, Score
    from ragstudy.specs import JudgeSpec, StudySpec
    from ragstudy.study.layout import DomainLayout, Layout
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder

Means = dict[str, dict[str, float | None]]


@dataclass
class Scoring:
    """Scores the answers of a run.

    Attributes:
        spec: with measures and judges.
        layout: arms, domains and contexts of the run.
        folder: of the run; holds questions, passages, the scores that are there and the judges' replies.
        progress: is told what is done.
    """

    spec: StudySpec
    layout: Layout
    folder: RunFolder
    progress: ProgressReporter

    @cached_property
    def _judges(self) -> Judges:
        return Judges(self.spec.judges, self.folder.path / "judged", cache(scoring_embedder), chat_source)

    @cached_property
    def _questions(self) -> dict[str, dict[str, Question]]:
        """Test questions by domain and id, in their order."""
        known = self.folder.questions()
        return {one.name: {name: known[one.name, name] for name in one.questions} for one in self.layout.domains}

    def score(self, answers: list[Answer]) -> tuple[list[Score], int]:
        """All scores, and how many of them were made now.

        Args:
            answers: all of the run.

        Raises:
            InputError: a judge's server refuses every request, or its budget is smaller than what is asked of it.
        """
        wanted = self._fingerprints(answers)
        state = self.folder.state()
        every = self.folder.scores()
        kept = [score for score in every if state.get(f"scores/{score.measure}") == wanted.get(score.measure)]
        missing = [name for name in self.spec.measures if not self._is_there(name, kept, len(answers))]
        if not missing and state.get("scores") == fingerprint(wanted):
            self.progress.log("scores: nothing to do")
            return every, 0
        self._check_budgets(missing, answers)
        made, ceilings = self._make(missing, answers)
        scores = _in_order(answers, self.spec.measures, [*kept, *made])
        self._keep(scores, ceilings, wanted)
        return scores, len(made)

    def _fingerprints(self, answers: list[Answer]) -> dict[str, str]:
        """For each measure, what its scores are made from."""
        domains = [
            (one.name, tuple(self._questions[one.name].values()), one.fingerprint) for one in self.layout.domains
        ]
        judges = {judge.name: _identity(judge) for judge in self.spec.judges}
        shared = fingerprint(SCORING_VERSION, [_content(answer) for answer in answers], domains)
        return {
            name: fingerprint(shared, name, judges.get(name.partition(":")[0]), *self._version(name))
            for name in self.spec.measures
        }

    def _version(self, name: str) -> list[object]:
        """What tells versions of one measure apart; nothing for the first version of a built-in one."""
        if split_name(name, self._judges.names) is not None:
            return []
        version, is_own = measure_kind(name).version, is_object_name(name) and name not in MEASURES.names()
        models = [one.identity for one in self._likelihoods.values() if one] if measure_kind(name).needs_claims else []
        rules = [LONG_ANSWER_RULES, *models] if models else []
        return [*([version] if version > 1 else []), *([source_fingerprint(name)] if is_own else []), *rules]

    def _is_there(self, name: str, kept: list[Score], n_answers: int) -> bool:
        """Whether a measure is done; answers that a judge left unscored are tried again, at no cost if in vain."""
        mine = [score for score in kept if score.measure == name]
        again = split_name(name, self._judges.names) is not None and any(_is_open(score) for score in mine)
        return len(mine) == n_answers and not again

    def _check_budgets(self, missing: list[str], answers: list[Answer]) -> None:
        """Say what the judges will be asked, and refuse what their budgets cannot pay for."""
        problems = []
        for judge in (judge for judge in self.spec.judges if not judge.is_local):
            cases = [
                Case(self._questions[answer.domain][answer.question], answer.text)
                for answer in answers
                if answer.stopped != "error"
            ]
            n_calls, n_tokens = cost_of(judge, missing, cases)
            if not n_calls:
                continue
            self.progress.log(
                f"judge {judge.name}: about {n_calls:,} calls and {n_tokens:,} tokens if none is known yet; "
                f"budget {judge.max_calls:,} calls, {judge.max_tokens:,} tokens"
            )
            n_known = self._judges.judge(judge.name).n_known
            if n_calls - n_known > judge.max_calls:
                problems.append(
                    f"judge {judge.name!r}: about {n_calls:,} calls are needed, {n_known:,} replies are known, and "
                    f"max_calls is {judge.max_calls:,}; raise it, or score fewer answers"
                )
        if problems:
            raise InputError(problems)

    def _make(self, names: list[str], answers: list[Answer]) -> tuple[list[Score], Means]:
        made: list[Score] = []
        ceilings = self.folder.ceilings()
        with self.progress.task("scoring", len(answers) * len(names)) as task:
            for domain in self.layout.domains:
                questions = self._questions[domain.name]
                resources = self._resources(domain.name)
                measures = {name: self._judges.measure(name) or make_measure(name, resources) for name in names}
                mine = [answer for answer in answers if answer.domain == domain.name]
                if any(looks_for_claims(name, self._judges.names) for name in names):
                    self._read(resources, domain.name, mine)
                shown = self._passages_of(domain)
                made += score_answers(mine, questions, measures, shown, lambda: task.advance(1))
                # Not by judges: it would cost as much as one more generator.
                offline = {name: one for name, one in measures.items() if split_name(name, self._judges.names) is None}
                means = reference_means(list(questions.values()), offline)
                ceilings.setdefault(domain.name, {}).update(means)
        return made, ceilings

    def _resources(self, domain: str) -> Resources:
        return Resources(self.folder.word_weights(domain), cache(scoring_embedder), self._likelihoods[domain])

    def _read(self, resources: Resources, domain: str, answers: Sequence[Answer]) -> None:
        """Embed claims, and read long answers and references with the likelihood model, in batches."""
        questions = self._questions[domain]
        cases = [Case(questions[answer.question], answer.text) for answer in answers if answer.stopped != "error"]
        cases += [Case(question, question.references[0]) for question in questions.values() if question.references]
        n_readings = resources.long_answers.n_readings(cases)
        if not n_readings:
            resources.long_answers.prepare(cases)
            return
        with self.progress.task(f"reading long answers of {domain}", n_readings) as task:
            resources.long_answers.prepare(cases, task.advance)

    @cached_property
    def _likelihoods(self) -> dict[str, LikelihoodSource | None]:
        """By domain, the language model for its long answers."""
        every = [question for asked in self._questions.values() for question in asked.values()]
        source = likelihood_source(self.spec.likelihood_model) if any(map(is_free_form, every)) else None
        return {name: source_for(asked.values(), source) for name, asked in self._questions.items()}

    def _passages_of(self, domain: DomainLayout) -> Callable[[Answer], tuple[str, ...]]:
        """The texts that an answer's prompt showed."""
        shown = texts_shown(self.folder, domain.name)
        return lambda answer: tuple(shown(answer).values())

    def _keep(self, scores: list[Score], ceilings: Means, wanted: dict[str, str]) -> None:
        self.folder.write_scores(scores)
        measures = self.spec.measures
        self.folder.write_ceilings(
            {one.name: {name: ceilings[one.name].get(name) for name in measures} for one in self.layout.domains}
        )
        others = {key: value for key, value in self.folder.state().items() if not key.startswith("scores")}
        mine = {f"scores/{name}": value for name, value in wanted.items()}
        self.folder.write_state({**others, **mine, "scores": fingerprint(wanted)})


def _content(answer: Answer) -> dict[str, object]:
    """What of an answer is scored; which passages it saw follows from the rest."""
    return {key: value for key, value in plain(answer).items() if key != "passages"}


def _is_open(score: Score) -> bool:
    return score.value is None and not score.reason.startswith("no answer:")


def _identity(judge: JudgeSpec) -> tuple[object, ...]:
    """What decides what a judge says: of a model that is loaded here, its weights."""
    place = chat_source(judge.model, judge.max_new_tokens).identity if judge.is_local else judge.url
    return (place, judge.model, judge.max_new_tokens)


def _in_order(answers: list[Answer], measures: Sequence[str], scores: list[Score]) -> list[Score]:
    """One score per answer and measure, in that order; of two, the later one."""
    by_key = {(s.domain, s.question, s.generator, s.contexts, s.measure): s for s in scores}
    return [
        by_key[answer.domain, answer.question, answer.generator, answer.contexts, name]
        for answer in answers
        for name in measures
    ]
