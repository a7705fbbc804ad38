"""Endpoints against a real llama.cpp server with SmolLM2-135M-Instruct on loopback: generators, few-shot, judges."""

from __future__ import annotations

import pytest
from conftest import study_content

from ragstudy.generation.endpoint import EndpointGenerator, EndpointSpec
from ragstudy.generation.locate import model_folder
from ragstudy.generation.packaged import PACKAGED
from ragstudy.prompting import make_prompt
from ragstudy.records import Case, Passage, Question
from ragstudy.scoring.judges.client import Judge
from ragstudy.scoring.judges.measure import JudgeMeasure
from ragstudy.specs import JudgeSpec, parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

xllamacpp = pytest.importorskip("xllamacpp", reason="the package xllamacpp (a llama.cpp server) is not installed")
MODEL = PACKAGED["smollm2-135m-instruct"]
ASKED = {"What colour is the Corvo lamp?": "green", "What colour is the Lyra lamp?": "red"}


@pytest.fixture(scope="module")
def url():
    if MODEL.path() is None:
        pytest.skip(f"the package {MODEL.distribution} is not installed")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(MODEL.verified_path())
    settings.n_ctx, settings.n_parallel = 8192, 4
    settings.cpuparams.n_threads = 2
    server = xllamacpp.Server(settings)
    yield f"{server.listening_address}/v1"
    del server


def spec(url, **settings):
    settings = {"max_new_tokens": 24, **settings}
    return EndpointSpec(kind="endpoint", name="served", url=url, model="smollm2", key_variable=None, **settings)


def test_a_real_server_answers_from_its_passages(url):
    prompts = [
        make_prompt(text, text, [Passage("p", "d", "Lamps", f"{text.split('the ')[1][:-1]} is {colour}.")])
        for text, colour in ASKED.items()
    ]
    said = EndpointGenerator(spec(url)).generate(prompts)
    assert [colour in one.text for one, colour in zip(said, ASKED.values(), strict=True)] == [True, True]
    assert all(one.stopped in ("end", "length") and one.n_tokens > 0 and one.n_passages == 1 for one in said)


def test_a_reply_that_is_streamed_is_the_one_that_is_sent_whole(url):
    prompts = [make_prompt(str(n), f"Count from {n} to {n + 5}.", []) for n in range(3)]
    whole = EndpointGenerator(spec(url)).generate(prompts)
    streamed = EndpointGenerator(spec(url, stream=True)).generate(prompts)
    assert streamed == whole
    assert all(one.n_tokens > 0 for one in streamed)


def test_the_limit_of_tokens_is_kept_and_named(url):
    (said,) = EndpointGenerator(spec(url, max_new_tokens=3)).generate([make_prompt("q", "Tell a long story.", [])])
    assert (said.stopped, said.n_tokens) == ("length", 3)


def test_prompts_side_by_side_are_answered_as_alone(url):
    generator = EndpointGenerator(spec(url, max_new_tokens=8))
    prompts = [make_prompt(str(n), f"What is {n} plus {n}?", []) for n in range(8)]
    assert [one.n_passages for one in generator.generate(prompts)] == [0] * 8
    assert [one.text != "" for one in generator.generate(prompts)] == [True] * 8


def test_a_study_with_a_few_shot_arm_runs_on_it(url, lamps, tmp_path):
    content = study_content(lamps)
    served = spec(url).model_dump(mode="json", exclude_none=True) | {"key_variable": None}
    content["generators"] = [served, {**served, "name": "shown", "examples": 2, "tuned_from": "served"}]
    outcome = run_study(make_plan(parse_study(content, "s.yaml")), tmp_path / "run")
    assert outcome.n_failed == 0
    assert len(RunFolder(tmp_path / "run").answers()) == 2 * 2 * 6
    assert {row.arm for row in RunFolder(tmp_path / "run").results().comparisons} == {"shown"}


@pytest.mark.parametrize("method", ["overall_grade", "rubric.accuracy", "claims.accuracy"])
def test_a_judge_on_it_gives_a_score_or_says_why_not(url, method):
    settings = JudgeSpec(name="j", url=url, model="smollm2", key_variable=None, max_new_tokens=96)
    measure = JudgeMeasure(Judge(settings), method, lambda: None)
    asked = Question("q", "What is the capital of France?", ("The capital of France is Paris.",))
    (found,) = measure.score_many([Case(asked, "It is Paris.")], lambda: None)
    if found.value is None:
        assert "cannot be used" in found.reason
    else:
        assert 0 <= found.value <= 1


def test_the_converted_model_reads_the_tokens_that_the_server_reads(url):
    import json
    import urllib.request

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_folder(MODEL.name))
    for text in (
        "In 1984 there were 12345 lamps.",
        "  two\n\nlines\tand\u00a0more ",
        "it's 3.14 %, \u00dcbergr\u00f6\u00dfe, \u00bd, \u4e2d\u6587, \u0665\u0666",
        "DON'T we'll -- 1.000,00",
    ):
        body = json.dumps({"content": text, "add_special": False}).encode()
        request = urllib.request.Request(
            f"{url.removesuffix('/v1')}/tokenize", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as reply:
            assert tokenizer.encode(text, add_special_tokens=False) == json.loads(reply.read())["tokens"]
