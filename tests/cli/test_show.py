"""One question with everything that was said to it, in the terminal."""

from __future__ import annotations

import pytest
from conftest import study_content

from ragstudy.cli.main import main
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study


@pytest.fixture
def finished(lamps, tmp_path):
    content = study_content(lamps)
    content["generators"][2]["fails_on"] = ["What is the colour of lampb?"]
    run_study(make_plan(parse_study(content, "s.yaml")), tmp_path / "run")
    return tmp_path / "run"


def shown(finished, capsys, *words: str) -> str:
    main(["show", str(finished), *words])
    return capsys.readouterr().out


def refused(finished, capsys, *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["show", str(finished), *words])
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_question_is_shown_with_passages_answers_and_scores(finished, capsys):
    told = shown(finished, capsys, "q00")
    assert told == shown(finished, capsys, "colour of LAMPA?")
    assert told == shown(finished, capsys, "q00", "--domain", "lamps")
    for part in (
        "lamps q00 (factoid)",
        "reference: The colour of lampa is red.",
        "required: red",
        "prompts: retrieved",
        "gold lampa",
        "  base: red\n      accuracy 1.000, completeness 1.000",
        "  tuned: I do not know.",
    ):
        assert part in told
    assert "prompts: none" in told


def test_a_failed_answer_is_shown_with_its_reason(finished, capsys):
    assert "  tuned: failed: " in shown(finished, capsys, "q01")


def test_no_question_or_several_are_told(finished, capsys):
    assert "no test question has the id or the words 'q0x'; did you mean" in refused(finished, capsys, "q0x")
    told = refused(finished, capsys, "colour")
    assert told.startswith("error: ")
    assert "6 questions have 'colour'; name one by its id" in told
    assert "lamps q03: What is the colour of lampd?" in told
    assert "no run in this folder" in refused(finished.parent / "nothing", capsys, "q00")
