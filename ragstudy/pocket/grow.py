"""A trained model made deeper without changing what it answers: the start of a larger one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from transformers import LlamaForCausalLM

_BLOCK = re.compile(r"^model\.layers\.(\d+)\.(.+)$")
# What a block adds to the stream comes out of these two; with zeros there, a block adds nothing.
_WRITING = ("self_attn.o_proj.weight", "mlp.down_proj.weight")


def grow_from(folder: Path, model: LlamaForCausalLM) -> None:
    """Give a new model the weights of a smaller one and copies of its blocks between them that add nothing yet.

    After each block of the smaller model stand copies of it whose output matrices are zero, so the larger model
    writes the same at first and learns on from there (block expansion: Wu et al. 2024, arXiv 2401.02415).

    Args:
        folder: of the smaller model: same width, heads and vocabulary.
        model: changed in place; its number of blocks is a multiple of the smaller one's.

    Raises:
        InputError: the two do not fit each other.
    """
    from safetensors.torch import load_file

    small = load_file(folder / "model.safetensors")
    n_small = 1 + max(int(found[1]) for name in small if (found := _BLOCK.match(name)))
    n_large = model.config.num_hidden_layers
    if not n_large or n_large % n_small:
        msg = f"a model of {n_large} blocks does not grow from one of {n_small}: expected a multiple of {n_small}"
        raise InputError(msg)
    every = n_large // n_small
    for name, parameter in model.named_parameters():
        source, value = _grown(name, small, every)
        if value.shape != parameter.shape:
            msg = f"{name} of shape {tuple(parameter.shape)} does not grow from {source} of {tuple(value.shape)}"
            raise InputError(msg)
        parameter.data.copy_(value)


def _grown(name: str, small: Mapping[str, torch.Tensor], every: int) -> tuple[str, torch.Tensor]:
    """The name of a parameter's source in the smaller model, and the parameter's first value."""
    found = _BLOCK.match(name)
    if found is None:
        return name, small[name]
    number, part = int(found[1]), found[2]
    source = f"model.layers.{number // every}.{part}"
    value = small[source]
    return source, value.new_zeros(value.shape) if number % every and part in _WRITING else value
