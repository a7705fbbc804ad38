"""A training as files for other trainers: the pairs in three formats, and a configuration for four programs.

The files are LLaMA-Factory's, axolotl's, unsloth's and trl's, as their documentation of 2026 has them; each says the
settings of the study, so that what comes back is the adapter that the study describes. Batches are
`per_device_train_batch_size x gradient_accumulation_steps`; on several devices divide the second by their number.

Examples:
    >>> from ragstudy.specs import FineTuneSpec
    >>> recipe = Recipe('some/model', FineTuneSpec(base='b'), seed=1, name='b+closed_book-200@1', n_pairs=1)
    >>> sorted(files_of([('Which lamp?', 'the green one')], recipe))[:3]
    ['alpaca.json', 'axolotl.yaml', 'chat.jsonl']
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.specs import FineTuneSpec

ADAPTER, PAIRS = "adapter", "chat.jsonl"
_AT_ONCE = 4


@dataclass(frozen=True)
class Recipe:
    """What a training needs beside its pairs.

    Attributes:
        base: model as the study names it, or its id on the hub.
        spec: settings.
        seed: of the order and of the adapter's initial weights.
        name: of the adapter.
        n_pairs: that are learned.
    """

    base: str
    spec: FineTuneSpec
    seed: int
    name: str
    n_pairs: int

    @property
    def at_once(self) -> int:
        """Examples read at a time; steps are of `spec.batch_size` all the same."""
        return max(n for n in range(1, _AT_ONCE + 1) if self.spec.batch_size % n == 0)

    @property
    def n_accumulated(self) -> int:
        """Batches that make one step."""
        return self.spec.batch_size // self.at_once

    @property
    def n_warmup(self) -> int:
        """Steps over which the learning rate rises."""
        return round(self.spec.warmup * self.spec.epochs * math.ceil(self.n_pairs / self.spec.batch_size))


def files_of(pairs: Sequence[tuple[str, str]], recipe: Recipe) -> dict[str, str]:
    """The content of every file, by its name.

    Args:
        pairs: user message and answer to learn, in their order.
        recipe: of the training.
    """
    shared = [{"conversations": [_turn("human", user), _turn("gpt", said)]} for user, said in pairs]
    alpaca = [{"instruction": user, "input": "", "output": said} for user, said in pairs]
    return {
        PAIRS: chat_lines(pairs),
        "alpaca.json": _json(alpaca),
        "sharegpt.json": _json(shared),
        "dataset_info.json": _json({"pairs": {"file_name": "sharegpt.json", "formatting": "sharegpt"}}),
        "llamafactory.yaml": _head(recipe, "llamafactory-cli train llamafactory.yaml") + _yaml(_llamafactory(recipe)),
        "axolotl.yaml": _head(recipe, "axolotl train axolotl.yaml") + _yaml(_axolotl(recipe)),
        "trl_train.py": _head(recipe, "python trl_train.py") + _trl(recipe),
        "unsloth_train.py": _head(recipe, "python unsloth_train.py") + _unsloth(recipe),
    }


def chat_lines(pairs: Sequence[tuple[str, str]]) -> str:
    """Pairs as JSON lines in the format of OpenAI's fine-tuning.

    Args:
        pairs: user message and answer to learn, in their order.
    """
    chats = [[{"role": "user", "content": user}, {"role": "assistant", "content": said}] for user, said in pairs]
    return "".join(json.dumps({"messages": chat}, ensure_ascii=False) + "\n" for chat in chats)


def _turn(who: str, text: str) -> dict[str, str]:
    return {"from": who, "value": text}


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _yaml(value: dict[str, Any]) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def _head(recipe: Recipe, command: str) -> str:
    return f"# {recipe.name}: run `{command}` in this folder; it writes {ADAPTER}/.\n"


def _targets(spec: FineTuneSpec) -> str | list[str]:
    return spec.targets if isinstance(spec.targets, str) else list(spec.targets)


def _llamafactory(recipe: Recipe) -> dict[str, Any]:
    spec, targets = recipe.spec, _targets(recipe.spec)
    lora = {
        "finetuning_type": "lora",
        "lora_rank": spec.rank,
        "lora_alpha": spec.alpha,
        "lora_dropout": spec.dropout,
        "lora_target": "all" if targets == "all-linear" else ",".join(targets),
        **({"quantization_bit": 4} if spec.method == "qlora" else {}),
    }
    return {
        "model_name_or_path": recipe.base,
        "stage": "sft",
        "do_train": True,
        **lora,
        "dataset_dir": ".",
        "dataset": "pairs",
        # None: the tokenizer's own, so that training and study write the same prompt.
        "template": None,
        "cutoff_len": spec.max_tokens,
        "output_dir": ADAPTER,
        "per_device_train_batch_size": recipe.at_once,
        "gradient_accumulation_steps": recipe.n_accumulated,
        "num_train_epochs": spec.epochs,
        "learning_rate": spec.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": recipe.n_warmup,
        "weight_decay": spec.weight_decay,
        "bf16": True,
        "seed": recipe.seed,
        "save_strategy": "no",
        "logging_steps": 1,
        "report_to": "none",
    }


def _axolotl(recipe: Recipe) -> dict[str, Any]:
    spec, targets = recipe.spec, _targets(recipe.spec)
    adapter = {
        "adapter": "qlora" if spec.method == "qlora" else "lora",
        "lora_r": spec.rank,
        "lora_alpha": spec.alpha,
        "lora_dropout": spec.dropout,
        **({"lora_target_linear": True} if targets == "all-linear" else {"lora_target_modules": targets}),
        **({"load_in_4bit": True} if spec.method == "qlora" else {}),
    }
    return {
        "base_model": recipe.base,
        **adapter,
        "datasets": [{"path": PAIRS, "ds_type": "json", "type": "chat_template", "field_messages": "messages"}],
        "train_on_inputs": False,
        "val_set_size": 0,
        "sequence_len": spec.max_tokens,
        "output_dir": ADAPTER,
        "micro_batch_size": recipe.at_once,
        "gradient_accumulation_steps": recipe.n_accumulated,
        "num_epochs": spec.epochs,
        "learning_rate": spec.learning_rate,
        "lr_scheduler": "cosine",
        "warmup_steps": recipe.n_warmup,
        "weight_decay": spec.weight_decay,
        "optimizer": "adamw_torch",
        "bf16": "auto",
        "seed": recipe.seed,
        "save_strategy": "no",
        "logging_steps": 1,
    }


def _arguments(recipe: Recipe) -> str:
    spec = recipe.spec
    return f"""\
        output_dir="{ADAPTER}",
        max_length={spec.max_tokens},
        per_device_train_batch_size={recipe.at_once},
        gradient_accumulation_steps={recipe.n_accumulated},
        num_train_epochs={spec.epochs},
        learning_rate={spec.learning_rate},
        lr_scheduler_type="cosine",
        warmup_steps={recipe.n_warmup},
        weight_decay={spec.weight_decay},
        seed={recipe.seed},
        bf16=torch.cuda.is_available(),
        save_strategy="no",
        logging_steps=1,
        report_to="none",
"""


_ROWS = f"""\
# A prompt and its completion: the loss is on the completion alone.
rows = load_dataset("json", data_files="{PAIRS}", split="train").map(
    lambda row: {{"prompt": row["messages"][:-1], "completion": row["messages"][-1:]}}, remove_columns=["messages"]
)
"""


def _trl(recipe: Recipe) -> str:
    spec = recipe.spec
    lora = f"""LoraConfig(
        task_type="CAUSAL_LM",
        r={spec.rank},
        lora_alpha={spec.alpha},
        lora_dropout={spec.dropout},
        target_modules={_targets(spec)!r},
    )"""
    quantised = ("", "")
    if spec.method == "qlora":
        four = "BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)"
        quantised = (
            "from transformers import BitsAndBytesConfig\n",
            f'        model_init_kwargs={{"quantization_config": {four}}},\n',
        )
    return f"""\
import torch
from datasets import load_dataset
from peft import LoraConfig
{quantised[0]}from trl import SFTConfig, SFTTrainer

{_ROWS}
trainer = SFTTrainer(
    {recipe.base!r},
    args=SFTConfig(
{_arguments(recipe)}{quantised[1]}    ),
    train_dataset=rows,
    peft_config={lora},
)
trainer.train()
trainer.save_model("{ADAPTER}")
"""


def _unsloth(recipe: Recipe) -> str:
    spec, targets = recipe.spec, _targets(recipe.spec)
    every = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    lora = f"""\
model = FastLanguageModel.get_peft_model(
    model,
    r={spec.rank},
    lora_alpha={spec.alpha},
    lora_dropout={spec.dropout},
    target_modules={every if targets == "all-linear" else targets!r},
    random_state={recipe.seed},
)
"""
    return f"""\
from unsloth import FastLanguageModel  # before the others, which it changes
import torch
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained(
    {recipe.base!r},
    max_seq_length={spec.max_tokens},
    load_in_4bit={spec.method == "qlora"},
)
{lora}
{_ROWS}
trainer = SFTTrainer(
    model,
    processing_class=tokenizer,
    args=SFTConfig(
{_arguments(recipe)}    ),
    train_dataset=rows,
)
trainer.train()
model.save_pretrained("{ADAPTER}")
tokenizer.save_pretrained("{ADAPTER}")
"""
