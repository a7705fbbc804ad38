"""Measures of one's own: what they declare decides what is said of them."""

from __future__ import annotations

import sys

import pytest
from conftest import study_content

from ragstudy.errors import InputError
from ragstudy.protocols import MeasureKind
from ragstudy.records import Scored
from ragstudy.registry import source_fingerprint
from ragstudy.scoring.measures import measure_kind
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


class Latency:
    """Seconds until the answer was there; declares nothing."""

    def score(self, _question, answer):
        return 110.0 * len(answer)


class Errors:
    """Share of wrong words: less is better."""

    higher_is_better = False
    scale = (0.0, 1.0)

    def score_many(self, cases, done):
        return [(done(), Scored(0.0 if case.answer == "red" else 1.0))[1] for case in cases]

    needs_passages = False


POLITE = MeasureKind("polite", "says please", lambda _resources: Latency(), higher_is_better=None, scale=None)


def run(lamps, out, measure, **statistics):
    content = study_content(lamps, measures=["accuracy", "completeness", measure])
    content["statistics"] |= statistics
    run_study(make_plan(parse_study(content, "s.yaml")), out)
    return [row for row in RunFolder(out).results().comparisons if row.measure == measure]


def test_a_measure_that_declares_nothing_gets_a_difference_and_no_verdict(lamps, tmp_path):
    rows = run(lamps, tmp_path / "run", "test_own_measure:Latency")
    assert all(row.effect.difference > 100 and row.verdict is None for row in rows)
    with pytest.raises(InputError, match="no better direction or no scale"):
        run(lamps, tmp_path / "no", "test_own_measure:Latency", verdict_measures=["test_own_measure:Latency"])


def test_a_measure_that_scores_in_batches_and_says_that_less_is_better_gets_a_verdict(lamps, tmp_path):
    rows = run(
        lamps, tmp_path / "run", "test_own_measure:Errors", verdict_measures=["test_own_measure:Errors"], margin=0.9
    )
    # The base says red, so its share of wrong words is 0; the tuned one never does.
    assert all((row.base_mean, row.tuned_mean) == (0.0, 1.0) for row in rows)
    assert all(row.verdict == "hurts" or row.effect.p > 0.025 for row in rows)


def test_a_whole_entry_can_be_named():
    assert measure_kind("test_own_measure:POLITE") is POLITE
    assert not measure_kind("test_own_measure:POLITE").gets_verdict


def test_changed_code_of_a_measure_is_noticed(lamps, tmp_path, monkeypatch):
    module = tmp_path / "changing_measure.py"
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "class Length:\n    def score(self, question, answer):\n        return float(len(answer)) * {}\n"
    values = []
    for factor in (1, 2):
        module.write_text(code.format(factor))
        sys.modules.pop("changing_measure", None)
        source_fingerprint.cache_clear()
        values.append(run(lamps, tmp_path / "run", "changing_measure:Length")[0].base_mean)
    assert values[1] == 2 * values[0]
