"""Packed LoRA tuning in bfloat16 against the obvious loop: padded batches in float32.

Both train the same adapter on the same pairs with the same optimiser steps, in one process; the ratio is what
counts. With the package trl installed, its SFTTrainer is measured beside them.
"""

from __future__ import annotations

import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from ragstudy.corpus import load_domain
from ragstudy.finetuning.pairs import IGNORED, Example, encode, nested_order
from ragstudy.finetuning.training import batches, train
from ragstudy.generation.causal import CausalModel
from ragstudy.prompting import make_prompt
from ragstudy.records import Passage
from ragstudy.specs import FineTuneSpec, TransformersSpec

_N_PAIRS = 160
_SPEC = FineTuneSpec(base="pocket", epochs=1, learning_rate=1e-3)


def examples(model: CausalModel, *, with_passages: bool) -> list[Example]:
    """Training pairs of the handbook, each with its gold document and four others, or without any."""
    domain = load_domain(Path(__file__).parents[1] / "corpora" / "handbook")
    documents = {document.id: document for document in domain.documents}
    made = []
    for number, question in enumerate(nested_order(domain.split("train"), 1)[:_N_PAIRS]):
        ids = [*question.gold_documents, *sorted(documents)[number : number + 4]][:5]
        shown = [Passage(name, name, documents[name].title, documents[name].text[:420]) for name in ids]
        prompt = make_prompt(question.id, question.text, shown if with_passages else [])
        made.append(encode(prompt, question.references[0], model.tokenizer, 1024))
    return made


def packed(made: list[Example]) -> float:
    """Seconds of ragstudy's own training."""
    model = CausalModel(TransformersSpec(kind="transformers", name="pocket", model="pocket"))
    with tempfile.TemporaryDirectory() as folder:
        return train(model.base, made, _SPEC, 1, {_SPEC.epochs: Path(folder)}).seconds


def unpacked(made: list[Example]) -> float:
    """Seconds of a plain loop: float32, every batch padded to its longest example, all logits computed."""
    from peft import LoraConfig, get_peft_model

    model = CausalModel(TransformersSpec(kind="transformers", name="pocket", model="pocket", dtype="float32"))
    config = LoraConfig(task_type="CAUSAL_LM", r=_SPEC.rank, lora_alpha=_SPEC.alpha, target_modules="all-linear")
    adapted: Any = get_peft_model(model.base, config)
    optimizer = torch.optim.AdamW([p for p in adapted.parameters() if p.requires_grad], lr=_SPEC.learning_rate)
    started = time.perf_counter()
    for chosen in batches(made, _SPEC, 1):
        width = max(len(example) for example in chosen)
        ids = torch.tensor([[*e.ids, *([0] * (width - len(e)))] for e in chosen])
        mask = torch.tensor([[1] * len(e) + [0] * (width - len(e)) for e in chosen])
        labels = torch.tensor([[*e.labels, *([IGNORED] * (width - len(e)))] for e in chosen])
        loss = adapted(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - started


def trl_trainer(
    model: Any,  # noqa: ANN401 - what trl takes
    made: list[Example],
    spec: FineTuneSpec,
    tokenizer: Any = None,  # noqa: ANN401 - likewise
    **settings: Any,  # noqa: ANN401 - of trl
) -> float:
    """Seconds of trl's SFTTrainer on the same tokens, loading not counted.

    Args:
        model: a loaded base, or its folder.
        made: pairs.
        spec: settings of the training.
        tokenizer: of a loaded base.
        settings: beside trl's defaults.
    """
    from datasets import Dataset
    from peft import LoraConfig

    trl: Any = import_module("trl")
    rows = [{"input_ids": list(e.ids), "completion_mask": [int(t != IGNORED) for t in e.labels]} for e in made]
    with tempfile.TemporaryDirectory() as folder:
        trainer = trl.SFTTrainer(
            model=model,
            args=trl.SFTConfig(
                output_dir=folder,
                per_device_train_batch_size=spec.batch_size,
                num_train_epochs=spec.epochs,
                learning_rate=spec.learning_rate,
                use_cpu=True,
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
                **settings,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            peft_config=LoraConfig(
                task_type="CAUSAL_LM", r=spec.rank, lora_alpha=spec.alpha, target_modules="all-linear"
            ),
        )
        started = time.perf_counter()
        trainer.train()
        return time.perf_counter() - started


def by_trl(made: list[Example]) -> float | None:
    """Seconds of trl's SFTTrainer in bfloat16; None if trl is not installed."""
    if find_spec("trl") is None:
        return None
    model = CausalModel(TransformersSpec(kind="transformers", name="pocket", model="pocket"))
    settings = {"bf16": True, "max_length": None, "completion_only_loss": True, "gradient_checkpointing": False}
    return trl_trainer(model.base, made, _SPEC, model.tokenizer, logging_strategy="no", **settings)


def main() -> None:
    """Print the times and ratios for both training formats."""
    model = CausalModel(TransformersSpec(kind="transformers", name="pocket", model="pocket"))
    for title, with_passages in (("question and answer only", False), ("with five passages", True)):
        made = examples(model, with_passages=with_passages)
        plain, ours = unpacked(made), packed(made)
        print(f"{title}: {len(made)} pairs, {sum(len(e) for e in made)} tokens")
        print(f"  padded, float32:   {plain:.1f} s")
        print(f"  packed, bfloat16:  {ours:.1f} s, ratio {plain / ours:.1f}")
        other = by_trl(made)
        if other is not None:
            print(f"  trl's SFTTrainer:  {other:.1f} s, ratio to ours {other / ours:.1f}")


if __name__ == "__main__":
    main()
