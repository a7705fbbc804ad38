"""Why answers are as they are: failure points, use of passages and form, by domain, context and arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragstudy.records import Diagnosed
from ragstudy.specs import parse_context
from ragstudy.study.contexts import swapped_values
from ragstudy.study.counterfactual import context_use
from ragstudy.study.drift import drift
from ragstudy.study.failure_points import failure_points, is_diagnosed, needs, scored_points, shown_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Answer, Prompt, Question, Score
    from ragstudy.study.plan import DomainPlan, Plan
    from ragstudy.study.retrieve import Retrieved

Rows = list[dict[str, Any]]


@dataclass
class Diagnosis:
    """Looks at the answers and scores of a run.

    Attributes:
        plan: of the study.
        retrieved: by domain.
        prompts_of: prompts of a domain and context, as a generator without examples got them.
        answers: all of them.
        scores: all of them.
        points: the failure point of every answer that has one; known after `rows`.
    """

    plan: Plan
    retrieved: dict[str, Retrieved]
    prompts_of: Callable[[DomainPlan, str], Sequence[Prompt]]
    answers: Sequence[Answer]
    scores: Sequence[Score]

    def __post_init__(self) -> None:
        self._answers: dict[tuple[str, str], dict[tuple[str, str], Answer]] = {}
        for answer in self.answers:
            cell = self._answers.setdefault((answer.domain, answer.contexts), {})
            cell[answer.generator, answer.question] = answer
        self._scores: dict[tuple[str, str], dict[tuple[str, str, str], float | None]] = {}
        for score in self.scores:
            found = self._scores.setdefault((score.domain, score.contexts), {})
            found[score.generator, score.question, score.measure] = score.value
        self.points: list[Diagnosed] = []

    def rows(self) -> dict[str, Rows]:
        """`context_use`, `failure_points` and `drift`, each row with its domain and contexts."""
        made: dict[str, Rows] = {"context_use": [], "failure_points": [], "drift": []}
        for domain in self.plan.domains:
            for contexts in self.plan.contexts:
                about = {"domain": domain.name, "contexts": contexts}
                made["drift"] += [{**about, **row} for row in self._drift(domain, contexts)]
                if parse_context(contexts).kind == "counterfactual":
                    made["context_use"] += [{**about, **row} for row in self._use(domain, contexts)]
                if is_diagnosed(contexts) and needs(self.plan.spec.measures):
                    made["failure_points"] += [{**about, **row} for row in self._failures(domain, contexts)]
        return made

    def _answer_of(self, domain: DomainPlan, contexts: str) -> Callable[[str, Question], Answer | None]:
        cell = self._answers.get((domain.name, contexts), {})
        return lambda name, question: cell.get((name, question.id))

    def _drift(self, domain: DomainPlan, contexts: str) -> Rows:
        arms = self.plan.arms_on(domain)
        return drift(arms, domain.test, self._answer_of(domain, contexts), self.plan.spec.statistics)

    def _use(self, domain: DomainPlan, contexts: str) -> Rows:
        here = self.retrieved[domain.name]
        asked = swapped_values(domain, contexts, here, self.plan.spec.retrieval.top_k)
        arms = self.plan.arms_on(domain)
        rows = context_use(arms, asked, self._answer_of(domain, contexts), self.plan.spec.statistics)
        return [{**row, "n_left_out": len(domain.test) - len(asked)} for row in rows]

    def _failures(self, domain: DomainPlan, contexts: str) -> Rows:
        here = self.retrieved[domain.name]
        shown = {
            prompt.key: shown_in(domain.by_id[prompt.key], prompt, here) for prompt in self.prompts_of(domain, contexts)
        }
        key = (domain.name, contexts)
        point_for = scored_points(self._answers.get(key, {}), self._scores.get(key, {}), shown)
        arms = self.plan.arms_on(domain)
        points = {
            (name, question.id): point_for(name, question)
            for arm in arms
            for name in arm.generators
            for question in domain.test
        }
        self.points += [
            Diagnosed(domain.name, question, name, contexts, point)
            for (name, question), point in points.items()
            if point is not None
        ]
        statistics = self.plan.spec.statistics
        return failure_points(arms, domain.test, lambda name, question: points[name, question.id], statistics)
