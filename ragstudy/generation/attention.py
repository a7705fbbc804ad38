"""Attention on a CPU by plain products, where torch's fused kernel leaves its matrix units idle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    import torch
    from transformers import PreTrainedModel

_NAME = "plain_products_on_cpu"
_BLOCK = 96
# Products with a mask from which on blocks pay.
_FEWEST = 2**22
# Products that are kept for the way back, per layer; above, the fused kernel keeps none.
_MOST_KEPT = 2**24
# Far below every product and still finite: a row that may look at nothing becomes a mean, not NaN.
_NOTHING = -1e30
# Stretches of hidden columns that are hidden each for itself; where there are more, all between them is.
_MOST_STRETCHES = 2
# What some models ask of attention beside queries, keys, values and a mask.
_NOT_PLAIN = ("position_bias", "softcap", "s_aux", "cache")
# What tensors of keys and values are called that begin with the ones given and are zero behind them.
WHOLE = "whole"


@dataclass(frozen=True)
class _Block:
    """Queries that are attended for at a time.

    Attributes:
        start: first query.
        stop: behind the last.
        end: behind the last key that one of them may look at.
        hidden: first column, and what is added to the products of some columns: (rows or 1, 1, queries, columns).
    """

    start: int
    stop: int
    end: int
    hidden: tuple[tuple[int, torch.Tensor], ...]


def speed_up(model: PreTrainedModel, device: str) -> None:
    """Let a model on a CPU attend by plain products where that is faster (docs/decisions/0009).

    These cases are replaced, all others are left to PyTorch's fused attention: the one query of a token that is being
    written, and prompts and training examples in bfloat16, block by block. Numbers are rounded as in transformers' own
    plain attention. A model that does not use the fused one by default keeps what it has, as do other devices.

    Args:
        model: as loaded.
        device: where it runs.
    """
    replaceable = model.config._attn_implementation == "sdpa" and getattr(model, "_supports_attention_backend", False)  # noqa: SLF001 - transformers has no public way to ask
    if device != "cpu" or not replaceable:
        return
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(_NAME, _attend)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    model.set_attn_implementation(_NAME)


def _attend(  # noqa: PLR0913 - as transformers calls it
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **others: Any,  # noqa: ANN401 - of some models
) -> tuple[torch.Tensor, None]:
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    is_plain = not dropout and all(others.get(name) is None for name in _NOT_PLAIN)
    if is_plain and query.shape[2] == 1:
        return one_query(query, key, value, attention_mask, scaling), None
    if torch.is_autocast_enabled("cpu"):
        query, key, value = (one.to(torch.get_autocast_dtype("cpu")) for one in (query, key, value))
    is_causal = others.get("is_causal")
    is_causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    n_products = query.shape[0] * query.shape[1] * query.shape[2] * key.shape[2]
    is_worth_it = is_causal if attention_mask is None else attention_mask.dtype == torch.bool and n_products >= _FEWEST
    if (
        is_plain
        and query.dtype == torch.bfloat16
        and _fits(query, key, attention_mask)
        and is_worth_it
        and (n_products <= _MOST_KEPT or not query.requires_grad)
    ):
        return in_blocks(query, key, value, attention_mask, scaling), None
    found: tuple[torch.Tensor, None] = sdpa_attention_forward(
        module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
    )
    return found


def _fits(query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None) -> bool:
    """Whether a mask says of every query and key what may be looked at; without one these are as many."""
    n_queries, n_keys = query.shape[2], key.shape[2]
    return n_queries == n_keys if mask is None else n_queries <= n_keys and mask.shape[2:] == (n_queries, n_keys)


def one_query(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scaling: float | None
) -> torch.Tensor:
    """Attention of one query each, of H heads that share the keys and values of K (grouped-query attention).

    Args:
        query: (rows, H, 1, width).
        key: (rows, K, keys, width), with the attribute `whole` where it is the first part of a larger tensor.
        value: (rows, K, keys, width of values), likewise.
        mask: (rows, 1, 1, keys), true where a key may be looked at, or what is added to the products; None for all.
        scaling: of the products; one over the root of the width by default.

    Returns:
        (rows, 1, H, width of values).
    """
    import torch

    n_rows, n_heads, _, width = query.shape
    n_keys = key.shape[2]
    # Of a part of a larger tensor the product would make a transposed copy, which takes five times as long.
    whole_key, whole_value = (getattr(one, WHOLE, one) for one in (key, value))
    if whole_key.shape[:3] == whole_value.shape[:3]:
        key, value = whole_key, whole_value
    key, value = key.contiguous(), value.contiguous()
    grouped = query.reshape(n_rows, key.shape[1], n_heads // key.shape[1], width)
    products = (grouped @ key.transpose(2, 3)).float() * (width**-0.5 if scaling is None else scaling)
    products[..., n_keys:] = -torch.inf
    if mask is not None and mask.dtype == torch.bool:
        products[..., :n_keys].masked_fill_(~mask, _NOTHING)
    elif mask is not None:
        products[..., :n_keys].add_(mask)
    mixed = products.softmax(dim=-1).to(value.dtype) @ value
    return mixed.reshape(n_rows, 1, n_heads, value.shape[-1])


def in_blocks(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scaling: float | None
) -> torch.Tensor:
    """Attention of whole rows, of some queries at a time with the keys up to the last of them only.

    Args:
        query: (rows, H, length, width), of the last keys.
        key: (rows, K, keys, width).
        value: (rows, K, keys, width of values).
        mask: (rows or 1, 1, length, keys), true where a key may be looked at; None for those up to the query's own.
        scaling: of the products; one over the root of the width by default.

    Returns:
        (rows, length, H, width of values).
    """
    import torch

    n_rows, n_heads, length, width = query.shape
    n_shared, n_keys = key.shape[1:3]
    scaled = query * (width**-0.5 if scaling is None else scaling)
    grouped = scaled.view(n_rows, n_shared, n_heads // n_shared, length, width)
    made = []
    with torch.autocast("cpu", enabled=False):
        for one in _causal_blocks(length, n_keys) if mask is None else _blocks(mask):
            block = grouped[:, :, :, one.start : one.stop].reshape(n_rows, n_shared, -1, width)
            products = block @ key[:, :, : one.end].transpose(2, 3)
            by_head = products.view(n_rows, n_heads, one.stop - one.start, one.end)
            for first, hidden in one.hidden:
                by_head[..., first : first + hidden.shape[-1]].add_(hidden.to(products.dtype))
            mixed = products.softmax(dim=-1) @ value[:, :, : one.end]
            made.append(mixed.view(n_rows, n_heads, one.stop - one.start, value.shape[-1]).transpose(1, 2))
    return torch.cat(made, dim=1)


@dataclass(frozen=True)
class _Plan:
    """The blocks of a mask.

    Attributes:
        version: of the mask, which counts its changes; None where torch does not count them.
        blocks: in the order of the queries.
    """

    version: int | None
    blocks: tuple[_Block, ...]


@cache
def _plans() -> MutableMapping[torch.Tensor, _Plan]:
    """Those of the masks that are in use: all layers of a model are given the same."""
    from torch.utils.weak import WeakTensorKeyDictionary

    return WeakTensorKeyDictionary()


def _blocks(seen: torch.Tensor) -> tuple[_Block, ...]:
    """Blocks of queries, and what each of them may not look at.

    Args:
        seen: (rows or 1, 1, queries, keys), true where a key may be looked at. In inference mode, where torch does not
            count changes, it is not changed afterwards.
    """
    plans = _plans()
    version = None if seen.is_inference() else seen._version  # noqa: SLF001 - torch has no public way to ask
    if seen not in plans or plans[seen].version != version:
        plans[seen] = _Plan(version, tuple(_block(seen, *ends) for ends in _ends(seen.shape[2])))
    return plans[seen].blocks


@lru_cache(maxsize=64)
def _causal_blocks(length: int, n_keys: int) -> tuple[_Block, ...]:
    """Blocks of queries that look at keys up to their own, the queries being those of the last keys."""
    before = n_keys - length
    return tuple(
        _Block(start, stop, before + stop, ((before + start, _later(stop - start)),)) for start, stop in _ends(length)
    )


def _ends(length: int) -> list[tuple[int, int]]:
    return [(start, min(length, start + _BLOCK)) for start in range(0, length, _BLOCK)]


@lru_cache(maxsize=_BLOCK)
def _later(n: int) -> torch.Tensor:
    """(1, 1, n, n), what hides the keys behind a query's own."""
    import torch

    return torch.full((1, 1, n, n), _NOTHING, dtype=torch.bfloat16).triu(1)


def _block(seen: torch.Tensor, start: int, stop: int) -> _Block:
    import torch

    end = _last(seen[:, :, start:stop].any(dim=(0, 1, 2)))
    hidden = ~seen[:, :, start:stop, :end]
    parts = [(first, hidden[..., first:last]) for first, last in _stretches(hidden.any(dim=(0, 1, 2)))]
    added = [
        (first, torch.zeros_like(part, dtype=torch.bfloat16).masked_fill_(part, _NOTHING)) for first, part in parts
    ]
    return _Block(start, stop, end, tuple(added))


def _last(marked: torch.Tensor) -> int:
    """The place behind the last mark."""
    return int(marked.nonzero().max()) + 1 if bool(marked.any()) else len(marked)


def _stretches(marked: torch.Tensor) -> list[tuple[int, int]]:
    """First places, and those behind the last, of the marks that stand together."""
    import torch

    edge = torch.zeros(1, dtype=torch.int)
    steps = torch.diff(marked.int(), prepend=edge, append=edge)
    firsts, lasts = ((steps == step).nonzero().flatten().tolist() for step in (1, -1))
    together = list(zip(firsts, lasts, strict=True))
    return together if len(together) <= _MOST_STRETCHES else [(firsts[0], lasts[-1])]
