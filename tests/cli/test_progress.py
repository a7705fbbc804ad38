"""What a log is told of long work: begin, steps, end; also where nothing was done for a while."""

from __future__ import annotations

from ragstudy.cli import show
from ragstudy.cli.show import Console


def test_work_that_has_not_moved_for_half_a_minute_says_nothing_and_breaks_nothing(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(show.time, "monotonic", lambda: now[0])
    with Console(quiet=False).task("reading", 10) as task:
        now[0] = 40.0
        task.advance(0)
        now[0] = 80.0
        task.advance(4)
        now[0] = 90.0
        task.advance(6)
    told = capsys.readouterr()
    assert "reading: 4 of 10, about 120 s left" in told.out + told.err
    assert "reading: 10 done" in told.out + told.err


def test_no_work_at_all_is_done_at_once(capsys):
    with Console(quiet=False).task("reading", 0) as task:
        task.advance(0)
    told = capsys.readouterr()
    assert "reading: 0 done" in told.out + told.err
