"""Reading the prompts of a batch: their shared beginning once, the rest some rows at a time, into one roomy cache.

What a model computes for a whole batch of long prompts lies far from the processor; what it computes for some rows does
not. And a cache that is copied for every new token costs as much as the token (docs/decisions/0020).

Examples:
    >>> shared_beginning([[1, 2, 3], [1, 2, 4, 5]])
    2
    >>> groups([640, 640, 620, 64], 1280)
    [slice(0, 2, None), slice(2, 4, None)]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragstudy.hardware import in_steps
from ragstudy.probes import close, made_up, next_logits, tried, write_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

# Tokens that a processor reads at a time, and the fewest shared ones that are worth a cache of their own.
_AT_ONCE = 3072
_FEWEST_SHARED = 16
# Lengths of the made-up prompts. The short ones lie so far from the beginning that SmolLM2, made to count what lies
# between, says something .27 to .6 of the spread apart; rounding to bfloat16 alone makes .06 in the mean.
_SHORT, _LONG, _ROUNDED = 23, 250, 3.0
# What configurations call the number of columns that a layer looks back.
_WINDOWS = (
    "attention_chunk_size",
    "attention_window",
    "attention_window_size",
    "local_attention",
    "local_attention_window_len",
    "sliding_window",
    "sliding_window_size",
    "window_size",
)
# Ways to turn positions that depend on how much is read at once.
_BY_LENGTH = ("dynamic", "longrope")


@dataclass(frozen=True)
class Begun:
    """Prompts of a batch, read or still to be read.

    Attributes:
        ids: (rows, columns) tokens of the prompts, filled up, and the first new one where they were read.
        mask: likewise, 0 where it was filled up.
        n_prompt: columns of the prompts.
        cache: of transformers, of everything but the new token, with room for what is written; None where nothing was
            read.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    n_prompt: int
    cache: Any = None


def shared_beginning(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with, of each at least the last one left out.

    Args:
        prompts: token ids.
    """
    first = prompts[0]
    most = min(map(len, prompts)) - 1
    return next((n for n in range(most) if any(prompt[n] != first[n] for prompt in prompts)), most)


def groups(lengths: Sequence[int], n_tokens: int) -> list[slice]:
    """Which prompts are read together: neighbours, as many as fit when filled up to the longest of them.

    Args:
        lengths: of the prompts, the longest first.
        n_tokens: most of a group of several.
    """
    found, start = [], 0
    while start < len(lengths):
        stop = min(len(lengths), start + max(1, n_tokens // max(1, lengths[start])))
        found.append(slice(start, stop))
        start = stop
    return found


def begin(
    model: Any,  # noqa: ANN401 - a model of transformers or PEFT
    prompts: Sequence[list[int]],
    pad: int,
    most: int,
    **how: Any,  # noqa: ANN401 - of transformers' generate
) -> Begun:
    """Read prompts and write the first token after each.

    Args:
        model: that answers; `reads_cleanly` says whether it can be read so.
        prompts: token ids of two prompts or more, the longest first.
        pad: token that rows are filled up with.
        most: columns that may be used, where the longest prompt leaves any.
        how: settings of transformers' generate.
    """
    import torch

    from ragstudy.generation.roomy_cache import RoomyCache, repeated

    n_shared = shared_beginning(prompts)
    n_shared = n_shared if n_shared >= _FEWEST_SHARED else 0
    widths = [_width(len(prompt) - n_shared, most - n_shared) for prompt in prompts]
    width = n_shared + widths[0]
    ids, mask = (one.to(model.device) for one in _rows(prompts, pad, width, n_shared))
    how = {"max_new_tokens": 1, "return_dict_in_generate": True, **how}
    beginning = (
        model.generate(input_ids=ids[:1, :n_shared], attention_mask=mask[:1, :n_shared], **how).past_key_values
        if n_shared
        else None
    )
    first, whole = torch.empty_like(ids[:, :1]), RoomyCache(len(prompts), width)
    for rows in groups(widths, _AT_ONCE if model.device.type == "cpu" else ids.numel()):
        columns = [*range(n_shared), *range(width - widths[rows.start], width)]
        made = model.generate(
            input_ids=ids[rows, columns],
            attention_mask=mask[rows, columns],
            past_key_values=None if beginning is None else repeated(beginning, rows.stop - rows.start),
            **how,
        )
        whole.take(made.past_key_values, rows, n_shared)
        first[rows] = made.sequences[:, -1:]
    return Begun(torch.cat([ids, first], dim=1), torch.cat([mask, torch.ones_like(first)], dim=1), width, whole)


def filled_up(prompts: Sequence[list[int]], pad: int, most: int, device: torch.device) -> Begun:
    """Prompts filled up on the left, to be read.

    Args:
        prompts: token ids, the longest first.
        pad: token that rows are filled up with.
        most: columns that may be used, where the longest prompt leaves any.
        device: of the model.
    """
    width = _width(len(prompts[0]), most)
    ids, mask = _rows(prompts, pad, width, 0)
    return Begun(ids.to(device), mask.to(device), width)


def _rows(prompts: Sequence[list[int]], pad: int, width: int, n_shared: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompts as rows that are filled up behind their shared beginning, and where they are not."""
    import torch

    ids, mask = torch.full((len(prompts), width), pad), torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        rest = width - (len(prompt) - n_shared)
        ids[row, :n_shared], ids[row, rest:] = torch.tensor(prompt[:n_shared]), torch.tensor(prompt[n_shared:])
        mask[row, :n_shared], mask[row, rest:] = 1, 1
    return ids, mask


def reads_cleanly(model: Any, pad: int, most: int) -> bool:  # noqa: ANN401 - any causal language model
    """Whether prompts can be read by `begin` and go on as they would alone, whatever rows are taken out.

    Args:
        model: that answers, on its device.
        pad: token that rows are filled up with.
        most: columns that may be used.
    """
    import torch

    if counts_columns(model):
        return False
    long = max(_SHORT, min(_LONG, most - _FEWEST_SHARED))
    start = made_up(model, _FEWEST_SHARED, 1)
    rests = [made_up(model, n, seed) for seed, n in enumerate((long, _SHORT, long, _SHORT, _SHORT), start=2)]
    prompts = [torch.cat([start, rest], dim=1)[0].tolist() for rest in sorted(rests, key=lambda rest: -rest.numel())]
    kept = torch.tensor([0, 2, 3, 4], device=model.device)

    def probe() -> bool:
        with torch.inference_mode():
            begun = begin(model, prompts, pad, most)
            begun.cache.batch_select_indices(kept)
            together = next_logits(model, begun.ids[kept], begun.mask[kept], begun.cache)
            alone = [_next_alone(model, prompts[row], begun.ids[row : row + 1, -1:]) for row in kept.tolist()]
        return close(torch.cat(alone), together, model, _ROUNDED)

    return tried(probe, "reading prompts some at a time", "all prompts of a batch are read at once")


def counts_columns(model: Any) -> bool:  # noqa: ANN401 - any causal language model
    """Whether a configuration says what a short probe would not show.

    Some layers look back over some columns only; some models turn positions by how long a prompt is.

    Args:
        model: as loaded.
    """
    config = model.config.get_text_config()
    turned = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kinds = [turned, *(one for one in turned.values() if isinstance(one, dict))]
    by_length = any(one.get("rope_type", one.get("type")) in _BY_LENGTH for one in kinds)
    return by_length or any(getattr(config, key, None) for key in _WINDOWS)


def _next_alone(model: Any, prompt: list[int], first: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - of transformers
    """Logits of the token after a prompt and a first new token, which is read as it is when it is written."""
    import torch

    ids = first.new_tensor([prompt])
    whole = torch.cat([ids, first], dim=1)
    return next_logits(model, whole, torch.ones_like(whole), write_on(model, ids, 1).past_key_values)


def _width(n_tokens: int, most: int) -> int:
    """Columns of a row in steps, where there are so many."""
    wide = in_steps(n_tokens)
    return wide if wide <= most else n_tokens
