"""Why answers are as they are: failure points, style, series."""

from __future__ import annotations

import json
import math

import pytest
from conftest import report_text, study_content

from ragstudy.records import Answer, Fact, Passage, Question
from ragstudy.results import SeriesPoint
from ragstudy.specs import parse_study
from ragstudy.statistics import AnalysisSettings, Interval
from ragstudy.study.analyse.answer_style import answer_style
from ragstudy.study.analyse.failure_points import Corpus, EvidenceShown, failure_shares, point_of, points_of
from ragstudy.study.analyse.tables import DomainData
from ragstudy.study.layout import Arm, DomainLayout
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


def corpus(covers, n_units):
    return EvidenceShown(in_corpus=True, covers=covers, n_units=n_units)


QUICK = AnalysisSettings(n_resamples=200)
THERE = EvidenceShown(in_corpus=True, covers=((), (0,)), n_units=1)
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


def said(text, question="t", n_passages=2, stopped="end", generator="g", passages=()):
    return Answer("d", question, generator, "retrieved", "x", "y", text, stopped, 3, n_passages, passages=passages)


def domain_of(questions, arms):
    layout = DomainLayout("d", "", "f", 1, 0, 0, tuple(question.id for question in questions), {})
    return DomainData(layout, tuple(questions), tuple(arms), {arm.name: arm for arm in arms})


@pytest.mark.parametrize(
    ("question", "text", "accuracy", "completeness", "shown", "changes", "point"),
    [
        (TWO, "40 mg, 12 hours", 1.0, 1.0, THERE, {}, "right"),
        (TWO, "40 mg, 12 hours", 1.0, 1.0, corpus(((),), 1), {}, "right"),
        (TWO, "9 mg", 0.0, 0.0, EvidenceShown(in_corpus=False, covers=((),), n_units=1), {}, "missing content"),
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


@pytest.mark.parametrize(
    ("question", "accuracy", "completeness", "point"),
    [
        # Facts: right from .95 and .75 on; claims: from .5 on.
        (TWO, 0.75, 0.95, "right"),
        (TWO, 0.74, 0.95, "wrong specificity"),
        (TWO, 0.75, 0.94, "incomplete"),
        (TWO, 0.5, 0.1, "incomplete"),
        (TWO, 0.49, 0.1, "not extracted"),
        (FREE, 0.5, 0.5, "right"),
        (FREE, 0.49, 0.5, "wrong specificity"),
        (FREE, 0.5, 0.49, "incomplete"),
        (NONE, 0.5, 0.5, "right"),
        (NONE, 0.49, 0.5, "answered anyway"),
    ],
)
def test_what_counts_as_right_begins_where_it_says(question, accuracy, completeness, point):
    assert point_of(question, said("40 mg it is"), accuracy, completeness, THERE) == point


def test_what_a_prompt_shows_of_the_evidence():
    passages = [Passage(name, "doc", "", text) for name, text in (("a", "the dose is 40 mg"), ("b", "other words"))]
    question = Question("q", "dose?", ("40 mg",), gold_documents=("doc",), evidence=("dose is 40 mg",), group="d")
    assert Corpus(passages).evidence_shown(question, ("b", "a")) == corpus(((), (0,)), 1)
    anywhere = Question("q", "dose?", ("40 mg",), evidence=("dose is 40 mg",), group="d")
    assert Corpus(passages).evidence_shown(anywhere, ("b", "a")).in_corpus
    lost = Question("q", "dose?", ("40 mg",), gold_documents=("doc",), evidence=("never written",), group="d")
    assert not Corpus(passages).evidence_shown(lost, ("b", "a")).in_corpus


def test_answers_without_both_scores_have_no_failure_point():
    questions = [TWO, YESNO]
    arms = [Arm("base", "base", ("base",))]
    answers = {"t": said("9 mg", "t"), "y": said("", "y", stopped="error")}
    points = points_of(
        domain_of(questions, arms),
        Corpus([]),
        lambda _name, question: answers[question.id],
        lambda measure, _name, question: None if measure == "completeness" and question.id == "t" else 0.0,
    )
    assert points == {}


def test_failure_points_are_shares_over_seeds_and_shifts_against_the_base():
    arms = [Arm("base", "base", ("base",)), Arm("tuned", "base", ("t@1", "t@2"), "base")]
    questions = [Question(f"q{i}", "?", ("x",), group=f"g{i}") for i in range(4)]
    points = {
        (name, question.id): "right" if name in ("base", "t@1") else "not extracted"
        for name in ("base", "t@1", "t@2")
        for question in questions
        if (name, question.id) != ("t@2", "q3")
    }
    base, tuned = failure_shares(domain_of(questions, arms), "retrieved", points, QUICK)
    assert base.points["right"].value == 1
    assert base.shifts is None
    # The question that one seed has no score for is left out of the tuned arm.
    assert tuned.n == 3
    assert tuned.points["not extracted"].value == pytest.approx(0.5)
    assert tuned.shifts["right"].value == pytest.approx(-0.5)
    assert sum(one.value for one in tuned.shifts.values()) == pytest.approx(0)


def test_answer_style_tells_length_and_form():
    arms = [Arm("base", "base", ("base",)), Arm("tuned", "base", ("tuned",), "base")]
    questions = [Question(f"q{i}", "?", ("one two three",), group=f"g{i}") for i in range(3)]
    texts = {"base": "[1] Vel: 12 hours.", "tuned": "The half-life is 12 hours. It is known."}
    domain = domain_of(questions, arms)
    base, tuned = answer_style(domain, "retrieved", lambda name, q: said(texts[name], q.id), QUICK)
    assert base.reference_words == 3
    assert base.features["cites passages"].value == 1
    assert tuned.shifts["cites passages"].value == -1
    assert tuned.shifts["words"].value == pytest.approx(8 - 4)
    assert tuned.features["several sentences"].value == 1


@pytest.mark.parametrize(
    ("text", "cites"),
    [("[2] Vel.", 1), ("Vel [1, 3].", 1), ("Vel [1-2]", 1), ("Vel.", 0), ("A list [a] of", 0), ("(2) Vel", 0)],
)
def test_every_citation_that_scoring_leaves_out_is_counted(text, cites):
    question = Question("q", "?", (), type="unanswerable", group="g")
    (row,) = answer_style(
        domain_of([question], [Arm("base", "base", ("base",))]), "retrieved", lambda *_: said(text, "q"), QUICK
    )
    assert row.features["cites passages"].value == cites
    assert math.isnan(row.reference_words)


def point(at, low, high):
    return SeriesPoint(at, "arm", Interval((low + high) / 2, low, high), "undecided")


@pytest.mark.slow
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
    page = report_text(folder)
    assert "Where answers fail" in page
    assert "Where answers fail" in (tmp_path / "run" / "lamps.md").read_text(encoding="utf-8")
