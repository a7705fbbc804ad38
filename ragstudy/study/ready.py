"""Checks that only a run needs: keys, packages, objects of the user's own; before the first hour of work."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, RagstudyError, UnavailableError
from ragstudy.generation.harness import check_harness
from ragstudy.keys import key_of
from ragstudy.plugins import is_plugin, make_plugin
from ragstudy.retrieval.embedder import locate_embedder, scoring_embedder
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.judges.measure import Judges
from ragstudy.scoring.measures import CLAIM_MEASURES, make_measure
from ragstudy.scoring.words import WordWeights
from ragstudy.specs import DEFAULT_EMBEDDER, CustomSpec, EndpointSpec, TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.study.plan import Plan


def _make_measure(name: str, judges: Judges, weights: WordWeights) -> object:
    return judges.measure(name) or make_measure(name, weights, None, scoring_embedder)


def _check_four_bits(name: str) -> None:
    """Check that weights of four bits can be loaded here.

    Raises:
        UnavailableError: there is no GPU, or the package bitsandbytes is missing.
    """
    import torch

    missing = [] if torch.cuda.is_available() else ["a CUDA GPU"]
    if importlib.util.find_spec("bitsandbytes") is None:
        missing.append("the package bitsandbytes (pip install bitsandbytes)")
    if missing:
        msg = f"generator {name!r}: `bits: 4` needs {' and '.join(missing)}; leave it out, or run this elsewhere"
        raise UnavailableError(msg)


def check_ready(plan: Plan) -> None:
    """Check that everything a run will need later is there.

    Raises:
        InputError: a key is not set, or an object or package cannot be imported; every problem is named.
    """
    spec, weights = plan.spec, WordWeights([])
    judges = Judges(spec.judges, None, scoring_embedder)
    checks: list[Callable[[], object]] = [partial(_make_measure, name, judges, weights) for name in spec.measures]
    for generator in spec.generators:
        if isinstance(generator, EndpointSpec):
            checks.append(partial(key_of, generator, "generator"))
        if isinstance(generator, TransformersSpec) and generator.bits == 4:  # noqa: PLR2004 - bits
            checks.append(partial(_check_four_bits, generator.name))
        if isinstance(generator, CustomSpec):
            place = f"generator {generator.name!r}"
            checks.append(partial(make_plugin, generator.object, place, "generate", generator.options))
    checks += [check_harness for probe in spec.forgetting if probe.kind == "lm_eval"][:1]
    asked = (question for domain in plan.domains for question in domain.test)
    if not CLAIM_MEASURES.isdisjoint(spec.measures) and any(is_free_form(question) for question in asked):
        checks.append(partial(locate_embedder, DEFAULT_EMBEDDER))
    if is_plugin(spec.retrieval.embedder):
        checks.append(partial(make_plugin, spec.retrieval.embedder, "retrieval.embedder", "embed"))
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except RagstudyError as error:
            problems += str(error).splitlines()
    if problems:
        raise InputError(problems)
