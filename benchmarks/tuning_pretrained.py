"""LoRA on a pretrained model: ragstudy beside trl's SFTTrainer, a process each.

    python benchmarks/tuning_pretrained.py                        # all
    python benchmarks/tuning_pretrained.py ragstudy "trl, defaults"

All learn the same pairs of the invented handbook with five passages each, one epoch in steps of eight pairs, rank 16 on
every linear layer of SmolLM2-135M-Instruct. Printed are pairs and tokens a second, the share of this machine's measured
bfloat16 product that the multiplications make which reading forwards and backwards to the inputs needs (the linear
layers twice, as the weights of the base need no gradient, attention three times, the vocabulary for what is learned;
without the adapter's own, 6 % of these), and the peak of memory. Loading does not count. The ratio to ragstudy is what
counts, not the seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning import examples, trl_trainer
from ways import Work, measure, table

from ragstudy.finetuning import training
from ragstudy.finetuning.pairs import IGNORED, Example
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.locate import model_folder
from ragstudy.specs import FineTuneSpec, TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "smollm2-135m-instruct"
_N_PAIRS = 32
_SPEC = FineTuneSpec(base="model", epochs=1, learning_rate=2e-4)


def _model() -> CausalModel:
    return CausalModel(TransformersSpec(name="model", model=MODEL))


def ragstudy(made: list[Example], tokens_at_once: int | None = None) -> float:
    """Seconds of ragstudy's training.

    Args:
        made: pairs.
        tokens_at_once: read forwards and backwards at a time, beside what the package decides.
    """
    model = _model()
    if tokens_at_once is not None:
        training._tokens_at_once = lambda model: tokens_at_once  # noqa: ARG005, SLF001 - what is measured
    with tempfile.TemporaryDirectory() as folder:
        return training.train(model.base, made, _SPEC, 1, {1: Path(folder) / "adapter"}).seconds


def trl(made: list[Example], **settings: Any) -> float:  # noqa: ANN401 - of trl
    """Seconds of trl's SFTTrainer.

    Args:
        made: pairs.
        settings: beside its defaults.
    """
    return trl_trainer(model_folder(MODEL), made, _SPEC, **settings)


WAYS: dict[str, Callable[[list[Example]], float]] = {
    "ragstudy": ragstudy,
    "ragstudy, whole steps at once": lambda made: ragstudy(made, sys.maxsize),
    "trl, defaults": trl,
    "trl, without checkpoints": lambda made: trl(made, gradient_checkpointing=False),
    "trl, packed": lambda made: trl(made, packing=True),
}


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", default=[])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one, lambda pairs: _with_pairs(given.one, pairs))
        return
    model = _model()
    made = examples(model, with_passages=True)[:_N_PAIRS]
    print(f"{len(made)} pairs of {sum(map(len, made)) / len(made):.0f} tokens")
    pairs = [[one.question, one.ids, one.labels, one.n_passages] for one in made]
    work = Work.of(model.base)
    needed = sum(_needed(one, work) for one in made)
    table(__file__, given.ways or WAYS, {"pairs": pairs, "needed": needed}, len(made), "pairs")


def _needed(example: Example, work: Work) -> float:
    """Products and sums of a pair, read forwards and backwards."""
    n = len(example.ids)
    attention = work.reading(n) - n * work.layers
    n_learned = sum(label != IGNORED for label in example.labels)
    return 2 * n * work.layers + 3 * attention + 2 * n_learned * work.head


def _with_pairs(way: str, given: dict[str, Any]) -> tuple[float, int, float]:
    """Seconds of a way, the tokens of its pairs, and the products that these need."""
    made = [Example(name, tuple(ids), tuple(labels), n) for name, ids, labels, n in given["pairs"]]
    return WAYS[way](made), sum(map(len, made)), given["needed"]


if __name__ == "__main__":
    main()
