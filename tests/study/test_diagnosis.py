"""Why answers are as they are: failure points, form, series, findings."""

from __future__ import annotations

import json

import pytest
from conftest import study_content

from ragstudy.records import Answer, Fact, Passage, Question
from ragstudy.reporting import write_reports
from ragstudy.reporting.findings import rules, sentences
from ragstudy.specs import StatisticsSpec, parse_study
from ragstudy.study import explaining
from ragstudy.study.drift import drift
from ragstudy.study.explaining import Evidence, explain
from ragstudy.study.failure_points import Shown, failure_points, point_of, shown_in
from ragstudy.study.plan import Arm, make_plan
from ragstudy.study.retrieve import Retrieved
from ragstudy.study.run import run_study
from ragstudy.study.series import series, smallest_visible
from ragstudy.study.store import RunFolder


def corpus(covers, n_units):
    return Shown(in_corpus=True, covers=covers, n_units=n_units)


QUICK = StatisticsSpec(n_resamples=200)
THERE = Shown(in_corpus=True, covers=((), (0,)), n_units=1)
TWO = Question(
    "t",
    "Dose and half-life of Vel?",
    ("40 mg; 12 hours.",),
    (Fact("1", ("40 mg",)), Fact("2", ("12 hours",))),
    group="d",
)
YESNO = Question("y", "Is Vel safe?", ("Yes, it is.",), (Fact("1", ("yes",)),), type="yesno", group="d")
NONE = Question("n", "Age of Vel?", ("The passages do not say.",), type="unanswerable", group="d")
FREE = Question("f", "How does Vel work?", ("It blocks a channel.",), group="d")


def said(text, question="t", n_passages=2, stopped="end", generator="g"):
    return Answer("d", question, generator, "retrieved", "x", "y", text, stopped, 3, n_passages)


@pytest.mark.parametrize(
    ("question", "text", "accuracy", "completeness", "shown", "changes", "point"),
    [
        (TWO, "40 mg, 12 hours", 1.0, 1.0, THERE, {}, "right"),
        (TWO, "40 mg, 12 hours", 1.0, 1.0, corpus(((),), 1), {}, "right"),
        (TWO, "9 mg", 0.0, 0.0, Shown(in_corpus=False, covers=((),), n_units=1), {}, "missing content"),
        (TWO, "9 mg", 0.0, 0.0, corpus(((), ()), 1), {}, "missed by the ranking"),
        (TWO, "9 mg", 0.0, 0.0, THERE, {"n_passages": 1}, "cut from the context"),
        (TWO, "9 mg", 0.0, 0.0, THERE, {}, "not extracted"),
        (TWO, "The passages do not say.", 0.0, 0.0, THERE, {}, "not extracted"),
        (TWO, "40 mg", 1.0, 0.5, THERE, {}, "incomplete"),
        (TWO, "40 mg, 9, 8 and 7 hours", 0.25, 0.5, THERE, {}, "not extracted"),
        (TWO, "40 mg, 12 hours, 3 km, 4 m, 5 s", 0.4, 1.0, THERE, {}, "wrong specificity"),
        (TWO, "", 0.0, 0.0, THERE, {}, "wrong format"),
        (TWO, "40 mg and 40 mg and", 1.0, 0.5, THERE, {"stopped": "length"}, "wrong format"),
        (YESNO, "Vel is safe.", 0.0, 0.0, THERE, {}, "wrong format"),
        (YESNO, "No.", 0.0, 0.0, THERE, {}, "not extracted"),
        (NONE, "The passages do not say.", 1.0, 1.0, corpus((), 0), {}, "right"),
        (NONE, "Nine.", 0.0, 0.0, corpus((), 0), {}, "answered anyway"),
        (FREE, "It blocks channels.", 0.6, 0.7, THERE, {}, "right"),
        (FREE, "It blocks things.", 0.6, 0.3, THERE, {}, "incomplete"),
    ],
)
def test_the_failure_point_follows_from_the_rules(question, text, accuracy, completeness, shown, changes, point):
    answer = said(text, question.id, **{"n_passages": len(shown.covers), **changes})
    assert point_of(question, answer, accuracy, completeness, shown) == point


def test_what_a_prompt_shows_of_the_evidence():
    from ragstudy.prompting import make_prompt

    passages = {
        name: Passage(name, "doc", "", text) for name, text in (("a", "the dose is 40 mg"), ("b", "other words"))
    }
    question = Question("q", "dose?", ("40 mg",), gold_documents=("doc",), evidence=("dose is 40 mg",), group="d")
    retrieved = Retrieved("f", passages, {})
    prompt = make_prompt("q", "dose?", [passages["b"], passages["a"]])
    assert shown_in(question, prompt, retrieved) == corpus(((), (0,)), 1)
    anywhere = Question("q", "dose?", ("40 mg",), evidence=("dose is 40 mg",), group="d")
    assert shown_in(anywhere, prompt, retrieved).in_corpus
    lost = Question("q", "dose?", ("40 mg",), gold_documents=("doc",), evidence=("never written",), group="d")
    assert not shown_in(lost, prompt, retrieved).in_corpus


def test_failure_points_are_shares_over_seeds_and_shifts_against_the_base():
    arms = [Arm("base", ("base",)), Arm("tuned", ("t@1", "t@2"), "base")]
    questions = [Question(f"q{i}", "?", ("x",), group=f"g{i}") for i in range(4)]

    def point_for(name, question):
        if question.id == "q3" and name == "t@2":
            return None
        return "right" if name in ("base", "t@1") else "not extracted"

    base, tuned = failure_points(arms, questions, point_for, QUICK)
    assert base["points"]["right"]["value"] == 1
    assert "shifts" not in base
    # The question that one seed has no score for is left out of the tuned arm.
    assert tuned["n"] == 3
    assert tuned["points"]["not extracted"]["value"] == pytest.approx(0.5)
    assert tuned["shifts"]["right"]["value"] == pytest.approx(-0.5)
    assert sum(one["value"] for one in tuned["shifts"].values()) == pytest.approx(0)


def test_drift_tells_length_and_form():
    arms = [Arm("base", ("base",)), Arm("tuned", ("tuned",), "base")]
    questions = [Question(f"q{i}", "?", ("one two three",), group=f"g{i}") for i in range(3)]
    texts = {"base": "[1] Vel: 12 hours.", "tuned": "The half-life is 12 hours. It is known."}
    base, tuned = drift(arms, questions, lambda name, q: said(texts[name], q.id), QUICK)
    assert base["reference_words"] == 3
    assert base["forms"]["cites passages"]["value"] == 1
    assert tuned["shifts"]["cites passages"]["value"] == -1
    assert tuned["shifts"]["words"]["value"] == pytest.approx(8 - 4)
    assert tuned["forms"]["several sentences"]["value"] == 1


def point(at, low, high):
    return {"at": at, "difference": (low + high) / 2, "low": low, "high": high, "verdict": "undecided"}


@pytest.mark.parametrize(
    ("points", "smallest"),
    [
        ([point(1, -0.1, 0.1), point(2, -0.3, -0.1), point(3, -0.3, -0.1)], 2),
        ([point(1, -0.3, -0.1), point(2, -0.1, 0.1), point(3, -0.3, -0.1)], 3),
        ([point(1, 0.1, 0.3), point(2, -0.3, -0.1)], 2),
        ([point(1, -0.3, -0.1), point(2, -0.1, 0.1)], None),
        ([point(1, 0.1, 0.2), point(2, 0.1, 0.2)], 1),
    ],
)
def test_an_effect_is_visible_from_where_it_stays(points, smallest):
    assert smallest_visible(points) == smallest


# Findings: one arm, and the rows that make each rule speak.


def row(arm="m+closed_book-200", difference=-0.2, **changes):
    made = {
        "domain": "d",
        "arm": arm,
        "base": "m",
        "size": 200,
        "recipe": "m+closed_book",
        "training": arm,
        "n_epochs": 3,
        "trained_on": "",
        "n_pairs": 200,
        "sham": False,
        "contexts": "retrieved",
        "measure": "accuracy",
        "difference": difference,
        "low": difference - 0.05,
        "high": difference + 0.05,
        "base_mean": 0.7,
        "tuned_mean": 0.7 + difference,
        "verdict": "hurts" if difference < -0.05 else "helps" if difference > 0.05 else "undecided",
        "standard_error": 0.02,
        "seed_error": 0.0,
        "share_seed": 0.0,
        "n_seeds": 3,
    }
    return {**made, **changes}


def found(value, spread=0.02):
    return {"value": value, "low": value - spread, "high": value + spread}


def compared(rows, **more):
    about = {"settings": {"verdict_measures": ["accuracy"]}, "domains": [{"domain": "d"}], "comparisons": rows}
    return {**about, "series": series(rows), **more}


def told(rows, **more):
    findings = explain(compared(rows, **more), ["retrieved", "none"])
    assert all(sentence and "None" not in sentence for sentence in sentences(findings))
    return {one["rule"]: one for one in findings}


def test_the_change_and_the_next_step_are_always_told():
    rules_told = told([row(), row("m+raft-200", 0.1, recipe="m+raft")])
    assert rules_told["effect"]["arm"] == "m+closed_book-200"
    assert rules_told["effect"]["numbers"]["n_hurts"] == 1
    assert (rules_told["best_helps"]["arm"], rules_told["best_helps"]["role"]) == ("m+raft-200", "next")
    assert "none" in told([row()])
    assert "best_is_level" in told([row(difference=0.01)])
    # One that helps for certain goes before one that may help more; without an interval nothing is called worse.
    maybe = row("m+oracle-200", 0.1, recipe="m+oracle", verdict="undecided", low=-0.02, high=0.22)
    assert told([row("m+raft-200", 0.06, recipe="m+raft"), maybe])["best_helps"]["arm"] == "m+raft-200"
    assert "best_is_level" in told([row(low=None, high=None, verdict="undecided")])


def test_only_when_every_arm_is_level_it_says_so():
    level = {"difference": 0.001, "low": -0.01, "high": 0.01, "verdict": "no meaningful difference"}
    unsure = {"difference": 0.0, "low": -0.2, "high": 0.2, "verdict": "undecided"}
    both = explain(compared([row(**level), row("m+raft-200", recipe="m+raft", **unsure)]), ["retrieved"])
    assert sentences(both)[0].startswith("No arm helps or hurts accuracy")
    alone = explain(compared([row(**level)]), ["retrieved"])
    assert sentences(alone)[0].startswith("No tuned arm moves accuracy by more than the margin")


def test_an_arm_tuned_on_another_domain_is_not_the_one_explained():
    moved = row("m+closed_book-200-from-e", -0.5, trained_on="e")
    assert told([row(), moved])["effect"]["arm"] == "m+closed_book-200"


def test_without_an_effect_no_cause_is_given():
    use = {"domain": "d", "contexts": "counterfactual", "follows": found(0.3), "sticks": found(0.6)}
    uses = [{**use, "arm": "m"}, {**use, "arm": "m+closed_book-200", "follows_difference": found(-0.5)}]
    findings = told([row(difference=0.01)], context_use=uses)
    assert not [one for one in findings.values() if one["role"] == "cause"]


@pytest.mark.parametrize(
    ("sticks", "difference", "rule"),
    [(0.6, -0.5, "from_weights"), (0.01, -0.5, "follows_less"), (0.6, -0.01, None)],
)
def test_following_changed_passages_less_is_a_cause(sticks, difference, rule):
    uses = [
        {"domain": "d", "contexts": "counterfactual", "arm": "m", "follows": found(0.9), "sticks": found(0.0)},
        {
            "domain": "d",
            "contexts": "counterfactual",
            "arm": "m+closed_book-200",
            "follows": found(0.9 + difference),
            "sticks": found(sticks),
            "follows_difference": found(difference),
        },
    ]
    assert {"from_weights", "follows_less"} & set(told([row()], context_use=uses)) == ({rule} if rule else set())


@pytest.mark.parametrize(("oracle", "rule"), [(-0.2, "reads_worse"), (-0.02, "chooses_worse")])
def test_gold_passages_alone_tell_reading_from_choosing(oracle, rule):
    assert {"reads_worse", "chooses_worse"} & set(told([row(), row(difference=oracle, contexts="oracle")])) == {rule}


def test_failure_points_citing_length_and_declining_are_causes():
    shifts = {"not extracted": found(0.2), "wrong format": found(0.0), "wrong specificity": found(0.0)}
    point_row = {"domain": "d", "contexts": "retrieved", "arm": "m+closed_book-200", "base": "m"}
    shifts |= {"incomplete": found(-0.05), "answered anyway": found(0.0)}
    failing = {**point_row, "shifts": shifts}
    form = {
        **point_row,
        "reference_words": 9.0,
        "forms": {"cites passages": found(0.0), "words": found(12.0), "declines": found(0.1)},
        "shifts": {"cites passages": found(-0.8), "words": found(6.0), "declines": found(-0.5)},
    }
    elsewhere = {**form, "contexts": "distractors_only"}
    findings = told([row()], failure_points=[failing], drift=[form, elsewhere])
    assert findings["failure_point"]["numbers"]["point"] == "not extracted"
    assert findings["cites"]["numbers"] == {"cites": 0.0, "base_cites": pytest.approx(0.8)}
    assert findings["length"]["numbers"]["base_words"] == pytest.approx(6.0)
    assert findings["declines_less"]["numbers"]["base_declines"] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("sham", "against", "rule"),
    [(-0.22, 0.02, "sham_as_much"), (0.0, -0.2, "sham_differs"), (-0.02, 0.0, None)],
)
def test_a_sham_tells_form_from_content_where_it_can(sham, against, rule):
    shammed = row("m+closed_book-200-sham", sham, recipe="m+closed_book-sham", sham=True)
    pair = {"domain": "d", "arm": "m+closed_book-200", "sham": shammed["arm"], "contexts": "retrieved"}
    pair |= {"measure": "accuracy", "difference": against, "low": against - 0.05, "high": against + 0.05}
    spoken = {"sham_as_much", "sham_differs"} & set(told([row(), shammed], against_sham=[pair]))
    assert spoken == ({rule} if rule else set())


def test_seeds_dose_and_retrieval_are_cautions():
    rows = [row(seed_error=0.04), row("m+closed_book-500", -0.3, size=500, n_pairs=500)]
    points = {"right": found(0.5), "missing content": found(0.0), "missed by the ranking": found(0.4)}
    base = {
        "domain": "d",
        "contexts": "retrieved",
        "arm": "m",
        "points": {**points, "cut from the context": found(0.0)},
    }
    findings = told(rows[:1], failure_points=[base])
    assert findings["seeds"]["numbers"]["share"] == pytest.approx(0.8)
    assert findings["retrieval_first"]["numbers"]["before"] == pytest.approx(0.4)
    assert told(rows)["dose"]["numbers"]["sizes"] == [200, 500]


def test_passages_that_bring_less_are_a_cause():
    interaction = {
        "domain": "d",
        "arm": "m+closed_book-200",
        "contexts": "retrieved",
        "measure": "accuracy",
        "base_gain": 0.6,
        "tuned_gain": 0.3,
        "difference": -0.3,
        "low": -0.4,
        "high": -0.2,
    }
    assert told([row()], interactions=[interaction])["passages_bring"]["numbers"]["tuned_gain"] == 0.3


def test_every_rule_has_words():
    """A rule that no sentence is written for would break a report only when it first speaks."""
    import re
    from pathlib import Path

    written = Path(explaining.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r'at\.finding\(\s*"(\w+)"', written))
    named |= {"from_weights", "follows_less", "sham_as_much", "sham_differs", "best_helps", "best_is_level", "none"}
    assert named == rules()
    assert Evidence.__doc__


def test_a_run_keeps_failure_points_and_reports_the_explanation(lamps, tmp_path):
    questions = [json.loads(line) for line in (lamps / "questions.jsonl").read_text().splitlines()]
    right = {q["text"]: q["references"][0] for q in questions}
    content = study_content(lamps, contexts=["retrieved", "oracle", "none"])
    content["generators"] = [
        {"kind": "scripted", "name": "base", "answers": right},
        {"kind": "scripted", "name": "tuned", "default": "purple", "tuned_from": "base"},
    ]
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    points = folder.failure_points()
    assert len(points) == 2 * 2 * 6
    assert {p.point for p in points if p.generator == "base"} == {"right"}
    assert {p.point for p in points if (p.generator, p.contexts) == ("tuned", "oracle")} == {"not extracted"}
    page = write_reports(folder).read_text(encoding="utf-8")
    assert "Where answers fail" in page
    assert "Where answers fail" in (tmp_path / "run" / "lamps.md").read_text(encoding="utf-8")
