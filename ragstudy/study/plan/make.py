"""From a study to its plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from ragstudy.corpus import load_domain
from ragstudy.errors import InputError
from ragstudy.study.plan.arms import arms_of
from ragstudy.study.plan.checks import domain_problems, names_gold, study_problems
from ragstudy.study.plan.forgetting_items import read_items
from ragstudy.study.plan.jobs import jobs_on, place_of
from ragstudy.study.plan.model import DomainPlan, Plan

if TYPE_CHECKING:
    from ragstudy.specs import DomainSpec, StudySpec
    from ragstudy.study.plan.forgetting_items import Item


def make_plan(spec: StudySpec) -> Plan:
    """Load the domains and lay out the study.

    Args:
        spec: the study; relative paths in it start from the current folder.

    Raises:
        InputError: a domain is wrong, a training size exceeds its training set, or a measure or model is unknown; every
            problem is named.
    """
    problems: list[str] = []
    domains = []
    for one in spec.domains:
        try:
            domains.append(_plan_domain(one, spec.seed))
        except InputError as error:
            problems += error.problems
    for domain in domains:
        problems += domain_problems(spec, domain)
    forgetting_items = _forgetting_items(spec, problems)
    problems += study_problems(spec)
    if problems:
        raise InputError(problems)
    jobs = tuple(sorted((job for domain in domains for job in jobs_on(spec, domain.name)), key=place_of))
    return Plan(spec, tuple(domains), jobs, arms_of(spec, jobs), forgetting_items)


def _forgetting_items(spec: StudySpec, problems: list[str]) -> dict[str, list[Item]]:
    """The items of every test by its name; what cannot be read is added to the problems."""
    items = {}
    for test in spec.forgetting:
        try:
            items[test.name] = read_items(test)
        except InputError as error:
            problems += error.problems
    return items


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
