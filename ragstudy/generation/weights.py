"""The weights of a model: how many there are, read from the headers of its files, and how to load them in few bits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.specs import TransformersSpec


def n_parameters(folder: Path) -> int:
    """How many numbers the safetensors files of a folder hold.

    Args:
        folder: of a model.
    """
    from safetensors import safe_open

    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "numpy") as tensors:
            total += sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118 - no mapping
    return total


def in_few_bits(spec: TransformersSpec, device: str) -> dict[str, Any]:
    """What `from_pretrained` is told to load weights in four or eight bits.

    Args:
        spec: of the generator.
        device: that the weights are loaded on.
    """
    import torch
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(  # type: ignore[no-untyped-call] # its library leaves it so
        load_in_4bit=spec.in_four_bits,
        load_in_8bit=not spec.in_four_bits,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": config, "device_map": device}
