"""Trainings handed out, done by peft alone, and taken in: only what the study describes, and the run goes on."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from conftest import study_content

from ragstudy.cli.main import cli
from ragstudy.errors import InputError
from ragstudy.specs import parse_study
from ragstudy.study.elsewhere import hand_out, take_in
from ragstudy.study.plan.make import make_plan
from ragstudy.study.progress import NullReporter
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

ROUNDS = [
    {"name": "first", "formats": ["closed_book"]},
    {"name": "then", "formats": ["closed_book"], "after": "first", "sizes": [2]},
]
TINY = {"epochs": 1, "rank": 2, "alpha": 4, "sizes": [4], "formats": ["closed_book", "retrieved"]}


def plan_of(domain, model, *entries, **changes):
    tiny = {"kind": "transformers", "name": "tiny", "model": str(model), "max_new_tokens": 4, "batch_size": 4}
    content = study_content(domain, contexts=["none"], **changes)
    content["generators"] = [tiny]
    content["finetuning"] = [{"base": "tiny", **TINY, **entry} for entry in entries]
    return make_plan(parse_study(content, "study.yaml"))


def train_by_peft(place, model, rate=5e-2):
    """A few steps of peft and torch, without a line of ragstudy."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        lora = LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=4, target_modules="all-linear")
        tuned = get_peft_model(AutoModelForCausalLM.from_pretrained(model), lora)
        steps = torch.optim.AdamW(tuned.parameters(), lr=rate)
        for line in (place / "chat.jsonl").read_text(encoding="utf-8").splitlines() * 3:
            chat = tokenizer.apply_chat_template(json.loads(line)["messages"], tokenize=False)
            ids = tokenizer(chat, return_tensors="pt")["input_ids"]
            tuned(input_ids=ids, labels=ids).loss.backward()
            steps.step()
            steps.zero_grad()
        tuned.save_pretrained(place / "adapter")


@pytest.fixture
def handed(lamps, tiny_model, tmp_path):
    plan, folder = plan_of(lamps, tiny_model, {}), RunFolder(tmp_path / "run")
    return plan, folder, hand_out(plan, folder, tmp_path / "out", NullReporter())


def test_an_adapter_that_peft_made_elsewhere_answers_in_the_run(handed, tiny_model, tmp_path):
    plan, folder, places = handed
    train_by_peft(places[0], tiny_model)
    found = take_in(plan, folder, tmp_path / "out", NullReporter())
    assert (found.taken, found.there) == (("lamps/tiny+closed_book-4@1",), ())
    assert found.missing == ("lamps/tiny+retrieved-4@1",)
    outcome = run_study(plan, folder.path)
    # The other one is trained here; this one is used as it came.
    assert outcome.made["adapters"] == 1
    came = (places[0] / "adapter" / "adapter_model.safetensors").read_bytes()
    place = folder.adapter_folder("lamps", "tiny+closed_book-4@1")
    assert (place / "adapter_model.safetensors").read_bytes() == came
    assert json.loads((place / "record.json").read_text())["weights"]
    again = take_in(plan, folder, tmp_path / "out", NullReporter())
    assert (again.taken, len(again.there)) == ((), 2)


def test_another_training_of_the_same_pairs_answers_anew(handed, tiny_model, tmp_path):
    plan, folder, places = handed
    for place in places:
        train_by_peft(place, tiny_model)
    take_in(plan, folder, tmp_path / "out", NullReporter())
    assert run_study(plan, folder.path).made["answers"] == 18
    train_by_peft(places[0], tiny_model, rate=2e-1)
    assert take_in(plan, folder, tmp_path / "out", NullReporter()).taken == ("lamps/tiny+closed_book-4@1",)
    assert run_study(plan, folder.path).made["answers"] == 6


def test_every_format_holds_the_same_pairs_with_the_prompts_of_the_study(handed):
    _, _, places = handed
    for place in places:
        chats = [json.loads(line)["messages"] for line in (place / "chat.jsonl").read_text().splitlines()]
        pairs = [(chat[0]["content"], chat[1]["content"]) for chat in chats]
        assert len(pairs) == 4
        alpaca = json.loads((place / "alpaca.json").read_text())
        assert [(row["instruction"], row["output"]) for row in alpaca] == pairs
        shared = json.loads((place / "sharegpt.json").read_text())
        turns = [[turn["value"] for turn in row["conversations"]] for row in shared]
        assert [tuple(values) for values in turns] == pairs
        assert all("colour of lamp" in user for user, _ in pairs)
    assert "stands in room" in (places[1] / "chat.jsonl").read_text()
    assert "stands in room" not in (places[0] / "chat.jsonl").read_text()


def test_every_configuration_says_the_settings_of_the_study(handed):
    place = handed[2][0]
    factory = yaml.safe_load((place / "llamafactory.yaml").read_text())
    axolotl = yaml.safe_load((place / "axolotl.yaml").read_text())
    info = json.loads((place / "dataset_info.json").read_text())
    assert (place / info[factory["dataset"]]["file_name"]).is_file()
    assert (place / axolotl["datasets"][0]["path"]).is_file()
    assert (factory["lora_rank"], factory["lora_alpha"]) == (axolotl["lora_r"], axolotl["lora_alpha"]) == (2, 4)
    for one, at_once in ((factory, "per_device_train_batch_size"), (axolotl, "micro_batch_size")):
        assert one[at_once] * one["gradient_accumulation_steps"] == 8
        assert one["output_dir"] == "adapter"
    for script in ("trl_train.py", "unsloth_train.py"):
        text = (place / script).read_text()
        ast.parse(text)
        assert "r=2" in text
        assert "lora_alpha=4" in text


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="trl is not installed")
def test_trls_script_runs_and_its_adapter_is_taken_in(handed, tmp_path):
    plan, folder, places = handed
    done = subprocess.run([sys.executable, "trl_train.py"], cwd=places[0], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert take_in(plan, folder, tmp_path / "out", NullReporter()).taken == ("lamps/tiny+closed_book-4@1",)


def change_config(**changes):
    def change(place):
        path = place / "adapter" / "adapter_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda place: (place / "chat.jsonl").write_text("{}\n"), "chat.jsonl is not as it was written"),
        (lambda place: (place / "sharegpt.json").write_text("[]"), "sharegpt.json is not as it was written"),
        (change_config(base_model_name_or_path=None), r"of '', and the study's base is"),
        (change_config(base_model_name_or_path="other/model"), r"of 'other/model', and the study's base is"),
        (change_config(r=16), "its adapter has r 16, and the study says 2"),
        (change_config(lora_alpha=32), "its adapter has lora_alpha 32, and the study says 4"),
        (lambda place: (place / "adapter" / "adapter_model.safetensors").unlink(), "no adapter_model.safetensors"),
        (lambda place: (place / "training.json").write_text("{}"), "hand them out anew"),
    ],
)
def test_an_adapter_that_is_something_else_is_refused_and_nothing_is_taken_in(
    handed, tiny_model, tmp_path, change, message
):
    plan, folder, places = handed
    for place in places:
        train_by_peft(place, tiny_model)
    change(places[0])
    with pytest.raises(InputError, match=message):
        take_in(plan, folder, tmp_path / "out", NullReporter())
    assert not list(folder.path.glob("adapters/*/*/record.json"))


def test_another_study_is_told_to_hand_out_anew(handed, lamps, tiny_model, tmp_path):
    _, folder, places = handed
    train_by_peft(places[0], tiny_model)
    other = plan_of(lamps, tiny_model, {"learning_rate": 1e-2})
    with pytest.raises(InputError, match="hand them out anew"):
        take_in(other, folder, tmp_path / "out", NullReporter())


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "trains nothing"),
        ([{"method": "full"}], "trains all weights"),
        ([{"epochs": 2, "checkpoints": [1]}], "keeps checkpoints"),
        (
            ROUNDS,
            "goes on from another adapter",
        ),
    ],
)
def test_what_cannot_be_done_elsewhere_is_said_and_nothing_is_written(lamps, tiny_model, tmp_path, entries, message):
    plan = plan_of(lamps, tiny_model, *entries)
    with pytest.raises(InputError, match=message):
        hand_out(plan, RunFolder(tmp_path / "run"), tmp_path / "out", NullReporter())
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(handed, tmp_path):
    plan, folder, _ = handed
    with pytest.raises(InputError, match="holds files already"):
        hand_out(plan, folder, tmp_path / "out", NullReporter())


def test_the_commands_say_what_to_do_next(lamps, tiny_model, tmp_path):
    tiny = {"kind": "transformers", "name": "tiny", "model": str(tiny_model), "max_new_tokens": 4, "batch_size": 4}
    content = study_content(lamps, contexts=["none"], generators=[tiny], finetuning=[{"base": "tiny", **TINY}])
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(content), encoding="utf-8")
    to, out = str(tmp_path / "out"), str(tmp_path / "run")
    said = CliRunner().invoke(cli, ["training", "hand-out", str(study), "--to", to, "--out", out])
    assert said.exit_code == 0, said.output
    assert f"ragstudy training take-in {study} {to}" in said.output
    train_by_peft(tmp_path / "out" / "lamps" / "tiny+closed_book-4@1", tiny_model)
    said = CliRunner().invoke(cli, ["training", "take-in", str(study), to, "--out", out])
    assert said.exit_code == 0, said.output
    assert "taken in: lamps/tiny+closed_book-4@1" in said.output
    assert "not trained yet: lamps/tiny+retrieved-4@1" in said.output
