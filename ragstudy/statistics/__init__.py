"""Paired, clustered statistics on arrays; no input or output, no heavy imports."""

from ragstudy.statistics.compare import Comparison, compare_columns
from ragstudy.statistics.paired import PairedDifferences
from ragstudy.statistics.settings import UNKNOWN, AnalysisSettings, Interval, Real
from ragstudy.statistics.tests import holm, mcnemar_exact
from ragstudy.statistics.verdicts import Verdict, decide

__all__ = [
    "UNKNOWN",
    "AnalysisSettings",
    "Comparison",
    "Interval",
    "PairedDifferences",
    "Real",
    "Verdict",
    "compare_columns",
    "decide",
    "holm",
    "mcnemar_exact",
]
