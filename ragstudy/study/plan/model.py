"""What a study will do: arms, training jobs, answers; nothing is run here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.prompting import make_prompt
from ragstudy.specs import kind_of, parse_context
from ragstudy.statistics.looks import spent
from ragstudy.study.layout import DomainLayout, Layout
from ragstudy.study.plan.domain_notes import long_answer_notes, notes_of, sources_notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.corpus import Domain
    from ragstudy.records import Passage, Prompt, Question
    from ragstudy.specs import DomainSpec, GeneratorSpec, StudySpec
    from ragstudy.study.layout import Arm
    from ragstudy.study.plan.forgetting_items import Item
    from ragstudy.study.plan.jobs import TrainingJob


@dataclass(frozen=True)
class DomainPlan:
    """A domain with the questions that the study asks.

    Attributes:
        spec: what the study says of it.
        domain: the loaded domain.
        test: test questions, in the domain's order.
        n_without_gold: questions that were left out because they name no gold passage.
    """

    spec: DomainSpec
    domain: Domain
    test: tuple[Question, ...]
    n_without_gold: int = 0

    @property
    def name(self) -> str:
        """How the study calls the domain."""
        return self.spec.name

    @cached_property
    def by_id(self) -> dict[str, Question]:
        """All questions of the domain by id."""
        return {question.id: question for question in self.domain.questions}


class PromptStyle(NamedTuple):
    """How prompts are worded; generators of the same style get the same prompts.

    Attributes:
        instruction: of prompts with passages.
        without_passages: instruction of prompts without passages.
        n_examples: solved questions of the training split that stand before.
    """

    instruction: str
    without_passages: str
    n_examples: int = 0

    def prompt(self, question: Question, passages: Sequence[Passage], solved: Sequence[Question] = ()) -> Prompt:
        """A question over passages, after examples.

        Args:
            question: that is asked.
            passages: shown in this order.
            solved: questions to take examples from: the first that are not the question itself.
        """
        others = islice((one for one in solved if one.id != question.id), self.n_examples)
        return make_prompt(
            question.id,
            question.text,
            passages,
            self.instruction,
            self.without_passages,
            [(one.text, one.references[0]) for one in others],
        )


@dataclass(frozen=True)
class Plan:
    """Everything a study will do.

    Everything stands in an order of its own, whatever the order in the study, so that a study whose arms are written
    in another order gives the same files.

    Attributes:
        spec: the study.
        domains: with their questions.
        jobs: adapters to train.
        arms: what is compared, bases first.
        forgetting_items: of every test for forgetting, by its name.
    """

    spec: StudySpec
    domains: tuple[DomainPlan, ...]
    jobs: tuple[TrainingJob, ...]
    arms: tuple[Arm, ...]
    forgetting_items: Mapping[str, Sequence[Item]]

    @property
    def contexts(self) -> tuple[str, ...]:
        """The study's contexts."""
        return tuple(sorted(self.spec.contexts))

    @property
    def n_verdicts(self) -> int:
        """Comparisons that get a verdict, over all domains."""
        compared = [name for name in self.contexts if parse_context(name).entry.is_compared]
        measured = [name for name in self.spec.statistics.verdict_measures if name in self.spec.measures]
        arms = [arm for one in self.domains for arm in self.arms if arm.base and arm.only_on in ("", one.name)]
        return len(compared) * len(measured) * len(arms)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the domains and generators before their numbers."""
        settings = self.spec.retrieval
        told = [note for one in self.domains for note in notes_of(one.name, one.domain, settings)]
        alpha = spent(1 - self.spec.statistics.confidence, 1)
        for one in self.domains:
            told += sources_notes(one.name, len({question.group for question in one.test}), self.n_verdicts, alpha)
            told += long_answer_notes(one.name, one.test, self.spec.likelihood_model)
        by_name = {one.name: one for one in self.spec.generators}
        for generator in self.spec.generators:
            told += kind_of(generator).notes(generator)
            if generator.tuned_from is not None:
                told += kind_of(generator).differences(generator, by_name[generator.tuned_from])
        return tuple(told)

    @cached_property
    def layout(self) -> Layout:
        """What the run folder keeps of the plan."""
        return Layout(
            self.spec.name,
            self.spec.title,
            (*self.spec.notes, *self.notes),
            self.spec.measures,
            self.contexts,
            tuple(self._domain_layout(domain) for domain in self.domains),
            self.arms,
        )

    def _domain_layout(self, domain: DomainPlan) -> DomainLayout:
        return DomainLayout(
            name=domain.name,
            title=domain.domain.title,
            fingerprint=domain.domain.fingerprint,
            n_documents=len(domain.domain.documents),
            n_train=len(domain.domain.split("train")),
            n_without_gold=domain.n_without_gold,
            questions=tuple(question.id for question in domain.test),
            trainings={job.name: job.training_key for job in self.jobs if job.domain == domain.name},
        )

    def answer_sets(self, domain: DomainPlan) -> list[tuple[str, str]]:
        """(generator, contexts) of every set of answers on a domain.

        Args:
            domain: of the study.
        """
        return self.layout.answer_sets(domain.name)

    @property
    def n_answers(self) -> int:
        """How many answers the whole study has."""
        return sum(len(self.answer_sets(domain)) * len(domain.test) for domain in self.domains)

    def style(self, generator: GeneratorSpec) -> PromptStyle:
        """How a generator's prompts are worded.

        Args:
            generator: as it is declared.
        """
        prompt, own = self.spec.prompt, generator.instruction
        return PromptStyle(own or prompt.instruction, own or prompt.instruction_without_passages, generator.examples)

    @property
    def n_shared_jobs(self) -> int:
        """Adapters that another arm of the same settings and pairs trains already."""
        return len(self.jobs) - len({job.same for job in self.jobs})

    @property
    def n_shared_answers(self) -> int:
        """Answers that a generator gives already in a context of another name with the same prompts."""
        k = self.spec.retrieval.top_k
        different = {
            context._replace(k=context.k or k) if context.kind == "retrieved" else context
            for context in map(parse_context, self.contexts)
        }
        n_contexts = len(self.contexts) - len(different)
        total = 0
        for domain in self.domains:
            n_generators = sum(len(arm.generators) for arm in self.layout.arms_on(domain.name))
            jobs = [job for job in self.jobs if job.answers(domain.name)]
            n_same = len(jobs) - len({job.same for job in jobs})
            total += len(domain.test) * (n_generators * n_contexts + n_same * len(different))
        return total

    def generator(self, name: str) -> GeneratorSpec:
        """The declared generator of a name.

        Args:
            name: as the study declares it.
        """
        return next(one for one in self.spec.generators if one.name == name)
