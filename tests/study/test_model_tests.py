"""Forgetting and passage ablation: items, likelihoods, what is measured once, what a report says."""

from __future__ import annotations

import json
import math

import pytest
from conftest import compared, report_text, study_content

from ragstudy.errors import InputError
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.likelihood import likelihoods, text_losses
from ragstudy.prompting import plain_ids
from ragstudy.specs import ForgettingSpec, TransformersSpec, parse_study
from ragstudy.study.plan.forgetting_items import read_items
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import rescore, run_study
from ragstudy.study.run_folder import RunFolder


@pytest.fixture(scope="module")
def model(tiny_model):
    return CausalModel(
        TransformersSpec(kind="transformers", name="tiny", model=str(tiny_model), dtype="float32", max_new_tokens=4)
    )


def test_a_likelihood_is_the_product_of_the_tokens_chances(model):
    import torch

    pairs = [([5, 9, 11], [7, 8]), ([3], [4, 5, 6, 9]), ([5, 9, 11, 2, 2, 2], [1])]
    found = likelihoods(model, pairs)
    for (before, after), one in zip(pairs, found, strict=True):
        with torch.inference_mode():
            logs = model.base(input_ids=torch.tensor([[*before, *after]])).logits[0].log_softmax(dim=-1)
        wanted = sum(float(logs[len(before) - 1 + i, token]) for i, token in enumerate(after))
        assert one.log == pytest.approx(wanted, abs=1e-4)
        assert one.n_tokens == len(after)
    best = int(model.base(input_ids=torch.tensor([[5, 9]])).logits[0, -1].argmax())
    greedy, other = likelihoods(model, [([5, 9], [best]), ([5, 9], [(best + 1) % 600])])
    assert (greedy.is_greedy, other.is_greedy) == (True, False)


def test_a_continuation_longer_than_the_context_is_cut_on_the_left(model):
    (one,) = likelihoods(model, [([4] * 600, [5, 6])])
    assert one.n_tokens == 2
    assert math.isfinite(one.log)


def test_texts_without_a_second_token_have_no_loss(model):
    assert text_losses(model, ["", "a lamp stands here"])[0] == (0.0, 0)
    # A text that spells a control token is read as text: more tokens than the one it would be.
    token = model.tokenizer.eos_token
    [(_, n)] = text_losses(model, [f"a lamp {token} here"])
    assert n == len(plain_ids(f"a lamp {token} here", model.tokenizer)) - 1
    assert n > len(model.tokenizer.encode(f"a lamp {token} here", add_special_tokens=False)) - 1


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("kind", "rows", "message"),
    [
        ("multiple_choice", [{"question": "q", "choices": ["a"]}], "'answer' is None; expected int"),
        ("multiple_choice", [{"question": "q", "choices": ["a", "b"], "answer": 2}], "the number of a choice, 0 to 1"),
        ("cloze", [{"text": "a b", "answer": ""}], "'answer' is ''"),
        ("instructions", [{"prompt": "p", "expect": "("}], "no regular expression"),
        ("perplexity", [{"text": "one"}], "gives 1 items"),
    ],
)
def test_wrong_items_are_named_with_their_place(tmp_path, kind, rows, message):
    path = write(tmp_path / "items.jsonl", rows)
    with pytest.raises(InputError, match=r"items\.jsonl") as error:
        read_items(ForgettingSpec(name="x", kind=kind, path=str(path)))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", "a.json"),
        ("a.json", b"5", "expected a list of items, found int"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
        ("a.jsonl", b'{"id": "x", "text": "a b"}\n{"id": "x", "text": "c d"}\n', "'x' stands twice"),
    ],
)
def test_unreadable_items_are_one_clear_message(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_items(ForgettingSpec(name="x", kind="perplexity", path=str(tmp_path / name)))
    assert message in str(error.value)


def test_an_empty_choice_is_refused(tmp_path):
    path = write(tmp_path / "c.jsonl", [{"question": "q", "choices": ["a", ""], "answer": 0}] * 2)
    with pytest.raises(InputError, match="holds an empty one"):
        read_items(ForgettingSpec(name="x", kind="multiple_choice", path=str(path)))


def test_a_text_file_is_cut_at_blank_lines(tmp_path):
    (tmp_path / "prose.txt").write_text("One.\nTwo.\n\n  \nThree.\n", encoding="utf-8")
    items = read_items(ForgettingSpec(name="x", kind="perplexity", path=str(tmp_path / "prose.txt")))
    assert [item.text for item in items] == ["One.\nTwo.", "Three."]


def test_a_domain_gives_choices_with_the_right_one_in_every_place(root):
    items = read_items(ForgettingSpec(name="x", kind="multiple_choice", path=str(root / "corpora" / "medicine"), n=50))
    assert len(items) == 50
    assert {item.answer for item in items} == {0, 1, 2, 3}
    for item in items:
        assert item.choices[item.answer] in item.text
    (cloze, *_) = read_items(ForgettingSpec(name="x", kind="cloze", path=str(root / "corpora" / "medicine")))
    assert cloze.choices[0] not in cloze.text


@pytest.fixture
def probed(lamps, tiny_model, tmp_path):
    choices = [{"question": f"Which {i}?", "choices": ["red", "blue or green"], "answer": i % 2} for i in range(4)]
    write(tmp_path / "choices.jsonl", choices)
    write(tmp_path / "cloze.jsonl", [{"text": "The lamp is", "answer": w} for w in ("red", "blue")])
    write(tmp_path / "orders.jsonl", [{"prompt": f"Say {w}.", "expect": "."} for w in ("a", "b", "c")])
    (tmp_path / "prose.txt").write_text("A lamp stands here.\n\nIt is red and old.\n\nNobody came.", encoding="utf-8")
    kinds = {"choices.jsonl": "multiple_choice", "cloze.jsonl": "cloze", "orders.jsonl": "instructions"}
    tests = {**kinds, "prose.txt": "perplexity"}
    content = study_content(lamps, contexts=["retrieved"], passage_ablation=True)
    tiny = {"kind": "transformers", "name": "tiny", "model": str(tiny_model), "max_new_tokens": 6, "batch_size": 4}
    content["generators"] = [tiny, {"kind": "extractive", "name": "control"}]
    content["finetuning"] = [
        {
            "base": "tiny",
            "formats": ["closed_book"],
            "sizes": [6],
            "seeds": [1, 2],
            "epochs": 4,
            "rank": 4,
            "learning_rate": 0.05,
        }
    ]
    content["forgetting"] = [
        {"name": name.split(".")[0], "kind": kind, "path": str(tmp_path / name)} for name, kind in tests.items()
    ]
    return content


def test_probes_are_measured_once_and_compared_with_the_base(probed, tmp_path):
    plan = make_plan(parse_study(probed, "study.yaml"))
    out = tmp_path / "run"
    outcome = run_study(plan, out)
    rows = compared(RunFolder(out))["forgetting"]
    kinds = {(row["test"], row["measure"]) for row in rows}
    assert kinds == {
        ("choices", "accuracy"),
        ("choices", "accuracy_normalised"),
        ("cloze", "accuracy"),
        ("cloze", "log_likelihood"),
        ("orders", "adherence"),
        ("prose", "loss"),
    }
    loss = next(row for row in rows if row["measure"] == "loss" and row["arm"] != "tiny")
    # Forty steps on lamps at a high rate: plain text is predicted_power otherwise than before.
    assert loss["difference"] == pytest.approx(loss["mean"]["value"] - loss["base_mean"])
    assert loss["difference"] != 0
    assert next(row for row in RunFolder(out).results().forgetting if row.perplexity).perplexity > 1
    shares = [row["mean"] for row in rows if row["measure"] in ("accuracy", "adherence")]
    assert all(0 <= one["low"] <= one["value"] <= one["high"] <= 1 for one in shares)
    assert not [row for row in rows if row["arm"] == "control"]
    # 4 choices twice, 2 clozes twice, 3 orders, 3 texts; a base and two adapters; and what the answers gave.
    n_forgetting = 3 * (2 * 4 + 2 * 2 + 3 + 3)
    kept = [json.loads(line) for line in (out / "model_tests.jsonl").read_text().splitlines()]
    assert len([row for row in kept if row["test"] != "passage_ablation"]) == n_forgetting
    assert outcome.made["model_tests"] == len(kept)
    assert not run_study(plan, out).anything_made
    before = compared(RunFolder(out))
    rescore(plan, out)
    assert compared(RunFolder(out)) == before
    page = report_text(RunFolder(out))
    assert "Forgetting" in page


def test_a_test_that_is_dropped_leaves_the_file(probed, tmp_path):
    out = tmp_path / "run"
    run_study(make_plan(parse_study(probed, "study.yaml")), out)
    probed["forgetting"] = probed["forgetting"][:1]
    outcome = run_study(make_plan(parse_study(probed, "study.yaml")), out)
    assert outcome.made["model_tests"] == 0
    kept = {json.loads(line)["test"] for line in (out / "model_tests.jsonl").read_text().splitlines()}
    assert kept - {"passage_ablation"} == {"choices"}


def test_taking_the_gold_passage_away_makes_a_copied_answer_less_likely(root, tmp_path):
    """The embedded model copies from passages, so its answers hang on them."""
    content = study_content(root / "corpora" / "medicine", contexts=["oracle"], passage_ablation=True)
    content["domains"] = [{"path": str(root / "corpora" / "medicine"), "n_test": 12}]
    content["generators"] = [{"kind": "transformers", "name": "pocket", "model": "pocket"}]
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    (row,) = compared(RunFolder(tmp_path / "run"))["passage_ablation"]
    assert row["n"] >= 8
    assert row["mean"]["low"] > 0.2


def test_a_missing_file_is_refused_before_anything_is_written(probed, tmp_path):
    probed["forgetting"] = [{"name": "x", "kind": "cloze", "path": "nowhere.jsonl"}]
    with pytest.raises(InputError, match="no such file or folder"):
        make_plan(parse_study(probed, "study.yaml"))


def test_a_harness_task_says_what_to_install_before_any_work(probed, tmp_path, monkeypatch):
    import importlib.util

    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "lm_eval" else known(name))
    probed["forgetting"] = [{"name": "h", "kind": "lm_eval", "task": "hellaswag"}]
    with pytest.raises(InputError, match="pip install 'ragstudy\\[harness\\]'"):
        run_study(make_plan(parse_study(probed, "study.yaml")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [{"kind": "lm_eval", "path": "x"}, {"kind": "cloze", "task": "x"}])
def test_a_test_names_its_items_in_one_way(wrong):
    with pytest.raises(ValueError, match="needs"):
        ForgettingSpec(name="x", **wrong)
