"""Any LLM of llama-index answers a study, and says so where it cannot."""

from __future__ import annotations

import pytest
from conftest import study_content
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse, CustomLLM, LLMMetadata

from ragstudy.errors import InputError, UnavailableError
from ragstudy.generation.make import generator_fingerprint, make_generator
from ragstudy.prompting import make_prompt
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.testing import check_generator

HERE = "test_llama_index_llm"


class Plain(CustomLLM):
    """Says what it is asked last, in capitals; fails on what it is told to."""

    refuses: str = "nothing at all"
    voice: str = "plain"

    @property
    def metadata(self):
        return LLMMetadata(is_chat_model=self.voice == "chat", model_name="m")

    def complete(self, prompt, **_):
        if self.refuses in prompt:
            msg = "no such thing"
            raise RuntimeError(msg)
        return CompletionResponse(text=f"<think>hm</think> {prompt.split()[-1].upper()}")

    def stream_complete(self, prompt, **_):
        raise NotImplementedError


class Chat(Plain):
    voice: str = "chat"

    def chat(self, messages, **_):
        [message] = messages
        return ChatResponse(message=ChatMessage(role="assistant", content=f"chat: {message.content.split()[-1]}"))


def without_key(**_):
    msg = "No API key found; set THE_KEY"
    raise ValueError(msg)


def no_llm(**_):
    return object()


def study_of(domain, maker="Plain", **options):
    content = study_content(domain, contexts=["none"])
    content["generators"] = [{"kind": "llama_index", "name": "m", "object": f"{HERE}:{maker}", "options": options}]
    return parse_study(content, "study.yaml")


def generator_of(domain, maker="Plain", **options):
    return make_generator(study_of(domain, maker, **options).generators[0])


def asked(*texts):
    return [make_prompt(f"q{n}", text, []) for n, text in enumerate(texts)]


def test_it_answers_like_any_other_generator(lamps):
    check_generator(generator_of(lamps))
    [said] = generator_of(lamps).generate(asked("Is it green"))
    assert (said.stopped, said.thinking) == ("end", "hm")
    [said] = generator_of(lamps, "Chat").generate(asked("Is it green"))
    assert said.text.startswith("chat: ")


def test_a_request_that_fails_is_recorded_and_the_others_are_answered(lamps):
    found = generator_of(lamps, refuses="blue").generate(asked("Is it green", "Is it blue", "Is it red"))
    assert [one.stopped for one in found] == ["end", "error", "end"]
    assert found[1].error == "RuntimeError: no such thing"


def test_one_that_answers_nothing_at_all_is_told_at_once(lamps):
    with pytest.raises(UnavailableError, match=r"generator 'm': .*:Plain does not answer: RuntimeError: no such thing"):
        generator_of(lamps, refuses="green").generate(asked("Is it green"))


def test_a_whole_study(lamps, tmp_path):
    outcome = run_study(make_plan(study_of(lamps)), tmp_path / "run")
    assert outcome.n_failed == 0
    assert outcome.made["answers"] > 0


@pytest.mark.parametrize(
    ("maker", "options", "error", "said"),
    [
        ("without_key", {}, UnavailableError, "cannot be made: ValueError: No API key found; set THE_KEY"),
        ("no_llm", {}, InputError, "has no method 'complete'"),
        ("Nobody", {}, InputError, "Nobody"),
    ],
)
def test_what_cannot_be_made_is_told_before_anything_runs(lamps, tmp_path, maker, options, error, said):
    with pytest.raises((InputError, UnavailableError), match=said):
        run_study(make_plan(study_of(lamps, maker, **options)), tmp_path / "run")
    with pytest.raises(error, match=said):
        generator_of(lamps, maker, **options)


@pytest.mark.parametrize(
    "name", ["api_key", "token", "AZURE_API_KEY", "password", "apikey", "api_keys", "aws_secret_x"]
)
def test_keys_in_a_study_are_refused(lamps, name):
    with pytest.raises(InputError, match="looks like a secret; keys come from the environment"):
        study_of(lamps, **{name: "x"})
    with pytest.raises(InputError, match="looks like a secret"):
        study_of(lamps, additional_kwargs={"headers": [{name: "x"}]})
    study_of(lamps, max_tokens=5, eos_token="</s>")


def test_other_options_are_another_generator(lamps):
    one, other = (study_of(lamps, refuses=word).generators[0] for word in ("a", "b"))
    assert generator_fingerprint(one) != generator_fingerprint(other)
