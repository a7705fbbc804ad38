"""The scoring stage: measures that are new or whose answers changed; the other scores are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import fingerprint
from ragstudy.records import Case
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import Aligner
from ragstudy.scoring.judges.measure import Judges, expected_cost, split_name
from ragstudy.scoring.measures import CLAIM_MEASURES, SCORING_VERSION, make_measure
from ragstudy.scoring.table import reference_means, score_answers, texts_with_claims
from ragstudy.scoring.words import WordWeights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.protocols import BatchMeasure, Measure
    from ragstudy.records import Answer, Prompt, Score
    from ragstudy.specs import JudgeSpec
    from ragstudy.study.plan import DomainPlan, Plan
    from ragstudy.study.store import RunFolder
    from ragstudy.study.watch import Watcher


@dataclass
class Scoring:
    """Scores the answers of a run.

    Attributes:
        plan: with measures and judges.
        folder: of the run; holds the scores that are there and the judges' replies.
        prompts_of: prompts of a domain and contexts; asked only by measures that look at passages.
        watcher: hears what is done.
    """

    plan: Plan
    folder: RunFolder
    prompts_of: Callable[[DomainPlan, str], Sequence[Prompt]]
    watcher: Watcher

    @cached_property
    def _judges(self) -> Judges:
        return Judges(self.plan.spec.judges, self.folder.path / "judged", cache(scoring_embedder))

    def score(self, answers: list[Answer]) -> tuple[list[Score], int]:
        """All scores, and how many of them were made now.

        Raises:
            InputError: a judge's server refuses every request, or its budget is smaller than what is asked of it.
        """
        wanted = self._fingerprints(answers)
        state = self.folder.state()
        kept = [score for score in self.folder.scores() if state.get(f"scores/{score.measure}") == _of(wanted, score)]
        missing = [name for name in self.plan.spec.measures if not self._is_there(name, kept, len(answers))]
        if not missing and state.get("scores") == fingerprint(wanted):
            self.watcher.say("scores: nothing to do")
            return self.folder.scores(), 0
        self._check_budgets(missing, answers)
        made, ceilings = self._make(missing, answers)
        scores = _in_order(answers, self.plan.spec.measures, [*kept, *made])
        self._keep(scores, ceilings, wanted)
        return scores, len(made)

    def _fingerprints(self, answers: list[Answer]) -> dict[str, str]:
        """For each measure, what its scores are made from."""
        domains = [(d.name, d.test, d.domain.fingerprint) for d in self.plan.domains]
        judges = {judge.name: (judge.url, judge.model, judge.max_new_tokens) for judge in self.plan.spec.judges}
        shared = fingerprint(SCORING_VERSION, answers, domains)
        return {name: fingerprint(shared, name, judges.get(name.partition(":")[0])) for name in self.plan.spec.measures}

    def _is_there(self, name: str, kept: list[Score], n_answers: int) -> bool:
        """Whether a measure is done; answers that a judge left unscored are tried again, at no cost if in vain."""
        mine = [score for score in kept if score.measure == name]
        again = split_name(name, self._judges.names) is not None and any(_is_open(score) for score in mine)
        return len(mine) == n_answers and not again

    def _check_budgets(self, missing: list[str], answers: list[Answer]) -> None:
        """Say what the judges will be asked, and refuse what their budgets cannot pay for."""
        problems = []
        for judge in self.plan.spec.judges:
            cases = [case for domain in self.plan.domains for case in _cases(domain, answers)]
            n_calls, n_tokens = cost_of(judge, missing, cases)
            if not n_calls:
                continue
            self.watcher.say(
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

    def _make(self, names: list[str], answers: list[Answer]) -> tuple[list[Score], dict[str, dict[str, float | None]]]:
        made: list[Score] = []
        ceilings = self.folder.ceilings()
        embedder = cache(scoring_embedder)
        with self.watcher.task("scoring", len(answers) * len(names)) as task:
            for domain in self.plan.domains:
                weights = WordWeights(document.text for document in domain.domain.documents)
                aligner = Aligner(embedder, weights)
                measures: dict[str, Measure | BatchMeasure] = {
                    name: self._judges.measure(name) or make_measure(name, weights, aligner, embedder) for name in names
                }
                mine = [answer for answer in answers if answer.domain == domain.name]
                if not CLAIM_MEASURES.isdisjoint(measures):
                    aligner.prepare(texts_with_claims(mine, domain.by_id))
                made += score_answers(mine, domain.by_id, measures, self._passages_of(domain), lambda: task.advance(1))
                # Not by judges: it would cost as much as one more generator.
                offline = {name: one for name, one in measures.items() if split_name(name, self._judges.names) is None}
                ceilings.setdefault(domain.name, {}).update(reference_means(domain.test, offline))
        return made, ceilings

    def _passages_of(self, domain: DomainPlan) -> Callable[[Answer], tuple[str, ...]]:
        """The texts that an answer's prompt showed."""

        @cache
        def shown(contexts: str) -> dict[str, tuple[str, ...]]:
            prompts = self.prompts_of(domain, contexts)
            return {prompt.key: tuple(passage.text for passage in prompt.passages) for prompt in prompts}

        return lambda answer: shown(answer.contexts)[answer.question][: answer.n_passages]

    def _keep(self, scores: list[Score], ceilings: dict[str, dict[str, float | None]], wanted: dict[str, str]) -> None:
        self.folder.write_questions((domain.name, question) for domain in self.plan.domains for question in domain.test)
        self.folder.write_scores(scores)
        measures = self.plan.spec.measures
        self.folder.write_ceilings(
            {domain.name: {name: ceilings[domain.name].get(name) for name in measures} for domain in self.plan.domains}
        )
        others = {key: value for key, value in self.folder.state().items() if not key.startswith("scores")}
        mine = {f"scores/{name}": value for name, value in wanted.items()}
        self.folder.write_state({**others, **mine, "scores": fingerprint(wanted)})


def cost_of(judge: JudgeSpec, measures: Sequence[str], cases: Sequence[Case]) -> tuple[int, int]:
    """About how many requests and tokens a judge's measures take for some cases, none of them answered before."""
    methods = [found[1] for name in measures if (found := split_name(name, [judge.name]))]
    costs = [expected_cost(method, cases) for method in methods]
    return sum(n for n, _ in costs), sum(n for _, n in costs)


def expected_cases(plan: Plan) -> list[Case]:
    """The cases of a study before it has run: every answer as long as its reference."""
    return [
        Case(question, question.references[0] if question.references else "")
        for domain in plan.domains
        for question in domain.test
        for _ in plan.cells(domain)
    ]


def _cases(domain: DomainPlan, answers: list[Answer]) -> list[Case]:
    return [
        Case(domain.by_id[answer.question], answer.text)
        for answer in answers
        if answer.domain == domain.name and answer.stopped != "error"
    ]


def _of(wanted: dict[str, str], score: Score) -> str:
    return wanted.get(score.measure, "")


def _is_open(score: Score) -> bool:
    return score.value is None and not score.reason.startswith("no answer:")


def _in_order(answers: list[Answer], measures: Sequence[str], scores: list[Score]) -> list[Score]:
    """One score per answer and measure, in that order; of two, the later one."""
    by_key = {(s.domain, s.question, s.generator, s.contexts, s.measure): s for s in scores}
    return [
        by_key[answer.domain, answer.question, answer.generator, answer.contexts, name]
        for answer in answers
        for name in measures
    ]
