"""What servers send instead of a plain text is read, or recorded with its reason, and takes nothing with it.

After reports of AutoRAG #1133, lighteval #869, gollm #33, inspect_ai #3259 and #3802, curator #203, hermes-agent #4748.
"""

from __future__ import annotations

import json

import pytest
from odd_server import OddServer, fault, message

from ragstudy.errors import InputError, UnavailableError
from ragstudy.generation.endpoint import EndpointGenerator, EndpointSpec
from ragstudy.prompting import make_prompt
from ragstudy.records import Question
from ragstudy.scoring.judges.client import Judge
from ragstudy.scoring.judges.measure import JudgeMeasure
from ragstudy.specs import JudgeSpec

PROMPTS = [make_prompt(f"q{number}", f"Question {number}?", []) for number in range(4)]


def spec(server, **settings):
    return EndpointSpec(
        kind="endpoint", name="served", url=server.url, model="m", key_variable=None, n_tries=1, **settings
    )


def answers(body, **settings):
    with OddServer(lambda _: body) as server:
        return EndpointGenerator(spec(server, **settings)).generate(PROMPTS)


READ = {
    "a list of parts": message([{"type": "text", "text": "Green"}]),
    "a list of texts": message(["Gre", "en"]),
    "a part that is no text beside one that is": message([{"type": "image"}, {"type": "text", "text": "Green"}]),
    "thinking between marks": message("<think>\nNo or Yes... maybe red, 44 kg?\n</think>\n\nGreen"),
    "thinking without its opening mark": message("The passage says maybe red, 44 kg?\n</think>\n\nGreen"),
    "thinking under another name": message("<reasoning>Red?</reasoning>Green"),
    "thinking in a field of its own": message("Green", reasoning_content="Red?"),
    "no usage": {**message("Green"), "usage": None},
    "usage of nulls": {**message("Green"), "usage": {"prompt_tokens": None, "completion_tokens": None}},
    "half a usage": {**message("Green"), "usage": {"prompt_tokens": 5}},
    "usage in texts": {**message("Green"), "usage": {"prompt_tokens": "5", "completion_tokens": "3"}},
    "usage that is no number": {**message("Green"), "usage": {"completion_tokens": "three"}},
    "no reason why it ended": message("Green", None),
    "a text outside of a message": {"id": "x", "choices": [{"index": 0, "text": "Green", "finish_reason": "stop"}]},
    "two choices in another order": {
        **message("Red"),
        "choices": [
            {"index": 1, "message": {"role": "assistant", "content": "Red"}, "finish_reason": "stop"},
            {"index": 0, "message": {"role": "assistant", "content": "Green"}, "finish_reason": "stop"},
        ],
    },
}


@pytest.mark.parametrize("form", READ)
def test_an_answer_is_read_in_whatever_form_it_comes(form):
    found = answers(READ[form])
    assert [(one.text, one.stopped, one.error) for one in found] == [("Green", "end", "")] * 4
    assert all(one.thinking for one in found) == ("thinking" in form)


FAILED = {
    "still thinking when its 256 tokens": message("<think>\nThe passage says maybe red, 44 kg?", "length"),
    "still thinking when its": message(None, "length", reasoning_content="Let me think about the lid"),
    "thought and then wrote no answer": message("", "stop", reasoning="Let me think about the lid"),
    "called a tool": message(None, "tool_calls", tool_calls=[{"id": "c", "type": "function", "function": {}}]),
    "filter held the answer back": message("I'm sorry", "content_filter"),
    "the model refused: I cannot help": message(None, "stop", refusal="I cannot help"),
}


@pytest.mark.parametrize("reason", FAILED)
def test_what_is_no_answer_is_a_failure_with_its_reason_and_never_a_text_to_score(reason):
    found = answers(FAILED[reason])
    assert [(one.text, one.stopped) for one in found] == [("", "error")] * 4
    assert all(reason in one.error for one in found)


@pytest.mark.parametrize(("finish", "stopped"), [("length", "length"), ("max_tokens", "length"), ("stop", "end")])
def test_an_answer_that_was_cut_is_known_by_whatever_name_the_server_has_for_it(finish, stopped):
    assert {one.stopped for one in answers(message("Green and", finish))} == {stopped}


def test_one_odd_reply_takes_none_of_its_batch_with_it():
    def reply(request):
        asked = request["messages"][0]["content"]
        if "Question 1" in asked:
            return message("Gre\ud800en")
        if "Question 2" in asked:
            return message(None, "stop", refusal="no")
        return {"id": "x", "choices": []} if "Question 3" in asked else message("Green")

    with OddServer(reply) as server:
        found = EndpointGenerator(spec(server)).generate(PROMPTS)
    assert [one.text for one in found] == ["Green", "Gre?en", "", ""]
    assert [one.stopped for one in found] == ["end", "end", "error", "error"]
    json.dumps([one.text for one in found]).encode("utf-8")


FATAL = {
    "refuses the key": (401, fault("Incorrect API key provided", "invalid_api_key")),
    "model 'm' not found": (404, fault("model 'm' not found")),
    "write max_tokens_key: max_completion_tokens": (
        400,
        fault("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", param="max_tokens"),
    ),
    "write temperature: null": (
        400,
        fault("Unsupported value: 'temperature' does not support 0 with this model.", param="temperature"),
    ),
    "its quota is used up": (429, fault("You exceeded your current quota", "insufficient_quota")),
    "is no OpenAI-compatible endpoint": "<html>login</html>",
}


@pytest.mark.parametrize("told", FATAL)
def test_what_hits_every_answer_stops_at_the_first_with_one_message(told):
    with OddServer(lambda _: FATAL[told]) as server:
        with pytest.raises(UnavailableError, match=r"generator 'served'") as error:
            EndpointGenerator(spec(server)).generate(PROMPTS)
        assert told in str(error.value)
        assert len(server.requests) == 1


def test_an_address_without_v1_and_a_server_that_is_down_are_told_so():
    with OddServer(lambda _: message("Green")) as server:
        wrong = spec(server).model_copy(update={"url": server.root})
        with pytest.raises(UnavailableError, match=r"check url \(up to /v1\)"):
            EndpointGenerator(wrong).generate(PROMPTS)
        down = spec(server)
    with pytest.raises(UnavailableError, match=r"does not answer: APIConnectionError.*check that the server runs"):
        EndpointGenerator(down).generate(PROMPTS)


def test_a_prompt_that_is_too_long_fails_alone():
    def reply(request):
        long = "Question 0" in request["messages"][0]["content"]
        return (
            (400, fault("maximum context length is 64 tokens", "context_length_exceeded")) if long else message("Green")
        )

    with OddServer(reply) as server:
        found = EndpointGenerator(spec(server)).generate(PROMPTS)
    assert [one.stopped for one in found] == ["error", "end", "end", "end"]


def test_requests_are_worded_as_the_server_wants_them():
    with OddServer(lambda _: message("Green")) as server:
        chosen = {"max_tokens_key": "max_completion_tokens", "temperature": None, "extra_body": {"think": False}}
        EndpointGenerator(spec(server, max_new_tokens=20, thinking_tokens=100, **chosen)).generate(PROMPTS[:1])
        (sent,) = server.requests
    assert sent["max_completion_tokens"] == 120
    assert sent["think"] is False
    assert not {"max_tokens", "temperature"} & set(sent)


QUESTION = Question("q", "What colour is it?", ("It is green.",))


def judge(server, **settings):
    return Judge(JudgeSpec(name="j", url=server.url, model="m", key_variable=None, n_tries=1, **settings))


@pytest.mark.parametrize(
    "content",
    ['<think>{"note": 1}?</think>{"note": 7}', [{"type": "text", "text": '{"note": 7}'}], '{"note": 7}\ud800'],
)
def test_a_judge_is_read_in_whatever_form_it_replies(content):
    with OddServer(lambda _: message(content)) as server:
        assert JudgeMeasure(judge(server), "overall_grade", lambda: None).score(QUESTION, "Green.") == 0.7


@pytest.mark.parametrize("told", [one for one in FATAL if "OpenAI-compatible" not in one])
def test_a_judge_that_refuses_everything_stops_with_one_message(told):
    with OddServer(lambda _: FATAL[told]) as server:
        with pytest.raises(InputError, match="judge 'j'") as error:
            JudgeMeasure(judge(server), "overall_grade", lambda: None).score(QUESTION, "Green.")
        assert told in str(error.value)


def test_a_judge_that_is_filtered_gives_no_score():
    with OddServer(lambda _: message("", "content_filter")) as server, pytest.raises(ValueError, match="filter"):
        JudgeMeasure(judge(server), "overall_grade", lambda: None).score(QUESTION, "Green.")
