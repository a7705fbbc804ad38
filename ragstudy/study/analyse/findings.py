"""From the results of an analysis to findings: what changed, why, and what to try next; none without numbers.

Every rule is a function from what is known about one arm to a finding or None, with the sentence that says it;
docs/diagnosis.md says when each speaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.formatting import effect, share, signed
from ragstudy.results import Finding
from ragstudy.statistics.effects import Found, beliefs_of
from ragstudy.study.analyse.causes import CAUSES
from ragstudy.study.analyse.cautions import CAUTIONS
from ragstudy.study.analyse.subject import Subject, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.results import ComparisonRow, FindingNumber, Results


def find(results: Results) -> list[Finding]:
    """Findings for every domain, in the order in which they are told.

    Args:
        results: of the analysis, without findings.
    """
    headline = results.headline_context
    measure = results.settings.verdict_measures[0]
    findings: list[Finding] = []
    for about in results.domains:
        rows = [
            row
            for row in results.comparisons
            if (row.domain, row.contexts, row.measure) == (about.domain, headline, measure)
            and row.decision is not None
            and row.effect.interval.is_known
            and not row.shuffled
            and not row.trained_on
        ]
        tuned = [row for row in rows if row.size]
        if tuned:
            findings += _about_domain(Subject(results, headline, _most_telling(tuned)), tuned, rows)
    return findings


def _about_domain(subject: Subject, tuned: Sequence[ComparisonRow], rows: Sequence[ComparisonRow]) -> list[Finding]:
    findings = [_change(subject, tuned)]
    if subject.row.verdict in ("helps", "hurts"):
        findings += [finding for rule in CAUSES if (finding := rule(subject)) is not None]
    findings += [finding for rule in CAUTIONS if (finding := rule(subject)) is not None]
    return [*findings, _next(subject.results, rows)]


def _size_of(row: ComparisonRow) -> float:
    return abs(row.effect.difference)


def _most_telling(rows: Sequence[ComparisonRow]) -> ComparisonRow:
    """The arm to explain: the one that hurts most, else that helps most, else with the largest difference."""
    for verdict in ("hurts", "helps"):
        called = [row for row in rows if row.verdict == verdict]
        if called:
            return max(called, key=_size_of)
    return max(rows, key=_size_of)


def _change(subject: Subject, rows: Sequence[ComparisonRow]) -> Finding:
    row, verdicts = subject.row, [one.verdict for one in rows]
    n_hurts, n_helps = verdicts.count("hurts"), verdicts.count("helps")
    n_level = verdicts.count("no meaningful difference")
    counts = f"{n_hurts} of {len(rows)} tuned arms hurt, {n_helps} help"
    where, measure = f"with {subject.contexts} passages", row.measure
    if n_level == len(rows):
        text = f"No tuned arm moves {measure} by more than the margin {where} ({counts})."
    elif row.verdict not in ("helps", "hurts"):
        text = (
            f"No arm helps or hurts {measure} {where} for certain ({n_level} of {len(rows)} make no meaningful "
            f"difference); the largest difference is that of {row.arm}, {effect(row.effect)}."
        )
    else:
        verb = "falls" if row.effect.difference < 0 else "rises"
        text = (
            f"With {subject.contexts} passages {measure} {verb} from {share(row.base_mean)} to {share(row.tuned_mean)} "
            f"under {row.arm}: {effect(row.effect)} ({counts})."
        )
    return subject.finding(
        "effect",
        "change",
        text,
        contexts=subject.contexts,
        verdict=row.verdict,
        base=row.base,
        base_mean=row.base_mean,
        tuned_mean=row.tuned_mean,
        n_arms=len(rows),
        n_hurts=n_hurts,
        n_helps=n_helps,
        n_level=n_level,
        **numbers_of(row.effect),
    )


def _next(results: Results, rows: Sequence[ComparisonRow]) -> Finding:
    """What to try among the arms that were run: the best one, if it is better than leaving the base alone.

    Its interval holds although the arm was picked, because it holds for all arms together; its difference is told drawn
    towards those of the others, because the largest of several is too large by luck.
    """
    helping = [row for row in rows if row.verdict == "helps"]
    best = max(helping or rows, key=lambda row: row.effect.difference)
    beliefs = beliefs_of([Found.by(row.effect, row.base) for row in rows])
    expected = beliefs[rows.index(best)].expected
    level = _not_told_from(results, best)
    told = f"{best.measure} {effect(best.effect)}"
    if helping:
        others = f" Not told from it: {', '.join(level)}." if level else ""
        rule = "best_helps"
        text = f"Try {best.arm}: {told} against {best.base}; expect about {signed(expected)} of new questions.{others}"
    elif best.effect.interval.is_below_zero:
        rule = "none"
        text = f"Leave {best.base} as it is: every arm that was run is worse; the least bad is {best.arm} with {told}."
    else:
        rule = "best_is_level"
        text = f"Nothing that was run helps for certain; the best is {best.arm} with {told} ({best.verdict})."
    numbers: dict[str, FindingNumber] = {
        **numbers_of(best.effect),
        "expected": expected,
        "not_told_from_it": level,
        "verdict": best.verdict,
        "base": best.base,
        "tuned": bool(best.size),
    }
    return Finding(best.domain, rule, "next", best.arm, best.measure, text, numbers)


def _not_told_from(results: Results, best: ComparisonRow) -> list[str]:
    """The other arms of the domain that are not told from the best one."""
    rows = [row for row in results.against_best if row.domain == best.domain and row.best == best.arm]
    return [row.arm for row in rows if not row.effect.interval.is_below_zero]
