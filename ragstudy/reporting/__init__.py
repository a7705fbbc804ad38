"""Reports: functions of the files of a run, never of the runner."""

from ragstudy.reporting.write import refresh_reports, write_reports

__all__ = ["refresh_reports", "write_reports"]
