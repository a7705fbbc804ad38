"""Prompts are read in groups, their beginning once, and answered as each would be alone."""

from __future__ import annotations

import pytest
import torch
from conftest import random_llama

from ragstudy.generation import reading
from ragstudy.generation.attention import WHOLE
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.likelihood import likelihoods
from ragstudy.generation.reading import begin, counts_columns, filled_up, groups, shared_beginning
from ragstudy.generation.roomy_cache import RoomyCache, is_plain, repeated
from ragstudy.prompting import fit, make_prompt
from ragstudy.records import Passage
from ragstudy.specs import TransformersSpec


@pytest.fixture
def model():
    return CausalModel(TransformersSpec(name="tiny", model="pocket-tiny", dtype="float32", max_new_tokens=12))


def prompts(*n_sentences):
    held = [Passage(str(n), str(n), "Lamp", "The lamp is green. " * n) for n in n_sentences]
    return [make_prompt(str(n), f"What is lamp {n}?", [one]) for n, one in enumerate(held)]


@pytest.mark.parametrize(
    ("tokens", "n"),
    [([[1, 2, 3], [1, 2, 4]], 2), ([[1, 2], [1, 2, 3]], 1), ([[1], [1]], 0), ([[5, 6], [6, 5]], 0), ([[7, 8, 9]], 2)],
)
def test_the_shared_beginning_leaves_a_token_of_every_prompt(tokens, n):
    assert shared_beginning(tokens) == n


@pytest.mark.parametrize("most", [1, 64, 200, 10_000])
def test_groups_hold_every_prompt_once_and_no_more_tokens_than_asked(most):
    lengths = [192, 128, 128, 64, 64, 64]
    found = groups(lengths, most)
    assert [place for one in found for place in range(len(lengths))[one]] == list(range(len(lengths)))
    assert all(lengths[one.start] * (one.stop - one.start) <= most for one in found if one.stop - one.start > 1)
    assert groups([], most) == []


@pytest.mark.parametrize("at_once", [64, 300, 10_000])
def test_answers_do_not_hang_on_the_groups_that_are_read(model, monkeypatch, at_once):
    asked = prompts(1, 12, 3, 30, 2, 5)
    alone = [model.generate([prompt])[0] for prompt in asked]
    assert len({one.text for one in alone}) > 1
    monkeypatch.setattr(reading, "_AT_ONCE", at_once)
    assert model.generate(asked) == alone
    assert model._can_read()


def test_the_cache_holds_what_reading_all_at_once_gives(model):
    tokens = sorted(([1, 2] * 12 + list(range(5, 5 + n)) for n in (90, 40, 7)), key=lambda one: -len(one))
    with torch.inference_mode():
        begun = begin(model.base, tokens, 0, 400, do_sample=False)
    assert begun.n_prompt == begun.cache.get_seq_length() == begun.ids.shape[1] - 1
    assert begun.mask.sum(dim=1).tolist() == [len(one) + 1 for one in tokens]
    for row, one in enumerate(tokens):
        with torch.inference_mode():
            plain = model.base(input_ids=torch.tensor([one]), use_cache=True)
        assert int(plain.logits[0, -1].argmax()) == int(begun.ids[row, -1])
        there = begun.mask[row, :-1].bool()
        for mine, theirs in zip(begun.cache.layers, plain.past_key_values.layers, strict=True):
            assert torch.allclose(mine.keys[row][:, there], theirs.keys[0], atol=1e-4)
            assert torch.allclose(mine.values[row][:, there], theirs.values[0], atol=1e-4)


@torch.inference_mode()
def test_what_is_written_goes_behind_the_prompts_and_rows_leave_with_theirs(model):
    tokens = [[1, 2, 3, 4], [1, 2, 3]]
    cache = begin(model.base, tokens, 0, 100, do_sample=False).cache
    layer = cache.layers[0]
    n, new = cache.get_seq_length(), torch.full_like(layer.keys[:, :, :1], 7.0)
    keys, values = cache.update(new, 2 * new, 0)
    assert keys.shape[2] == values.shape[2] == n + 1
    cache.batch_select_indices(torch.tensor([1]))
    assert layer.keys.shape[0] == 1
    assert float(layer.keys[0, 0, -1, 0]) == 7.0
    assert float(cache.update(3 * new[:1], new[:1], 0)[0][0, 0, -1, 0]) == 21.0


def test_a_cache_of_another_kind_is_not_put_together(model):
    other = RoomyCache(1, 4)
    assert not is_plain(other)
    with pytest.raises(NotImplementedError, match="RoomyCache"):
        repeated(other, 2)
    with pytest.raises(NotImplementedError, match="RoomyCache"):
        RoomyCache(1, 4).take(other, slice(0, 1), 0)


def test_prompts_are_filled_up_to_few_widths_where_there_is_room():
    rows = [[1] * 70, [2] * 3]
    assert filled_up(rows, 9, 200, torch.device("cpu")).ids.shape == (2, 128)
    found = filled_up(rows, 9, 0, torch.device("cpu"))
    assert found.ids.shape == (2, 70)
    assert found.mask.sum(dim=1).tolist() == [70, 3]
    assert found.ids[1].tolist() == [9] * 67 + [2] * 3


def test_a_model_that_counts_what_lies_between_is_read_at_once(model, monkeypatch, caplog):
    """Its columns stand for positions, so that a gap behind the beginning moves the rest."""
    plain = model.base.prepare_inputs_for_generation

    def counted(ids, **others):
        found = plain(ids, **others)
        n_before = others["attention_mask"].shape[1] - found["input_ids"].shape[1]
        found["position_ids"] = torch.arange(n_before, others["attention_mask"].shape[1])[None].expand(len(ids), -1)
        return found

    monkeypatch.setattr(model.base, "prepare_inputs_for_generation", counted)
    model._pads = True
    assert not model._can_read()
    assert "all prompts of a batch are read at once" in caplog.text


@torch.inference_mode()
def test_room_is_made_as_it_is_needed(model):
    cache = begin(model.base, [[1, 2, 3], [1, 2]], 0, 100, do_sample=False).cache
    layer, n = cache.layers[0], cache.get_seq_length()
    new = torch.ones_like(layer.keys[:, :, :1])
    for number in range(150):
        keys, _ = layer.update(number * new, new)
    assert keys.shape[2] == n + 150
    assert keys[0, 0, n:, 0].tolist() == list(range(150))
    whole = getattr(keys, WHOLE)
    assert n + 150 <= whole.shape[2] < n + 150 + 2 * 64
    assert torch.equal(whole[:, :, : n + 150], keys)
    assert not whole[:, :, n + 150 :].any()


@torch.inference_mode()
def test_filling_and_room_are_zero_so_that_nothing_hidden_can_count(model, monkeypatch):
    empty = torch.Tensor.new_empty
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda *of, **how: empty(*of, **how).fill_(torch.nan))
    cache = begin(model.base, [[1] * 90, [1] * 20], 0, 400, do_sample=False).cache
    for part in (cache.layers[0].keys, cache.layers[0].values):
        assert bool(torch.isfinite(getattr(part, WHOLE)).all())


@pytest.fixture
def random_model(tiny_model, tmp_path):
    """Random weights, so large that every token counts."""
    from transformers import AutoTokenizer

    folder = tmp_path / "random"
    random_llama(folder, 5, eos_token_id=None, initializer_range=0.3)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return CausalModel(TransformersSpec(name="random", model=str(folder), dtype="float32", max_new_tokens=12))


def tuned(model, kind, folder):
    """A folder with an adapter of a kind that does something."""
    from peft import LoraConfig, PrefixTuningConfig, PromptTuningConfig, get_peft_model

    # Of two equal prompts the last token alone is no shared beginning, so that these three are torn apart.
    end = fit(prompts(1)[0], model.tokenizer, 1000)[0][-3:]
    config = {
        "lora": lambda: LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear"),
        "invoked": lambda: LoraConfig(
            task_type="CAUSAL_LM", r=4, target_modules="all-linear", alora_invocation_tokens=end
        ),
        "prefix": lambda: PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=8),
        "prompt": lambda: PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=8),
    }[kind]()
    adapted = get_peft_model(model.base, config)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.normal_(0.0, 0.5)
    adapted.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("kind", ["lora", "invoked", "prefix", "prompt"])
def test_with_any_adapter_a_batch_says_what_each_prompt_says_alone_and_not_filled_up(kind, random_model, tmp_path):
    model = random_model
    folder = tuned(CausalModel(model.spec), kind, tmp_path / kind)
    asked = [*prompts(1, 12, 3, 30), *prompts(12)]
    told = [one.text for one in model.generate(asked)]

    fresh = CausalModel(model.spec)
    fresh._pads = fresh._reads = False
    alone = [fresh.generate([prompt], folder)[0].text for prompt in asked]
    assert alone != told
    assert [one.text for one in model.generate(asked, folder)] == alone
    assert [one.text for one in model.generate(asked[1:2] * 2, folder)] == [alone[1]] * 2
    assert [one.text for one in model.generate(asked)] == told
    assert model._can_read()


def test_likelihoods_with_virtual_tokens_are_those_of_the_prompts_tokens(model, tmp_path):
    folder = tuned(CausalModel(model.spec), "prompt", tmp_path / "prompt")
    pairs = [([5, 6, 7], [8, 9]), ([5, 6, 7, 8, 9, 10], [11])]
    with model.switched(folder):
        for (before, after), found in zip(pairs, likelihoods(model, pairs, folder), strict=True):
            logits = model.active(input_ids=torch.tensor([before + after])).logits[0, -len(before + after) :]
            logs = logits.log_softmax(-1)
            places = range(len(before) - 1, len(before) + len(after) - 1)
            expected = sum(float(logs[place, token]) for place, token in zip(places, after, strict=True))
            assert found.log == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    "setting",
    [{"window_size": 256}, {"rope_parameters": {"rope_type": "longrope"}}, {"rope_scaling": {"type": "dynamic"}}],
)
def test_a_configuration_that_counts_columns_is_not_tried(model, setting):
    assert not counts_columns(model.base)
    for name, value in setting.items():
        setattr(model.base.config, name, value)
    assert counts_columns(model.base)
    assert not model._can_read()
