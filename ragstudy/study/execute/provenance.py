"""Finding out where a run comes from."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ragstudy.files import SCHEMA_VERSION
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.generation.make import generator_fingerprint
from ragstudy.hardware import describe, peak_memory_gib
from ragstudy.retrieval.embedder import embedder_fingerprint
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.surprisal import source_for
from ragstudy.specs.generators import kind_of
from ragstudy.study.manifest import Manifest

if TYPE_CHECKING:
    from ragstudy.study.manifest import Session
    from ragstudy.study.plan.model import Plan

_PACKAGES = (
    "ragstudy",
    "torch",
    "transformers",
    "peft",
    "sentence-transformers",
    "faiss-cpu",
    "llama-index-core",
    "llama-index-vector-stores-faiss",
    "ragas",
    "numpy",
    "scipy",
)


def new_manifest(plan: Plan, study: dict[str, Any], before: Manifest | None, session: Session) -> Manifest:
    """The manifest of a run; seconds and counts add up over its sessions.

    Args:
        plan: of the study.
        study: as study.yaml has it.
        before: the manifest of the sessions before; None where this is the first.
        session: what was done now.
    """
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=plan.spec.name,
        study=study,
        n_sessions=(before.n_sessions if before else 0) + 1,
        seconds={
            key: round(value, 2) for key, value in _summed(before.seconds if before else {}, session.seconds).items()
        },
        made=_summed(before.made if before else {}, session.made),
        shared=_summed(before.shared if before else {}, session.shared),
        n_failed_answers=session.n_failed,
        peak_memory_gib=round(max(peak_memory_gib(), before.peak_memory_gib if before else 0.0), 2),
        code=_commit(),
        versions={"python": platform.python_version(), **_versions()},
        data={domain.name: domain.domain.fingerprint for domain in plan.domains},
        models={one.name: generator_fingerprint(one) for one in plan.spec.generators},
        embedder=embedder_fingerprint(plan.spec.retrieval.embedder),
        hardware=describe(),
        likelihood_model=_likelihood_model(plan),
        weights={one.name: words for one in plan.spec.generators if (words := kind_of(one).weights(one))},
    )


def _likelihood_model(plan: Plan) -> str:
    """Name of the language model that helps to score long answers; '' where none is asked."""
    if not any(is_free_form(question) for domain in plan.domains for question in domain.test):
        return ""
    source = likelihood_source(plan.spec.likelihood_model)
    reads = [domain.name for domain in plan.domains if source_for(domain.test, source) is not None]
    return source.name if source is not None and reads else ""


Number = TypeVar("Number", int, float)


def _summed(before: dict[str, Number], now: dict[str, Number]) -> dict[str, Number]:
    """Counts of this session, those of the sessions before added."""
    return {key: value + before.get(key, 0) for key, value in now.items()}


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _commit() -> dict[str, str | bool | None]:
    """The commit of ragstudy's own code and whether it has changes; None where it is no repository's."""
    try:
        commit = _git("rev-parse", "HEAD")
        dirty = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": dirty}


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(Path(__file__).parent), *words], check=True, capture_output=True, text=True)  # noqa: S603, S607 - fixed words
    return done.stdout.strip()
