"""How likely a causal language model finds given texts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.prompting import plain_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.generation.causal import CausalModel

_BATCH = 8


class Likelihood(NamedTuple):
    """Of a continuation.

    Attributes:
        log: natural logarithm of its probability given what stands before; 0 downwards, nearer 0 is likelier.
        n_tokens: tokens of it.
        is_greedy: whether each of its tokens was the likeliest.
    """

    log: float
    n_tokens: int
    is_greedy: bool


def likelihoods(
    model: CausalModel, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], adapter: str | None = None
) -> list[Likelihood]:
    """The likelihood of each continuation after its beginning, in order.

    Args:
        model: with tokenizer.
        pairs: token ids of the beginning, at least one, and of the continuation. What does not fit into the model's
            context is cut from the beginning's left.
        adapter: folder or hub id of a PEFT adapter to switch on, or None for the base.
    """
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]) + len(pairs[i][1]))
    found: list[Likelihood | None] = [None] * len(pairs)
    with model.switched(adapter):
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            for i, one in zip(chosen, _batch(model, [pairs[i] for i in chosen]), strict=True):
                found[i] = one
    return [one for one in found if one is not None]


def _batch(model: CausalModel, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Likelihood]:
    import torch

    rows = [[*before, *after][-model.context :] for before, after in pairs]
    longest = max(map(len, rows))
    device = model.base.device
    # Padded on the right: a causal model's tokens do not see what follows them.
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=device)
    there = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
    logits = model.active(input_ids=ids, attention_mask=there).logits
    made = []
    for number, (row, (_, after)) in enumerate(zip(rows, pairs, strict=True)):
        n = min(len(after), len(row) - 1)
        wanted = torch.tensor(row[len(row) - n :], device=device)
        logs = logits[number, len(row) - n - 1 : len(row) - 1].float().log_softmax(dim=-1)
        total = float(logs.gather(1, wanted[:, None]).sum())
        made.append(Likelihood(total, n, bool((logs.argmax(dim=-1) == wanted).all())))
    return made


def text_losses(
    model: CausalModel, texts: Sequence[str], adapter: str | None = None, window: int = 512
) -> list[tuple[float, int]]:
    """Negative log-likelihood of each text's first window, and how many tokens it is the sum of.

    The first token is not foretold. Texts of fewer than two tokens give (0, 0).

    Args:
        model: with tokenizer.
        texts: plain text, without a chat template.
        adapter: folder or hub id of a PEFT adapter to switch on, or None for the base.
        window: most tokens read of a text.
    """
    width = min(window, model.context)
    encoded = [plain_ids(text, model.tokenizer)[:width] for text in texts]
    long = [i for i, ids in enumerate(encoded) if len(ids) > 1]
    found = likelihoods(model, [(encoded[i][:1], encoded[i][1:]) for i in long], adapter)
    losses = [(0.0, 0)] * len(texts)
    for i, one in zip(long, found, strict=True):
        losses[i] = (-one.log, one.n_tokens)
    return losses


def perplexity(model: CausalModel, texts: Sequence[str], n_tokens: int = 20_000) -> float | None:
    """Exp of the mean negative log-likelihood of a token given those before it; 1 upwards, less is better.

    Each text is read on its own, at most 512 tokens of it. Figures of models with different tokenizers do not compare.

    Args:
        model: the base as it is loaded, without an adapter.
        texts: read in order.
        n_tokens: after about so many the rest is left out.

    Returns:
        None if no text has two tokens.
    """
    chosen: list[str] = []
    n_read = 0
    for text in texts:
        if n_read >= n_tokens:
            break
        chosen.append(text)
        n_read += min(512, len(plain_ids(text, model.tokenizer)))
    losses = text_losses(model, chosen)
    n = sum(count for _, count in losses)
    return math.exp(math.fsum(loss for loss, _ in losses) / n) if n else None
