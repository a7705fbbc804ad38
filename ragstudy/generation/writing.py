"""Writing the answers of a batch: rows that have come to their end leave it, and do not wait for a few long answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    import torch

    from ragstudy.generation.reading import Begun


def write(
    model: Any,  # noqa: ANN401 - a model of transformers or PEFT
    begun: Begun,
    ends: Collection[int],
    longest: int,
    *,
    may_drop: bool,
    **how: Any,  # noqa: ANN401 - of transformers' generate
) -> list[list[int]]:
    """The new tokens of every row, end token included, and what stands behind it until its row leaves.

    Whenever half of the rows have come to their end, the others go on without them.

    Args:
        model: that answers.
        begun: the prompts.
        ends: tokens that end an answer.
        longest: tokens of an answer at most.
        may_drop: whether rows can leave (`ragstudy.probes.drops_cleanly`).
        how: settings of transformers' generate.
    """
    import torch
    from transformers import StoppingCriteriaList

    ids, mask, cache, n_prompt = begun.ids, begun.mask, begun.cache, begun.n_prompt
    ending = torch.tensor(sorted(ends), dtype=torch.long, device=ids.device)
    rows = list(range(len(ids)))
    written: list[list[int]] = [[] for _ in rows]
    while rows:
        new = ids[:, n_prompt:]
        is_done = torch.isin(new, ending).any(dim=1)
        is_done |= new.shape[1] >= (longest if may_drop else 1)
        for row, tokens in zip(rows, new.tolist(), strict=True):
            written[row] = tokens
        if bool(is_done.any()):
            left = (~is_done).nonzero().flatten()
            rows = [rows[place] for place in left.tolist()]
            ids, mask, cache = ids[left], mask[left], _of_rows(cache, left)
            continue
        made = model.generate(
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            max_new_tokens=longest - new.shape[1],
            stopping_criteria=StoppingCriteriaList([_HalfDone(n_prompt, ending)] if may_drop else []),
            return_dict_in_generate=True,
            **how,
        )
        ids, cache = made.sequences, made.past_key_values
        mask = torch.cat([mask, mask.new_ones(len(mask), ids.shape[1] - mask.shape[1])], dim=1)
    return written


class _HalfDone:
    """Stops the writing of a batch when at least half of its rows have come to an end."""

    def __init__(self, n_prompt: int, ends: torch.Tensor) -> None:
        self._n_prompt, self._ends = n_prompt, ends

    def __call__(self, input_ids: torch.Tensor, _scores: torch.Tensor, **_: object) -> torch.Tensor:
        import torch

        is_done = torch.isin(input_ids[:, self._n_prompt :], self._ends).any(dim=1)
        return torch.full_like(is_done, fill_value=bool(2 * is_done.sum() >= len(is_done)))


def _of_rows(cache: Any, rows: torch.Tensor) -> Any:  # noqa: ANN401 - a cache of transformers
    """What a cache knows of some rows; None, from which the prompts are read again, if it cannot be asked for them."""
    from transformers import DynamicCache

    from ragstudy.generation.roomy_cache import RoomyCache

    if len(rows) == 0 or type(cache) not in (DynamicCache, RoomyCache):
        return None
    cache.batch_select_indices(rows)
    return cache
