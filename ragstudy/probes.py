"""What a model does with padding, shared rows and its cache, found out on the model itself and not by its name.

Each probe changes something that must not count and looks whether the result changes. Where nothing leaks it stays the
same in any precision, because the weights of what may not be seen are exactly zero.

Examples:
    >>> from ragstudy.generation.causal import CausalModel
    >>> from ragstudy.specs import TransformersSpec
    >>> packs_cleanly(CausalModel(TransformersSpec(name='reader', model='pocket-tiny')).base)
    True
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

logger = logging.getLogger(__name__)

# Lengths of the made-up prompts; what is filled up, and how many tokens are written.
_SHORT, _LONG, _N_NEW = 23, 37, 4
# How far two ways to compute the same may lie apart in the mean, of the spread of the logits, by the bits of a number.
_NOISE = {32: 1e-3, 16: 5e-2}
_LAST_PLACE = 0.1
# What a model may raise that cannot do what is tried.
_CANNOT = (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError)


def n_tokens(model: Any) -> int:  # noqa: ANN401 - any causal language model
    """How many tokens a model has an embedding for.

    Args:
        model: as loaded.
    """
    return int(model.get_input_embeddings().weight.shape[0])


def pads_cleanly(model: Any) -> bool:  # noqa: ANN401 - any causal language model
    """Whether a prompt that is filled up on the left gives what it gives alone, whatever it is filled up with.

    Args:
        model: that answers, on its device.
    """
    import torch

    alone = made_up(model, _SHORT, 1)
    mask = torch.ones((1, _LONG), dtype=torch.long)
    mask[:, : _LONG - _SHORT] = 0

    def padded(seed: int) -> torch.Tensor:
        filled = torch.cat([made_up(model, _LONG - _SHORT, seed), alone], dim=1)
        return next_logits(model, filled, mask)

    def probe() -> bool:
        first = padded(2)
        plain = next_logits(model, alone, torch.ones_like(alone))
        return _same(first, padded(3), model) and close(plain, first, model)

    return tried(probe, "filling up prompts", "prompts of one length only are answered together")


def drops_cleanly(model: Any) -> bool:  # noqa: ANN401 - any causal language model
    """Whether rows can be taken out of a batch that is being written without a change to the others.

    Args:
        model: that answers, on its device.
    """
    import torch

    ids = torch.cat([made_up(model, _SHORT, seed) for seed in (1, 2, 3)])
    kept = torch.tensor([0, 2], device=model.device)

    def probe() -> bool:
        with torch.inference_mode():
            whole = write_on(model, ids, _N_NEW + 1)
            start = write_on(model, ids, 1)
            start.past_key_values.batch_select_indices(kept)
            rest = write_on(model, start.sequences[kept], _N_NEW, start.past_key_values)
        first, second = torch.stack(whole.logits[1:])[:, kept], torch.stack(rest.logits)
        n_steps = min(len(first), len(second))
        return n_steps > 0 and close(first[0].float(), second[0].float(), model)

    return tried(probe, "taking finished answers out of a batch", "each batch goes on until its longest answer ends")


def packs_cleanly(model: Any) -> bool:  # noqa: ANN401 - any causal language model
    """Whether an example that shares a row with another is read as if it were alone.

    Args:
        model: that is trained, on its device.
    """
    import torch

    last = made_up(model, _LONG, 1)
    positions = torch.cat([torch.arange(_SHORT), torch.arange(_LONG)]).unsqueeze(0).to(model.device)

    def packed(seed: int) -> torch.Tensor:
        row = torch.cat([made_up(model, _SHORT, seed), last], dim=1).to(model.device)
        return _plain_logits(model, input_ids=row, position_ids=positions)[:, _SHORT:]

    def probe() -> bool:
        first = packed(2)
        plain = _plain_logits(model, input_ids=last.to(model.device))
        return _same(first, packed(3), model) and close(plain[:, -1], first[:, -1], model)

    was_training = model.training
    model.train(mode=False)
    try:
        return tried(probe, "several training examples in a row", "every example gets a row of its own")
    finally:
        model.train(mode=was_training)


def tried(probe: Callable[[], bool], what: str, instead: str) -> bool:
    """What a probe says; False, with a warning, where it fails.

    Args:
        probe: what is tried.
        what: the same in words, for the warning.
        instead: what is done where it does not work.

    Raises:
        torch.OutOfMemoryError: there was no memory to try it.
    """
    import torch

    try:
        works = probe()
    except torch.OutOfMemoryError:
        # That says nothing about the model.
        raise
    except _CANNOT as error:
        logger.warning("%s does not work with this model (%s); %s", what, type(error).__name__, instead)
        return False
    if not works:
        logger.warning("%s changes what this model says; %s", what, instead)
    return works


def made_up(model: Any, n: int, seed: int) -> torch.Tensor:  # noqa: ANN401 - any causal language model
    """A prompt of tokens that a model knows: (1, n).

    Args:
        model: whose tokens.
        n: how many.
        seed: decides which.
    """
    import torch

    generator, most = torch.Generator().manual_seed(seed), n_tokens(model)
    return torch.randint(min(10, most - 1), most, (1, n), generator=generator)


def _plain_logits(model: Any, **arguments: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - any causal language model
    import torch

    with torch.no_grad():
        found: torch.Tensor = model(**arguments, use_cache=False).logits.float()
    return found


def next_logits(
    model: Any,  # noqa: ANN401 - any causal language model
    ids: torch.Tensor,
    mask: torch.Tensor,
    cache: Any = None,  # noqa: ANN401 - a cache of transformers
) -> torch.Tensor:
    """Logits of the token after rows: (rows, vocabulary).

    Args:
        model: that answers.
        ids: (rows, tokens).
        mask: likewise, 0 where a row is filled up.
        cache: of the first of the tokens, or None.
    """
    import torch

    with torch.inference_mode():
        made = write_on(model, ids, 1, cache, mask)
    found: torch.Tensor = made.logits[0].float()
    return found


def write_on(
    model: Any,  # noqa: ANN401 - any causal language model
    ids: torch.Tensor,
    n: int,
    cache: Any = None,  # noqa: ANN401 - a cache of transformers
    mask: torch.Tensor | None = None,
) -> Any:  # noqa: ANN401 - what transformers gives
    """What transformers gives for n more tokens, the likeliest ones, with their logits and the cache.

    Args:
        model: that answers.
        ids: (rows, tokens).
        n: how many, whatever ends an answer.
        cache: of the first of the tokens, or None.
        mask: like ids, 0 where a row is filled up; None where none is.
    """
    import torch

    ids = ids.to(model.device)
    return model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids) if mask is None else mask.to(model.device),
        past_key_values=cache,
        max_new_tokens=n,
        min_new_tokens=n,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )


def _same(first: torch.Tensor, second: torch.Tensor, model: Any) -> bool:  # noqa: ANN401 - any causal language model
    """Whether two results are one everywhere; experts that are given other rows beside theirs may round differently."""
    apart = float((first - second).abs().max() / first.std().clamp_min(1e-12))
    return apart <= _LAST_PLACE * _noise(model)


def close(first: torch.Tensor, second: torch.Tensor, model: Any, times: float = 1.0) -> bool:  # noqa: ANN401 - any causal language model
    """Whether two results differ in the mean by no more than rounding does.

    Args:
        first: logits; of several rows, the mean over the rows counts.
        second: likewise.
        model: whose precision decides how much is rounded.
        times: that much more is let pass, where the two are not computed in the same way.
    """
    apart = (first - second).square().mean(dim=-1).sqrt() / first.std(dim=-1).clamp_min(1e-12)
    return float(apart.mean()) <= times * _noise(model)


def _noise(model: Any) -> float:  # noqa: ANN401 - any causal language model
    bits = 8 * next(model.parameters()).dtype.itemsize
    return _NOISE[min(32, max(16, bits))]
