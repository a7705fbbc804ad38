"""The pretraining recipe of the embedded models: resumable, on a processor or a GPU."""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import asdict, dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from ragstudy.generation.attention import speed_up
from ragstudy.pocket.batches import batch_loss, batches
from ragstudy.pocket.curriculum import Conversation, Stage, conversations
from ragstudy.pocket.grow import grow_from
from ragstudy.pocket.recipe import MODELS, Recipe
from ragstudy.pocket.tokenizer import learn_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

logger = logging.getLogger(__name__)

_ROUNDS_PER_CHECKPOINT = 8


def stage_at(recipe: Recipe, n_done: int) -> Stage:
    """Few short passages first: copying is learned on them, then carried over to longer contexts.

    Args:
        recipe: of the training.
        n_done: tokens read so far.
    """
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


def rate_factor(recipe: Recipe, n_done: int) -> float:
    """What the peak learning rates are multiplied with: up over 1 %, constant, linear to zero over the last 45 %.

    The last tokens have a slope of their own.

    Args:
        recipe: of the training.
        n_done: tokens read so far.
    """
    if n_done >= recipe.n_tokens and recipe.n_last_tokens:
        return recipe.share_last_rate * max(0.0, 1 - (n_done - recipe.n_tokens) / recipe.n_last_tokens)
    done = n_done / recipe.n_tokens
    return max(0.0, min(1.0, done / 0.01 + 0.02, (1 - done) / 0.45))


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """An untrained model of the recipe's size.

    Args:
        recipe: of the training.
        tokenizer: of the model.
    """
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
            grow_from(MODELS / recipe.grown_from, self.model)
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
        saved = MODELS / grown_from if grown_from else self.folder / "model"
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
        """Write the model in bfloat16 as safetensors, with tokenizer and generation settings.

        Args:
            folder: to write.
        """
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
    """The first `n` conversations of a stage and seed, for looking at.

    Args:
        stage: of the curriculum.
        n: how many.
        seed: decides the draws.
    """
    return list(islice(conversations(stage, Random(seed)), n))
