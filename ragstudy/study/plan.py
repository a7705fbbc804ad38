"""What a study will do: arms, training jobs, answers; nothing is run here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.corpus import load_domain
from ragstudy.errors import InputError
from ragstudy.prompting import make_prompt
from ragstudy.specs import (
    PLAIN,
    EndpointSpec,
    RecordedSpec,
    TransformersSpec,
    Variant,
    ending_of,
    parse_context,
    variants_of,
)
from ragstudy.study.comparing import verdict_measures_make_sense
from ragstudy.study.contexts import gold_problems, names_gold
from ragstudy.study.probe_items import read_items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.corpus import Domain
    from ragstudy.records import Passage, Prompt, Question
    from ragstudy.specs import DomainSpec, FineTuneSpec, Format, GeneratorSpec, StudySpec
    from ragstudy.study.probe_items import Item


@dataclass(frozen=True)
class Job:
    """One adapter to train.

    Attributes:
        domain: name of the domain.
        spec: settings.
        base: the generator that is tuned.
        format: what a training prompt holds.
        size: number of training pairs.
        seed: of the subset, the order and the adapter's initial weights.
        variant: whose answers are learned on which pairs, and the epoch at whose end the adapter is kept.
        first: the job whose adapter training goes on from, or None.
    """

    domain: str
    spec: FineTuneSpec
    base: TransformersSpec
    format: Format
    size: int
    seed: int
    variant: Variant = PLAIN
    first: Job | None = None

    @property
    def arm(self) -> str:
        """The arm it belongs to; its seeds are replicates."""
        return f"{self.base.name}+{self.format}-{self.size}{ending_of(self.spec, self.variant)}"

    @property
    def generator(self) -> str:
        """How its answers are filed on its own domain."""
        return f"{self.arm}@{self.seed}"

    @property
    def rounds_before(self) -> tuple[Job, ...]:
        """The jobs whose result it goes on from, the latest first."""
        return (self.first, *self.first.rounds_before) if self.first else ()

    @property
    def n_before(self) -> int:
        """Training pairs of its domain that earlier rounds have used up."""
        return sum(one.size for one in self.rounds_before if one.domain == self.domain)

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for jobs that end in the same adapter, whatever they are called."""
        unlike = {"name", "sizes", "formats", "seeds", "labels", "pairs", "sham", "checkpoints", "transfer"}
        unlike |= {"after", "after_domain"}
        settings = tuple(sorted((key, str(value)) for key, value in self.spec.model_dump(exclude=unlike).items()))
        first = self.first.same if self.first else None
        return (self.domain, self.base.name, self.format, self.size, self.seed, self.variant, settings, first)

    def at(self, checkpoint: int) -> Job:
        """The same training, at the end of another epoch; 0 for the last."""
        return replace(self, variant=self.variant._replace(checkpoint=checkpoint))

    def generator_on(self, domain: str) -> str:
        """How its answers are filed on a domain, which may be another one than it was trained on."""
        return self.generator if domain == self.domain else f"{_moved(self.arm, self.domain)}@{self.seed}"

    def answers(self, domain: str) -> bool:
        """Whether it is asked on a domain."""
        return domain == self.domain or self.spec.transfer


@dataclass(frozen=True)
class Arm:
    """What is compared: a generator, or the replicates of one training recipe.

    Attributes:
        name: in reports.
        generators: names under which its answers are filed; one per seed.
        homes: names under which its adapters are filed; one per seed, none of a declared generator.
        base: name of the arm it is compared with, or None.
        format: training format, or '' if it was not tuned in this study.
        size: training pairs, or 0.
        recipe: name of the recipe without its size: arms that share it are a series over training sizes.
        training: name that the arms of one training at several epochs share.
        n_epochs: epochs it was trained for.
        sham: whether its answers to learn were those of other questions.
        trained_on: domain its adapters come from, if it is another one than it is asked on.
        only_on: the one domain where it is asked, or '' for every domain.
    """

    name: str
    generators: tuple[str, ...]
    base: str | None = None
    format: str = ""
    size: int = 0
    recipe: str = ""
    training: str = ""
    n_epochs: int = 0
    sham: bool = False
    trained_on: str = ""
    only_on: str = ""
    homes: tuple[str, ...] = ()


def _moved(arm: str, domain: str) -> str:
    return f"{arm}-from-{domain}"


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


class Style(NamedTuple):
    """How prompts are worded; generators of the same style get the same prompts.

    Attributes:
        instruction: of prompts with passages.
        without_passages: of prompts without.
        n_examples: solved questions of the training split that stand before.
    """

    instruction: str
    without_passages: str
    n_examples: int = 0

    def prompt(self, question: Question, passages: Sequence[Passage], solved: Sequence[Question] = ()) -> Prompt:
        """A question over passages, after examples: the first of the solved questions that are not it."""
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
        probe_items: of every test for forgetting, by its name.
    """

    spec: StudySpec
    domains: tuple[DomainPlan, ...]
    jobs: tuple[Job, ...]
    arms: tuple[Arm, ...]
    probe_items: Mapping[str, Sequence[Item]]

    @property
    def contexts(self) -> tuple[str, ...]:
        """The study's contexts."""
        return tuple(sorted(self.spec.contexts))

    def arms_on(self, domain: DomainPlan) -> list[Arm]:
        """The arms that are asked on a domain."""
        return [arm for arm in self.arms if arm.only_on in ("", domain.name)]

    def cells(self, domain: DomainPlan) -> list[tuple[str, str]]:
        """(generator, contexts) of every set of answers on a domain."""
        names = [name for arm in self.arms_on(domain) for name in arm.generators]
        return [(name, contexts) for name in names for contexts in self.contexts]

    @property
    def n_answers(self) -> int:
        """How many answers the whole study has."""
        return sum(len(self.cells(domain)) * len(domain.test) for domain in self.domains)

    def style(self, generator: GeneratorSpec) -> Style:
        """How a generator's prompts are worded."""
        prompt, own = self.spec.prompt, getattr(generator, "instruction", None)
        return Style(
            own or prompt.instruction, own or prompt.instruction_without_passages, getattr(generator, "examples", 0)
        )

    @property
    def n_shared_jobs(self) -> int:
        """Adapters that another arm of the same settings and pairs trains already."""
        return len(self.jobs) - len({job.same for job in self.jobs})

    @property
    def n_shared_answers(self) -> int:
        """Answers that a generator gives already in a context of another name with the same prompts."""
        shown = {parse_context(name) for name in self.contexts}
        k = self.spec.retrieval.top_k
        different = {
            context._replace(k=context.k or k) if context.kind == "retrieved" else context for context in shown
        }
        n_contexts = len(self.contexts) - len(different)
        total = 0
        for domain in self.domains:
            names = [arm.generators for arm in self.arms_on(domain)]
            n_generators = sum(map(len, names))
            jobs = [job for job in self.jobs if job.answers(domain.name)]
            n_same = len(jobs) - len({job.same for job in jobs})
            total += len(domain.test) * (n_generators * n_contexts + n_same * len(different))
        return total

    def generator(self, name: str) -> GeneratorSpec:
        """The generator of a name."""
        return next(one for one in self.spec.generators if one.name == name)


def make_plan(spec: StudySpec) -> Plan:
    """Load the domains and lay out the study.

    Args:
        spec: the study; relative paths in it start from the current folder.

    Raises:
        InputError: a domain is wrong, a training size exceeds its training set, top_k exceeds the corpus, or a
            measure or model is unknown; every problem is named.
    """
    problems: list[str] = []
    domains = []
    for one in spec.domains:
        try:
            domains.append(_plan_domain(one, spec.seed))
        except InputError as error:
            problems += error.problems
    for domain in domains:
        problems += _size_problems(spec, domain) + gold_problems(spec, domain)
    probe_items = _probe_items(spec, problems)
    problems += _name_problems(spec) + verdict_measures_make_sense(spec.statistics.verdict_measures)
    if problems:
        raise InputError(problems)
    jobs = sorted((job for domain in domains for job in _jobs(spec, domain.name)), key=_place)
    return Plan(spec, tuple(domains), tuple(jobs), _arms(spec, jobs), probe_items)


def _jobs(spec: StudySpec, domain: str) -> list[Job]:
    return [job for position in range(len(spec.finetuning)) for job in _jobs_of(spec, position, domain)]


def _jobs_of(spec: StudySpec, position: int, domain: str) -> list[Job]:
    """The jobs of one entry on a domain."""
    tuned = spec.finetuning[position]
    base = _base(spec, tuned.base)
    first: dict[int, Job] = {}
    if tuned.after:
        names = [(one.name, one.base) for one in spec.finetuning[:position]]
        before = _jobs_of(spec, names.index((tuned.after, tuned.base)), tuned.after_domain or domain)
        first = {job.seed: job for job in before if not (job.variant.checkpoint or job.variant.sham)}
    return [
        Job(domain, tuned, base, form, size, seed, variant, first.get(seed))
        for form in tuned.formats
        for size in tuned.sizes
        for variant in variants_of(tuned)
        for seed in tuned.seeds
    ]


def _place(job: Job) -> tuple[object, ...]:
    """Where a job stands: rounds after what they go on from, then by what it is."""
    variant = job.variant
    return (
        len(job.rounds_before),
        job.base.name,
        job.format,
        variant.labels,
        variant.pairs,
        job.spec.name,
        variant.checkpoint,
        variant.sham,
        job.size,
        job.seed,
    )


def _base(spec: StudySpec, name: str) -> TransformersSpec:
    found = next(one for one in spec.generators if one.name == name)
    if not isinstance(found, TransformersSpec):
        msg = f"finetuning: {name!r} is no generator of kind 'transformers'"
        raise InputError(msg)
    return found


def _plan_domain(spec: DomainSpec, seed: int) -> DomainPlan:
    folder = Path(spec.path).expanduser()
    whole = load_domain(folder)
    domain = whole
    if spec.only_with_gold:
        domain = replace(whole, questions=tuple(q for q in whole.questions if names_gold(q)))
    test = domain.split("test")
    if not test:
        msg = f'{folder}: no test questions; expected some with "split": "test"'
        raise InputError(msg)
    if spec.n_test is not None:
        if spec.n_test > len(test):
            msg = f"domains: {spec.name!r}: n_test is {spec.n_test}, but the domain has {len(test)} test questions"
            raise InputError(msg)
        drawn = {q.id for q in Random(seed).sample(sorted(test, key=lambda q: q.id), spec.n_test)}
        test = tuple(q for q in test if q.id in drawn)
    return DomainPlan(spec, domain, test, len(whole.questions) - len(domain.questions))


def _size_problems(spec: StudySpec, domain: DomainPlan) -> list[str]:
    n_train = sum(1 for q in domain.domain.split("train") if q.references)
    problems = [
        f"finetuning.{position}.sizes: {size} is larger than the training set of domain {domain.name!r}, which has "
        f"{n_train} questions with a reference answer; lower it or add questions"
        for position, tuned in enumerate(spec.finetuning)
        for size in tuned.sizes
        if size > n_train
    ]
    problems += [
        f"finetuning: {job.arm!r} goes on with {job.size} pairs after {job.n_before}, but domain {domain.name!r} has "
        f"only {n_train} training questions with a reference answer"
        for job in _jobs(spec, domain.name)
        if job.first and job.size <= n_train < job.size + job.n_before
    ]
    problems += [
        f"generators: {generator.name!r}: examples is {generator.examples}, but domain {domain.name!r} has {n_train} "
        "training questions with a reference answer"
        for generator in spec.generators
        if isinstance(generator, TransformersSpec | EndpointSpec) and generator.examples > n_train
    ]
    chunk = domain.spec.chunk_tokens or spec.retrieval.chunk_tokens
    if spec.retrieval.chunk_overlap >= chunk:
        problems.append(
            f"domains: {domain.name!r}: chunk_tokens is {chunk}; it must be more than retrieval.chunk_overlap "
            f"({spec.retrieval.chunk_overlap})"
        )
    # A passage has at least a handful of characters, so this many passages cannot come of the corpus.
    n_characters = sum(len(document.text) for document in domain.domain.documents)
    if spec.retrieval.top_k > max(len(domain.domain.documents), n_characters):
        problems.append(
            f"retrieval.top_k: {spec.retrieval.top_k} is more than the corpus of {domain.name!r} can have passages"
        )
    return problems


def _name_problems(spec: StudySpec) -> list[str]:
    from ragstudy.generation.locate import locate_adapter, locate_model
    from ragstudy.generation.recorded import read_answers

    problems: list[str] = []
    for generator in spec.generators:
        if isinstance(generator, TransformersSpec):
            for locate, name in ((locate_model, generator.model), (locate_adapter, generator.adapter)):
                try:
                    if name is not None:
                        locate(name)
                except InputError as error:
                    problems += [f"generators: {generator.name!r}: {line}" for line in error.problems]
        if isinstance(generator, RecordedSpec):
            try:
                read_answers(Path(generator.answers))
            except InputError as error:
                problems += [f"generators: {generator.name!r}: {line}" for line in error.problems]
    return problems + _measure_problems(spec) + _audit_problems(spec)


def _probe_items(spec: StudySpec, problems: list[str]) -> dict[str, list[Item]]:
    """The items of every test by its name; what cannot be read is added to the problems."""
    found = {}
    for probe in spec.forgetting:
        try:
            found[probe.name] = read_items(probe)
        except InputError as error:
            problems += error.problems
    return found


def _measure_problems(spec: StudySpec) -> list[str]:
    from ragstudy.scoring.judges.measure import split_name
    from ragstudy.scoring.measures import make_measure
    from ragstudy.scoring.words import WordWeights

    problems: list[str] = []
    judges = [judge.name for judge in spec.judges]
    for measure in spec.measures:
        try:
            if split_name(measure, judges) is not None:
                continue
            if measure.startswith("ragas:"):
                _check_ragas(measure)
            elif measure != "rouge_l":
                make_measure(measure, WordWeights([]))
        except InputError as error:
            problems += error.problems
    return problems


def _audit_problems(spec: StudySpec) -> list[str]:
    from ragstudy.study.correcting import load_audits

    try:
        load_audits(spec)
    except InputError as error:
        return list(error.problems)
    return []


def _check_ragas(name: str) -> None:
    from ragstudy.errors import nearest
    from ragstudy.scoring.measures import MEASURES, RAGAS_MEASURES

    if name not in RAGAS_MEASURES:
        msg = f"measures: {name!r} is no measure{nearest(name, [*MEASURES, *RAGAS_MEASURES])}"
        raise InputError(msg)


def _arms(spec: StudySpec, jobs: Sequence[Job]) -> tuple[Arm, ...]:
    """The declared generators, and the seeds of each recipe together; those of transfer once per domain pair."""
    arms = [Arm(g.name, (g.name,), getattr(g, "tuned_from", None)) for g in spec.generators]
    arms.sort(key=lambda arm: (arm.base is not None, arm.name))
    replicates: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        replicates.setdefault((job.arm, job.domain), []).append(job)
    tuned: dict[str, Arm] = {}
    for (name, _), mine in replicates.items():
        tuned.setdefault(name, _arm(name, mine))
    moved = [
        replace(
            _arm(_moved(name, home), mine),
            generators=tuple(job.generator_on(domain.name) for job in mine),
            trained_on=home,
            only_on=domain.name,
        )
        for (name, home), mine in replicates.items()
        for domain in spec.domains
        if domain.name != home and mine[0].spec.transfer
    ]
    return (*arms, *tuned.values(), *moved)


def _arm(name: str, jobs: Sequence[Job]) -> Arm:
    job = jobs[0]
    return Arm(
        name,
        tuple(one.generator for one in jobs),
        job.base.name,
        job.format,
        job.size,
        f"{job.base.name}+{job.format}{ending_of(job.spec, job.variant)}",
        job.at(0).arm,
        job.variant.checkpoint or job.spec.epochs,
        job.variant.sham,
        homes=tuple(one.generator for one in jobs),
    )
