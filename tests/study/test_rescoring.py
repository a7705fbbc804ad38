"""Scoring a finished run with more measures."""

from __future__ import annotations

import json

import pytest
from conftest import compared, literal, study_content

from ragstudy.api import load_run
from ragstudy.cli.main import main
from ragstudy.errors import InputError
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.plan.more_measures import with_measures
from ragstudy.study.run import rescore, run_study
from ragstudy.study.run_folder import RunFolder
from ragstudy.testing import ScriptedServer


@pytest.fixture
def finished(lamps, tmp_path):
    run_study(make_plan(parse_study(study_content(lamps), "study.yaml")), tmp_path / "run")
    return RunFolder(tmp_path / "run")


def judges_file(path, url, **options):
    judge = {"name": "local", "url": url, "model": "m", "key_variable": None, **options}
    path.write_text(json.dumps({"judges": [judge]}), encoding="utf-8")
    return path


def test_a_judge_adds_its_scores_and_keeps_the_others(finished, tmp_path):
    before, answers = finished.scores(), finished.answers()
    with ScriptedServer(literal) as server:
        judges = judges_file(tmp_path / "judges.yaml", server.url)
        plan = make_plan(with_measures(finished, ["local:note", "local:rubric.accuracy"], judges, verdict=True))
        outcome = rescore(plan, finished.path)
        assert outcome.made["answers"] == 0
        assert outcome.made["scores"] == 2 * len(answers)
        n_asked = len(server.requests)
        again = rescore(plan, finished.path)
        assert not again.made["scores"]
        assert len(server.requests) == n_asked
    scores = finished.scores()
    assert [score for score in scores if not score.measure.startswith("local:")] == before
    assert finished.answers() == answers
    assert len(scores) == len(before) + 2 * len(answers)
    verdicts = {row["measure"] for row in compared(finished)["comparisons"] if row.get("verdict")}
    assert {"accuracy", "local:note"} <= verdicts
    assert "local:note" in (finished.path / "study.yaml").read_text()


def test_an_answer_that_a_judge_left_unscored_is_tried_again(finished, tmp_path):
    with ScriptedServer(literal) as server:
        tight = judges_file(tmp_path / "tight.yaml", server.url, max_tokens=1800, max_new_tokens=32)
        plan = make_plan(with_measures(finished, ["local:note"], tight))
        rescore(plan, finished.path)
        first = [score for score in finished.scores() if score.measure == "local:note"]
        assert 0 < sum(score.value is None for score in first) < len(first)
        wide = judges_file(tmp_path / "wide.yaml", server.url, max_new_tokens=32)
        rescore(make_plan(with_measures(finished, ["local:note"], wide)), finished.path)
    second = [score for score in finished.scores() if score.measure == "local:note"]
    assert all(score.value is not None for score in second)


def test_a_budget_that_cannot_pay_is_refused_before_anything_is_asked(finished, tmp_path):
    with ScriptedServer(literal) as server:
        judges = judges_file(tmp_path / "judges.yaml", server.url, max_calls=3)
        plan = make_plan(with_measures(finished, ["local:note"], judges))
        with pytest.raises(InputError, match=r"calls are needed.*max_calls is 3"):
            rescore(plan, finished.path)
        assert not server.requests


def test_measures_of_passages_are_shown_what_the_prompt_showed(finished, tmp_path):
    seen = []

    def reply(request):
        seen.append(request["messages"][0]["content"])
        return json.dumps({"statements": ["It is red."]})

    with ScriptedServer(reply) as server:
        judges = judges_file(tmp_path / "judges.yaml", server.url)
        rescore(make_plan(with_measures(finished, ["local:ragas.faithfulness"], judges)), finished.path)
    assert any("It stands in room" in text for text in seen)


def test_the_command_scores_a_run_and_says_what_is_wrong(finished, tmp_path, capsys):
    main(["score", str(finished.path), "--with", "ragas:string_similarity", "--quiet"])
    assert "ragas:string_similarity" in {score.measure for score in finished.scores()}
    for arguments, message in (
        (["--with", "acuracy"], "did you mean 'accuracy'"),
        (["--with", "local:note"], "'local' is no judge of this study"),
        (["--with", "x:note", "--judges", str(tmp_path / "none.yaml")], "no such file"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["score", str(finished.path), *arguments])
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err


def test_an_unfinished_run_is_not_scored_anew(finished):
    answers = finished.answers()
    finished.write_answers(answers[:-3])
    with pytest.raises(InputError, match="3 of 36 answers are missing"):
        rescore(make_plan(with_measures(finished, ["ragas:rouge_l"])), finished.path)


def test_every_score_has_its_evidence(lamps, tmp_path):
    rows = [json.loads(line) for line in (lamps / "questions.jsonl").read_text().splitlines()]
    long = "The colour of lampa is red. It was bought in a shop by the river in 1987."
    rows[0] = {**rows[0], "references": [long], "facts": [], "type": "freeform"}
    (lamps / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    content = study_content(lamps)
    content["generators"][0] |= {
        "answers": {rows[0]["text"]: "The colour of lampa is red.", rows[1]["text"]: "It is green."}
    }
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    found = load_run(tmp_path / "run").claims()
    name = content["generators"][0]["name"]
    mine = [row for row in found if row.generator == name and row.contexts == "retrieved"]
    first = [(row.side, row.standing) for row in mine if row.question == rows[0]["id"]]
    assert first == [("answer", "supported"), ("reference", "supported"), ("reference", "unverifiable")]
    facts = {row.question: row.standing for row in mine if row.side == "fact"}
    assert facts[rows[1]["id"]] == "found"
    assert facts[rows[2]["id"]] == "missing"


def test_claims_are_shown_as_they_were_judged(lamps, tmp_path):
    rows = [json.loads(line) for line in (lamps / "questions.jsonl").read_text().splitlines()]
    long = "The colour of lampa is red. It was bought in a shop by the river in 1987."
    rows[0] = {**rows[0], "references": [long], "facts": [], "type": "freeform"}
    (lamps / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    content = study_content(lamps, contexts=["retrieved"])
    listed = "1. The colour of lampa is red.\n2. It was bought in 1987. [2]"
    content["generators"] = [{**content["generators"][0], "answers": {rows[0]["text"]: listed}}]
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    claims = [row.claim for row in load_run(tmp_path / "run").claims() if row.side == "answer"]
    assert claims == ["The colour of lampa is red.", "It was bought in 1987."]
