"""Looks at growing data, and what a study says of its size before it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from ragstudy.cli.main import cli
from ragstudy.study.layout import Arm, DomainLayout, Layout
from ragstudy.study.looks import count_look
from ragstudy.study.plan.domain_notes import sources_notes

ARMS = (Arm("m", "m", ("m",)), Arm("m+a", "m", ("m+a@1",), base="m"))


def layout(n, arms=ARMS, prefix="q"):
    questions = tuple(f"{prefix}{number}" for number in range(n))
    return Layout("s", "", (), (), (), (DomainLayout("d", "", "", 1, 1, 0, questions, {}),), arms)


def test_only_more_data_of_what_was_looked_at_is_another_look(tmp_path):
    assert count_look(tmp_path, layout(10)) == 1
    assert count_look(tmp_path, layout(10)) == 1
    # A new arm is compared for the first time.
    more_arms = (*ARMS, Arm("m+b", "m", ("m+b@1",), base="m"))
    assert count_look(tmp_path, layout(10, more_arms)) == 1
    # Fewer questions are less to look at.
    assert count_look(tmp_path, layout(8, more_arms)) == 1
    assert count_look(tmp_path, layout(20, more_arms)) == 2
    assert count_look(tmp_path, layout(20, more_arms)) == 2
    # Another training of an arm.
    twice = (ARMS[0], replace(ARMS[1], generators=("m+a@1", "m+a@2")))
    assert count_look(tmp_path, layout(20, twice)) == 3
    # As many questions, but others.
    assert count_look(tmp_path, layout(20, twice, prefix="r")) == 4


@pytest.mark.parametrize(
    ("n_sources", "n_comparisons", "told"),
    [(5, 1, "no arm can be told from its base"), (6, 1, ""), (8, 8, "may be out of reach"), (9, 8, ""), (3, 0, "")],
)
def test_too_few_sources_for_a_verdict_are_said_before_anything_runs(n_sources, n_comparisons, told):
    """Two of 2^5 patterns are .0625; two of 2^8 are .0078, times eight comparisons .0625."""
    notes = sources_notes("d", n_sources, n_comparisons, 0.04)
    assert bool(notes) == bool(told)
    assert told in "".join(notes)


def test_plan_says_how_many_questions_five_points_take():
    done = CliRunner().invoke(cli, ["plan", "--effect", "0.05", "--trainings", "1"])
    assert done.exit_code == 0
    [row] = [line for line in done.output.splitlines() if line.startswith("a difference of .050")]
    # (z_{1 - .04 / 8} + z_.8)^2 (.45 / .05)^2, a little less for Sidak's correction, more for Student's t.
    assert int(row.split()[4].replace(",", "")) == pytest.approx((2.652 + 0.842) ** 2 * 81, rel=0.05)
    wrong = CliRunner().invoke(cli, ["plan", "--effect", "5"])
    assert wrong.exit_code == 2
