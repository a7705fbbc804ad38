"""Paired, clustered statistics on arrays; no input or output, no heavy imports."""

from ragstudy.statistics.compare import Comparison, compare_cells
from ragstudy.statistics.paired import PairedDifferences
from ragstudy.statistics.tests import holm, mcnemar_exact
from ragstudy.statistics.verdicts import Verdict

__all__ = ["Comparison", "PairedDifferences", "Verdict", "compare_cells", "holm", "mcnemar_exact"]
