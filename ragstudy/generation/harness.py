"""Tasks of lm-evaluation-harness, by name, on a loaded model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ragstudy.errors import UnavailableError

if TYPE_CHECKING:
    from ragstudy.generation.causal import CausalModel

_BATCH = 8
# What a sample's own value is called; other metrics need the whole set.
_METRICS = ("acc", "acc_norm", "exact_match", "f1", "em")


def check_harness() -> None:
    """Check that lm-evaluation-harness can be imported.

    Raises:
        UnavailableError: it is not installed.
    """
    from importlib.util import find_spec

    if find_spec("lm_eval") is None:
        msg = "forgetting: kind 'lm_eval' needs lm-evaluation-harness; install it with: pip install 'ragstudy[harness]'"
        raise UnavailableError(msg)


def harness_values(model: CausalModel, task: str, n: int, adapter: str | None = None) -> dict[str, dict[str, float]]:
    """Values of the first `n` samples of a task, by metric and sample.

    The harness downloads the task's data from the hub unless they are on this machine.

    Args:
        model: with tokenizer.
        task: its name in the harness, e.g. `hellaswag`.
        n: most samples.
        adapter: folder or hub id of a PEFT adapter to switch on, or None for the base.

    Raises:
        UnavailableError: the harness is not installed, or does not know the task, or cannot get its data.
    """
    check_harness()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    with model.switched(adapter):
        wrapped = HFLM(pretrained=model.active, tokenizer=model.tokenizer, batch_size=_BATCH)
        try:
            found: dict[str, Any] = lm_eval.simple_evaluate(
                model=wrapped, tasks=[task], limit=n, bootstrap_iters=0, log_samples=True, verbosity="ERROR"
            )
        except (KeyError, ValueError, OSError, ConnectionError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            msg = f"forgetting: lm-evaluation-harness cannot run task {task!r}: {first[:200]}"
            raise UnavailableError(msg) from error
    values: dict[str, dict[str, float]] = {}
    for name, samples in found["samples"].items():
        for sample in samples:
            for metric in _METRICS:
                if isinstance(sample.get(metric), int | float):
                    values.setdefault(metric, {})[f"{name}#{sample['doc_id']}"] = float(sample[metric])
    if not values:
        msg = f"forgetting: task {task!r} has no value per sample among {', '.join(_METRICS)}; choose another task"
        raise UnavailableError(msg)
    return values
