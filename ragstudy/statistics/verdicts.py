"""From an interval, a p-value and a margin to a verdict."""

from __future__ import annotations

import math
from typing import Literal

from scipy import stats

Verdict = Literal["helps", "hurts", "no meaningful difference", "undecided"]


def decide(  # noqa: PLR0913 - the analysis has this many fixed parts
    difference: float,
    low: float,
    high: float,
    equivalence_low: float,
    equivalence_high: float,
    p_adjusted: float,
    margin: float,
    confidence: float,
) -> Verdict:
    """The verdict on one difference of a score of which more is better.

    * no meaningful difference: the interval at 1 - 2a lies within the margin: two one-sided tests at a
      (Schuirmann 1987). It goes first: a difference can be real and too small to matter.
    * helps / hurts: the interval at 1 - a leaves out zero and the adjusted p-value is at most a.
    * undecided: neither.

    Args:
        difference: tuned minus base.
        low: lower end of the interval at `confidence` = 1 - a.
        high: its upper end.
        equivalence_low: lower end of the interval at 1 - 2a.
        equivalence_high: its upper end.
        p_adjusted: p-value after correction for the study's cells.
        margin: smallest difference that matters.
        confidence: 1 - a.
    """
    if any(math.isnan(value) for value in (difference, low, high, p_adjusted)):
        return "undecided"
    if -margin < equivalence_low and equivalence_high < margin:
        return "no meaningful difference"
    # Rounded, because 1 - 0.95 is a little above 0.05.
    if (low > 0 or high < 0) and p_adjusted <= round(1 - confidence, 12):
        return "helps" if difference > 0 else "hurts"
    return "undecided"


def smallest_detectable(standard_error: float, confidence: float, power: float) -> float:
    """The true difference that a two-sided test at 1 - confidence finds with the given power.

    (z_{1-a/2} + z_{power}) * se (Cohen 1988; Miller 2024, arXiv 2411.00640, section 5).
    """
    return float((stats.norm.ppf((1 + confidence) / 2) + stats.norm.ppf(power)) * standard_error)


def questions_to_decide(  # noqa: PLR0913 - the analysis has this many fixed parts
    difference: float,
    standard_error: float,
    n: int,
    margin: float,
    confidence: float,
    power: float,
    n_in_family: int = 1,
    seed_error: float = 0.0,
) -> int | None:
    """How many more questions of the same kind would probably decide an undecided difference.

    Two ends are possible if the true difference is the observed one: it is told from zero, which takes
    n * ((z_{1-a/2} + z_power) se / |d|)^2 questions in all, or it is shown to lie within the margin, which
    takes n * ((z_{1-a} + z_{(1+power)/2}) se / (margin - |d|))^2. The nearer one counts. In a family of k cells
    zero has to be told at a/k, the strictest level that Holm's correction asks for. Questions shrink their own part of
    the error only: with e the error allowed and s that of the trainings, n se^2 / (e^2 - s^2) are needed.

    Returns:
        A number of further questions, at least 1; None if the standard error is unknown or zero, if this many
        questions should have decided already, or if no number would, because the trainings differ too much.
    """
    if math.isnan(standard_error) or standard_error == 0 or math.isnan(difference):
        return None
    size = abs(difference)
    allowed = []
    if size > 0:
        allowed.append(size / smallest_detectable(1.0, 1 - (1 - confidence) / n_in_family, power))
    if size < margin:
        allowed.append((margin - size) / (stats.norm.ppf(confidence) + stats.norm.ppf((1 + power) / 2)))
    needed = [n * standard_error**2 / (error**2 - seed_error**2) for error in allowed if error > seed_error]
    if not needed:
        return None
    more = math.ceil(min(needed)) - n
    return more if more > 0 else None
