"""All checks of a study: what is wrong with its plan, and what would keep it from running here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, RagstudyError
from ragstudy.generation.harness import check_harness
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.generation.local_chat import chat_source
from ragstudy.registry import is_object_name
from ragstudy.retrieval.embedder import locate_embedder, make_embedder, scoring_embedder
from ragstudy.retrieval.relevance import n_units
from ragstudy.retrieval.retrievers import groups_of, make_reranker, retriever_kind
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.judges.measure import Judges, split_name
from ragstudy.scoring.measures import Resources, looks_for_claims, make_measure, measure_kind
from ragstudy.scoring.words import WordWeights
from ragstudy.specs import DEFAULT_EMBEDDER, kind_of, parse_context
from ragstudy.study.plan.audits import load_audits
from ragstudy.study.plan.jobs import jobs_on
from ragstudy.text import some_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Question
    from ragstudy.specs import StudySpec
    from ragstudy.study.plan.model import DomainPlan, Plan


def domain_problems(spec: StudySpec, domain: DomainPlan) -> list[str]:
    """What a study asks of a domain that it does not have: enough training questions, gold passages.

    Args:
        spec: of the study.
        domain: of the study.
    """
    return [*_size_problems(spec, domain), *_gold_problems(spec, domain), *_group_problems(spec, domain)]


def _group_problems(spec: StudySpec, domain: DomainPlan) -> list[str]:
    """Groups of questions without a document to look in, where passages are looked for in the group only."""
    if spec.retrieval.within is None:
        return []
    known = {group for document in domain.domain.documents for group in groups_of(document.id)}
    groups = dict.fromkeys(question.group for question in (*domain.test, *domain.domain.split("train")))
    empty = [group or "''" for group in groups if group not in known]
    if not empty:
        return []
    told = "a document of a group is called like it, or its id begins with it and '-', '#', '/' or ':'"
    return [f"retrieval.within: domain {domain.name!r} has no document of group {some_of(empty)}; {told}"]


def study_problems(spec: StudySpec) -> list[str]:
    """What is wrong with the things that a study names: models, files, measures, retrievers, audits.

    Args:
        spec: of the study.
    """
    problems = [f"generators: {one.name!r}: {line}" for one in spec.generators for line in kind_of(one).problems(one)]
    problems += _problems_of([partial(retriever_kind, spec.retrieval.retriever)])
    local = (judge for judge in spec.judges if judge.is_local)
    problems += _problems_of([partial(chat_source, judge.model, judge.max_new_tokens) for judge in local])
    return problems + _measure_problems(spec) + _problems_of([partial(load_audits, spec)])


def check_ready(plan: Plan) -> None:
    """Check that everything a run will need later is there: keys, packages, objects of the user's own.

    Args:
        plan: of the study.

    Raises:
        InputError: something is missing; every problem is named.
    """
    spec, resources = plan.spec, Resources(WordWeights([]), scoring_embedder)
    judges = Judges(spec.judges, None, scoring_embedder, chat_source)
    checks: list[Callable[[], object]] = [partial(_make_measure, name, judges, resources) for name in spec.measures]
    checks += [partial(kind_of(one).check_ready, one) for one in spec.generators]
    checks += [check_harness for test in spec.forgetting if test.kind == "lm_eval"][:1]
    asked = (question for domain in plan.domains for question in domain.test)
    if any(looks_for_claims(name, judges.names) for name in spec.measures) and any(map(is_free_form, asked)):
        checks.append(partial(locate_embedder, DEFAULT_EMBEDDER))
        checks.append(partial(likelihood_source, spec.likelihood_model))
    if is_object_name(spec.retrieval.embedder):
        checks.append(partial(make_embedder, spec.retrieval))
    if spec.retrieval.reranker is not None and is_object_name(spec.retrieval.reranker):
        checks.append(partial(make_reranker, spec.retrieval.reranker))
    problems = _problems_of(checks)
    if problems:
        raise InputError(problems)


def _problems_of(checks: Sequence[Callable[[], object]]) -> list[str]:
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except RagstudyError as error:
            problems += str(error).splitlines()
    return problems


def _make_measure(name: str, judges: Judges, resources: Resources) -> object:
    return judges.measure(name) or make_measure(name, resources)


def _measure_problems(spec: StudySpec) -> list[str]:
    """Measures that do not exist, and verdict measures of which nobody can say what is better."""
    problems: list[str] = []
    judges = [judge.name for judge in spec.judges]
    for name in spec.measures:
        try:
            if split_name(name, judges) is not None:
                continue
            kind = measure_kind(name)
        except InputError as error:
            problems += error.problems
            continue
        if name in spec.statistics.verdict_measures and not kind.gets_verdict:
            problems.append(
                f"statistics.verdict_measures: {name!r} has no better direction or no scale from 0 to 1, so no verdict "
                "can be given on it; a measure of your own declares both (docs/scoring.md)"
            )
    return problems


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
        f"finetuning: {str(job.arm)!r} goes on with {job.size} pairs after {job.n_before}, but domain {domain.name!r} "
        f"has only {n_train} training questions with a reference answer"
        for job in jobs_on(spec, domain.name)
        if job.first and job.size <= n_train < job.size + job.n_before
    ]
    problems += [
        f"generators: {generator.name!r}: examples is {generator.examples}, but domain {domain.name!r} has {n_train} "
        "training questions with a reference answer"
        for generator in spec.generators
        if generator.examples > n_train
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


def _gold_problems(spec: StudySpec, domain: DomainPlan) -> list[str]:
    """A message for every context and format that needs gold passages which the domain does not name."""
    needs = [f"contexts: {name!r}" for name in spec.contexts if parse_context(name).entry.needs_gold]
    problems = [_gold_problem(place, domain, domain.test) for place in needs]
    formats = {form for tuned in spec.finetuning for form in tuned.formats} & {"oracle", "raft"}
    train = [question for question in domain.domain.split("train") if question.references]
    problems += [_gold_problem(f"finetuning: format {form!r}", domain, train) for form in sorted(formats)]
    return [problem for problem in problems if problem]


def names_gold(question: Question) -> bool:
    """Whether a question names gold passages, or has no answer and so needs none.

    Args:
        question: of a domain.
    """
    return not question.answerable or n_units(question) > 0


def _gold_problem(place: str, domain: DomainPlan, questions: Sequence[Question]) -> str:
    without = [question.id for question in questions if not names_gold(question)]
    if not without:
        return ""
    return (
        f"{place} needs gold passages, but {len(without)} questions of domain {domain.name!r} name none, e.g. "
        f"{without[0]!r}; give them gold_documents or evidence, leave {place.rsplit(maxsplit=1)[-1]} out, or write "
        "`only_with_gold: true` at the domain, which leaves these questions out everywhere"
    )
