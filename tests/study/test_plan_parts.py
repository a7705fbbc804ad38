"""Parts of a plan: prompts with solved questions, what a training costs, and overrides of list items."""

from __future__ import annotations

import pytest

from ragstudy.finetuning.training import _rate
from ragstudy.records import Question
from ragstudy.specs.load import _apply
from ragstudy.study.plan import estimate
from ragstudy.study.plan.model import PromptStyle


def asked(name):
    return Question(name, f"What is {name}?", (f"answer {name}",))


def test_a_question_is_never_its_own_example():
    solved = [asked("a"), asked("b"), asked("c")]
    text = PromptStyle("Answer.", "Answer.", 2).prompt(solved[0], [], solved).text
    assert "answer a" not in text
    assert "answer b" in text
    assert "answer c" in text
    assert "answer c" not in PromptStyle("Answer.", "Answer.", 2).prompt(asked("d"), [], solved).text


@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_override_changes_the_item_of_its_position_alone(position):
    content = {"sizes": [1, 2, 3], "generators": [{"n": 1}, {"n": 2}, {"n": 3}]}
    _apply(content, f"sizes.{position}=9")
    _apply(content, f"generators.{position}.n=9")
    assert [number for number, size in enumerate(content["sizes"]) if size == 9] == [position]
    assert [number for number, one in enumerate(content["generators"]) if one["n"] == 9] == [position]


def test_the_learning_rate_rises_over_its_share_of_the_steps_and_falls_to_zero():
    rates = [_rate(step, 100, 0.1) for step in range(101)]
    assert rates[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert rates[10] == pytest.approx(1.0)
    assert rates[55] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0.0)
    # Without warm-up the first step has the whole rate.
    assert _rate(0, 100, 0.0) == 1.0


def test_writing_costs_two_operations_a_parameter_and_token_and_training_six():
    """Kaplan et al. 2020 (arXiv 2001.08361), section 2.1: 2 N forward, 6 N forward and backward."""
    more = estimate._answering_seconds(8, 10**9, 10, 2000, 1.0) - estimate._answering_seconds(8, 10**9, 10, 1000, 1.0)
    assert more * estimate._READ_FLOPS == pytest.approx(2 * 10**9 * 10 * 1000)


def test_the_forward_cost_of_training_is_three_times_that_of_reading(lamps):
    from conftest import study_content

    from ragstudy.specs import parse_study
    from ragstudy.study.plan.make import make_plan

    content = study_content(lamps, generators=[{"kind": "transformers", "name": "m", "model": "pocket"}])
    content["finetuning"] = [{"base": "m", "formats": ["closed_book"], "sizes": [4], "seeds": [1], "epochs": 2}]
    [job] = make_plan(parse_study(content, "s.yaml")).jobs
    long, short = (estimate._training_seconds(job, tokens, 10**9, 1.0) for tokens in (2000, 1000))
    assert (long - short) * estimate._TRAIN_FLOPS == pytest.approx(2 * 4 * 1000 * 6 * 10**9)
