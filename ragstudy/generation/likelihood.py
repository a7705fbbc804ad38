"""How likely a causal language model finds given texts."""

from __future__ import annotations

import math
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.errors import UnavailableError
from ragstudy.files import fingerprint
from ragstudy.generation.locate import model_fingerprint
from ragstudy.generation.packaged import PACKAGED, SMALLEST
from ragstudy.hardware import device_of, dtype_of
from ragstudy.prompting import plain_ids
from ragstudy.protocols import LikelihoodSource, TokenLog
from ragstudy.specs import TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.generation.causal import CausalModel

_BATCH = 8
# Tokens of a batch of texts, padding counted: what a processor multiplies well and 1 GiB of logits holds.
_MOST_TOKENS = 4096
_LONGEST_TEXT = 300


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
    # An adapter of virtual tokens may put them before the others.
    logits = model.active(input_ids=ids, attention_mask=there).logits[:, -longest:]
    made = []
    for number, (row, (_, after)) in enumerate(zip(rows, pairs, strict=True)):
        n = min(len(after), len(row) - 1)
        wanted = torch.tensor(row[len(row) - n :], device=device)
        logs = logits[number, len(row) - n - 1 : len(row) - 1].float().log_softmax(dim=-1)
        total = float(logs.gather(1, wanted[:, None]).sum())
        made.append(Likelihood(total, n, bool((logs.argmax(dim=-1) == wanted).all())))
    return made


class CausalLikelihoods:
    """The likelihoods of a causal language model of transformers (`ragstudy.protocols.LikelihoodModel`).

    Of a text, the first 300 tokens are read; what stands before is cut from the left to what the model's context holds.

    Args:
        model: the base as it is loaded, without an adapter.

    Raises:
        UnavailableError: its tokenizer cannot say which characters a token stands for.
    """

    def __init__(self, model: CausalModel) -> None:
        if not model.tokenizer.is_fast:
            msg = f"model {model.spec.model!r}: its tokenizer does not say where its tokens stand; choose another model"
            raise UnavailableError(msg)
        self._model = model

    def token_logs(self, pairs: Sequence[tuple[str, str]]) -> list[list[TokenLog]]:
        """For each pair (what stands before, text), the tokens of the text in order; none of an empty text.

        Args:
            pairs: read in batches of like length.
        """
        rows = [self._row(before, text) for before, text in pairs]
        order = sorted((i for i, row in enumerate(rows) if row.ids), key=lambda i: rows[i].length)
        found: list[list[TokenLog]] = [[] for _ in pairs]
        with self._model.switched(None):
            while order:
                chosen = _batch_of(order, rows)
                for i, logs in zip(chosen, self._logs([rows[i] for i in chosen]), strict=True):
                    spans = rows[i].spans[-len(logs) :]
                    found[i] = [TokenLog(*span, log) for span, log in zip(spans, logs, strict=True)]
        return found

    def _row(self, before: str, text: str) -> _Row:
        tokenizer = self._model.tokenizer
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids, spans = encoded["input_ids"][:_LONGEST_TEXT], encoded["offset_mapping"][:_LONGEST_TEXT]
        first = list(tokenizer(before)["input_ids"]) or [self._model.tokenizer.eos_token_id or 0]
        return _Row(first[-max(1, self._model.context - len(ids)) :], ids, spans)

    def _logs(self, rows: Sequence[_Row]) -> list[list[float]]:
        """Logs of each row's tokens; padded on the right, because a causal model's tokens do not see what follows."""
        import torch

        longest = max(row.length for row in rows)
        kept = longest - min(len(row.before) for row in rows) + 1
        device = self._model.base.device
        ids = torch.tensor([[*row.before, *row.ids, *[0] * (longest - row.length)] for row in rows], device=device)
        lengths = torch.tensor([row.length for row in rows], device=device)
        mask = (torch.arange(longest, device=device)[None] < lengths[:, None]).long()
        found = self._model.base(input_ids=ids, attention_mask=mask, **self._fewer_logits(kept)).logits
        made = []
        for number, row in enumerate(rows):
            start = len(row.before) - 1 - (longest - found.shape[1])
            logs = found[number, start : start + len(row.ids)].float().log_softmax(dim=-1)
            wanted = torch.tensor(row.ids, device=device)
            made.append(logs.gather(1, wanted[:, None])[:, 0].tolist())
        return made

    def _fewer_logits(self, n: int) -> dict[str, int]:
        """How to ask the model for the logits of the last `n` positions only, where it can be asked."""
        known = "logits_to_keep" in signature(self._model.base.forward).parameters
        return {"logits_to_keep": n} if known else {}


def likelihood_source(wanted: str) -> LikelihoodSource | None:
    """The language model that helps to score long answers.

    Args:
        wanted: 'auto' for SmolLM2 where its package is installed, 'none', or a model as a generator names it.

    Raises:
        InputError: the named folder or file is missing or holds no weights.
        UnavailableError: the named model is not to be had.
    """
    if wanted == "none":
        return None
    only_english = wanted == "auto"
    if only_english and PACKAGED[SMALLEST].path() is None:
        return None
    name = SMALLEST if only_english else wanted
    precision = dtype_of("auto", device_of("auto"))
    return LikelihoodSource(
        name, fingerprint(model_fingerprint(name), str(precision)), partial(_load, name), only_english
    )


def _load(name: str) -> CausalLikelihoods:
    from ragstudy.generation.causal import CausalModel

    return CausalLikelihoods(CausalModel(TransformersSpec(kind="transformers", name="likelihood_model", model=name)))


class _Row(NamedTuple):
    before: list[int]
    ids: list[int]
    spans: list[tuple[int, int]]

    @property
    def length(self) -> int:
        return len(self.before) + len(self.ids)


def _batch_of(order: list[int], rows: Sequence[_Row]) -> list[int]:
    """Take the next numbers of rows from `order`, shortest first, that fit into a batch; at least one."""
    n = 1
    while n < len(order) and (n + 1) * rows[order[n]].length <= _MOST_TOKENS:
        n += 1
    chosen = order[:n]
    del order[:n]
    return chosen


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
