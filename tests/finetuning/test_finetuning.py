"""Fine-tuning: nested subsets, the loss token by token, exact packing, standard adapters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import loss_one_by_one
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.errors import InputError
from ragstudy.finetuning.packing import pack, rows_of
from ragstudy.finetuning.pairs import IGNORED, Example, encode, nested_order
from ragstudy.finetuning.training import answer_loss, batches, steps_of, train
from ragstudy.generation.causal import CausalModel
from ragstudy.prompting import make_prompt, token_ids
from ragstudy.records import Passage, Question
from ragstudy.specs import FineTuneSpec, TransformersSpec


@pytest.fixture(scope="module")
def model(tiny_model) -> CausalModel:
    return CausalModel(TransformersSpec(name="tiny", model=str(tiny_model), dtype="float32"))


def example(rng: np.random.Generator, n: int, n_prompt: int) -> Example:
    ids = tuple(int(i) for i in rng.integers(4, 600, n))
    return Example("q", ids, (IGNORED,) * n_prompt + ids[n_prompt:], 0)


def examples(lengths=(40, 30, 200, 5, 80, 250)) -> list[Example]:
    rng = np.random.default_rng(0)
    return [example(rng, n, n // 2) for n in lengths]


def questions(n: int) -> list[Question]:
    return [Question(f"q{i:03d}", f"Question {i}?", (f"Answer {i}.",), split="train") for i in range(n)]


def test_smaller_training_sets_are_inside_larger_ones_and_seeds_differ():
    order = nested_order([*questions(50), Question("none", "?", ())], 1)
    assert len(order) == 50
    assert {q.id for q in order[:10]} < {q.id for q in order[:30]}
    assert order == nested_order(list(reversed(questions(50))), 1)
    assert [q.id for q in order[:10]] != [q.id for q in nested_order(questions(50), 2)[:10]]


def test_only_answer_tokens_and_their_end_are_targets_token_by_token(model):
    prompt = make_prompt("q", "What colour?", [Passage("p", "d", "Lamp", "The lamp is green.")])
    made = encode(prompt, "Green it is.", model.tokenizer, 400)
    shown = token_ids(prompt.text, model.tokenizer)
    target = [*model.tokenizer.encode("Green it is.", add_special_tokens=False), model.tokenizer.eos_token_id]
    assert list(made.ids) == shown + target
    for position, (token, label) in enumerate(zip(made.ids, made.labels, strict=True)):
        assert label == (IGNORED if position < len(shown) else token)
    # What is learned starts exactly where generation starts.
    assert model.tokenizer.decode(made.ids[: len(shown)]).endswith("<|assistant|>")


def test_long_examples_lose_passages_and_never_the_answer(model):
    passages = [Passage(f"p{i}", "d", "", "The lamp is green and old. " * 5) for i in range(10)]
    made = encode(make_prompt("q", "What colour?", passages), "Green it is.", model.tokenizer, 120)
    assert len(made) <= 120
    assert made.n_passages < 10
    assert model.tokenizer.decode([t for t in made.labels if t != IGNORED]) == "Green it is.<|end|>"


def test_the_packed_loss_is_the_loss_of_the_examples_one_by_one(model):
    made = examples()
    packed = pack(made, 512)
    assert packed.ids.shape[0] < len(made)
    with torch.no_grad():
        assert float(answer_loss(model.base, packed)) == pytest.approx(loss_one_by_one(model.base, made), rel=1e-5)


@pytest.mark.parametrize("n_tokens", [1, 300, 512, 700, 10**6])
def test_the_parts_of_a_step_add_up_to_its_loss(model, n_tokens):
    packed = pack(examples(), 512)
    parts = list(packed.parts(n_tokens))
    assert sum(part.n_targets for part in parts) == packed.n_targets
    assert all(part.ids.size <= n_tokens or len(part.ids) == 1 for part in parts)
    assert (parts == [packed]) == (packed.ids.size <= n_tokens)
    with torch.no_grad():
        whole = float(answer_loss(model.base, packed))
        summed = sum(float(answer_loss(model.base, part)) * part.n_targets / packed.n_targets for part in parts)
    assert summed == pytest.approx(whole, rel=1e-5)


def test_what_an_example_sees_does_not_depend_on_its_neighbours(model):
    first, second, third = examples((60, 70, 80))
    with torch.no_grad():
        alone = float(answer_loss(model.base, pack([first], 512)))
        labels_off = [Example("q", one.ids, (IGNORED,) * len(one), 0) for one in (second, third)]
        together = float(answer_loss(model.base, pack([first, *labels_off], 512)))
    assert together == pytest.approx(alone, rel=1e-5)


def test_padding_counts_on_from_its_example_as_far_as_the_model_goes():
    alone = pack(examples((500, 300)), 576).positions
    assert alone.shape == (2, 512)
    assert (alone == np.arange(512)).all()
    short = pack(examples((500, 300)), 505).positions
    assert short.max() < 505
    together = pack(examples((200, 300)), 576).positions
    assert together.tolist() == [[*range(300), *range(200), *range(200, 212)]]


def test_no_gradient_comes_from_prompt_targets(model):
    packed = pack(examples((30, 40)), 512)
    n_targets = int((packed.labels != IGNORED).sum())
    assert n_targets == 15 + 20


@given(st.lists(st.integers(1, 100), min_size=1, max_size=40))
def test_rows_hold_every_example_once_and_none_overflows(lengths):
    rows = rows_of(lengths, 100)
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in row) <= 100 for row in rows)


def test_an_optimiser_step_sees_the_same_number_of_examples_whatever_their_length():
    spec = FineTuneSpec(base="x", epochs=2, batch_size=4)
    steps = list(batches(examples() * 2, spec, 1))
    assert [len(step) for step in steps] == [4, 4, 4, 4, 4, 4]
    assert len(steps) == steps_of(12, spec)
    assert steps != list(batches(examples() * 2, spec, 2))


def test_training_learns_and_writes_a_standard_adapter_and_leaves_the_base_alone(model, tmp_path):
    from peft import PeftModel

    made = examples((30, 40, 50))
    before = {name: p.clone() for name, p in model.base.state_dict().items()}
    spec = FineTuneSpec(base="tiny", epochs=30, learning_rate=2e-2, batch_size=3, rank=4, alpha=8)
    losses: list[float] = []
    trained = train(model.base, made, spec, 1, {spec.epochs: tmp_path / "a"}, lambda _s, _n, loss: losses.append(loss))
    assert losses == list(trained.losses)
    assert trained.losses[-1] < trained.losses[0] - 0.2
    assert trained.n_answer_tokens == 30 * (15 + 20 + 25)
    after = model.base.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert {p.suffix for p in (tmp_path / "a").iterdir()} <= {".json", ".safetensors", ".md"}
    loaded = PeftModel.from_pretrained(model.base, str(tmp_path / "a"))
    with torch.no_grad():
        assert float(answer_loss(loaded, pack(made, 512))) == pytest.approx(trained.losses[-1], abs=0.3)
    loaded.unload()


def test_the_same_seed_trains_the_same_adapter_and_global_randomness_is_left_alone(model, tmp_path):
    from safetensors.torch import load_file

    spec = FineTuneSpec(base="tiny", epochs=1, batch_size=2, rank=2, alpha=4)
    state = torch.random.get_rng_state()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(model.base, examples((20, 30)), spec, seed, {spec.epochs: tmp_path / name})
    assert torch.equal(state, torch.random.get_rng_state())
    a, b, c = (load_file(tmp_path / name / "adapter_model.safetensors") for name in "abc")
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not all(torch.equal(a[key], c[key]) for key in a)


def test_targets_that_the_model_does_not_have_are_refused(model, tmp_path):
    spec = FineTuneSpec(base="tiny", targets=("qproj",))
    with pytest.raises(InputError, match=r"finetuning.targets: \('qproj',\) does not fit the model"):
        train(model.base, examples((20,)), spec, 1, {spec.epochs: tmp_path / "a"})


def test_models_without_a_choice_of_logits_get_the_same_loss(model):
    class Plain(torch.nn.Module):
        """A model whose forward computes all logits."""

        def __init__(self, inner):
            super().__init__()
            self.inner = inner
            self.device = inner.device

        def forward(self, input_ids, position_ids, use_cache):
            return self.inner(input_ids=input_ids, position_ids=position_ids, use_cache=use_cache)

    packed = pack(examples((30, 40)), 512)
    with torch.no_grad():
        full = float(answer_loss(Plain(model.base), packed))
        assert full == pytest.approx(float(answer_loss(model.base, packed)), rel=1e-5)
