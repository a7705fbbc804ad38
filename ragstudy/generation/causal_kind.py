"""What a study knows of generators of kind `transformers` before any of them is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, UnavailableError
from ragstudy.generation.causal import CausalGenerator, CausalModel
from ragstudy.generation.decoding import not_greedy_in
from ragstudy.generation.differences import adapter_notes, differences
from ragstudy.generation.locate import (
    adapter_fingerprint,
    describe_weights,
    locate_adapter,
    locate_model,
    model_fingerprint,
)
from ragstudy.generation.thinking import has_switch
from ragstudy.specs import GeneratorKind, TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Callable


def _problems(spec: TransformersSpec) -> list[str]:
    problems: list[str] = []
    for locate, name in ((locate_model, spec.model), (locate_adapter, spec.adapter)):
        try:
            if name is not None:
                locate(name)
        except InputError as error:
            problems += error.problems
    return problems


def _check_ready(spec: TransformersSpec) -> None:
    """Check that weights of four or eight bits can be loaded here.

    Raises:
        UnavailableError: there is no GPU, or the package bitsandbytes is missing.
    """
    if not spec.is_quantised:
        return
    from importlib.util import find_spec

    import torch

    missing = [] if torch.cuda.is_available() else ["a CUDA GPU"]
    if find_spec("bitsandbytes") is None:
        missing.append("the package bitsandbytes (pip install bitsandbytes)")
    if missing:
        needed = " and ".join(missing)
        msg = f"generator {spec.name!r}: `bits: {spec.bits}` needs {needed}; leave it out, or run this elsewhere"
        raise UnavailableError(msg)


def _move_paths(spec: TransformersSpec, _path: Callable[[str], str], name: Callable[[str], str]) -> TransformersSpec:
    return spec.model_copy(update={"model": name(spec.model), "adapter": spec.adapter and name(spec.adapter)})


def _identity(spec: TransformersSpec) -> dict[str, object]:
    # Files, not where they lie: the same study from another folder is the same study.
    located = Path(locate_model(spec.model))
    # Earlier versions left thinking to the template, and greedy decoding to the files beside the weights.
    changed: dict[str, object] = {}
    if not spec.thinking_tokens and has_switch(located):
        changed["thinking"] = "off"
    if not_greedy_in(located):
        changed["decoding"] = "greedy"
    return {
        "model": model_fingerprint(spec.model),
        "adapter": adapter_fingerprint(spec.adapter) if spec.adapter else "",
        **changed,
    }


def _weights(spec: TransformersSpec) -> str:
    return describe_weights(spec.model) + (f", adapter {spec.adapter}" if spec.adapter else "")


KIND = GeneratorKind(
    "transformers",
    TransformersSpec,
    lambda spec: CausalGenerator(CausalModel(spec), spec.adapter),
    problems=_problems,
    check_ready=_check_ready,
    move_paths=_move_paths,
    identity=_identity,
    weights=_weights,
    differences=differences,
    notes=adapter_notes,
)
