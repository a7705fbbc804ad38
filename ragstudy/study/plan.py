"""What a study will do: arms, training jobs, answers; nothing is run here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from ragstudy.corpus import load_domain
from ragstudy.errors import InputError
from ragstudy.specs import EndpointSpec, RecordedSpec, TransformersSpec
from ragstudy.study.comparing import verdict_measures_make_sense
from ragstudy.study.contexts import gold_problems

if TYPE_CHECKING:
    from ragstudy.corpus import Domain
    from ragstudy.records import Question
    from ragstudy.specs import DomainSpec, FineTuneSpec, Format, GeneratorSpec, StudySpec


_SHAM = "-sham"


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
        sham: whether the answers to learn are those of other questions.
    """

    domain: str
    spec: FineTuneSpec
    base: TransformersSpec
    format: Format
    size: int
    seed: int
    sham: bool = False

    @property
    def arm(self) -> str:
        """The arm it belongs to; its seeds are replicates."""
        return f"{self.base.name}+{self.format}-{self.size}{_SHAM if self.sham else ''}"

    @property
    def generator(self) -> str:
        """How its answers are filed."""
        return f"{self.arm}@{self.seed}"


@dataclass(frozen=True)
class Arm:
    """What is compared: a generator, or the replicates of one training recipe.

    Attributes:
        name: in reports.
        generators: names under which its answers are filed; one per seed.
        base: name of the arm it is compared with, or None.
        format: training format, or '' if it was not tuned in this study.
        size: training pairs, or 0.
    """

    name: str
    generators: tuple[str, ...]
    base: str | None = None
    format: str = ""
    size: int = 0


@dataclass(frozen=True)
class DomainPlan:
    """A domain with the questions that the study asks.

    Attributes:
        spec: what the study says of it.
        domain: the loaded domain.
        test: test questions, in the domain's order.
    """

    spec: DomainSpec
    domain: Domain
    test: tuple[Question, ...]

    @property
    def name(self) -> str:
        """How the study calls the domain."""
        return self.spec.name

    @cached_property
    def by_id(self) -> dict[str, Question]:
        """All questions of the domain by id."""
        return {question.id: question for question in self.domain.questions}


@dataclass(frozen=True)
class Plan:
    """Everything a study will do.

    Attributes:
        spec: the study.
        domains: with their questions.
        jobs: adapters to train.
        arms: what is compared, bases first.
    """

    spec: StudySpec
    domains: tuple[DomainPlan, ...]
    jobs: tuple[Job, ...]
    arms: tuple[Arm, ...]

    def cells(self, domain: DomainPlan) -> list[tuple[str, str]]:
        """(generator, contexts) of every set of answers on a domain."""
        names = [g.name for g in self.spec.generators] + [j.generator for j in self.jobs if j.domain == domain.name]
        return [(name, contexts) for name in names for contexts in self.spec.contexts]

    @property
    def n_answers(self) -> int:
        """How many answers the whole study has."""
        return sum(len(self.cells(domain)) * len(domain.test) for domain in self.domains)

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
    problems += _name_problems(spec) + verdict_measures_make_sense(spec.statistics.verdict_measures)
    if problems:
        raise InputError(problems)
    jobs = tuple(
        Job(domain.name, tuned, base, form, size, seed, sham)
        for domain in domains
        for tuned in spec.finetuning
        for base in [_base(spec, tuned.base)]
        for form in tuned.formats
        for size in sorted(tuned.sizes)
        for sham in ((False, True) if tuned.sham else (False,))
        for seed in tuned.seeds
    )
    return Plan(spec, tuple(domains), jobs, _arms(spec))


def _base(spec: StudySpec, name: str) -> TransformersSpec:
    found = next(one for one in spec.generators if one.name == name)
    if not isinstance(found, TransformersSpec):
        msg = f"finetuning: {name!r} is no generator of kind 'transformers'"
        raise InputError(msg)
    return found


def _plan_domain(spec: DomainSpec, seed: int) -> DomainPlan:
    folder = Path(spec.path).expanduser()
    domain = load_domain(folder)
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
    return DomainPlan(spec, domain, test)


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


def _arms(spec: StudySpec) -> tuple[Arm, ...]:
    arms = [Arm(g.name, (g.name,), getattr(g, "tuned_from", None)) for g in spec.generators]
    for tuned in spec.finetuning:
        for form in tuned.formats:
            for size in sorted(tuned.sizes):
                for ending in ("", _SHAM) if tuned.sham else ("",):
                    name = f"{tuned.base}+{form}-{size}{ending}"
                    arms.append(Arm(name, tuple(f"{name}@{seed}" for seed in tuned.seeds), tuned.base, form, size))
    return tuple(arms)
