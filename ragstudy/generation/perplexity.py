"""How well a language model foretells plain text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.generation.causal import CausalModel

_WINDOW = 512
_BATCH = 8


def perplexity(model: CausalModel, texts: Sequence[str], n_tokens: int = 20_000) -> float | None:
    """Exp of the mean negative log-likelihood of a token given those before it; 1 upwards, less is better.

    The texts are cut into windows of at most 512 tokens (or the model's context), each read on its own, so the first
    token of a window is not foretold. Figures of models with different tokenizers do not compare.

    Args:
        model: the base as it is loaded, without an adapter.
        texts: read in order.
        n_tokens: after about so many the rest is left out.

    Returns:
        None if no text has two tokens.
    """
    import torch

    width = min(_WINDOW, model.context)
    windows: list[list[int]] = []
    for text in texts:
        ids = model.tokenizer.encode(text, add_special_tokens=False, verbose=False)
        windows += [part for i in range(0, len(ids), width) if len(part := ids[i : i + width]) > 1]
        if sum(map(len, windows)) >= n_tokens:
            break
    windows.sort(key=len)
    total, n = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(windows), _BATCH):
            rows = windows[start : start + _BATCH]
            longest = max(map(len, rows))
            ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=model.base.device)
            there = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=ids.device)
            logits = model.base(input_ids=ids, attention_mask=there).logits[:, :-1].float()
            losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
            total += float((losses * there[:, 1:]).sum())
            n += int(there[:, 1:].sum())
    return math.exp(total / n) if n else None
