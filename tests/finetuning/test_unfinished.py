"""A training that is stopped goes on where it was, and ends in the same bytes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import study_content

from ragstudy.finetuning.pairs import IGNORED, Example
from ragstudy.finetuning.training import steps_of, train
from ragstudy.finetuning.unfinished import Counted, UnfinishedTraining
from ragstudy.generation.causal import CausalModel
from ragstudy.specs import FineTuneSpec, TransformersSpec, parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study

SPEC = FineTuneSpec(base="tiny", epochs=2, batch_size=2, rank=2, alpha=4, dropout=0.2, learning_rate=1e-2)
WEIGHTS = "adapter_model.safetensors"


class StoppedError(Exception):
    """As a machine that is switched off."""


@pytest.fixture(autouse=True)
def every_step(monkeypatch):
    monkeypatch.setattr("ragstudy.finetuning.unfinished._SECONDS", 0.0)
    monkeypatch.setattr("ragstudy.finetuning.unfinished._SHARE_OF_TIME", 1e9)


@pytest.fixture(scope="module")
def model(tiny_model):
    return CausalModel(TransformersSpec(name="tiny", model=str(tiny_model), dtype="float32"))


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(1)
    ids = [rng.integers(5, 60, n).tolist() for n in (20, 30, 25, 15, 40, 10)]
    return [Example(f"q{n}", one, [IGNORED] * 5 + one[5:], 0) for n, one in enumerate(ids)]


def stop_at(step):
    def on_step(number, _n, _loss):
        if number == step:
            raise StoppedError

    return on_step


def whole(model, examples, place, spec=SPEC):
    return train(model.base, examples, spec, 7, {spec.epochs: place})


@pytest.mark.parametrize("step", [2, 3, 4, 6])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_it_ends_in_the_same_bytes(model, examples, tmp_path, step, method):
    spec = SPEC.model_copy(update={"method": method})
    name = WEIGHTS if method == "lora" else "model.safetensors"
    wanted = whole(model, examples, tmp_path / "whole", spec)
    path, folders = tmp_path / "state.safetensors", {2: tmp_path / "out"}
    with pytest.raises(StoppedError):
        train(model.base, examples, spec, 7, folders, stop_at(step), unfinished=UnfinishedTraining(path, "mine"))
    # The step at which it was stopped was not written any more.
    again = UnfinishedTraining(path, "mine")
    assert again.counted().n_steps == step - 1
    seen = []
    found = train(model.base, examples, spec, 7, folders, lambda number, *_: seen.append(number), unfinished=again)
    assert seen == list(range(step, steps_of(len(examples), spec) + 1))
    assert (found.losses, found.n_tokens, found.n_answer_tokens) == (
        wanted.losses,
        wanted.n_tokens,
        wanted.n_answer_tokens,
    )
    assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_state_of_another_training_or_a_damaged_one_is_not_gone_on_with(model, examples, tmp_path):
    path = tmp_path / "state.safetensors"
    with pytest.raises(StoppedError):
        train(model.base, examples, SPEC, 7, {}, stop_at(3), unfinished=UnfinishedTraining(path, "mine"))
    assert UnfinishedTraining(path, "mine").counted().n_steps == 2
    assert UnfinishedTraining(path, "another").counted() == Counted()
    path.write_bytes(path.read_bytes()[:100])
    assert UnfinishedTraining(path, "mine").counted() == Counted()
    path.unlink()
    assert UnfinishedTraining(path, "mine").counted() == Counted()


def test_nothing_is_written_before_it_is_time(model, examples, tmp_path, monkeypatch):
    monkeypatch.setattr("ragstudy.finetuning.unfinished._SECONDS", 1e9)
    path = tmp_path / "state.safetensors"
    train(model.base, examples, SPEC, 7, {}, unfinished=UnfinishedTraining(path, "mine"))
    assert not path.exists()


def test_a_disk_that_is_full_does_not_stop_a_training(model, examples, tmp_path, monkeypatch, caplog):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    path = tmp_path / "state.safetensors"
    monkeypatch.setattr("safetensors.torch.save_file", full)
    found = train(model.base, examples, SPEC, 7, {}, unfinished=UnfinishedTraining(path, "mine"))
    assert len(found.losses) == 6
    assert caplog.text.count("its state cannot be kept") == 1
    assert not list(tmp_path.iterdir())


def plan_of(domain, model):
    content = study_content(domain, contexts=["none"])
    tiny = {"kind": "transformers", "name": "tiny", "model": str(model), "max_new_tokens": 4, "dtype": "float32"}
    content["generators"] = [tiny]
    tuned = {"base": "tiny", "formats": ["closed_book"], "sizes": [4], "epochs": 3, "checkpoints": [1]}
    content["finetuning"] = [tuned | {"batch_size": 2, "rank": 2, "alpha": 4}]
    return make_plan(parse_study(content, "study.yaml"))


@pytest.mark.parametrize("step", [2, 4])
def test_a_study_that_is_stopped_goes_on_within_a_training(lamps, tiny_model, tmp_path, monkeypatch, step):
    from ragstudy.finetuning import training

    plan = plan_of(lamps, tiny_model)
    run_study(plan, tmp_path / "whole")
    true_step, n_steps = training._Loop._step, []

    def stopping(self, packed, number):
        n_steps.append(number)
        if number == step and len(n_steps) == step:
            raise StoppedError
        return true_step(self, packed, number)

    monkeypatch.setattr(training._Loop, "_step", stopping)
    with pytest.raises(StoppedError):
        run_study(plan, tmp_path / "run")
    run_study(plan, tmp_path / "run")
    assert n_steps == [*range(1, step + 1), *range(step, 7)]
    for name in ("tiny+closed_book-4@1", "tiny+closed_book-4-epoch1@1"):
        made, wanted = (tmp_path / one / "adapters" / "lamps" / name for one in ("run", "whole"))
        assert (made / WEIGHTS).read_bytes() == (wanted / WEIGHTS).read_bytes()
        assert not (made / "state.safetensors").exists()
        records = [json.loads((one / "record.json").read_text()) for one in (made, wanted)]
        assert records[0]["losses"] == records[1]["losses"]
        assert len(records[0]["losses"]) == 6
    assert not list((tmp_path / "run").rglob("*.unfinished"))
