"""Findings that a reader must know beside the verdict: what it cost elsewhere, from which size on, how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.formatting import percent, signed
from ragstudy.study.analyse.failure_points import OF_RETRIEVAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.results import Finding, FindingNumber, ModelTestMean
    from ragstudy.study.analyse.subject import Subject

# Many tokens make differences certain that nobody would notice.
LEAST_LOSS_ELSEWHERE = 0.02
# Share from which on something makes up most of a whole.
MOST = 0.5


def forgetting(subject: Subject) -> Finding | None:
    """The test elsewhere that got worse most, in widths of its interval.

    Args:
        subject: arm that is explained.
    """
    rows = [row for row in subject.results.forgetting if row.domain == subject.row.domain and row.arm == subject.arm]
    worse = [row for row in rows if _is_worse(row)]
    if not worse:
        return None
    row = max(worse, key=_in_widths)
    before, after = row.base_mean, row.mean.value
    what = row.measure
    if row.perplexity is not None and row.base_perplexity is not None:
        what, before, after = "perplexity", row.base_perplexity, row.perplexity
    tests = sorted({one.test for one in worse})
    text = (
        f"It gets worse elsewhere, at {', '.join(tests)}: {what} on {row.test} goes from {before:.2f} to {after:.2f}."
    )
    numbers: dict[str, FindingNumber] = {
        "test": row.test,
        "what": what,
        "tests": tests,
        "mean": after,
        "base_mean": before,
    }
    return subject.finding("forgets", "caution", text, **numbers)


def _is_worse(row: ModelTestMean) -> bool:
    if row.effect is None or row.measure == "log_likelihood":
        return False
    lost = row.effect.is_above_zero if row.measure == "loss" else row.effect.is_below_zero
    return lost and abs(row.effect.value) >= LEAST_LOSS_ELSEWHERE


def _in_widths(row: ModelTestMean) -> float:
    width = row.effect.high - row.effect.low if row.effect else 0.0
    return abs(row.effect.value) / width if row.effect and width else 0.0


def dose(subject: Subject) -> Finding | None:
    """At which training sizes the effect is told from zero; every size has a verdict of its own.

    Args:
        subject: arm that is explained.
    """
    wanted = (subject.row.domain, subject.contexts, subject.measure, "", "pairs", subject.row.series)
    for one in subject.results.series:
        about = (one.domain, one.contexts, one.measure, one.trained_on, one.axis, one.series)
        if about == wanted and any(point.verdict in ("helps", "hurts") for point in one.points):
            sizes, differences = [p.at for p in one.points], [p.effect.value for p in one.points]
            verdicts: list[str] = [p.verdict for p in one.points]
            told = ", ".join(f"{p.at} pairs {signed(p.effect.value)} ({p.verdict})" for p in one.points)
            text = f"By training size: {told}."
            return subject.finding("dose", "caution", text, sizes=sizes, differences=differences, verdicts=verdicts)
    return None


def spread_of_trainings(subject: Subject) -> Finding | None:
    """The spread of the trainings is the larger part of the uncertainty.

    Args:
        subject: arm that is explained.
    """
    found = subject.row.effect
    of_seeds, of_questions = found.spread.variance_of_mean, found.standard_error**2
    if not of_seeds or not of_seeds >= MOST * (of_seeds + of_questions):
        return None
    share_of_error = of_seeds / (of_seeds + of_questions)
    text = (
        f"{percent(share_of_error)} of the error of this effect is the spread of the {found.spread.n_seeds} trainings: "
        "more training seeds would narrow it, more questions would not."
    )
    numbers = {"n_seeds": found.spread.n_seeds, "share": share_of_error}
    return subject.finding("seeds", "caution", text, **numbers)


def retrieval_first(subject: Subject) -> Finding | None:
    """More of the base's failures are made before it reads than after.

    Args:
        subject: arm that is explained.
    """
    row = subject.of_arm(subject.results.failure_points, subject.row.base, subject.contexts)
    if row is None or not row.retrieval_less_generation.is_above_zero:
        return None
    before = sum(row.points[point].value for point in OF_RETRIEVAL)
    wrong = 1 - row.points["right"].value
    text = (
        f"{percent(before / wrong)} of the base's failures happen before it reads (missing content, ranking, cut): "
        "better retrieval has more to give than tuning."
    )
    return subject.finding("retrieval_first", "caution", text, before=before, wrong=wrong)


CAUTIONS: tuple[Callable[[Subject], Finding | None], ...] = (forgetting, dose, spread_of_trainings, retrieval_first)
