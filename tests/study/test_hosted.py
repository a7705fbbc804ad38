"""Trainings by a service: asked for first, started once, waited for, and their models asked like any other arm."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner
from conftest import study_content
from fine_tuning_server import KEY, FineTuningServer

from ragstudy.cli.main import cli
from ragstudy.errors import InputError, UnavailableError
from ragstudy.specs import parse_study
from ragstudy.study.hosted import hosted_plan, paid_labellers, train_hosted
from ragstudy.study.plan.estimate import estimate
from ragstudy.study.plan.make import make_plan
from ragstudy.study.progress import NullReporter
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

NULL = NullReporter()


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("SERVICE_KEY", KEY)


def interrupt(_seconds):
    raise KeyboardInterrupt


def content_of(domain, url, **entry):
    service = {"kind": "endpoint", "name": "gpt", "url": url, "model": "base", "key_variable": "SERVICE_KEY"}
    content = study_content(domain, contexts=["none", "retrieved"])
    content["generators"] = [service | {"n_tries": 1, "timeout_seconds": 5}]
    tuned = {"base": "gpt", "method": "hosted", "sizes": [4], "formats": ["closed_book", "retrieved"], "epochs": 2}
    content["finetuning"] = [tuned | entry]
    return content


def plan_of(domain, url, **entry):
    return make_plan(parse_study(content_of(domain, url, **entry), "study.yaml"))


def train(plan, folder):
    wanted = hosted_plan(plan, folder, NULL)
    return train_hosted([*wanted.under_way, *wanted.new], folder, NULL, sleep=lambda _: None)


def start_only(plan, folder):
    """As a command that is stopped while it waits."""
    with pytest.raises(KeyboardInterrupt):
        train_hosted(hosted_plan(plan, folder, NULL).new, folder, NULL, sleep=interrupt)


def test_a_study_asks_the_models_that_a_service_has_made(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        plan = plan_of(lamps, service.url, learning_rate_multiplier=1.5)
        with pytest.raises(InputError, match=r"has not trained gpt\+closed_book-4@1 on lamps, .*training hosted STUDY"):
            run_study(plan, folder.path)
        assert service.asked == []  # not even the base before it is known that all can be asked
        assert train(plan, folder) == {}
        outcome = run_study(plan, folder.path)
        assert outcome.n_failed == 0
        assert {one.split(":")[0] for one in service.asked} == {"base", "ft"}
        n_asked = len(service.asked)
        assert not run_study(plan, folder.path).anything_made
        assert len(service.asked) == n_asked
    told = service.jobs["ftjob-0"]
    hyperparameters = {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 1.5}
    assert told["method"] == {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}}
    assert (told["seed"], len(service.files["file-0"])) == (1, 4)
    record = json.loads((folder.adapter_folder("lamps", "gpt+closed_book-4@1") / "record.json").read_text())
    assert record["model"] == record["weights"] == told["fine_tuned_model"]
    assert record["n_trained_tokens"] == 4321
    row = next(one for one in folder.results().comparisons if one.arm == "gpt+closed_book-4")
    assert (row.n_pairs, row.base) == (4, "gpt")
    assert KEY not in "".join(path.read_text(errors="ignore") for path in folder.path.rglob("*") if path.is_file())


def test_what_was_started_is_waited_for_and_never_started_again(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")

    with FineTuningServer() as service:
        plan = plan_of(lamps, service.url)
        start_only(plan, folder)
        wanted = hosted_plan(plan, folder, NULL)
        assert (len(wanted.under_way), wanted.new, wanted.n_tokens) == (2, (), 0)
        assert train(plan, folder) == {}
        assert (len(service.jobs), len(service.files)) == (2, 2)
        assert hosted_plan(plan, folder, NULL).there == ("lamps/gpt+closed_book-4@1", "lamps/gpt+retrieved-4@1")


def test_a_training_whose_start_was_not_heard_of_is_found_again(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        service.n_lost = 1
        plan = plan_of(lamps, service.url, formats=["closed_book"])
        with pytest.raises(UnavailableError, match="did not start the training"):
            train(plan, folder)
        assert len(service.jobs) == 1
        assert train(plan, folder) == {}
        assert len(service.jobs) == 1


def test_more_trainings_than_a_service_takes_at_once_wait_for_their_turn(lamps, tmp_path):
    with FineTuningServer(at_once=1) as service:
        assert train(plan_of(lamps, service.url, seeds=[1, 2]), RunFolder(tmp_path / "run")) == {}
        assert len(service.models) == len(service.jobs) == 4


def test_one_that_fails_is_told_with_its_reason_and_started_anew_the_next_time(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer(fault=lambda number: "too few examples" if number == 0 else "") as service:
        plan = plan_of(lamps, service.url)
        assert train(plan, folder) == {"lamps/gpt+closed_book-4@1": "too few examples"}
        wanted = hosted_plan(plan, folder, NULL)
        assert [one.called for one in wanted.new] == ["lamps/gpt+closed_book-4@1"]
        assert train(plan, folder) == {}
        assert len(service.jobs) == 3


def test_a_setting_that_is_tried_and_taken_back_is_not_paid_for_again(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        one, other = (plan_of(lamps, service.url, formats=["closed_book"], epochs=epochs) for epochs in (2, 3))
        assert train(one, folder) == train(other, folder) == {}
        run_study(other, folder.path)
        assert (hosted_plan(one, folder, NULL).new, len(service.jobs)) == ((), 2)
        run_study(one, folder.path)
        record = json.loads((folder.adapter_folder("lamps", "gpt+closed_book-4@1") / "record.json").read_text())
        assert record["model"] == service.jobs["ftjob-0"]["fine_tuned_model"]
        # One that is under way is found again as well.
        third = plan_of(lamps, service.url, formats=["closed_book"], epochs=4)
        start_only(third, folder)
        train(one, folder)
        assert train(third, folder) == {}
        assert len(service.jobs) == 3


def test_the_same_training_under_two_names_is_one(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        train(plan_of(lamps, service.url, formats=["closed_book"]), folder)
        renamed = plan_of(lamps, service.url, formats=["closed_book"], name="mine")
        assert hosted_plan(renamed, folder, NULL).new == ()
        # Another run folder finds at the service what was trained for this one.
        elsewhere = RunFolder(tmp_path / "elsewhere")
        assert train(renamed, elsewhere) == {}
        assert len(service.jobs) == 1
        assert run_study(renamed, elsewhere.path).n_failed == 0


def test_two_commands_that_were_planned_at_once_start_one_training(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        plan = plan_of(lamps, service.url, formats=["closed_book"])
        first, second = (hosted_plan(plan, folder, NULL).new for _ in range(2))
        for wanted in (first, second):
            assert train_hosted(wanted, folder, NULL, sleep=lambda _: None) == {}
        assert len(service.jobs) == 1


def test_what_is_only_uploaded_is_asked_about_again(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer(at_once=0) as service:
        plan = plan_of(lamps, service.url, formats=["closed_book"])
        with pytest.raises(UnavailableError, match="too many jobs are under way"):
            train(plan, folder)
        wanted = hosted_plan(plan, folder, NULL)
        assert (len(wanted.new), wanted.under_way) == (1, ())
        assert len(service.files) == 1


def test_a_file_that_the_service_has_thrown_away_is_uploaded_anew(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer(at_once=0) as service:
        plan = plan_of(lamps, service.url, formats=["closed_book"])
        with pytest.raises(UnavailableError):
            train(plan, folder)
        service.files.clear()
        service.at_once = 10
        assert train(plan, folder) == {}
        assert len(service.jobs) == 1


def test_one_training_that_the_service_does_not_know_leaves_the_others_alone(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        plan = plan_of(lamps, service.url)
        start_only(plan, folder)
        del service.jobs["ftjob-0"]
        [(called, why)] = train(plan, folder).items()
        assert called == "lamps/gpt+closed_book-4@1"
        assert "no such job ftjob-0" in why
        assert "to start it anew, delete" in why
        assert hosted_plan(plan, folder, NULL).there == ("lamps/gpt+retrieved-4@1",)


@pytest.mark.parametrize(("n_lost", "n_jobs"), [(0, 1), (1, 0)])
def test_a_service_that_does_not_list_its_trainings(lamps, tmp_path, n_lost, n_jobs):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        service.lists, service.n_lost = False, n_lost
        plan = plan_of(lamps, service.url, formats=["closed_book"])
        if not n_lost:
            assert train(plan, folder) == {}
        else:
            with pytest.raises(UnavailableError, match="did not start the training"):
                train(plan, folder)
            with pytest.raises(UnavailableError, match="it is not known whether it has been started"):
                train(plan, folder)
        assert len(service.jobs) == 1
        assert len(hosted_plan(plan, folder, NULL).there) == n_jobs


def test_a_service_that_lists_its_trainings_without_their_marks(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        service.n_lost, service.tells_marks = 1, False
        plan = plan_of(lamps, service.url, formats=["closed_book"])
        with pytest.raises(UnavailableError):
            train(plan, folder)
        assert train(plan, folder) == {}
        assert len(service.jobs) == 1


def test_a_labeller_whose_budget_is_spent_decides_no_pairs(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        content = content_of(lamps, service.url, formats=["closed_book"], labels=["teacher:sage"])
        content["generators"].append(content["generators"][0] | {"name": "sage", "max_calls": 2})
        plan = make_plan(parse_study(content, "study.yaml"))
        assert paid_labellers(plan) == ["sage"]
        with pytest.raises(UnavailableError, match="labels of 'sage': the budget of 2 requests is spent"):
            hosted_plan(plan, folder, NULL)
        content["generators"][1]["max_calls"] = 10
        [wanted] = hosted_plan(make_plan(parse_study(content, "study.yaml")), folder, NULL).new
        assert len(wanted.pairs) == 4


def test_a_budget_is_one_for_a_generator_and_its_tuned_versions(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        content = content_of(lamps, service.url)
        content["generators"][0]["max_calls"] = 7
        plan = make_plan(parse_study(content, "study.yaml"))
        train(plan, folder)
        outcome = run_study(plan, folder.path)
        assert len(service.asked) == 7
        assert outcome.n_failed == outcome.made["answers"] - 7


def test_other_pairs_are_another_training(lamps, tmp_path):
    folder = RunFolder(tmp_path / "run")
    with FineTuningServer() as service:
        train(plan_of(lamps, service.url, formats=["closed_book"]), folder)
        slower = content_of(lamps, service.url, formats=["closed_book"])
        slower["generators"][0] |= {"n_tries": 3, "timeout_seconds": 9}
        assert hosted_plan(make_plan(parse_study(slower, "study.yaml")), folder, NULL).new == ()
        assert len(hosted_plan(plan_of(lamps, service.url, formats=["closed_book"], epochs=3), folder, NULL).new) == 1


def test_the_command_says_what_it_costs_and_starts_nothing_unasked(lamps, tmp_path):
    out = ["--out", str(tmp_path / "run")]
    with FineTuningServer() as service:
        study = tmp_path / "study.yaml"
        study.write_text(yaml.safe_dump(content_of(lamps, service.url)))
        asked = CliRunner().invoke(cli, ["training", "hosted", str(study), "--price", "25", *out])
        assert isinstance(asked.exception, InputError)
        assert str(asked.exception) == "nothing was started: it costs money; add --yes to agree"
        assert "to train: lamps/gpt+retrieved-4@1, 4 pairs, about" in asked.output
        assert "at 25 a million" in asked.output
        assert (service.files, service.jobs) == ({}, {})
        agreed = CliRunner().invoke(cli, ["training", "hosted", str(study), "--yes", "--every", "0.1", *out])
        assert agreed.exit_code == 0, agreed.output
        assert "tuning lamps/gpt+closed_book-4@1: succeeded at the service (ftjob-0)" in agreed.output
        again = CliRunner().invoke(cli, ["training", "hosted", str(study), *out])
        assert again.exit_code == 0
        assert "trained already: lamps/gpt+closed_book-4@1, lamps/gpt+retrieved-4@1" in again.output
        answered = CliRunner().invoke(cli, ["run", str(study), *out, "--quiet"])
        assert answered.exit_code == 0, answered.output
        said = CliRunner().invoke(cli, ["ask", out[1], "Who made the lamp?", "--arm", "gpt+closed_book-4"])
        assert said.exit_code == 0, said.output
        assert service.asked[-1].startswith("ft:")
        shown = str(estimate(make_plan(parse_study(content_of(lamps, service.url), "study.yaml"))))
        assert "trainings by a service: 2, on about" in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "lora"}, "'gpt' is behind an endpoint and cannot be trained here; `method: hosted`"),
        ({"base": "here", "method": "lora", "learning_rate_multiplier": 2.0}, "is of method 'hosted' only"),
        ({"rank": 8, "warmup": 0.1}, "rank: is the service's own with method 'hosted'"),
        ({"checkpoints": [1]}, "checkpoints: of earlier epochs are not kept"),
        ({"pairs": ["known"]}, "pairs: what a model behind an endpoint knows is not found out"),
        (
            {"base": "gtp"},
            "'gtp' is no generator of kind 'transformers' or 'endpoint' of this study; did you mean 'gpt'",
        ),
    ],
)
def test_what_a_service_cannot_do_is_refused(lamps, change, said):
    content = content_of(lamps, "http://127.0.0.1:9/v1", **change)
    content["generators"].append({"kind": "transformers", "name": "here", "model": "pocket-tiny"})
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        parse_study(content, "study.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "bass"}, r"did not start the training: .*'bass' does not exist"),
        ({"url": "http://127.0.0.1:9/v1"}, r"http://127.0.0.1:9/v1 did not list its trainings: Connection error"),
    ],
)
def test_a_service_that_refuses_or_is_not_there(lamps, tmp_path, change, said, monkeypatch):
    monkeypatch.setattr("ragstudy.finetuning.hosted._TRIES", 0)
    with FineTuningServer() as service:
        content = content_of(lamps, service.url)
        content["generators"][0] |= change
        with pytest.raises(UnavailableError, match=said):
            train(make_plan(parse_study(content, "study.yaml")), RunFolder(tmp_path / "run"))


def test_a_wrong_key_is_not_told(lamps, tmp_path, monkeypatch):
    monkeypatch.setenv("SERVICE_KEY", "sk-wrong")
    with FineTuningServer() as service, pytest.raises(UnavailableError) as refused:
        train(plan_of(lamps, service.url), RunFolder(tmp_path / "run"))
    assert "(key)" in str(refused.value)
    assert "sk-wrong" not in str(refused.value)
    monkeypatch.delenv("SERVICE_KEY")
    with pytest.raises(InputError, match="environment variable SERVICE_KEY is not set"):
        train(plan_of(lamps, "http://127.0.0.1:9/v1"), RunFolder(tmp_path / "run"))


def test_a_study_that_no_service_trains_for(lamps, tmp_path):
    plan = make_plan(parse_study(study_content(lamps), "study.yaml"))
    with pytest.raises(InputError, match="has no `finetuning` of method 'hosted'"):
        hosted_plan(plan, RunFolder(tmp_path / "run"), NULL)
