"""What a run found, from its folder alone: comparisons with verdicts, diagnosis, findings."""
