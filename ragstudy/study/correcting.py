"""Shares of right answers, corrected for the errors that an audit found the scorer to make."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.errors import InputError
from ragstudy.files import read_json
from ragstudy.statistics.corrected import Corrected, ErrorRates, corrected_difference, corrected_rate
from ragstudy.statistics.paired import PairedDifferences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ragstudy.specs import StudySpec

LENGTH = "answer_words"
# Differences of the scorer's error rates between arms that are worth a warning.
_WORTH_TELLING = 0.02


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

    def of_lengths(self, words: NDArray[np.float64]) -> ErrorRates:
        """The rates to expect of answers of these lengths."""
        share = float((words <= self.median_words).mean())
        return ErrorRates(
            share * self.short.sensitivity + (1 - share) * self.long.sensitivity,
            share * self.short.specificity + (1 - share) * self.long.specificity,
            self.rates.n_right,
            self.rates.n_wrong,
        )


def load_audits(spec: StudySpec) -> dict[str, Audit]:
    """The audits that a study names, by measure.

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
    rows = [row for row in content["scorers"] if row["scorer"] == measure]
    if not rows:
        known = ", ".join(dict.fromkeys(row["scorer"] for row in content["scorers"]))
        msg = f"{path}: holds no such scorer; known: {known}"
        raise InputError(msg)
    row = rows[0]
    counts = row["counts"]["all"]
    if not counts["n_right"] or not counts["n_wrong"]:
        msg = f"{path}: the audit needs answers that people call right and others that they call wrong; it has {counts}"
        raise InputError(msg)
    parts = {part: _rates(row, part) for part in ("all", "short", "long")}
    if parts["all"].power <= 0:
        msg = f"{path}: the audit found this scorer no better than a guess, so nothing can be corrected with it"
        raise InputError(msg)
    return Audit(content["threshold"], parts["all"], parts["short"], parts["long"], row["median_words"])


def _rates(row: dict[str, Any], part: str) -> ErrorRates:
    suffix = "" if part == "all" else f"_{part}"
    found = {name: row[f"{name}{suffix}"]["value"] for name in ("sensitivity", "specificity")}
    whole = {name: row[name]["value"] for name in found}
    # Where the audit has no such answers, what holds for all of them.
    kept = {name: whole[name] if value is None else value for name, value in found.items()}
    return ErrorRates.of({**kept, **row["counts"][part]})


@dataclass(frozen=True)
class ArmScores:
    """Scores and lengths of one arm's answers, (n questions,) each, NaN where there is none."""

    name: str
    scores: NDArray[np.float64]
    words: NDArray[np.float64]


def correct(
    audit: Audit, base: ArmScores, tuned: ArmScores, groups: Sequence[str], confidence: float
) -> dict[str, Any] | None:
    """Shares of right answers of two arms and their difference, corrected.

    Args:
        audit: of the measure.
        base: the arm compared with.
        tuned: the other arm, on the same questions.
        groups: source of every question.
        confidence: of the intervals.

    Returns:
        `base`, `tuned` and `difference`, each with `value`, `low` and `high`, the shares as measured, and a
        `warning` where the scorer's error differs between the arms; None where no question has both scores, or all
        come from one group.
    """
    both = ~(np.isnan(base.scores) | np.isnan(tuned.scores))
    if not both.any():
        return None
    mine = [group for group, there in zip(groups, both, strict=True) if there]
    called = [(arm.scores[both] >= audit.threshold).astype(float) for arm in (base, tuned)]
    columns = PairedDifferences.of(np.stack([*called, called[1] - called[0]], axis=1), mine)
    means, errors = columns.means(), columns.standard_errors()
    if np.isnan(errors).any():
        return None  # of a single group nothing can be said about others
    shares = [corrected_rate(means[i], errors[i], audit.rates, confidence) for i in (0, 1)]
    difference = corrected_difference(means[2], errors[2], audit.rates, confidence)
    return {
        "n": int(both.sum()),
        "base_measured": float(means[0]),
        "tuned_measured": float(means[1]),
        "base": _plain(shares[0]),
        "tuned": _plain(shares[1]),
        "difference": _plain(difference),
        "warning": _warning(audit, base, tuned, both, (float(means[0]), float(means[1]))),
    }


def _plain(found: Corrected | None) -> dict[str, float] | None:
    return asdict(found) if found else None


def _warning(
    audit: Audit, base: ArmScores, tuned: ArmScores, both: NDArray[np.bool_], means: tuple[float, float]
) -> str:
    """A sentence where answers of these lengths are judged with different errors; empty otherwise."""
    lengths = [arm.words[both & ~np.isnan(arm.words)] for arm in (base, tuned)]
    if any(len(words) == 0 for words in lengths):
        return f"the study does not measure {LENGTH}, so the arms' lengths cannot be compared with the audit's"
    rates = [audit.of_lengths(words) for words in lengths]
    gaps = (rates[1].sensitivity - rates[0].sensitivity, rates[1].specificity - rates[0].specificity)
    if max(map(abs, gaps)) < _WORTH_TELLING:
        return ""
    each = [corrected_rate(mean, 0.0, rate, 0.95) for mean, rate in zip(means, rates, strict=True)]
    instead = f"; corrected by length the difference is {each[1].value - each[0].value:+.3f}" if all(each) else ""  # type: ignore[union-attr]
    return (
        f"{tuned.name} answers in {lengths[1].mean():.0f} words and {base.name} in {lengths[0].mean():.0f}, and the "
        f"scorer errs differently on short and long answers (sensitivity {gaps[0]:+.2f}, specificity {gaps[1]:+.2f})"
        f"{instead}"
    )
