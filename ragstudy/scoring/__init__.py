"""Scores of answers, offline: accuracy, completeness and the usual string measures."""
