"""Training: a short loop over packed steps, for LoRA adapters or for all weights."""

from __future__ import annotations

import copy
import inspect
import math
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError
from ragstudy.finetuning.packing import one_each, pack
from ragstudy.finetuning.pairs import IGNORED
from ragstudy.finetuning.unfinished import Counted
from ragstudy.hardware import SHAPE_STEP
from ragstudy.probes import packs_cleanly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import torch
    from transformers import PreTrainedModel

    from ragstudy.finetuning.packing import Packed
    from ragstudy.finetuning.pairs import Example
    from ragstudy.finetuning.unfinished import UnfinishedTraining
    from ragstudy.specs import FineTuneSpec


# Numbers of the hidden states that are kept for the way back at a time; the parts of a step add up to one step. For
# SmolLM2-135M (576 wide, 30 layers) these are 2048 tokens, at which tuning takes 4.6 GiB.
_KEPT_AT_ONCE = 2048 * 576 * 30
_FEWEST_TOKENS = 512


@dataclass(frozen=True)
class Trained:
    """What training did.

    Attributes:
        losses: mean loss of the answer tokens, one per optimiser step.
        n_tokens: tokens read, all epochs together.
        n_answer_tokens: of these, tokens the loss was computed on.
        seconds: of training.
    """

    losses: tuple[float, ...]
    n_tokens: int
    n_answer_tokens: int
    seconds: float


def train(  # noqa: PLR0913 - a training with what it needs
    base: PreTrainedModel,
    examples: Sequence[Example],
    spec: FineTuneSpec,
    seed: int,
    folders: Mapping[int, Path],
    on_step: Callable[[int, int, float], None] = lambda _step, _n_steps, _loss: None,
    first: Path | None = None,
    unfinished: UnfinishedTraining | None = None,
) -> Trained:
    """Train by `spec.method`, and write the adapter as a standard PEFT folder or the model as one of transformers'.

    An optimiser step always sees `spec.batch_size` examples, whatever their length; packing only decides
    how they lie in memory. The base is given back as it was.

    `lora` is Hu et al. 2021 (arXiv 2106.09685); on a base of four bits, `qlora`, it is Dettmers et al. 2023 (arXiv
    2305.14314). `full` trains a copy of the base in float32, because steps of this size would be lost in the rounding
    of bfloat16, and writes it in the base's precision; with AdamW's two moments and the gradients that is 16 bytes a
    parameter, beside the base.

    Args:
        base: the loaded base model.
        examples: what to learn.
        spec: settings; those of LoRA are not used by `full`.
        seed: of the order and of an adapter's initial weights.
        folders: where the result is written, whole, at the end of which epochs; the last one is `spec.epochs`.
        on_step: called after every step with its number, the number of steps and its loss.
        first: folder of the adapter to go on from, or None for a new one.
        unfinished: keeps the state on the way, so that a training that is stopped goes on where it was; None does not.

    Raises:
        InputError: `spec.targets` names modules that the base does not have.
    """
    import torch

    full = spec.method == "full"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        with _whole_copy(base) if full else _adapted(base, spec, first) as model:
            model.train()

            def keep(epoch: int) -> None:
                if epoch in folders:
                    saved = copy.deepcopy(model).to(base.dtype).eval() if full else model
                    saved.save_pretrained(str(folders[epoch]))

            half = is_half(base.dtype if full else next(model.parameters()).dtype)
            return _Loop(model, examples, spec, seed, half=half).go(on_step, keep, unfinished)


@contextmanager
def _whole_copy(base: PreTrainedModel) -> Iterator[Any]:
    copied: Any = copy.deepcopy(base)
    copied.float()
    copied.requires_grad_(requires_grad=True)
    yield copied


@contextmanager
def _adapted(base: PreTrainedModel, spec: FineTuneSpec, first: Path | None) -> Iterator[Any]:
    """The base with an adapter on it, which is taken off in the end."""
    from peft import LoraConfig, PeftModel, get_peft_model

    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=spec.rank,
        lora_alpha=spec.alpha,
        lora_dropout=spec.dropout,
        target_modules=spec.targets if isinstance(spec.targets, str) else list(spec.targets),
    )
    try:
        adapted = (
            get_peft_model(base, config)
            if first is None
            else PeftModel.from_pretrained(base, str(first), is_trainable=True)
        )
    except ValueError as error:
        msg = f"finetuning.targets: {spec.targets!r} does not fit the model: {str(error).splitlines()[0][:200]}"
        raise InputError(msg) from error
    try:
        yield adapted
    finally:
        adapted.unload()
        base.train(mode=False)


def steps_of(n_examples: int, spec: FineTuneSpec) -> int:
    """How many optimiser steps training takes.

    Args:
        n_examples: training examples.
        spec: settings of the training.
    """
    return spec.epochs * math.ceil(n_examples / spec.batch_size)


def batches(examples: Sequence[Example], spec: FineTuneSpec, seed: int) -> Iterator[list[Example]]:
    """The examples of every optimiser step: another order in every epoch.

    Args:
        examples: training examples.
        spec: settings of the training.
        seed: decides the order.
    """
    rng = Random(seed)
    for _ in range(spec.epochs):
        order = list(examples)
        rng.shuffle(order)
        yield from (order[start : start + spec.batch_size] for start in range(0, len(order), spec.batch_size))


class _Loop:
    """Optimiser steps over all epochs."""

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - a PEFT model, typed by its library only in part
        examples: Sequence[Example],
        spec: FineTuneSpec,
        seed: int,
        *,
        half: bool,
    ) -> None:
        import torch

        self._model, self._examples, self._spec, self._seed, self._half = model, examples, spec, seed, half
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(self._parameters, lr=spec.learning_rate, weight_decay=spec.weight_decay)
        self._n_steps = steps_of(len(examples), spec)
        self._n_positions = getattr(model.config.get_text_config(), "max_position_embeddings", None) or sys.maxsize
        self._packs, self._n_at_once = packs_cleanly(model), _tokens_at_once(model)

    def go(
        self,
        on_step: Callable[[int, int, float], None],
        after_epoch: Callable[[int], None],
        unfinished: UnfinishedTraining | None,
    ) -> Trained:
        """All steps, or those that an unfinished training has not done."""
        counted = unfinished.counted() if unfinished else Counted()
        if unfinished and counted.n_steps:
            unfinished.restore(self._parameters, self._optimizer)
        before, started = counted.seconds, time.perf_counter()
        n_before, per_epoch = counted.n_steps, self._n_steps // self._spec.epochs
        chosen_of = islice(batches(self._examples, self._spec, self._seed), n_before, None)
        for number, chosen in enumerate(chosen_of, start=n_before + 1):
            packed = pack(chosen, self._n_positions) if self._packs else one_each(chosen)
            loss = self._step(packed, number)
            counted = counted.and_step(loss, sum(len(example) for example in chosen), packed.n_targets)
            counted = replace(counted, seconds=before + time.perf_counter() - started)
            on_step(number, self._n_steps, loss)
            if number % per_epoch == 0:
                after_epoch(number // per_epoch)
            if unfinished:
                unfinished.keep_if_due(counted, self._parameters, self._optimizer)
        return Trained(counted.losses, counted.n_tokens, counted.n_answer_tokens, counted.seconds)

    def _step(self, packed: Packed, number: int) -> float:
        import torch

        loss = 0.0
        for part in packed.parts(self._n_at_once):
            # The base stays in its precision; the adapter's float32 weights are cast for the products alone.
            with torch.autocast(self._model.device.type, torch.bfloat16, enabled=self._half):
                of_part = answer_loss(self._model, part) * (part.n_targets / packed.n_targets)
            torch.autograd.backward(of_part)
            loss += float(of_part.detach())
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = self._spec.learning_rate * _rate(number - 1, self._n_steps, self._spec.warmup)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss


def _tokens_at_once(model: Any) -> int:  # noqa: ANN401 - any causal language model
    """How many tokens are read forward and backward at a time."""
    config = model.config.get_text_config()
    width, depth = getattr(config, "hidden_size", None) or 576, getattr(config, "num_hidden_layers", None) or 30
    return max(_FEWEST_TOKENS, int(_KEPT_AT_ONCE / (width * depth)))


def is_half(dtype: torch.dtype) -> bool:
    """Whether numbers of a type have 16 bits.

    Args:
        dtype: type of the numbers.
    """
    return dtype.itemsize == 2  # noqa: PLR2004 - bytes


def _rate(step: int, n_steps: int, warmup: float) -> float:
    """Linear warm-up over a share of the steps, then a cosine to zero."""
    n_warm = max(1, round(warmup * n_steps))
    if step < n_warm:
        return (step + 1) / n_warm
    return 0.5 * (1 + math.cos(math.pi * (step - n_warm) / max(1, n_steps - n_warm)))


def answer_loss(model: Any, packed: Packed) -> torch.Tensor:  # noqa: ANN401 - any causal language model
    """Mean cross-entropy of the answer tokens of a packed step.

    The vocabulary projection is computed only at columns where some row has a target, which for prompts with
    passages is a small part of them.

    Args:
        model: that is trained.
        packed: examples of the step.
    """
    import torch

    device = model.device
    ids, labels = (torch.from_numpy(array).to(device) for array in (packed.ids, packed.labels))
    columns = _columns((labels != IGNORED).any(dim=0))
    arguments: dict[str, Any] = {"input_ids": ids, "use_cache": False}
    if packed.positions is not None:
        arguments["position_ids"] = torch.from_numpy(packed.positions).to(device)
    if _keeps_logits(model):
        logits = model(**arguments, logits_to_keep=columns).logits
    else:
        logits = model(**arguments).logits[:, columns]
    return torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), labels[:, columns].flatten(), ignore_index=IGNORED
    )


def _columns(wanted: torch.Tensor) -> torch.Tensor:
    """Numbers of the wanted columns, filled up with others to a multiple of `SHAPE_STEP`."""
    import torch

    found = wanted.nonzero().flatten()
    others = (~wanted).nonzero().flatten()[: -len(found) % SHAPE_STEP]
    return torch.cat([found, others])


def _keeps_logits(model: Any) -> bool:  # noqa: ANN401 - any causal language model
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(base.forward).parameters
