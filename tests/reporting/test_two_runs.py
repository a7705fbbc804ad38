"""Two runs compared, a run held against figures, a gate, a report on loopback."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from xml.etree import ElementTree as ET

import pytest
import yaml
from conftest import COLOURS, make_domain, study_content

from ragstudy.cli.main import main
from ragstudy.errors import InputError
from ragstudy.reporting.expected import check_earlier, check_expected, read_expected
from ragstudy.reporting.gate import Rule, junit, rule_on
from ragstudy.reporting.serve import report_server
from ragstudy.reporting.two_runs import compare_runs, differing
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

N = 24


def names(n=N):
    return [f"lamp{chr(97 + number)}" for number in range(n)]


def answers(known):
    """Right answers to the lamps with some numbers."""
    return {f"What is the colour of {names()[one]}?": f"It is {COLOURS[one % 12]}." for one in known}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three runs over the same questions whose tuned arm knows ever fewer, and one over other questions."""
    folder = tmp_path_factory.mktemp("runs")
    made = {}
    for name, known, n_test in (("old", 20, N), ("new", 6, N), ("less", 20, 12)):
        domain = make_domain(folder / name / "lamps", n=N + 2, n_test=n_test)
        generators = [
            {"kind": "scripted", "name": "base", "answers": answers(range(12)), "default": "It is beige."},
            {"kind": "scripted", "name": "tuned", "answers": answers(range(known)), "tuned_from": "base"},
        ]
        content = study_content(domain, generators=generators, statistics={"n_resamples": 500, "margin": 0.05})
        run_study(make_plan(parse_study(content, "study.yaml")), folder / name / "run")
        made[name] = folder / name / "run"
    return made


def test_two_runs_are_compared_question_by_question(runs):
    found = compare_runs(RunFolder(runs["old"]), RunFolder(runs["new"]))
    cells = {(cell.arm, cell.contexts, cell.measure): cell for cell in found.cells}
    tuned = cells["tuned", "retrieved", "accuracy"]
    assert tuned.effect.difference == pytest.approx(-14 / N)
    assert tuned.effect.high < 0
    assert (tuned.first_mean, tuned.second_mean) == (pytest.approx(20 / N), pytest.approx(6 / N))
    assert tuned.to_right == ()
    assert len(tuned.to_wrong) == 14
    assert cells["base", "retrieved", "accuracy"].effect.difference == 0
    assert found.notes == []
    # Domains lie in different folders, and the tuned arm knows other answers.
    assert any(key.startswith("generators.tuned.answers") for key, _, _ in found.settings)


def test_questions_that_only_one_run_asks_are_left_out_and_said(runs):
    found = compare_runs(RunFolder(runs["old"]), RunFolder(runs["less"]))
    assert found.notes == ["lamps: 12 questions are left out, which only one run asks or which differ"]
    assert {cell.effect.n for cell in found.cells} == {12}


def test_arms_with_other_names_are_paired(runs):
    found = compare_runs(RunFolder(runs["old"]), RunFolder(runs["new"]), {"tuned": "base"})
    assert ("tuned", "base") in {(cell.arm, cell.second_arm) for cell in found.cells}


def test_unknown_arms_are_named(runs):
    with pytest.raises(InputError, match="the second run has no such arm; did you mean 'tuned'"):
        compare_runs(RunFolder(runs["old"]), RunFolder(runs["new"]), {"tuned": "tunde"})


def test_of_unequally_many_trainings_as_many_are_compared_as_both_have():
    import numpy as np

    from ragstudy.reporting.two_runs import _paired

    assert _paired(np.ones((5, 3)), np.zeros((5, 2))).shape == (5, 2)
    assert _paired(np.ones((5, 3)), np.zeros((5, 1))).shape == (5, 3)


def test_runs_with_nothing_in_common_are_refused_with_reasons(runs, lamps_run, tmp_path):
    import shutil

    other = tmp_path / "run"
    shutil.copytree(runs["old"], other)
    path = other / "questions.jsonl"
    path.write_text(path.read_text().replace("What is the colour", "Which is the colour"))
    with pytest.raises(InputError, match="asks no question that"):
        compare_runs(RunFolder(runs["old"]), RunFolder(other))


def test_differences_of_studies():
    old = {"retrieval": {"top_k": 5}, "generators": [{"name": "a", "model": "x"}], "gone": 1}
    new = {"retrieval": {"top_k": 3}, "generators": [{"name": "b", "model": "y"}, {"name": "a", "model": "x"}]}
    assert differing(old, new) == [
        ("retrieval.top_k", "5", "3"),
        ("gone", "1", ""),
        ("generators.b.name", "", "b"),
        ("generators.b.model", "", "y"),
    ]
    # Parts without a name, or with one that stands twice, are told apart by their place.
    parts = [{"name": "", "base": "a"}, {"name": "", "base": "b"}]
    assert differing({"f": parts}, {"f": [{"name": "", "base": "c"}, parts[1]]}) == [("f.0.base", "a", "c")]


def test_compare_on_the_command_line(runs, capsys, tmp_path):
    main(["compare", str(runs["old"]), str(runs["new"]), "--out", str(tmp_path / "found.json")])
    printed = capsys.readouterr().out
    assert "turned wrong: q06 q07" in printed
    assert json.loads((tmp_path / "found.json").read_text())["cells"]
    with pytest.raises(SystemExit) as stop:
        main(["compare", str(runs["old"]), str(runs["new"]), "--arm", "tuned"])
    assert stop.value.code == 2


def written(tmp_path, *expected):
    path = tmp_path / "expected.yaml"
    path.write_text(yaml.safe_dump({"title": "t", "expected": list(expected)}))
    return path


ROW = {"domain": "lamps", "arm": "tuned", "measure": "accuracy"}


def test_expected_figures_are_reproduced_or_not_or_unclear(runs, tmp_path):
    expected = [
        {**ROW, "direction": "worse"},
        {**ROW, "direction": "better"},
        {**ROW, "difference": 0.9, "tolerance": 0.1},
        {**ROW, "difference": -0.25, "tolerance": 0.01},
        {**ROW, "difference": -0.25, "tolerance": 0.9},
    ]
    figures = read_expected(written(tmp_path, *expected))
    found = [one.outcome for one in check_expected(RunFolder(runs["new"]), figures, "f")]
    assert found == ["reproduced", "not reproduced", "not reproduced", "too uncertain", "reproduced"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({**ROW}, "either a direction"),
        ({**ROW, "difference": 0.1}, "go together"),
        ({**ROW, "direction": "lower"}, "better"),
        ({**ROW, "direction": "worse", "arms": "x"}, "unknown key; did you mean 'arm'"),
    ],
)
def test_wrong_files_of_figures_are_explained(tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        read_expected(written(tmp_path, wrong))


def test_figures_about_what_the_run_lacks_are_named(runs, tmp_path):
    figures = read_expected(written(tmp_path, {**ROW, "arm": "tuned2", "direction": "worse"}))
    with pytest.raises(InputError, match="did you mean"):
        check_expected(RunFolder(runs["new"]), figures, "f")


def test_an_earlier_run_is_reproduced_by_itself_and_not_by_another(runs):
    same = check_earlier(RunFolder(runs["old"]), RunFolder(runs["old"]))
    assert {one.outcome for one in same} == {"reproduced"}
    other = check_earlier(RunFolder(runs["new"]), RunFolder(runs["old"]))
    assert "not reproduced" in {one.outcome for one in other}


def test_a_few_questions_in_common_reproduce_nothing(runs, tmp_path):
    import shutil

    other = tmp_path / "run"
    shutil.copytree(runs["new"], other)
    path = other / "questions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows[2:]:
        row["question"]["text"] += " now"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {one.about: one.outcome for one in check_earlier(RunFolder(other), RunFolder(runs["old"]))}
    assert found["lamps, tuned, retrieved, accuracy"] == "not reproduced"


def test_reproduced_on_the_command_line(runs, capsys):
    main(["reproduced", str(runs["old"]), str(runs["old"])])
    assert "0 not reproduced" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main(["reproduced", str(runs["new"]), str(runs["old"])])
    assert stop.value.code == 1


def test_shipped_expectations_can_be_read(root):
    files = sorted((root / "experiments" / "expected").glob("*.yaml"))
    assert len(files) == 2
    assert {len(read_expected(path).expected) for path in files} == {6, 36}


@pytest.mark.parametrize(
    ("text", "bound"), [("accuracy>-0.02", -0.02), (" ours:f1 > +.1 ", 0.1), ("accuracy>0", 0.0), ("errors<0.1", 0.1)]
)
def test_rules(text, bound):
    assert Rule.parse(text).bound == bound


@pytest.mark.parametrize("text", ["accuracy", "accuracy=0.1", ">0.1", "accuracy>x", "accuracy>=0.1"])
def test_no_rules(text):
    with pytest.raises(InputError, match="expected MEASURE>DIFFERENCE"):
        Rule.parse(text)


def test_a_gate_fails_on_certain_loss_and_where_strict_on_uncertain_gain(runs):
    rules = [Rule("accuracy", -0.02)]
    [open_] = rule_on(RunFolder(runs["new"]), [Rule("accuracy", -0.25)])
    [gained] = rule_on(RunFolder(runs["old"]), rules)
    assert (open_.outcome, gained.outcome) == ("not shown", "passed")
    [lost] = rule_on(RunFolder(runs["new"]), [Rule("accuracy", 0.5)])
    assert lost.outcome == "failed"
    counts = {
        strict: ET.fromstring(junit([lost, gained], strict=strict)).attrib["failures"] for strict in (False, True)
    }
    assert counts == {False: "1", True: "1"}
    assert ET.fromstring(junit([open_], strict=False)).attrib["skipped"] == "1"
    assert ET.fromstring(junit([open_], strict=True)).attrib["failures"] == "1"


def test_the_gate_on_the_command_line(runs, capsys, tmp_path):
    main(["gate", str(runs["old"]), "--junit", str(tmp_path / "gate.xml"), "--markdown"])
    assert "| lamps, tuned, retrieved | accuracy > -0.05 |" in capsys.readouterr().out.replace("\\", "")
    assert ET.parse(tmp_path / "gate.xml").getroot().attrib["tests"] == "2"
    with pytest.raises(SystemExit) as stop:
        main(["gate", str(runs["new"]), "--rule", "accuracy>0.5"])
    assert stop.value.code == 1
    with pytest.raises(SystemExit) as stop:
        main(["gate", str(runs["new"]), "--rule", "acuracy>0.5"])
    assert stop.value.code == 2
    assert "did you mean 'accuracy'" in capsys.readouterr().err


def test_a_report_is_served_on_loopback_and_nothing_else_of_its_folder(lamps_run):
    with report_server(lamps_run) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        for path in ("/", "/lamps.html?x=1"):
            with urllib.request.urlopen(address + path) as reply:
                assert b"ragstudy" in reply.read()
        for path in ("/answers.jsonl", "/indexes/", "/../run/index.html", "/%2e%2e/index.html", "/missing.html"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(address + path)
            assert refused.value.code == 404
        named = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(named)
        server.shutdown()
        thread.join()


def test_a_report_as_pdf(lamps_run, tmp_path, capsys, monkeypatch):
    import shutil

    if shutil.which("chromium"):
        main(["report", str(lamps_run), "--pdf", str(tmp_path / "first.pdf"), "--figures", str(tmp_path / "figures")])
        assert (tmp_path / "first.pdf").read_bytes().startswith(b"%PDF")
        assert (tmp_path / "figures" / "lamps-differences.svg").is_file()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SystemExit) as stop:
        main(["report", str(lamps_run), "--pdf", str(tmp_path / "second.pdf")])
    assert stop.value.code == 2
    assert "print" in capsys.readouterr().err
