"""Reports: functions of the files of a run, never of the runner."""

from ragstudy.reporting.write import write_reports

__all__ = ["write_reports"]
