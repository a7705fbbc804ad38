"""The ability report: one generator in every context."""

from __future__ import annotations

import pytest
from conftest import make_domain, study_content, write_rows

from ragstudy.cli.main import main
from ragstudy.errors import InputError
from ragstudy.files import read_lines
from ragstudy.reporting.abilities import abilities
from ragstudy.specs import parse_study
from ragstudy.study.abilities import abilities_study
from ragstudy.study.plan import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.store import RunFolder


def test_accuracy_is_over_questions_with_an_answer_and_declining_is_counted_apart(tmp_path):
    folder = make_domain(tmp_path / "lamps")
    rows = [row for _, row in read_lines(folder / "questions.jsonl")]
    rows[1] |= {"type": "unanswerable", "references": [], "facts": [], "gold_documents": []}
    write_rows(folder / "questions.jsonl", rows)
    spec = parse_study(study_content(folder, contexts=["oracle", "none"]), "s.yaml")
    run_study(make_plan(spec), tmp_path / "run")
    table = abilities(RunFolder(tmp_path / "run"))
    # 'red' is right for one of five lamps; 'I do not know.' declines all of them and is never accurate.
    assert "| base | oracle | 5 | 0.200 [0.000, " in table
    # No exception among five lamps leaves room for 3/5 of them.
    assert "| tuned | none | 5 | 0.000 [0.000, 0.600] | 0.000 [0.000, 0.600] | 1.000 [0.400, 1.000] | 1 |" in table


def test_the_command_asks_a_model_in_every_context(lamps, tiny_model, tmp_path, capsys):
    main(["pocket", "report", str(lamps), "--model", str(tiny_model), "--questions", "2", "--out", str(tmp_path / "r")])
    table = (tmp_path / "r" / "abilities.md").read_text()
    assert table in capsys.readouterr().out
    for context in ("retrieved@5", "oracle_with_distractors:last", "distractors_only", "none"):
        assert f"| {tiny_model.name} | {context} | 2 |" in table


def test_an_ability_report_needs_a_domain(tmp_path):
    with pytest.raises(InputError, match="no domain given"):
        abilities_study("pocket", [], 10)
