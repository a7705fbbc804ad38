"""The pretraining recipe of the embedded models: resumable, on a processor or a GPU."""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import asdict, dataclass, replace
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from ragstudy.pocket.curriculum import Conversation, Stage, conversations
from ragstudy.pocket.tokenizer import ASSISTANT, END, USER, learn_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

logger = logging.getLogger(__name__)

_LENGTHS = (128, 256, 384, 512, 768)
_BATCHES_PER_ROUND = 64
_ROUNDS_PER_CHECKPOINT = 8


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a model becomes.

    Attributes:
        name: of the model's folder.
        hidden: width.
        n_layers: number of blocks.
        n_heads: attention heads.
        inner: width of the feed-forward part.
        vocabulary_size: entries of the tokenizer.
        n_tokens: tokens of the first part, padding included: answers in as few words as serve.
        n_named_tokens: tokens of the second part: answers that name first what is asked for.
        n_alike_tokens: tokens of the third part: passages about things with names alike, and answers in whole
            sentences where the instruction asks for them.
        batch_tokens: tokens of a batch.
        learning_rate: at the first part's peak; warmed up over 1 %, falling to zero over the last 40 %.
        named_learning_rate: at the second part's peak; warmed up over 3 %, then falling to zero.
        alike_learning_rate: the same of the third part.
        share_supervised: share of a batch's positions that the loss is computed on; answers come first, the
            rest are drawn from the other positions.
        weight_elsewhere: weight of the loss at positions outside answers.
        seed: of weights and data.
    """

    name: str = "small"
    hidden: int = 256
    n_layers: int = 6
    n_heads: int = 4
    inner: int = 704
    vocabulary_size: int = 6144
    n_tokens: int = 34_000_000
    n_named_tokens: int = 11_000_000
    n_alike_tokens: int = 24_000_000
    batch_tokens: int = 3072
    learning_rate: float = 1.4e-3
    named_learning_rate: float = 1.0e-3
    alike_learning_rate: float = 1.0e-3
    share_supervised: float = 0.25
    weight_elsewhere: float = 0.15
    seed: int = 1

    @property
    def n_all_tokens(self) -> int:
        """Tokens of all parts together."""
        return self.n_tokens + self.n_named_tokens + self.n_alike_tokens

    def shortened(self, n_all_tokens: int) -> Recipe:
        """The recipe with all its parts, each shortened (or lengthened) by the same factor."""
        factor = n_all_tokens / self.n_all_tokens
        return replace(
            self,
            n_tokens=max(1, round(self.n_tokens * factor)),
            n_named_tokens=max(1, round(self.n_named_tokens * factor)),
            n_alike_tokens=max(1, round(self.n_alike_tokens * factor)),
        )


@dataclass(frozen=True)
class _Batch:
    ids: torch.Tensor
    answers: torch.Tensor  # whether the token at a position belongs to an answer
    text: torch.Tensor  # whether it belongs to a conversation at all


def stage_at(recipe: Recipe, n_done: int) -> Stage:
    """Few short passages first: copying is learned on them, then carried over to longer contexts."""
    share_done = n_done / recipe.n_tokens
    if share_done < 0.12:
        return Stage(2, 25, 6, share_copied=0.6)
    if share_done < 0.25:
        return Stage(3, 45, 7, share_copied=0.2)
    if share_done < 0.5:
        return Stage(5, 60, 7, share_copied=0.06)
    if n_done < recipe.n_tokens + recipe.n_named_tokens:
        return Stage(6, 85, 7, share_copied=0.03, named=share_done >= 1)
    return Stage(6, 90, 7, share_copied=0.02, named=True, share_alike=0.6, share_prose=0.25, all_schemas=True)


def encode(talk: Conversation, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[bool]]:
    """Token ids of a conversation, and for each whether the loss there weighs fully (answers, their end)."""
    user, assistant, end = (tokenizer.vocab[token] for token in (USER, ASSISTANT, END))
    ids: list[int] = []
    answers: list[bool] = []
    for number, turn in enumerate(talk.turns):
        asked = talk.opening if number == 0 else f"Question: {turn.question}"
        question = [user, *tokenizer.encode(asked), end, assistant]
        answer = [*tokenizer.encode(turn.answer), end]
        ids += question + answer
        answers += [False] * len(question) + [True] * len(answer)
    return ids, answers


def batches(recipe: Recipe, tokenizer: PreTrainedTokenizerFast, number: int, stage: Stage) -> Iterator[_Batch]:
    """The batches of one round: conversations of like length stand together, padded on the right."""
    rng = Random(recipe.seed * 1_000_003 + number)
    stream = conversations(stage, rng)
    waiting: dict[int, list[tuple[list[int], list[bool]]]] = {length: [] for length in _LENGTHS}
    made: list[_Batch] = []
    while len(made) < _BATCHES_PER_ROUND:
        ids, answers = encode(next(stream), tokenizer)
        length = next((n for n in _LENGTHS if len(ids) <= n), None)
        if length is None:
            continue
        waiting[length].append((ids, answers))
        if len(waiting[length]) == recipe.batch_tokens // length:
            made.append(_pad(waiting[length], length))
            waiting[length] = []
    rng.shuffle(made)
    return iter(made)


def _pad(rows: Sequence[tuple[list[int], list[bool]]], length: int) -> _Batch:
    import torch

    ids = torch.zeros((len(rows), length), dtype=torch.long)
    answers = torch.zeros((len(rows), length), dtype=torch.bool)
    text = torch.zeros((len(rows), length), dtype=torch.bool)
    for row, (tokens, marks) in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        answers[row, : len(tokens)] = torch.tensor(marks)
        text[row, : len(tokens)] = True
    return _Batch(ids, answers, text)


def learning_rate(recipe: Recipe, n_done: int) -> float:
    """The first part: warm-up over 1 %, constant, linear to zero over the last 40 %; the others: up, then down."""
    done = n_done / recipe.n_tokens
    if done < 1:
        return recipe.learning_rate * min(1.0, done / 0.01 + 0.02, (1 - done) / 0.4)
    named = (n_done - recipe.n_tokens) / recipe.n_named_tokens
    if named < 1:
        return recipe.named_learning_rate * _up_and_down(named)
    alike = (n_done - recipe.n_tokens - recipe.n_named_tokens) / max(1, recipe.n_alike_tokens)
    return recipe.alike_learning_rate * _up_and_down(alike)


def _up_and_down(done: float) -> float:
    """Linear to 1 over the first 3 %, then linear to zero."""
    return max(0.0, min(1.0, done / 0.03 + 0.02, (1 - done) / 0.97))


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """An untrained model of the recipe's size."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=recipe.vocabulary_size,
        hidden_size=recipe.hidden,
        intermediate_size=recipe.inner,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.n_heads,
        num_key_value_heads=recipe.n_heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def batch_loss(
    model: LlamaForCausalLM, batch: _Batch, recipe: Recipe, generator: torch.Generator
) -> tuple[torch.Tensor, float]:
    """The weighted loss of a batch and the mean loss of its answer tokens alone.

    The vocabulary projection is computed only where the loss is: it would otherwise dominate a small model.
    """
    import torch
    import torch.nn.functional as nn_functional

    device = model.device
    hidden = model.model(input_ids=batch.ids.to(device), use_cache=False).last_hidden_state
    weights = torch.where(batch.answers, 1.0, torch.where(batch.text, recipe.weight_elsewhere, 0.0))[:, 1:].flatten()
    order = torch.ceil(weights) + torch.floor(weights) + torch.rand(weights.shape, generator=generator)
    chosen = torch.topk(order, int(recipe.share_supervised * weights.numel())).indices
    hidden = hidden[:, :-1].reshape(-1, hidden.shape[-1])[chosen.to(device)]
    targets = batch.ids[:, 1:].flatten()[chosen].to(device)
    kept = weights[chosen].to(device)
    losses = nn_functional.cross_entropy(model.lm_head(hidden).float(), targets, reduction="none")
    answer_loss = losses.detach()[kept == 1.0].mean().item()
    return (losses * kept).sum() / kept.sum(), answer_loss


@dataclass
class _Progress:
    n_done: int = 0
    round: int = 0
    seconds: float = 0.0


class Trainer:
    """Trains one model in a folder; a later call with the same folder goes on where it was.

    Args:
        recipe: what to train.
        folder: holds the checkpoint and, at the end, the model.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        import torch

        self.recipe = recipe
        self.folder = folder
        self.progress = _Progress()
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = self._tokenizer()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = new_model(recipe, self.tokenizer)
        self.model.to(self.device)  # type: ignore[arg-type] # transformers wraps `to`
        decayed = [p for p in self.model.parameters() if p.dim() > 1]
        others = [p for p in self.model.parameters() if p.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True)
        self._resume()

    def _tokenizer(self) -> PreTrainedTokenizerFast:
        from transformers import PreTrainedTokenizerFast

        saved = self.folder / "model"
        if (saved / "tokenizer.json").exists():
            known: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(saved)
            return known
        tokenizer = learn_tokenizer(self.recipe.vocabulary_size, 8000, self.recipe.seed)
        tokenizer.save_pretrained(saved)
        return tokenizer

    def run(self) -> None:
        """Train to the recipe's end."""
        while self.progress.n_done < self.recipe.n_all_tokens:
            self._round()
            if self.progress.round % _ROUNDS_PER_CHECKPOINT == 0:
                self._save()
        self._save()
        self.save_model(self.folder / "model")

    def _round(self) -> None:
        import torch

        started, n_before, losses = time.perf_counter(), self.progress.n_done, []
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + self.progress.round)
        stage = stage_at(self.recipe, self.progress.n_done)
        for batch in batches(self.recipe, self.tokenizer, self.progress.round, stage):
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.recipe, self.progress.n_done)
            with torch.autocast(self.device, torch.bfloat16):
                loss, answer_loss = batch_loss(self.model, batch, self.recipe, generator)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.progress.n_done += batch.ids.numel()
            losses.append(answer_loss)
        seconds = time.perf_counter() - started
        self.progress.round += 1
        self.progress.seconds += seconds
        self._log(math.fsum(losses) / len(losses), (self.progress.n_done - n_before) / seconds)

    def _log(self, answer_loss: float, speed: float) -> None:
        row = {
            **asdict(self.progress),
            "answer_loss": round(answer_loss, 4),
            "tokens_per_second": round(speed),
        }
        with (self.folder / "curve.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        logger.info("%s", row)

    def save_model(self, folder: Path) -> None:
        """Write the model in bfloat16 as safetensors, with tokenizer and generation settings."""
        import torch
        from transformers import GenerationConfig

        copy = new_model(self.recipe, self.tokenizer)
        copy.load_state_dict({name: value.cpu() for name, value in self.model.state_dict().items()})
        copy.generation_config = GenerationConfig(  # type: ignore[no-untyped-call] # its library leaves it so
            pad_token_id=self.tokenizer.pad_token_id, eos_token_id=self.tokenizer.eos_token_id, do_sample=False
        )
        copy.to(torch.bfloat16)  # type: ignore[arg-type] # transformers wraps `to`
        copy.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def _save(self) -> None:
        from safetensors.torch import save_file

        tensors = {f"model/{name}": p.detach().contiguous().cpu() for name, p in self.model.named_parameters()}
        for name, p in self.model.named_parameters():
            for key in ("exp_avg", "exp_avg_sq", "step"):
                tensors[f"{key}/{name}"] = self.optimizer.state[p][key].detach().cpu().reshape(-1)
        written = self.folder / "checkpoint.tmp"
        save_file(tensors, written, metadata={"progress": json.dumps(asdict(self.progress))})
        written.replace(self.folder / "checkpoint.safetensors")

    def _resume(self) -> None:
        from safetensors import safe_open

        saved = self.folder / "checkpoint.safetensors"
        if not saved.exists():
            return
        with safe_open(saved, "pt") as tensors:
            self.progress = _Progress(**json.loads(tensors.metadata()["progress"]))
            for name, p in self.model.named_parameters():
                p.data.copy_(tensors.get_tensor(f"model/{name}"))
                self.optimizer.state[p] = {
                    key: tensors.get_tensor(f"{key}/{name}").reshape(p.shape if key != "step" else ()).to(self.device)
                    for key in ("exp_avg", "exp_avg_sq", "step")
                }


def examples(stage: Stage, n: int, seed: int) -> list[Conversation]:
    """The first `n` conversations of a stage and seed, for looking at."""
    return list(islice(conversations(stage, Random(seed)), n))
