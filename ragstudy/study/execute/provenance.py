"""Finding out where a run comes from."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.files import SCHEMA_VERSION
from ragstudy.generation.make import generator_fingerprint
from ragstudy.hardware import describe, peak_memory_gib
from ragstudy.retrieval.embedder import embedder_fingerprint

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


def new_manifest(plan: Plan, study: dict[str, Any], before: dict[str, Any], session: Session) -> dict[str, Any]:
    """The manifest of a run; seconds and counts add up over its sessions.

    Args:
        plan: of the study.
        study: as study.yaml has it.
        before: the manifest of the sessions before, or an empty one.
        session: what was done now.
    """
    seconds, made, shared, n_failed = session.seconds, session.made, session.shared, session.n_failed
    total = {key: round(before.get("seconds", {}).get(key, 0.0) + value, 2) for key, value in seconds.items()}
    counts = {key: before.get("made", {}).get(key, 0) + value for key, value in made.items()}
    return {
        "schema_version": SCHEMA_VERSION,
        "name": plan.spec.name,
        "study": study,
        "n_sessions": before.get("n_sessions", 0) + 1,
        "seconds": total,
        "made": counts,
        "shared": {key: before.get("shared", {}).get(key, 0) + value for key, value in shared.items()},
        "n_failed_answers": n_failed,
        "peak_memory_gib": round(max(peak_memory_gib(), before.get("peak_memory_gib", 0.0)), 2),
        "code": _commit(),
        "versions": {"python": platform.python_version(), **_versions()},
        "data": {domain.name: domain.domain.fingerprint for domain in plan.domains},
        "models": {one.name: generator_fingerprint(one) for one in plan.spec.generators},
        "embedder": embedder_fingerprint(plan.spec.retrieval.embedder),
        "hardware": describe(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _commit() -> dict[str, Any]:
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
