"""Causal attention in blocks, for training on processors.

torch's fused kernel in bfloat16 leaves the matrix units of a processor idle; plain matrix products over blocks of
queries, each with the keys up to its end only, take half its time there (benchmarks/README.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

NAME = "causal_blocks"
_BLOCK = 192


def causal_blocks(
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_others: object,
) -> tuple[torch.Tensor, None]:
    """Attention of every position to itself and those before it.

    Args:
        query: batch x heads x length x width.
        key: the same shape.
        value: the same shape.
        attention_mask: not supported; rows are padded on the right, where nothing looks.
        scaling: of the scores; 1 / sqrt(width) by default.

    Returns:
        batch x length x heads x width, in bfloat16; no weights.

    Raises:
        ValueError: there is a mask.
    """
    import torch

    if attention_mask is not None:
        msg = "attention in blocks takes no mask"
        raise ValueError(msg)
    scale = scaling or query.shape[-1] ** -0.5
    query, key, value = (one.to(torch.bfloat16) for one in (query * scale, key, value))
    length = query.shape[2]
    hidden = torch.full((length, length), float("-inf"), dtype=torch.bfloat16, device=query.device).triu(1)
    made = []
    with torch.autocast(query.device.type, enabled=False):
        for start in range(0, length, _BLOCK):
            end = min(length, start + _BLOCK)
            scores = query[:, :, start:end] @ key[:, :, :end].transpose(-1, -2)
            made.append(torch.softmax(scores + hidden[start:end, :end], -1) @ value[:, :, :end])
    return torch.cat(made, 2).transpose(1, 2).contiguous(), None
