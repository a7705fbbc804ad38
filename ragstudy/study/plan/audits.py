"""The audits that a study names: how far a scorer can be trusted, measured against people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.audit_records import AuditResult
from ragstudy.errors import InputError
from ragstudy.files import read_json, read_record
from ragstudy.statistics.corrected import ErrorRates
from ragstudy.statistics.length_errors import LengthErrors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragstudy.audit_records import ScorerAgreement
    from ragstudy.specs import StudySpec
    from ragstudy.statistics import Interval


# With fewer labels of a kind and length nothing is known of that length.
_LEAST_LABELS = 10


@dataclass(frozen=True)
class Audit:
    """What an audit says of one measure.

    Attributes:
        threshold: a score of this or more calls an answer right.
        rates: over all answers.
        short: over answers of at most `median_words` words.
        long: over the others.
        median_words: of the audited answers.
    """

    threshold: float
    rates: ErrorRates
    short: ErrorRates
    long: ErrorRates
    median_words: float

    def by_length(self) -> LengthErrors:
        """How often the measure errs on short and on long answers; where labels are few, on all."""
        up_to = (self.median_words, math.inf)
        rates = [
            one if min(one.n_right, one.n_wrong) >= _LEAST_LABELS else self.rates for one in (self.short, self.long)
        ]
        return LengthErrors(up_to, tuple(rates), "the study's own audit", self.threshold)

    def of_lengths(self, words: NDArray[np.float64]) -> ErrorRates:
        """The rates to expect of answers of these lengths.

        Args:
            words: (n,) lengths in words.
        """
        return LengthErrors((self.median_words, math.inf), (self.short, self.long), "").of_lengths(words)


def load_audits(spec: StudySpec) -> dict[str, Audit]:
    """The audits that a study names, by measure.

    Args:
        spec: of the study.

    Raises:
        InputError: a file is missing, is no audit of verdicts, or does not hold the measure.
    """
    problems: list[str] = []
    found = {}
    for measure, path in spec.audits.items():
        try:
            found[measure] = _load(measure, Path(path))
        except InputError as error:
            problems += [f"audits: {measure!r}: {line}" for line in error.problems]
    if problems:
        raise InputError(problems)
    return found


def _load(measure: str, path: Path) -> Audit:
    if not path.is_file():
        msg = f"{path}: no such file; `ragstudy judge audit` writes an audit.json"
        raise InputError(msg)
    content = read_json(path)
    if not isinstance(content, dict) or content.get("kind") != "verdicts":
        msg = f"{path}: is no audit of verdicts on single answers, which a correction needs; pairs tell too little"
        raise InputError(msg)
    audit = read_record(path, AuditResult)
    row = next((one for one in audit.scorers if one.scorer == measure), None)
    if row is None:
        known = ", ".join(dict.fromkeys(one.scorer for one in audit.scorers))
        msg = f"{path}: holds no such scorer; known: {known}"
        raise InputError(msg)
    counts = (row.counts or {}).get("all")
    if counts is None or not counts.n_right or not counts.n_wrong:
        msg = f"{path}: the audit needs answers that people call right and others that they call wrong; it has {counts}"
        raise InputError(msg)
    every = _rates(row, "all", row.sensitivity, row.specificity)
    if every.youden_j <= 0:
        msg = f"{path}: the audit found this scorer no better than a guess, so nothing can be corrected with it"
        raise InputError(msg)
    short = _rates(row, "short", row.sensitivity_short, row.specificity_short)
    long = _rates(row, "long", row.sensitivity_long, row.specificity_long)
    return Audit(audit.threshold, every, short, long, row.median_words or 0.0)


def _rates(row: ScorerAgreement, part: str, sensitivity: Interval | None, specificity: Interval | None) -> ErrorRates:
    counts = (row.counts or {})[part]
    # Where the audit has no such answers, what holds for all of them.
    return ErrorRates(
        _known(sensitivity, row.sensitivity), _known(specificity, row.specificity), counts.n_right, counts.n_wrong
    )


def _known(of_part: Interval | None, of_all: Interval) -> float:
    return of_part.value if of_part is not None and of_part.is_known else of_all.value
