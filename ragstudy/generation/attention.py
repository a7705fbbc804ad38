"""Attention on a CPU by plain products, where torch's fused kernel leaves its matrix units idle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
# What some models ask of attention beside queries, keys, values and a mask.
_NOT_PLAIN = ("position_bias", "softcap", "s_aux", "cache")


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
        and (query.shape[2] == key.shape[2] or (query.shape[2] < key.shape[2] and attention_mask is not None))
        and is_worth_it
        and (n_products <= _MOST_KEPT or not query.requires_grad)
    ):
        return in_blocks(query, key, value, attention_mask, scaling), None
    found: tuple[torch.Tensor, None] = sdpa_attention_forward(
        module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
    )
    return found


def one_query(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scaling: float | None
) -> torch.Tensor:
    """Attention of one query each, of H heads that share the keys and values of K (grouped-query attention).

    Args:
        query: (rows, H, 1, width).
        key: (rows, K, keys, width).
        value: (rows, K, keys, width of values).
        mask: (rows, 1, 1, keys), true where a key may be looked at, or what is added to the products; None for all.
        scaling: of the products; one over the root of the width by default.

    Returns:
        (rows, 1, H, width of values).
    """
    import torch

    n_rows, n_heads, _, width = query.shape
    # Of a part of a larger tensor the product would make a transposed copy, which takes five times as long.
    key, value = key.contiguous(), value.contiguous()
    grouped = query.reshape(n_rows, key.shape[1], n_heads // key.shape[1], width)
    products = (grouped @ key.transpose(2, 3)).float() * (width**-0.5 if scaling is None else scaling)
    if mask is not None:
        products = products.masked_fill(~mask, _NOTHING) if mask.dtype == torch.bool else products + mask
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
    n_before = n_keys - length
    seen = torch.ones(1, 1, length, n_keys, dtype=torch.bool).tril(n_before) if mask is None else mask
    scaled = query * (width**-0.5 if scaling is None else scaling)
    grouped = scaled.view(n_rows, n_shared, n_heads // n_shared, length, width)
    made = []
    with torch.autocast("cpu", enabled=False):
        for start in range(0, length, _BLOCK):
            stop = min(length, start + _BLOCK)
            end = n_before + stop
            end = n_keys if bool(seen[:, :, start:stop, end:].any()) else end
            block = grouped[:, :, :, start:stop].reshape(n_rows, n_shared, -1, width)
            products = (block @ key[:, :, :end].transpose(2, 3)).view(n_rows, n_heads, stop - start, end)
            hidden = torch.zeros(1, dtype=query.dtype).expand(seen.shape[0], 1, stop - start, end)
            products = products + hidden.masked_fill(~seen[:, :, start:stop, :end], _NOTHING)
            weights = products.softmax(dim=-1).view(n_rows, n_shared, -1, end)
            made.append((weights @ value[:, :, :end]).view(n_rows, n_heads, stop - start, value.shape[-1]))
    return torch.cat(made, dim=2).transpose(1, 2).contiguous()
