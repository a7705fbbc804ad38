"""Conversations as batches of tokens, and what a model loses on them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.pocket.curriculum import conversations
from ragstudy.pocket.tokenizer import ASSISTANT, END, USER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from ragstudy.pocket.curriculum import Conversation, Stage
    from ragstudy.pocket.recipe import Recipe

_LENGTHS = (128, 256, 384, 512, 768)
_BATCHES_PER_ROUND = 64


class _Row(NamedTuple):
    ids: list[int]
    answers: list[bool]
    verdicts: list[bool]


@dataclass(frozen=True)
class _Batch:
    ids: torch.Tensor
    answers: torch.Tensor  # whether the token at a position belongs to an answer
    verdicts: torch.Tensor  # whether it is the one that says yes or no
    text: torch.Tensor  # whether it belongs to a conversation at all


def encode(talk: Conversation, tokenizer: PreTrainedTokenizerFast) -> _Row:
    """A conversation as tokens; those of answers and their end, and the ones that say yes or no, are marked.

    Args:
        talk: conversation with marked answers.
        tokenizer: of the model.
    """
    user, assistant, end = (tokenizer.vocab[token] for token in (USER, ASSISTANT, END))
    ids: list[int] = []
    answers: list[bool] = []
    verdicts: list[bool] = []
    for number, turn in enumerate(talk.turns):
        asked = talk.opening if number == 0 else f"Question: {turn.question}"
        question = [user, *tokenizer.encode(asked), end, assistant]
        answer = [*tokenizer.encode(turn.answer), end]
        ids += question + answer
        answers += [False] * len(question) + [True] * len(answer)
        verdicts += [False] * len(question) + _verdicts(turn.answer, len(answer))
    return _Row(ids, answers, verdicts)


def _verdicts(answer: str, n_tokens: int) -> list[bool]:
    """Which of an answer's tokens, its end included, says yes or no: the first, or the one before full stop and end."""
    marks = [False] * n_tokens
    if answer.startswith(("Yes,", "Yes.", "No,", "No.")):
        marks[0] = True
    elif answer.endswith((", so yes.", ", so no.")):
        marks[-3] = True
    return marks


def batches(recipe: Recipe, tokenizer: PreTrainedTokenizerFast, number: int, stage: Stage) -> Iterator[_Batch]:
    """The batches of one round: conversations of like length stand together, padded on the right.

    Args:
        recipe: of the training.
        tokenizer: of the model.
        number: of the round.
        stage: of the curriculum.
    """
    rng = Random(recipe.seed * 1_000_003 + number)
    stream = conversations(stage, rng)
    waiting: dict[int, list[_Row]] = {length: [] for length in _LENGTHS}
    made: list[_Batch] = []
    while len(made) < _BATCHES_PER_ROUND:
        row = encode(next(stream), tokenizer)
        length = next((n for n in _LENGTHS if len(row.ids) <= n), None)
        if length is None:
            continue
        waiting[length].append(row)
        if len(waiting[length]) == recipe.batch_tokens // length:
            made.append(_pad(waiting[length], length))
            waiting[length] = []
    rng.shuffle(made)
    return iter(made)


def _pad(rows: Sequence[_Row], length: int) -> _Batch:
    import torch

    ids = torch.zeros((len(rows), length), dtype=torch.long)
    answers = torch.zeros((len(rows), length), dtype=torch.bool)
    verdicts = torch.zeros((len(rows), length), dtype=torch.bool)
    text = torch.zeros((len(rows), length), dtype=torch.bool)
    for number, row in enumerate(rows):
        n = len(row.ids)
        ids[number, :n] = torch.tensor(row.ids)
        answers[number, :n] = torch.tensor(row.answers)
        verdicts[number, :n] = torch.tensor(row.verdicts)
        text[number, :n] = True
    return _Batch(ids, answers, verdicts, text)


def batch_loss(
    model: LlamaForCausalLM, batch: _Batch, recipe: Recipe, generator: torch.Generator, weight_verdict: float = 1.0
) -> tuple[torch.Tensor, float]:
    """The weighted loss of a batch and the mean loss of its answer tokens alone.

    The vocabulary projection is computed only where the loss is: it would otherwise dominate a small model.

    Args:
        model: that is trained.
        batch: of conversations.
        recipe: of the training.
        generator: gives the random draws.
        weight_verdict: weight of the word of a verdict.
    """
    import torch
    import torch.nn.functional as nn_functional

    device = model.device
    hidden = model.model(input_ids=batch.ids.to(device), use_cache=False).last_hidden_state
    weights = torch.where(batch.answers, 1.0, torch.where(batch.text, recipe.weight_elsewhere, 0.0))
    weights = torch.where(batch.verdicts, weight_verdict, weights)[:, 1:].flatten()
    order = torch.ceil(weights) + torch.floor(weights) + torch.rand(weights.shape, generator=generator)
    chosen = torch.topk(order, int(recipe.share_supervised * weights.numel())).indices
    hidden = hidden[:, :-1].reshape(-1, hidden.shape[-1])[chosen.to(device)]
    targets = batch.ids[:, 1:].flatten()[chosen].to(device)
    kept = weights[chosen].to(device)
    losses = nn_functional.cross_entropy(model.lm_head(hidden).float(), targets, reduction="none")
    answer_loss = losses.detach()[kept >= 1.0].mean().item()
    return (losses * kept).sum() / kept.sum(), answer_loss
