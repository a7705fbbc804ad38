"""Tuning in parts of a step against whole steps: seconds and peak memory, each in a process of its own.

python benchmarks/tuning_parts.py                        # SmolLM2-135M-Instruct
python benchmarks/tuning_parts.py pocket
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tuning import examples

from ragstudy.finetuning import training
from ragstudy.generation.causal import CausalModel
from ragstudy.hardware import peak_memory_gib
from ragstudy.specs import FineTuneSpec, TransformersSpec

_N_PAIRS = 32
_WAYS = {"whole steps": sys.maxsize, "parts": training._KEPT_AT_ONCE}  # noqa: SLF001 - what is measured


def measured(name: str, way: str) -> str:
    """Tune on pairs with five passages; tokens a second and the peak of memory.

    Args:
        name: of the model.
        way: whether steps are read in parts.
    """
    training._KEPT_AT_ONCE = _WAYS[way]  # noqa: SLF001 - what is measured
    model = CausalModel(TransformersSpec(name="model", model=name))
    made = examples(model, with_passages=True)[:_N_PAIRS]
    spec = FineTuneSpec(base="model", epochs=1, learning_rate=2e-4)
    with tempfile.TemporaryDirectory() as folder:
        done = training.train(model.base, made, spec, 1, {1: Path(folder) / "adapter"})
    return f"{way}: {done.n_tokens / done.seconds:.0f} tokens/s, {peak_memory_gib():.1f} GiB"


def main() -> None:
    """Print a line for each way."""
    name = sys.argv[1] if len(sys.argv) > 1 else "smollm2-135m-instruct"
    if len(sys.argv) > 2:  # noqa: PLR2004 - in the process of one way
        print(measured(name, sys.argv[2]))
        return
    for way in _WAYS:
        subprocess.run([sys.executable, __file__, name, way], check=True)  # noqa: S603 - this script


if __name__ == "__main__":
    main()
