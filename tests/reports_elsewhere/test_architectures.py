"""Packing, padding and batches give what one example alone gives, whatever the architecture.

After trl #3526, LlamaFactory #4224, axolotl #3572 and transformers #48305.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from architectures import CONFIGS
from conftest import loss_one_by_one

from ragstudy.finetuning.pairs import IGNORED, Example
from ragstudy.finetuning.training import train
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.reading import reads_cleanly
from ragstudy.probes import drops_cleanly, packs_cleanly, pads_cleanly
from ragstudy.prompting import make_prompt
from ragstudy.specs import FineTuneSpec, TransformersSpec

PROMPTS = [make_prompt(f"q{n}", f"What is {' and '.join(map(str, range(n)))}?", []) for n in (2, 9, 17, 30)]
# What was measured to leak or to lose its place; every other one must keep its speed.
CANNOT_PACK = {"bloom", "falcon", "falcon_alibi", "mpt", "opt", "xglm"}
RECURRENT = {
    "falcon_h1",
    "granite_moe_hybrid",
    "jamba",
    "lfm2",
    "mamba",
    "mamba2",
    "qwen3_next",
    "recurrent_gemma",
    "rwkv",
}
CANNOT_PAD = {"recurrent_gemma", "rwkv"}
CANNOT_DROP = RECURRENT
# Layers that keep a window only, and one that counts the columns between the beginning of a prompt and its rest.
CANNOT_READ = RECURRENT | {"gemma2", "gemma3", "gpt_neo", "mistral_sliding", "mpt"}


@pytest.fixture(params=sorted(CONFIGS))
def name(request):
    return request.param


@pytest.fixture
def folder(name, tiny_model, tmp_path):
    """A random model of an architecture, with the tiny model's tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    config = CONFIGS[name](600)
    config.bos_token_id, config.eos_token_id, config.pad_token_id = None, tokenizer.eos_token_id, tokenizer.pad_token_id
    for key in vars(config):
        if "drop" in key and isinstance(getattr(config, key), float):
            setattr(config, key, 0.0)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def loaded(folder) -> CausalModel:
    return CausalModel(TransformersSpec(name="x", model=str(folder), dtype="float32", max_new_tokens=12))


def examples():
    rng = np.random.default_rng(0)
    drawn = [tuple(int(i) for i in rng.integers(4, 600, n)) for n in (20, 33, 47)]
    return [Example("q", ids, (IGNORED,) * 10 + ids[10:], 0) for ids in drawn]


def test_answers_of_a_batch_are_those_of_each_prompt_alone(folder, name):
    model = loaded(folder)
    together = [one.text for one in model.generate(PROMPTS)]
    assert together == [model.generate([prompt])[0].text for prompt in PROMPTS]
    assert together == [one.text for one in model.generate(PROMPTS[::-1])][::-1]
    assert pads_cleanly(model.base) == (name not in CANNOT_PAD)
    assert drops_cleanly(model.base) == (name not in CANNOT_DROP)
    assert reads_cleanly(model.base, 0, model.max_prompt_tokens()) == (name not in CANNOT_READ)


def test_the_loss_of_a_step_is_that_of_its_examples_alone(folder, name, tmp_path):
    model, made = loaded(folder), examples()
    expected = loss_one_by_one(model.base, made)
    # A model that keeps its state in its modules cannot be copied; PEFT does not tune every layer of some others.
    method = "lora" if name == "recurrent_gemma" else "full"
    spec = FineTuneSpec(base="x", batch_size=3, epochs=1, learning_rate=1e-9, method=method, dropout=0.0)
    trained = train(model.base, made, spec, 1, {1: tmp_path / "adapter"})
    assert trained.losses == (pytest.approx(expected, rel=1e-4),)
    assert packs_cleanly(model.base) == (name not in CANNOT_PACK | RECURRENT)
