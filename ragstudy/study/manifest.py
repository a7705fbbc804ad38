"""Where a run comes from: versions, hashes, hardware, seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Session:
    """What one run of the program did.

    Attributes:
        seconds: of each stage.
        made: how many of each kind were made.
        shared: how many adapters and answers another arm had already.
        n_failed: answers that failed.
    """

    seconds: dict[str, float]
    made: dict[str, int]
    shared: dict[str, int]
    n_failed: int


@dataclass(frozen=True)
class Manifest:
    """Where a run comes from, as manifest.json keeps it.

    Attributes:
        schema_version: of the files of the folder.
        name: of the study.
        study: as study.yaml has it.
        n_sessions: how often the run was gone on with.
        seconds: of each stage, over all sessions.
        made: how many of each kind were made, over all sessions.
        shared: how many adapters and answers another arm had already, over all sessions.
        n_failed_answers: answers that failed.
        peak_memory_gib: largest resident memory of a session.
        code: commit of ragstudy's own code and whether it had changes; None where it is no repository's.
        versions: of Python and the packages that matter.
        data: fingerprint of each domain.
        models: fingerprint of each generator.
        embedder: fingerprint of the embedder.
        hardware: processor, cores, memory and GPU.
        likelihood_model: the language model that helped to score long answers where there were any; '' for none.
        weights: what the weights of each generator are, where it has any; empty in runs of earlier versions.
    """

    schema_version: int
    name: str
    study: dict[str, Any]
    n_sessions: int
    seconds: dict[str, float]
    made: dict[str, int]
    shared: dict[str, int]
    n_failed_answers: int
    peak_memory_gib: float
    code: dict[str, str | bool | None]
    versions: dict[str, str]
    data: dict[str, str]
    models: dict[str, str]
    embedder: str
    hardware: dict[str, str | int | float | bool | None]
    weights: dict[str, str] = field(default_factory=dict)
    likelihood_model: str = ""
