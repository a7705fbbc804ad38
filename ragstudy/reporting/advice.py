"""The first sentence of a report: what to do, in words that need no statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ragstudy.formatting import share, signed, to_decide
from ragstudy.scoring.measures import better_sign, less_is_better

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ragstudy.results import AgainstBest, ComparisonRow
    from ragstudy.statistics import Verdict

_TENTHS = 10
_ADJECTIVES = {"accuracy": "accurate", "completeness": "complete"}


@dataclass(frozen=True)
class Advice:
    """What to do about a domain.

    Attributes:
        sentence: for somebody who reads nothing else.
        verdict: that it rests on; decides its colour.
        arm: that it is mainly about.
    """

    sentence: str
    verdict: Verdict
    arm: str


def advice(rows: Sequence[ComparisonRow], against_best: Sequence[AgainstBest] = ()) -> Advice | None:
    """What the verdicts of a domain come to.

    An arm is worth shipping if it helps on a measure and hurts on none.

    Args:
        rows: comparisons with a verdict, of one domain in the headline context, main measure first.
        against_best: the arms against the best one, on the main measure.

    Returns:
        None where nothing was compared.
    """
    arms: dict[str, list[ComparisonRow]] = {}
    for row in rows:
        # A control and an adapter of another domain are nothing to ship here.
        if not row.shuffled and not row.trained_on:
            arms.setdefault(row.arm, []).append(row)
    if not arms:
        return None
    by_verdict: dict[str, list[str]] = {}
    for arm, mine in arms.items():
        by_verdict.setdefault(_overall(mine), []).append(arm)
    first = {arm: mine[0] for arm, mine in arms.items()}
    helping = sorted(by_verdict.get("helps", []), key=lambda arm: -_signed(first[arm], first[arm].tuned_mean))
    hurting = sorted(by_verdict.get("hurts", []), key=lambda arm: _signed(first[arm], first[arm].effect.difference))
    undecided, level = by_verdict.get("undecided", []), by_verdict.get("no meaningful difference", [])
    better = _better_base(first, helping[0]) if helping else None
    if better is not None:
        told = f"Keep {better}: {helping[0]} gets better than {first[helping[0]].base}, but not as good as {better}."
        return Advice(told, "undecided", helping[0])
    if helping:
        return Advice(_ship(arms, helping, hurting, against_best), "helps", helping[0])
    if hurting:
        return Advice(_do_not_ship(arms, hurting, [*undecided, *level]), "hurts", hurting[0])
    if undecided:
        return Advice(_wait(first, undecided), "undecided", undecided[0])
    return Advice(
        f"Keep {_bases(first.values())}: tuning makes no difference that matters.", "no meaningful difference", level[0]
    )


def _signed(row: ComparisonRow, value: float) -> float:
    """A value of which more is better."""
    return better_sign(row.measure) * value


def _better_base(first: dict[str, ComparisonRow], best: str) -> str | None:
    """A base that scores higher than the best of the arms that help; None where there is none."""
    reached = _signed(first[best], first[best].tuned_mean)
    above = [row for row in first.values() if _signed(row, row.base_mean) > reached]
    return max(above, key=lambda row: _signed(row, row.base_mean)).base if above else None


def _bases(rows: Iterable[ComparisonRow]) -> str:
    return _listed(list(dict.fromkeys(row.base for row in rows)))


def _overall(rows: Sequence[ComparisonRow]) -> Literal["helps", "hurts", "undecided", "no meaningful difference"]:
    verdicts = {row.verdict for row in rows}
    if "hurts" in verdicts:
        return "hurts"
    if "helps" in verdicts:
        return "helps"
    return "undecided" if "undecided" in verdicts else "no meaningful difference"


def _ship(
    arms: dict[str, list[ComparisonRow]],
    helping: Sequence[str],
    hurting: Sequence[str],
    against_best: Sequence[AgainstBest],
) -> str:
    best = helping[0]
    told = f"Ship {best}: {cases(_measure_that(arms[best], 'helps'))}."
    # As good as the best as far as is known: its difference to the best is not told from zero.
    alike = [one.arm for one in against_best if one.best == best and one.arm in helping and one.effect.high >= 0]
    if alike:
        told += f" {_listed(alike)} {'is' if len(alike) == 1 else 'are'} not told apart from it."
    if hurting:
        told += f" Do not ship {_listed(hurting, 'or')}: {cases(_measure_that(arms[hurting[0]], 'hurts'))}."
    return told


def _do_not_ship(arms: dict[str, list[ComparisonRow]], hurting: Sequence[str], others: Sequence[str]) -> str:
    bases = _bases(mine[0] for mine in arms.values())
    told = f"Do not ship {_listed(hurting, 'or')}: {cases(_measure_that(arms[hurting[0]], 'hurts'))}. Keep {bases}"
    if not others:
        return f"{told}."
    rest = f"{others[0]} is not" if len(others) == 1 else f"none of the other {len(others)} arms is"
    return f"{told}; {rest} shown to be better."


def _wait(first: dict[str, ComparisonRow], undecided: Sequence[str]) -> str:
    needs = {arm: decision.n_more_questions for arm in undecided if (decision := first[arm].decision)}
    planned = {arm: n for arm, n in needs.items() if n}
    told = f"Not decided yet: keep {_bases(first.values())}"
    if planned:
        nearest = min(planned, key=lambda arm: planned[arm])
        decision = first[nearest].decision
        told += f"; {nearest} {to_decide(decision) if decision else ''}"
    return f"{told}."


def _measure_that(rows: Sequence[ComparisonRow], verdict: str) -> ComparisonRow:
    """The first measure with a verdict."""
    return next(row for row in rows if row.verdict == verdict)


def cases(row: ComparisonRow) -> str:
    """How many answers get better and worse, in tenths: `answers get more accurate in 3 of 10 cases and less in 1`.

    Args:
        row: an arm against its base.
    """
    # A row counts where the arm scores higher and lower.
    higher, lower = _tenths(row.n_better, row.effect.n), _tenths(row.n_worse, row.effect.n)
    gained, lost = (lower, higher) if less_is_better(row.measure) else (higher, lower)
    about = _ADJECTIVES.get(row.measure)
    more, less = (f"more {about}", f"less {about}") if about else (f"better ({row.measure})", f"worse ({row.measure})")
    if row.verdict == "hurts":
        return f"answers get {less} in {lost} of 10 cases and {'more' if about else 'better'} in {gained}"
    return f"answers get {more} in {gained} of 10 cases and {'less' if about else 'worse'} in {lost}"


def _tenths(part: int, whole: int) -> str:
    """How many of ten: `3`, or `fewer than 1` of what is there but rounds to none."""
    share = _TENTHS * part / whole if whole else 0.0
    return "fewer than 1" if 0 < share < 0.5 else f"{share:.0f}"  # noqa: PLR2004 - rounds to none


def _listed(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def in_words(row: ComparisonRow) -> str:
    """A difference with its interval as a sentence, and how many questions it rests on.

    Args:
        row: an arm against its base.
    """
    found = row.effect
    if not found.interval.is_known:
        return f"{share(row.tuned_mean)} against {share(row.base_mean)}; too little is known for an interval."
    direction = "higher" if found.difference >= 0 else "lower"
    better, worse = (row.n_worse, row.n_better) if less_is_better(row.measure) else (row.n_better, row.n_worse)
    return (
        f"On average {share(abs(found.difference))} {direction} ({share(row.tuned_mean)} against "
        f"{share(row.base_mean)}), between {signed(found.low)} and {signed(found.high)}: better on {better} and "
        f"worse on {worse} of {found.n} questions."
    )
