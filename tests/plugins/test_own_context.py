"""A context of one's own: the longest of the retrieved passages."""

from __future__ import annotations

import sys

import pytest
from conftest import report_text, study_content

from ragstudy.cli.main import main
from ragstudy.errors import InputError
from ragstudy.protocols import ContextKind
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


def longest(material):
    return sorted(material.retrieved(material.top_k), key=lambda one: -len(one.text))[: material.k or 1]


LONGEST = ContextKind("longest", "the longest of the retrieved passages", longest, meant_to_answer=True)


def test_a_context_of_ones_own_chooses_the_passages(lamps, tmp_path):
    content = study_content(lamps, contexts=["retrieved", "test_own_context:LONGEST@2"])
    run_study(make_plan(parse_study(content, "s.yaml")), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    shown = {answer.contexts: len(answer.shown) for answer in folder.answers()}
    assert shown == {"retrieved": 3, "test_own_context:LONGEST@2": 2}
    assert {row.contexts for row in folder.results().failure_points} == set(shown)


def test_a_run_is_reported_where_its_own_context_cannot_be_imported(lamps, tmp_path, monkeypatch, capsys):
    code = "from ragstudy.protocols import ContextKind\nALL = ContextKind('all', 'all', lambda m: m.retrieved(2))\n"
    (tmp_path / "gone_context.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    content = study_content(lamps, contexts=["gone_context:ALL", "none"])
    run_study(make_plan(parse_study(content, "s.yaml")), tmp_path / "run")
    monkeypatch.undo()
    sys.modules.pop("gone_context")
    (tmp_path / "gone_context.py").unlink()
    assert "gone_context:ALL" in report_text(RunFolder(tmp_path / "run"))
    # What needs the context itself says so, in one message.
    with pytest.raises(SystemExit) as stop:
        main(["run", str(tmp_path / "run" / "study.yaml"), "--out", str(tmp_path / "run")])
    assert stop.value.code == 2
    assert "cannot import 'gone_context'" in capsys.readouterr().err


def test_a_context_that_is_none_is_refused(lamps):
    with pytest.raises(InputError, match="is no context"):
        parse_study(study_content(lamps, contexts=["test_own_context:longest"]), "s.yaml")
