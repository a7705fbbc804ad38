"""An arm that is taken home answers as it did in the study."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request

import pytest
from conftest import make_domain, study_content

import ragstudy
from ragstudy.cli.main import main
from ragstudy.errors import InputError
from ragstudy.serving import Answerer
from ragstudy.serving.export import export_arm
from ragstudy.serving.server import arm_server, question_in
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


@pytest.fixture(scope="module")
def tuned_run(tmp_path_factory, tiny_model):
    """A study that trains two seeds of a tiny model and asks them with passages."""
    folder = tmp_path_factory.mktemp("served")
    domain = make_domain(folder / "lamps")
    base = {"kind": "transformers", "name": "tiny", "model": str(tiny_model), "max_new_tokens": 6, "batch_size": 4}
    base["dtype"] = "float32"
    tuning = {"base": "tiny", "formats": ["retrieved"], "sizes": [4], "seeds": [1, 2], "epochs": 3, "rank": 2}
    content = study_content(
        domain,
        generators=[base, {"kind": "extractive", "name": "extractive"}],
        finetuning=[{**tuning, "learning_rate": 0.05}],
        contexts=["retrieved"],
    )
    run_study(make_plan(parse_study(content, "study.yaml")), folder / "run")
    return folder / "run"


def told(run, generator):
    """What a generator said in the study, by the text of the question, with the passages it was shown."""
    questions = {question.id: question.text for question in RunFolder(run).questions().values()}
    return {questions[a.question]: (a.text, a.shown) for a in RunFolder(run).answers() if a.generator == generator}


@pytest.mark.parametrize("name", ["tiny", "tiny+retrieved-4@1", "tiny+retrieved-4@2", "extractive"])
def test_it_says_what_it_said_in_the_study(tuned_run, name):
    answerer = Answerer.open(tuned_run, name)
    for question, (text, shown) in told(tuned_run, name).items():
        said = answerer.answer(question)
        assert (said.text, tuple(passage.id for passage, _ in said.sources)) == (text, shown)


def test_an_exported_arm_says_the_same_from_anywhere(tuned_run, tmp_path, monkeypatch):
    recipe = export_arm(RunFolder(tuned_run), tmp_path / "home", "tiny+retrieved-4")
    assert recipe.arm == "tiny+retrieved-4@1"
    assert (tmp_path / "home" / "adapter" / "adapter_model.safetensors").is_file()
    moved = tmp_path / "elsewhere" / "home"
    moved.parent.mkdir()
    (tmp_path / "home").rename(moved)
    monkeypatch.chdir(tmp_path / "elsewhere")
    expected = told(tuned_run, "tiny+retrieved-4@1")
    answerer = Answerer.open(moved)
    assert {question: answerer.answer(question).text for question in expected} == {
        question: text for question, (text, _) in expected.items()
    }


def test_nothing_is_left_of_an_export_that_fails(tuned_run, tmp_path, monkeypatch):
    import shutil

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(OSError, match="No space"):
        export_arm(RunFolder(tuned_run), tmp_path / "home")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "home").mkdir()
    with pytest.raises(InputError, match="exists already"):
        export_arm(RunFolder(tuned_run), tmp_path / "home")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tiny+retrieved-5",), "did you mean 'tiny\\+retrieved-4'"),
        (("tiny", "lamp"), "did you mean 'lamps'"),
    ],
)
def test_what_is_not_there_is_named(tuned_run, arguments, message):
    with pytest.raises(InputError, match=message):
        Answerer.open(tuned_run, *arguments)


def test_a_folder_that_is_neither_is_refused(tmp_path):
    with pytest.raises(InputError, match="neither a run nor an exported arm"):
        Answerer.open(tmp_path)


def test_best_is_the_highest_mean_and_no_control(lamps, tmp_path):
    right = {
        f"What is the colour of lamp{letter}?": f"It is {colour}."
        for letter, colour in zip("abc", ["red", "green", "blue"], strict=True)
    }
    content = study_content(lamps)
    content["generators"][2] = {"kind": "scripted", "name": "tuned", "answers": right, "tuned_from": "base"}
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    best = Answerer.open(tmp_path / "run").recipe.arm
    means = {
        row.arm: row.mean
        for row in RunFolder(tmp_path / "run").results().arm_means
        if (row.contexts, row.measure) == ("retrieved", "accuracy")
    }
    assert best == max(means, key=means.get)


def test_few_shot_examples_come_home_too(lamps, tmp_path):
    content = study_content(lamps)
    content["generators"][0]["examples"] = 2
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    export_arm(RunFolder(tmp_path / "run"), tmp_path / "home", "base")
    recipe = Answerer.open(tmp_path / "home").recipe
    assert len(recipe.examples) == 2
    assert all("colour of" in question for question, _ in recipe.examples)


def test_a_query_engine_of_llama_index(tuned_run):
    engine = ragstudy.query_engine(tuned_run, "extractive")
    found = engine.query("What is the colour of lampb?")
    assert "green" in str(found)
    assert found.source_nodes[0].node.metadata["document"] == "lampb"


@pytest.fixture
def address(tuned_run):
    with arm_server(Answerer.open(tuned_run, "extractive")) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_server_speaks_to_openais_own_client(address):
    from openai import OpenAI

    client = OpenAI(base_url=f"{address}/v1", api_key="none")
    asked = [{"role": "system", "content": "x"}, {"role": "user", "content": "What is the colour of lampb?"}]
    said = client.chat.completions.create(model="extractive", messages=asked)
    assert "green" in said.choices[0].message.content
    assert said.sources[0]["document"] == "lampb"
    parts = client.chat.completions.create(model="extractive", messages=asked, stream=True)
    assert "green" in "".join(part.choices[0].delta.content or "" for part in parts)
    assert [one.id for one in client.models.list()] == ["extractive"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/chat/completions", b"{", {}, 400),
        ("/v1/chat/completions", b"[]", {}, 400),
        ("/v1/chat/completions", b'{"messages": []}', {}, 400),
        ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": null}]}', {}, 400),
        ("/v1/chat/completions", b'{"messages": "hello"}', {}, 400),
        ("/v1/other", b"{}", {}, 404),
        ("/v1/chat/completions", b"{}", {"Host": "evil.example"}, 404),
        ("/v1/chat/completions", b"{}", {"Origin": "https://evil.example"}, 404),
        ("/v1/chat/completions", b"{}", {"Content-Type": "text/plain"}, 400),
    ],
)
def test_wrong_requests_are_refused_with_a_reason(address, path, body, headers, status):
    request = urllib.request.Request(address + path, data=body, headers={"Content-Type": "application/json", **headers})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == status
    assert json.loads(refused.value.read())["error"]["message"]


def test_half_characters_are_answered_and_what_breaks_is_told(tuned_run, monkeypatch):
    answerer = Answerer.open(tuned_run, "extractive")
    with arm_server(answerer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
        body = b'{"messages": [{"role": "user", "content": "What is \\ud800 lampb?"}]}'
        request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            assert json.loads(reply.read())["choices"]
        monkeypatch.setattr(answerer, "answer", lambda _: 1 / 0)
        with pytest.raises(urllib.error.HTTPError) as broken:
            urllib.request.urlopen(request)
        assert broken.value.code == 500
        assert "ZeroDivisionError" in broken.value.read().decode()
        server.shutdown()
        thread.join()


def test_prompts_are_those_of_the_headline_context(lamps, tmp_path):
    for contexts, n in ((["retrieved@1", "none"], 1), (["none"], 0)):
        folder = tmp_path / str(n)
        run_study(make_plan(parse_study(study_content(lamps, contexts=contexts), "study.yaml")), folder)
        assert len(Answerer.open(folder, "extractive").answer("What is the colour of lampb?").sources) == n


def test_questions_in_parts_are_read():
    parts = [{"type": "text", "text": "What"}, {"type": "image_url"}, {"type": "text", "text": "else?"}]
    assert question_in({"messages": [{"role": "user", "content": parts}]}).split() == ["What", "else?"]


def test_on_the_command_line(tuned_run, tmp_path, capsys):
    main(["ask", str(tuned_run), "What is the colour of lampb?", "--arm", "extractive"])
    printed = capsys.readouterr().out
    assert "green" in printed
    assert "[1] lampb#1" in printed
    main(["export", str(tuned_run), "--arm", "extractive", "--to", str(tmp_path / "home")])
    main(["ask", str(tmp_path / "home"), "What is the colour of lampc?"])
    assert "blue" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main(["ask", str(tuned_run), "  ", "--arm", "extractive"])
    assert stop.value.code == 2
