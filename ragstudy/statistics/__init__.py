"""Paired, clustered statistics on arrays; no input or output, no heavy imports.

Examples:
    >>> from ragstudy.statistics import AnalysisSettings, compare_columns
    >>> import numpy as np
    >>> differences = np.random.default_rng(1).normal(0.2, 0.3, (100, 1))
    >>> [found] = compare_columns(differences, [f'page {row // 2}' for row in range(100)], AnalysisSettings())
    >>> found.interval.is_above_zero
    True
"""

from ragstudy.statistics.compare import Block, Comparison, compare_blocks, compare_columns
from ragstudy.statistics.paired import PairedDifferences
from ragstudy.statistics.settings import UNKNOWN, AnalysisSettings, Interval, Real
from ragstudy.statistics.verdicts import Verdict, decide

__all__ = [
    "UNKNOWN",
    "AnalysisSettings",
    "Block",
    "Comparison",
    "Interval",
    "PairedDifferences",
    "Real",
    "Verdict",
    "compare_blocks",
    "compare_columns",
    "decide",
]
