"""Scores of answers, offline: accuracy, completeness and the usual string measures.

Examples:
    >>> from ragstudy.scoring.measures import measure_kind
    >>> measure_kind('accuracy').scale
    (0.0, 1.0)
"""
