"""Attention of a language model that writes on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_NAME = "one_query_on_cpu"


def speed_up_writing(model: PreTrainedModel, device: str) -> None:
    """Let a model on a CPU attend by plain products while it writes.

    PyTorch's fused attention for CPUs is made for many queries at once; the one query of a token that is being written
    takes it five times as long as two products and a softmax (`benchmarks/generation.py`). Prompts, training and other
    devices keep the fused one. A model that does not use it by default keeps what it has.

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
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if query.shape[2] > 1 or dropout or others.get("position_bias") is not None:
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
        return found
    return one_query(query, key, value, attention_mask, scaling), None


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
    grouped = query.view(n_rows, key.shape[1], n_heads // key.shape[1], width)
    products = (grouped @ key.transpose(2, 3)).float() * (width**-0.5 if scaling is None else scaling)
    if mask is not None:
        products = products.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else products + mask
    mixed = products.softmax(dim=-1).to(value.dtype) @ value
    return mixed.reshape(n_rows, 1, n_heads, value.shape[-1])
