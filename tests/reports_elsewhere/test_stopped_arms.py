"""One failure that hits every answer stops its arm, and is told as one; the other arms go on.

After reports of uptrain #601 (a bad key gives null scores) and folio #113 (86 of 86 failed and the job was a success).
"""

from __future__ import annotations

import pytest
import yaml
from conftest import study_content
from odd_server import OddServer, fault, message

from ragstudy.cli.main import main
from ragstudy.cli.running import FINISHED_WITH_FAILURES
from ragstudy.errors import UnavailableError
from ragstudy.reporting import write_reports
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


def content_of(lamps, server, *others):
    served = {"kind": "endpoint", "name": "served", "url": server.url, "model": "m", "key_variable": None, "n_tries": 1}
    return {**study_content(lamps), "generators": [served, *others]}


EXTRACTIVE = {"kind": "extractive", "name": "reader"}


def test_an_arm_that_is_refused_stops_at_its_first_question_and_the_others_go_on(lamps, tmp_path):
    with OddServer(lambda _: (401, fault("no such key"))) as server:
        plan = make_plan(parse_study(content_of(lamps, server, EXTRACTIVE), "s.yaml"))
        outcome = run_study(plan, tmp_path / "run")
        assert len(server.requests) == 1
    answers = RunFolder(tmp_path / "run").answers()
    assert list(outcome.stopped) == ["served"]
    assert "refuses the key" in outcome.stopped["served"]
    served = [answer for answer in answers if answer.generator == "served"]
    assert outcome.n_failed == len(served) == 12
    assert {(one.stopped, one.error) for one in served} == {("error", outcome.stopped["served"])}
    assert all(one.stopped == "end" for one in answers if one.generator == "reader")
    page = write_reports(RunFolder(tmp_path / "run"))
    told = "served (none, retrieved): 6 of 6 answers failed and are not scored: generator"
    assert told in page.read_text()
    assert told in (tmp_path / "run" / "lamps.md").read_text()


def test_a_run_that_is_mended_asks_what_had_failed(lamps, tmp_path):
    refuses = [True]
    with OddServer(lambda _: (401, fault("no such key")) if refuses[0] else message("red")) as server:
        plan = make_plan(parse_study(content_of(lamps, server, EXTRACTIVE), "s.yaml"))
        assert run_study(plan, tmp_path / "run").n_failed == 12
        refuses[0] = False
        outcome = run_study(plan, tmp_path / "run")
    assert (outcome.n_failed, outcome.made["answers"], outcome.stopped) == (0, 12, {})


def test_a_study_in_which_nothing_answers_ends_with_the_reason(lamps, tmp_path):
    with OddServer(lambda _: (404, fault("no model m"))) as server:
        plan = make_plan(parse_study(content_of(lamps, server), "s.yaml"))
        with pytest.raises(UnavailableError, match="no model m"):
            run_study(plan, tmp_path / "run")


def test_a_run_with_failures_ends_with_an_exit_code_of_its_own(lamps, tmp_path, capsys):
    with OddServer(lambda _: (401, fault("no such key"))) as server:
        study = tmp_path / "study.yaml"
        study.write_text(yaml.safe_dump(content_of(lamps, server, EXTRACTIVE)))
        with pytest.raises(SystemExit) as ended:
            main(["run", str(study), "--out", str(tmp_path / "run"), "--quiet"])
    assert ended.value.code == FINISHED_WITH_FAILURES == 3
    assert "served did not answer: generator 'served'" in capsys.readouterr().out


def test_answers_that_all_run_to_their_limit_are_told_first(lamps, tmp_path):
    with OddServer(lambda _: message("red and red and", "length")) as server:
        plan = make_plan(parse_study(content_of(lamps, server), "s.yaml"))
        run_study(plan, tmp_path / "run")
    page = write_reports(RunFolder(tmp_path / "run"))
    assert "served (none, retrieved): 6 of 6 answers ran to their limit of tokens" in page.read_text()
