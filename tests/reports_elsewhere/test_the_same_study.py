"""A study written in another way, or about the same in another language, says the same."""

from __future__ import annotations

import json
import random
import shutil

import pytest
from conftest import make_domain, study_content

from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

N_TEST = 24


@pytest.fixture
def halls(tmp_path):
    return make_domain(tmp_path / "halls", n=26, n_test=N_TEST)


def questions_of(folder):
    return [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]


def answers(folder, n_right: int) -> dict[str, str]:
    """Right answers to the first questions and wrong ones to the others."""
    asked = questions_of(folder)
    return {
        one["text"]: one["facts"][0]["forms"][0] if number < n_right else "It is plaid."
        for number, one in enumerate(asked)
    }


def arms(folder, base_right: int, tuned_right: int, names=("base", "tuned")):
    base, tuned = names
    return [
        {"kind": "scripted", "name": base, "answers": answers(folder, base_right)},
        {"kind": "scripted", "name": tuned, "answers": answers(folder, tuned_right), "tuned_from": base},
    ]


def rows(folder, out, generators, **changes):
    content = {**study_content(folder), "generators": generators, **changes}
    run_study(make_plan(parse_study(content, "s.yaml")), out)
    found = RunFolder(out).results().comparisons
    return {(row.contexts, row.measure): row for row in found}


def numbers(found):
    """What a reader is told, without names."""
    return {
        key: (row.effect.difference, row.effect.low, row.effect.high, row.verdict, row.n_better, row.n_worse)
        for key, row in found.items()
    }


@pytest.mark.parametrize("names", [("lr.1", "lr_1"), ("b", "a"), ("v1.0", "v1_0"), ("B", "b")])
def test_names_decide_nothing(halls, tmp_path, names):
    plain = rows(halls, tmp_path / "1", arms(halls, 4, 22))
    renamed = rows(halls, tmp_path / "2", arms(halls, 4, 22, names))
    assert numbers(plain) == numbers(renamed)
    assert plain["retrieved", "accuracy"].verdict == "helps"


def test_a_domain_in_another_folder_is_the_same_domain(halls, tmp_path):
    moved = shutil.copytree(halls, tmp_path / "elsewhere" / "v1_0")
    assert numbers(rows(halls, tmp_path / "1", arms(halls, 4, 20))) == numbers(
        rows(moved, tmp_path / "2", arms(moved, 4, 20))
    )


def test_what_stands_first_decides_nothing(halls, tmp_path):
    plain = rows(halls, tmp_path / "1", arms(halls, 4, 20))
    turned = rows(
        halls,
        tmp_path / "2",
        arms(halls, 4, 20)[::-1],
        contexts=["none", "retrieved"],
        measures=["completeness", "accuracy"],
    )
    assert numbers(turned) == {key: value for key, value in numbers(plain).items() if key in turned}


def test_base_and_tuned_exchanged_give_the_mirrored_verdict(halls, tmp_path):
    there = rows(halls, tmp_path / "1", arms(halls, 3, 22))
    back = rows(halls, tmp_path / "2", arms(halls, 22, 3))
    for key in (("retrieved", "accuracy"), ("none", "completeness")):
        assert there[key].effect.difference == -back[key].effect.difference
        assert there[key].effect.low == pytest.approx(-back[key].effect.high)
        assert (there[key].verdict, back[key].verdict) == ("helps", "hurts")
        assert (there[key].n_better, there[key].n_worse) == (back[key].n_worse, back[key].n_better)


def test_a_base_and_its_own_copy_differ_nowhere(halls, tmp_path):
    found = rows(halls, tmp_path / "run", arms(halls, 12, 12))
    for row in found.values():
        assert row.effect.difference == 0
        assert (row.n_better, row.n_worse) == (0, 0)
        assert row.verdict not in ("helps", "hurts")


def test_batches_in_another_order_give_the_same_answers(halls, tmp_path):
    given = arms(halls, 8, 16)
    few = [{**one, "batch_size": 3} for one in given]
    assert numbers(rows(halls, tmp_path / "1", given)) == numbers(rows(halls, tmp_path / "2", few))
    asked = questions_of(halls)
    random.Random(1).shuffle(asked)
    (halls / "questions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in asked))
    shuffled = rows(halls, tmp_path / "3", given)
    plain = rows(halls, tmp_path / "4", given)
    assert numbers(shuffled) == numbers(plain)


COLOURS_IN = {
    "zh": (["红色", "绿色", "蓝色", "白色", "黑色", "棕色"], "灯{}是什么颜色？", "它是{}的。"),
    "th": (["แดง", "เขียว", "ฟ้า", "ขาว", "ดำ", "น้ำตาล"], "โคม{}สีอะไร", "มันเป็นสี{}"),
    "ru": (["красный", "зелёный", "синий", "белый", "чёрный", "бурый"], "Какого цвета лампа {}?", "Она {}."),
}


@pytest.mark.parametrize("language", COLOURS_IN)
def test_right_answers_are_right_in_every_script_however_they_are_put(tmp_path, language):
    """A bare right answer and one in a sentence: no difference, in Chinese and Thai as in Russian."""
    colours, asked, said = COLOURS_IN[language]
    folder = make_domain(tmp_path / "d", n=24, n_test=12)
    rewritten = questions_of(folder)
    for number, one in enumerate(rewritten):
        colour = colours[number % 6]
        one |= {"text": asked.format(number), "references": [said.format(colour)]}
        one["facts"] = [{"id": "f1", "forms": [colour]}]
    (folder / "questions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rewritten))
    bare = {one["text"]: one["facts"][0]["forms"][0] for one in rewritten}
    whole = {one["text"]: one["references"][0] for one in rewritten}
    generators = [
        {"kind": "scripted", "name": "base", "answers": bare},
        {"kind": "scripted", "name": "tuned", "answers": whole, "tuned_from": "base"},
    ]
    found = rows(folder, tmp_path / "run", generators)
    for measure in ("accuracy", "completeness"):
        row = found["retrieved", measure]
        assert (row.base_mean, row.tuned_mean) == (1, 1)
        assert row.verdict not in ("helps", "hurts")


NOTATIONS = [("1,200 kg", "1200 kg"), ("12 hours", "12.0 h"), ("4 July 1776", "July 4th, 1776"), ("\u00bd", "1/2")]


@pytest.mark.parametrize(("one", "other"), NOTATIONS)
def test_the_same_answers_in_another_notation_score_the_same(halls, tmp_path, one, other):
    rewritten = questions_of(halls)
    for question in rewritten:
        question["facts"], question["references"] = [{"id": "f1", "forms": [one]}], [f"It is {one}."]
    (halls / "questions.jsonl").write_text("".join(json.dumps(question) + "\n" for question in rewritten))
    generators = [
        {"kind": "scripted", "name": "base", "default": f"It is {one}."},
        {"kind": "scripted", "name": "tuned", "default": f"It is {other}.", "tuned_from": "base"},
    ]
    row = rows(halls, tmp_path / "run", generators)["retrieved", "completeness"]
    assert (row.base_mean, row.tuned_mean) == (1, 1)
