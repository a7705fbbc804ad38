"""Prompts are read in groups, their beginning once, and answered as each would be alone."""

from __future__ import annotations

import pytest
import torch

from ragstudy.generation import reading
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.reading import begin, filled_up, groups, shared_beginning
from ragstudy.generation.roomy_cache import RoomyCache, is_plain, repeated
from ragstudy.prompting import make_prompt
from ragstudy.records import Passage
from ragstudy.specs import TransformersSpec


@pytest.fixture
def model(tiny_model):
    return CausalModel(TransformersSpec(name="tiny", model=str(tiny_model), dtype="float32", max_new_tokens=9))


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
    monkeypatch.setattr(reading, "_AT_ONCE", at_once)
    assert model.generate(asked) == alone
    assert model._can_read()


def test_the_cache_holds_what_reading_all_at_once_gives(model):
    tokens = sorted(([1, 2] * 12 + list(range(5, 5 + n)) for n in (90, 40, 7)), key=lambda one: -len(one))
    with torch.inference_mode():
        begun = begin(model.base, tokens, 0, 400, 4, do_sample=False)
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
    cache = begin(model.base, tokens, 0, 100, 3, do_sample=False).cache
    layer = cache.layers[0]
    n, new = cache.get_seq_length(), torch.full_like(layer.keys[:, :, :1], 7.0)
    keys, values = cache.update(new, 2 * new, 0)
    assert keys.shape[2] == values.shape[2] == n + 1
    cache.batch_select_indices(torch.tensor([1]))
    assert layer.keys.shape[0] == 1
    assert float(layer.keys[0, 0, -1, 0]) == 7.0
    assert float(cache.update(3 * new[:1], new[:1], 0)[0][0, 0, -1, 0]) == 21.0


def test_a_cache_of_another_kind_is_not_put_together(model):
    other = RoomyCache(1, 4, 2)
    assert not is_plain(other)
    with pytest.raises(NotImplementedError, match="RoomyCache"):
        repeated(other, 2)
    with pytest.raises(NotImplementedError, match="RoomyCache"):
        RoomyCache(1, 4, 2).take(other, slice(0, 1), 0)


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
    assert not model._can_read()
    assert "all prompts of a batch are read at once" in caplog.text
