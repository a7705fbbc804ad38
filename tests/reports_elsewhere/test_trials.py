"""What would go wrong in a run is found by asking every generator and judge one question.

After folio #113: every case failed at the credentials, and the run looked like a result.
"""

from __future__ import annotations

import shutil

import pytest
import yaml
from conftest import study_content
from odd_server import OddServer, fault, message

from ragstudy.cli.main import main
from ragstudy.specs import parse_study
from ragstudy.study.execute.trial import trials
from ragstudy.study.plan.make import make_plan


def found(content):
    return {one.name: one for one in trials(make_plan(parse_study(content, "s.yaml")))}


def served(url, name, **settings):
    base = {"kind": "endpoint", "name": name, "url": url, "model": name, "key_variable": None, "n_tries": 1}
    return {**base, **settings}


def test_every_generator_and_judge_is_asked_once_and_its_fault_is_told(lamps):
    replies = {
        "good": message("Red."),
        "thinker": message("<think>maybe", "length"),
        "silent": (401, fault("no key")),
        "endless": message("red and red", "length"),
        "grader": message('{"note": 10}'),
        "chatty": message("A fine answer!"),
    }
    with OddServer(lambda request: replies[request["model"]]) as server:
        content = study_content(lamps)
        content["generators"] = [served(server.url, name) for name in ("good", "thinker", "silent", "endless")]
        judges = [
            {"name": name, "url": server.url, "model": name, "key_variable": None} for name in ("grader", "chatty")
        ]
        content["judges"] = judges
        content["measures"] = ["accuracy", "completeness", "grader:overall_grade", "chatty:overall_grade"]
        told = found(content)
    assert told["good"].problem == told["grader:overall_grade"].problem == ""
    assert told["good"].said == "Red."
    assert "still thinking" in told["thinker"].problem
    assert "refuses the key" in told["silent"].problem
    assert "ran to its limit" in told["endless"].problem
    assert "no JSON" in told["chatty:overall_grade"].problem


def test_the_command_ends_with_2_where_something_would_fail(lamps, tmp_path, capsys):
    with OddServer(lambda _: (404, fault("no such model"))) as server:
        content = {
            **study_content(lamps),
            "generators": [served(server.url, "gone"), {"kind": "extractive", "name": "e"}],
        }
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(content))
        with pytest.raises(SystemExit) as ended:
            main(["check", str(tmp_path / "s.yaml"), "--deep"])
    assert ended.value.code == 2
    assert "1 would fail" in capsys.readouterr().out
    main(["check", str(tmp_path / "s.yaml")])


@pytest.fixture
def adapters(tiny_model, tmp_path):
    """An adapter that changes nothing, with a chat template of its own, and says that it is of another model."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=2, target_modules="all-linear")).save_pretrained(
        tmp_path / "idle"
    )
    shutil.copy(tiny_model / "tokenizer_config.json", tmp_path / "idle")
    shutil.copy(tiny_model / "tokenizer.json", tmp_path / "idle")
    (tmp_path / "idle" / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    config = tmp_path / "idle" / "adapter_config.json"
    config.write_text(config.read_text().replace(str(tiny_model), "owner/other-model"))
    return tmp_path / "idle"


def model(tiny_model, name, **settings):
    return {"kind": "transformers", "name": name, "model": str(tiny_model), "max_new_tokens": 8, **settings}


def test_an_adapter_that_changes_nothing_or_brings_other_files_is_told(lamps, tiny_model, adapters):
    content = study_content(lamps)
    tuned = model(tiny_model, "tuned", adapter=str(adapters), tuned_from="base")
    content["generators"] = [model(tiny_model, "base"), tuned]
    assert "changes nothing" in found(content)["tuned"].problem
    notes = " ".join(make_plan(parse_study(content, "s.yaml")).notes)
    assert "trained on 'owner/other-model'" in notes
    assert "brings files that are not used, and that differ from its model's: the chat template" in notes


def test_what_differs_between_an_arm_and_its_base_beside_the_weights_is_told(lamps, tiny_model, tmp_path):
    other = shutil.copytree(tiny_model, tmp_path / "merged")
    content = study_content(lamps)

    def notes(**settings):
        tuned = model(other, "tuned", tuned_from="base", **settings)
        content["generators"] = [model(tiny_model, "base"), tuned]
        # Six questions from six sources have a note of their own.
        return " ".join(note for note in make_plan(parse_study(content, "s.yaml")).notes if "sources" not in note)

    assert notes() == ""
    assert "tuned and base differ in more than tuning: dtype: 'float32' against 'auto'" in notes(dtype="float32")
    (other / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    (other / "generation_config.json").write_text('{"repetition_penalty": 1.3}')
    told = notes()
    assert "the chat template" in told
    assert "settings of generation_config.json" in told
    assert "the tokenizer" not in told
