"""Audits: labels are read, agreement is right, and a study can be corrected with one."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import compared, literal, report_text, study_content
from scipy import stats

from ragstudy.audit.agreement import Resampling
from ragstudy.audit.labels import read_labels
from ragstudy.audit.run import audit
from ragstudy.cli.main import main
from ragstudy.errors import InputError
from ragstudy.reporting.audit import audit_markdown, write_audit
from ragstudy.specs import JudgeSpec, parse_study
from ragstudy.statistics.agreement import partial, roc_auc, weighted_kappa, with_interval
from ragstudy.statistics.corrected import ErrorRates, corrected_difference, corrected_rate
from ragstudy.study.analyse.error_correction import ArmScores, ComparedArms, correct
from ragstudy.study.plan.audits import Audit
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder
from ragstudy.testing import ScriptedServer


def ragchecker_rows() -> list[dict]:
    """Six pairs; the more words of the reference an answer has, the better two annotators like it."""
    answers = ["red lamp", "red", "no idea at all", "red lamp stands in room four"]
    rows = []
    for number in range(6):
        first, second = answers[number % 4], answers[(number * 3 + 1) % 4]
        gained = len(second.split()) - len(first.split())
        rows += [
            {
                "dataset": "lamps",
                "query_id": number,
                "query": f"What about lamp {number}?",
                "gt_answer": "red lamp stands in room four",
                "model1": {"response": first},
                "model2": {"response": second},
                "correctness_label": max(-2, min(2, gained + annotator * (number % 2))),
                "completeness_label": 0 if number == 5 else 1,
            }
            for annotator in range(2)
        ]
    return rows


@pytest.fixture
def pairs_file(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(ragchecker_rows()), encoding="utf-8")
    return path


@pytest.fixture
def verdicts_file(tmp_path):
    """Sixty answers to thirty questions: right ones short and long, wrong ones short and long."""
    lines = ["question,reference,answer,label,system"]
    for number in range(30):
        place = f"Place{chr(97 + number % 26)}"
        lines.append(f"Where is item {number}?,{place},{place},1,short")
        lines.append(f"Where is item {number}?,{place},It was put somewhere else a long time ago I think,0,long")
    path = tmp_path / "ours.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_ragcheckers_pairs_are_read_with_all_annotators(pairs_file):
    labels = read_labels(pairs_file, "ragchecker")
    assert len(labels.pairs) == 6
    assert all(len(pair.labels["correctness"]) == 2 for pair in labels.pairs)
    assert labels.pairs[0].question.group == "lamps/0"


def test_the_shares_of_an_audit_are_those_of_scipy(pairs_file):
    made = audit(read_labels(pairs_file, "ragchecker"), ["token_f1", "answer_words"], resampling=Resampling(100))
    row = next(r for r in made.scorers if r.scorer == "answer_words" and r.axis == "correctness")
    rows = ragchecker_rows()
    length = [len(r["model2"]["response"].split()) - len(r["model1"]["response"].split()) for r in rows]
    said = [r["correctness_label"] for r in rows]
    assert row.n == 12
    assert row.pearson.value == pytest.approx(stats.pearsonr(length, said)[0])
    assert row.kendall.value == pytest.approx(stats.kendalltau(length, said)[0])
    assert row.pearson.low <= row.pearson.value <= row.pearson.high
    people = next(p for p in made.annotators if p.axis == "correctness")
    assert people.pearson.value == pytest.approx(stats.pearsonr(said[::2], said[1::2])[0])


def test_verdicts_have_error_rates_by_length(verdicts_file):
    made = audit(read_labels(verdicts_file, "csv"), ["accuracy", "exact_match"], resampling=Resampling(100))
    row = made.scorers[0]
    assert (row.sensitivity.value, row.specificity.value) == (1, 1)
    assert row.roc_auc.value == 1
    assert {name: vars(one) for name, one in row.counts.items()} == {
        "all": {"n_right": 30, "n_wrong": 30},
        "short": {"n_right": 30, "n_wrong": 0},
        "long": {"n_right": 0, "n_wrong": 30},
    }
    assert math.isnan(row.specificity_short.value)


def test_evouna_leaves_out_what_carries_no_verdict(tmp_path):
    rows = [
        {
            "question": "Who?",
            "golden_answer": "Ada Lin/Lin",
            "answer_fid": "Lin",
            "judge_fid": True,
            "answer_x": "Bo",
            "judge_x": None,
            "improper": False,
        },
        {
            "question": "What?",
            "golden_answer": "Tea",
            "answer_fid": "Milk",
            "judge_fid": False,
            "answer_x": "Tea",
            "judge_x": True,
            "improper": True,
        },
    ]
    path = tmp_path / "NQ.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    labels = read_labels(path, "evouna")
    assert [(v.system, v.answer, v.labels) for v in labels.answers] == [("fid", "Lin", (1.0,))]
    assert labels.n_left_out == 3
    assert labels.answers[0].question.facts[0].forms == ("Ada Lin", "Lin")


@pytest.mark.parametrize(
    ("content", "layout", "message"),
    [
        (None, "csv", "no such file"),
        ("question,answer\n", "csv", "no column 'reference'"),
        ("question,reference,answer,label\na,b,c,3\n", "csv", "line 2: label is '3'; expected a number from 0 to 1"),
        ("question,reference,anser,label\na,b,c,1\n", "csv", "unknown column 'anser'; did you mean 'answer'"),
        ("{", "evouna", "not readable as JSON"),
        ('[{"question": "a"}]', "ragchecker", "row 1 has no dataset"),
        ("[]", "evouna", "expected a list"),
    ],
)
def test_wrong_labels_are_refused_with_place_and_cure(tmp_path, content, layout, message):
    path = tmp_path / "labels"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        read_labels(path, layout)


def test_a_judge_that_likes_the_second_place_is_found_out(pairs_file):
    with ScriptedServer(lambda _: '{"verdict": 1}') as server:
        judge = JudgeSpec(name="local", url=server.url, model="m", key_variable=None)
        made = audit(
            read_labels(pairs_file, "ragchecker"), ["local:prefer.accuracy"], [judge], resampling=Resampling(100)
        )
    order = made.scorers[0].order
    assert order.for_second.value == 1
    assert order.turned.value == 1


def test_a_judge_is_asked_twice_for_a_retest(verdicts_file):
    asked = []

    def moody(request):
        asked.append(1)
        return json.dumps({"note": len(asked) % 11})

    with ScriptedServer(moody) as server:
        judge = JudgeSpec(name="local", url=server.url, model="m", key_variable=None, concurrency=1)
        made = audit(
            read_labels(verdicts_file, "csv"), ["local:overall_grade"], [judge], resampling=Resampling(100), retest=True
        )
    assert len(asked) == 2 * 60
    assert made.scorers[0].retest.same.value < 0.5


def test_the_command_writes_json_markdown_and_a_page(verdicts_file, tmp_path, capsys):
    out = tmp_path / "audit"
    arguments = ["judge", "audit", str(verdicts_file), "--layout", "csv", "--with", "exact_match", "--out", str(out)]
    main([*arguments, "--resamples", "100"])
    assert {p.name for p in out.iterdir()} == {"audit.json", "audit.md", "index.html"}
    assert "exact\\_match" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stopped:
        main([*arguments[:6], "exact_mach", "--out", str(out)])
    assert stopped.value.code == 2
    assert "did you mean 'exact_match'" in capsys.readouterr().err


def test_what_is_unscored_and_what_was_learned_here_is_said(pairs_file, tmp_path):
    rows = json.loads(pairs_file.read_text())
    pairs_file.write_text(json.dumps([{**row, "dataset": "clapnq"} for row in rows]))
    made = audit(read_labels(pairs_file, "ragchecker"), ["accuracy"], resampling=Resampling(100))
    assert "clapnq" in made.cautions[0]
    assert "learned from labels of clapnq" in audit_markdown(made)
    page = write_audit(made, tmp_path / "a").read_text()
    assert "learned from labels of clapnq" in page


def test_texts_of_labels_are_escaped_on_the_page(verdicts_file, tmp_path):
    made = audit(read_labels(verdicts_file, "csv"), ["exact_match"], resampling=Resampling(100))
    page = write_audit(replace(made, labels="<script>alert(1)</script>"), tmp_path / "a").read_text()
    assert "<script>" not in page


# Statistics


def test_kappa_and_auc_by_hand():
    a, b = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 1, 1])
    # Agreement .75, by chance .5 * .25 + .5 * .75 = .5: kappa .5.
    assert weighted_kappa(a, b, [0.0, 1.0]) == pytest.approx(0.5)
    # Pairs of right and wrong: (.6, .2), (.6, .6), (.9, .2), (.9, .6): three and a half of four.
    assert roc_auc(np.array([1.0, 0, 1, 0]), np.array([0.6, 0.2, 0.9, 0.6])) == pytest.approx(3.5 / 4)
    assert math.isnan(roc_auc(np.ones(3), np.arange(3.0)))


def test_partial_correlation_takes_a_common_cause_out():
    rng = np.random.default_rng(1)
    cause = rng.normal(size=4000)
    a, b = cause + rng.normal(size=4000), cause + rng.normal(size=4000)
    assert partial(a, b, cause) == pytest.approx(0, abs=0.04)
    assert partial(a, a, cause) == pytest.approx(1)


def test_intervals_are_wider_when_rows_of_a_cluster_are_copies():
    rng = np.random.default_rng(2)
    values = np.repeat(rng.normal(size=40), 5)
    mean = {"mean": lambda rows: float(values[rows].mean())}
    apart = with_interval(mean, [str(i) for i in range(200)], 400, 1)["mean"]
    together = with_interval(mean, [str(i // 5) for i in range(200)], 400, 1)["mean"]
    assert together.high - together.low > 1.7 * (apart.high - apart.low)


def test_a_corrected_rate_covers_the_truth():
    """95 % intervals cover the true rate in about 95 % of simulated audits and studies."""
    rng = np.random.default_rng(3)
    truth, q1, q0, n, n_audit = 0.6, 0.85, 0.9, 400, 200
    covered = 0
    for _ in range(1000):
        rates = ErrorRates(rng.binomial(n_audit, q1) / n_audit, rng.binomial(n_audit, q0) / n_audit, n_audit, n_audit)
        p = rng.binomial(n, truth * q1 + (1 - truth) * (1 - q0)) / n
        found = corrected_rate(p, math.sqrt(p * (1 - p) / n), rates, 0.95)
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / 1000 <= 0.975


def test_a_perfect_scorer_corrects_nothing_and_a_guessing_one_cannot():
    perfect = ErrorRates(1.0, 1.0, 100, 100)
    assert corrected_rate(0.4, 0.02, perfect, 0.95).value == pytest.approx(0.4)
    assert corrected_difference(-0.1, 0.02, perfect, 0.95).value == pytest.approx(-0.1)
    assert corrected_difference(-0.1, 0.02, ErrorRates(0.75, 0.75, 100, 100), 0.95).value == pytest.approx(-0.2)
    assert corrected_rate(0.4, 0.02, ErrorRates(0.5, 0.5, 100, 100), 0.95) is None


def test_arms_of_other_lengths_are_warned_of():
    rates = ErrorRates(0.8, 0.95, 500, 500)
    found = Audit(0.5, rates, ErrorRates(0.95, 0.95, 250, 250), ErrorRates(0.6, 0.95, 250, 250), 10.0)
    scores = np.array([1.0, 0.0] * 20)
    groups = [str(i) for i in range(40)]
    long, short = np.full((40, 1), 30.0), np.full((40, 1), 4.0)
    scores = scores[:, None]
    base, tuned = ArmScores("base", scores, long), ArmScores("tuned", scores, short)
    made = correct(found, ComparedArms("d", "accuracy", "retrieved", groups, base, tuned), 0.95)
    assert (made.arm, made.base_arm) == ("tuned", "base")
    assert made.difference.value == 0
    assert "tuned answers in 4 words and base in 30" in made.warning
    # Half of each is called right, but long right answers are missed more often, so the base is better than it looks.
    assert "the difference is -0." in made.warning
    base = ArmScores("base", scores, short)
    same = correct(found, ComparedArms("d", "accuracy", "retrieved", groups, base, tuned), 0.95)
    assert not same.warning


def test_a_study_with_an_audit_shows_corrected_shares(lamps, verdicts_file, tmp_path):
    write_audit(audit(read_labels(verdicts_file, "csv"), ["accuracy"], resampling=Resampling(100)), tmp_path / "audit")
    content = study_content(lamps, audits={"accuracy": str(tmp_path / "audit" / "audit.json")})
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    rows = compared(folder)["corrections"]
    assert rows
    assert all(row["measure"] == "accuracy" and 0 <= row["base"]["value"] <= 1 for row in rows)

    assert "Corrected for the scorer" in report_text(folder)
    assert "Corrected for the scorer" in (folder.path / "lamps.md").read_text()


@pytest.mark.parametrize(
    ("audits", "message"),
    [
        ({"accuracy": "none.json"}, "no such file"),
        ({"acuracy": "none.json"}, "did you mean 'accuracy'"),
    ],
)
def test_an_audit_that_is_not_there_is_said_before_anything_runs(lamps, audits, message):
    with pytest.raises(InputError, match=message):
        make_plan(parse_study(study_content(lamps, audits=audits), "study.yaml"))


def test_pairs_cannot_correct_a_study(lamps, pairs_file, tmp_path):
    write_audit(
        audit(read_labels(pairs_file, "ragchecker"), ["accuracy"], resampling=Resampling(100)), tmp_path / "audit"
    )
    content = study_content(lamps, audits={"accuracy": str(tmp_path / "audit" / "audit.json")})
    with pytest.raises(InputError, match="is no audit of verdicts"):
        make_plan(parse_study(content, "study.yaml"))


def test_the_literal_judge_agrees_with_itself(verdicts_file):
    with ScriptedServer(literal) as server:
        judge = JudgeSpec(name="local", url=server.url, model="m", key_variable=None)
        made = audit(
            read_labels(verdicts_file, "csv"), ["local:overall_grade"], [judge], resampling=Resampling(100), retest=True
        )
    assert made.scorers[0].retest.same.value == 1


# Real labels


def test_agreement_on_real_labels(samples):
    labels = read_labels(
        samples / "ragchecker_meta" / "human_labeled_data.json",
        "ragchecker",
        samples / "ragchecker_meta" / "baseline_ragchecker.json",
    )
    made = audit(labels, ["token_f1", "answer_words", "stored"], resampling=Resampling(100))
    rows = {(row.scorer, row.axis): row for row in made.scorers}
    assert rows["stored", "completeness"].pearson.value > rows["token_f1", "completeness"].pearson.value
    assert rows["answer_words", "correctness"].pearson.value < 0.2


def test_verdicts_of_people_are_told_from_real_answers(samples):
    labels = read_labels(samples / "evouna" / "NQ.json", "evouna")
    some = type(labels)(labels.source, (), labels.answers[:600])
    rows = {row.scorer: row for row in audit(some, ["accuracy", "exact_match"], resampling=Resampling(100)).scorers}
    assert rows["accuracy"].accuracy.value > rows["exact_match"].accuracy.value + 0.2
    assert rows["accuracy"].specificity.value > 0.9


def judges_yaml(path, url):
    path.write_text(
        f"judges:\n- {{name: local, url: '{url}', model: m, key_variable: null, cache: replies, n_tries: 1}}\n"
    )
    return path


def test_the_command_takes_judges_from_a_file_and_keeps_replies_beside_it(verdicts_file, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    with ScriptedServer(literal) as server:
        file = judges_yaml(tmp_path / "judges.yaml", server.url)
        monkeypatch.chdir(tmp_path / "elsewhere")
        main(
            [
                "judge",
                "audit",
                str(verdicts_file),
                "--layout",
                "csv",
                "--judges",
                str(file),
                "--with",
                "local:overall_grade",
                "--resamples",
                "100",
                "--out",
                str(tmp_path / "out"),
            ]
        )
    assert (tmp_path / "replies" / "local.jsonl").is_file()


def test_names_are_checked_before_anything_is_asked(verdicts_file):
    with ScriptedServer(literal) as server:
        judge = JudgeSpec(name="local", url=server.url, model="m", key_variable=None)
        names = ["local:overall_grade", "local:prefer.accuracy", "acuracy", "stored", "lcal:overall_grade"]
        with pytest.raises(InputError) as caught:
            audit(read_labels(verdicts_file, "csv"), names, [judge], resampling=Resampling(100))
        assert not server.requests
    assert len(caught.value.problems) == 4


def test_an_audit_of_a_judge_that_cannot_be_reached_keeps_the_other_rows(verdicts_file):
    judge = JudgeSpec(name="local", url="http://127.0.0.1:9/v1", model="m", key_variable=None, n_tries=1)
    labels = read_labels(verdicts_file, "csv")
    made = audit(labels, ["exact_match", "local:overall_grade"], [judge], resampling=Resampling(100), retest=True)
    rows = {row.scorer: row for row in made.scorers}
    assert rows["local:overall_grade"].n_unscored == 60
    assert math.isnan(rows["local:overall_grade"].pearson.value)
    assert rows["exact_match"].accuracy.value == 1
    assert "60 not scored" in audit_markdown(made)


def test_an_audit_with_right_answers_only_cannot_correct(lamps, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("question,reference,answer,label\nWhere?,Here,Here,1\nWho?,Ada,Ada,1\n")
    write_audit(audit(read_labels(path, "csv"), ["accuracy"], resampling=Resampling(100)), tmp_path / "a")
    content = study_content(lamps, audits={"accuracy": str(tmp_path / "a" / "audit.json")})
    with pytest.raises(InputError, match="right and others that they call wrong"):
        make_plan(parse_study(content, "study.yaml"))


def test_one_group_is_not_enough_to_correct_with():
    rates = ErrorRates(0.9, 0.9, 100, 100)
    scores, words = np.array([[1.0], [0], [1], [1]]), np.full((4, 1), 5.0)
    audited = Audit(0.5, rates, rates, rates, 9.0)
    both = ArmScores("b", scores, words), ArmScores("t", scores, words)
    assert correct(audited, ComparedArms("d", "accuracy", "retrieved", ["g"] * 4, *both), 0.95) is None
    assert correct(audited, ComparedArms("d", "accuracy", "retrieved", list("abcd"), *both), 0.95) is not None


def test_the_median_length_is_a_whole_number_of_words_again(tmp_path):
    path = tmp_path / "x.csv"
    lines = [f"Where {i}?,Here,{' '.join(['here'] * 7)},{i % 2}" for i in range(6)]
    path.write_text("question,reference,answer,label\n" + "\n".join(lines) + "\n")
    (row,) = audit(read_labels(path, "csv"), ["accuracy"], resampling=Resampling(100)).scorers
    assert row.median_words == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,reference,answer,label\nWo?,Köln,Köln,1\n".encode("cp1252"), "not readable as CSV in UTF-8"),
        (b"question,reference,answer,label\nWhere?,,Here,1\n", "line 2: reference is empty"),
        (b"label,question,reference,answer\n1,Where?\n", "line 2: reference, answer is empty"),
    ],
)
def test_unreadable_or_empty_cells_are_named(tmp_path, content, message):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_labels(path, "csv")


def test_each_training_is_called_right_or_wrong_before_any_are_averaged():
    """Two trainings that are right on different halves: averaged first, every score of .5 would be called right."""
    rates = ErrorRates(0.9, 0.9, 100, 100)
    audited = Audit(0.5, rates, rates, rates, 9.0)
    groups = [str(i) for i in range(40)]
    half = np.arange(40) % 2 == 0
    words = np.full((40, 2), 5.0)
    base = ArmScores("b", half[:, None].astype(float), words[:, :1])
    tuned = ArmScores("t", np.stack([half, ~half], axis=1).astype(float), words)
    made = correct(audited, ComparedArms("d", "accuracy", "retrieved", groups, base, tuned), 0.95)
    assert made.tuned_measured == pytest.approx(0.5)
    assert made.difference.value == pytest.approx(0.0)
    assert made.difference.low < 0 < made.difference.high
