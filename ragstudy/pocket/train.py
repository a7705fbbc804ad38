"""The pretraining recipe of the embedded models: resumable, on a processor or a GPU."""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.generation.attention import speed_up
from ragstudy.pocket.curriculum import Conversation, Stage, conversations
from ragstudy.pocket.grow import grow_from
from ragstudy.pocket.tokenizer import ASSISTANT, END, USER, learn_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        n_tokens: tokens to train on, padding included, before the last ones.
        batch_tokens: tokens of a batch.
        learning_rate: at the peak, of embeddings and norms (AdamW).
        matrix_learning_rate: at the peak, of the blocks' matrices (Muon).
        share_supervised: share of a batch's positions that the loss is computed on; answers come first, the
            rest are drawn from the other positions.
        weight_elsewhere: weight of the loss at positions outside answers.
        seed: of weights and data.
        share_reasoned: of the questions of the last stage, see `Stage`.
        share_examples: of the conversations of the last stage, see `Stage`.
        n_last_tokens: tokens after those, in which the word of a verdict weighs `weight_verdict` and the learning rates
            begin at `share_last_rate` of their peaks.
        weight_verdict: weight of the loss at `yes` or `no` in these; elsewhere 1, as of any other token of an answer,
            which is too little to be learned: it is one of about twenty.
        share_last_rate: of the peak learning rates, falling to zero.
        grown_from: the shipped model that this one begins as, with blocks added; it is trained in the last stage
            only. Empty for a model trained from nothing.
    """

    name: str = "small"
    hidden: int = 256
    n_layers: int = 6
    n_heads: int = 4
    inner: int = 704
    vocabulary_size: int = 6144
    n_tokens: int = 34_000_000
    batch_tokens: int = 3072
    learning_rate: float = 1.4e-3
    matrix_learning_rate: float = 2.0e-3
    share_supervised: float = 0.25
    weight_elsewhere: float = 0.15
    seed: int = 1
    share_reasoned: float = 0.0
    share_examples: float = 0.12
    n_last_tokens: int = 0
    weight_verdict: float = 10.0
    share_last_rate: float = 0.4
    grown_from: str = ""

    @property
    def n_all_tokens(self) -> int:
        """Tokens of the whole training."""
        return self.n_tokens + self.n_last_tokens


_MODELS = Path(__file__).parent / "models"
# About 2.5, 6.4 and 11 million parameters, so that size can be an axis of a study. The medium one goes on
# from the small one with a third of its tokens, on the kinds of questions that this one is weak at.
RECIPES = {
    "tiny": Recipe(name="tiny", hidden=160, n_layers=5, n_heads=4, inner=432),
    "small": Recipe(),
    "medium": Recipe(
        name="medium",
        n_layers=12,
        n_tokens=10_000_000,
        learning_rate=0.8e-3,
        matrix_learning_rate=1.2e-3,
        share_reasoned=0.5,
        share_examples=0.3,
        n_last_tokens=2_000_000,
        grown_from="small",
    ),
}


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


def stage_at(recipe: Recipe, n_done: int) -> Stage:
    """Few short passages first: copying is learned on them, then carried over to longer contexts."""
    share_done = 1.0 if recipe.grown_from else n_done / recipe.n_tokens
    if share_done < 0.10:
        return Stage(2, 25, 6, share_copied=0.5, share_matched=0.15)
    if share_done < 0.22:
        return Stage(3, 45, 7, share_copied=0.15, share_matched=0.2, share_alike=0.2)
    if share_done < 0.45:
        return Stage(4, 70, 7, share_copied=0.05, share_matched=0.2, share_alike=0.4)
    return Stage(
        6,
        95,
        7,
        share_copied=0.02,
        share_matched=0.12,
        share_alike=0.55,
        share_missing=0.15,
        share_prose=0.2,
        share_examples=recipe.share_examples,
        share_reasoned=recipe.share_reasoned,
    )


def encode(talk: Conversation, tokenizer: PreTrainedTokenizerFast) -> _Row:
    """A conversation as tokens; those of answers and their end, and the ones that say yes or no, are marked."""
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
    """The batches of one round: conversations of like length stand together, padded on the right."""
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


def rate_factor(recipe: Recipe, n_done: int) -> float:
    """What the peak learning rates are multiplied with: up over 1 %, constant, linear to zero over the last 45 %.

    The last tokens have a slope of their own.
    """
    if n_done >= recipe.n_tokens and recipe.n_last_tokens:
        return recipe.share_last_rate * max(0.0, 1 - (n_done - recipe.n_tokens) / recipe.n_last_tokens)
    done = n_done / recipe.n_tokens
    return max(0.0, min(1.0, done / 0.01 + 0.02, (1 - done) / 0.45))


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
    model: LlamaForCausalLM, batch: _Batch, recipe: Recipe, generator: torch.Generator, weight_verdict: float = 1.0
) -> tuple[torch.Tensor, float]:
    """The weighted loss of a batch and the mean loss of its answer tokens alone.

    The vocabulary projection is computed only where the loss is: it would otherwise dominate a small model.
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
        if recipe.grown_from:
            grow_from(_MODELS / recipe.grown_from, self.model)
        self.model.to(self.device)  # type: ignore[arg-type] # transformers wraps `to`
        speed_up(self.model, self.device)
        # Muon for the blocks' matrices found copying in fewer tokens than AdamW for everything.
        matrices = [p for p in self.model.model.layers.parameters() if p.dim() == 2]
        known = {id(p) for p in matrices}
        others = [p for p in self.model.parameters() if id(p) not in known]
        self.optimizers: list[tuple[torch.optim.Optimizer, float]] = [
            (
                torch.optim.Muon(
                    matrices, lr=recipe.matrix_learning_rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"
                ),
                recipe.matrix_learning_rate,
            ),
            (
                torch.optim.AdamW(others, lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
                recipe.learning_rate,
            ),
        ]
        self._resume()

    def _tokenizer(self) -> PreTrainedTokenizerFast:
        from transformers import PreTrainedTokenizerFast

        grown_from = self.recipe.grown_from
        saved = _MODELS / grown_from if grown_from else self.folder / "model"
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
        weight_verdict = self.recipe.weight_verdict if self.progress.n_done >= self.recipe.n_tokens else 1.0
        for batch in batches(self.recipe, self.tokenizer, self.progress.round, stage):
            self._set_rates()
            with torch.autocast(self.device, torch.bfloat16):
                loss, answer_loss = batch_loss(self.model, batch, self.recipe, generator, weight_verdict)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for optimizer, _ in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            self.progress.n_done += batch.ids.numel()
            losses.append(answer_loss)
        seconds = time.perf_counter() - started
        self.progress.round += 1
        self.progress.seconds += seconds
        self._log(math.fsum(losses) / len(losses), (self.progress.n_done - n_before) / seconds)

    def _set_rates(self) -> None:
        factor = rate_factor(self.recipe, self.progress.n_done)
        for optimizer, peak in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = peak * factor

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
            for optimizer, _ in self.optimizers:
                for key, value in optimizer.state.get(p, {}).items():
                    tensors[f"{key}/{name}"] = value.detach().cpu().reshape(-1)
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
            for key in tensors.keys():  # noqa: SIM118 - the file is no mapping
                part, _, name = key.partition("/")
                p = self.model.get_parameter(name)
                if part == "model":
                    p.data.copy_(tensors.get_tensor(key))
                else:
                    optimizer = next(one for one, _ in self.optimizers if _holds(one, p))
                    shape = () if part == "step" else p.shape
                    optimizer.state[p][part] = tensors.get_tensor(key).reshape(shape).to(self.device)


def _holds(optimizer: torch.optim.Optimizer, parameter: torch.nn.Parameter) -> bool:
    return any(parameter is one for group in optimizer.param_groups for one in group["params"])


def examples(stage: Stage, n: int, seed: int) -> list[Conversation]:
    """The first `n` conversations of a stage and seed, for looking at."""
    return list(islice(conversations(stage, Random(seed)), n))
