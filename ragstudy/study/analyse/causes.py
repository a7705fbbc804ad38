"""Findings that say why an arm helps or hurts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.formatting import effect, percent, signed
from ragstudy.specs import parse_context
from ragstudy.study.analyse.failure_points import NUMBERS, OF_GENERATION
from ragstudy.study.analyse.subject import numbers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.results import AnswerStyle, Finding
    from ragstudy.statistics import Interval
    from ragstudy.study.analyse.subject import Subject

# Change of the share of answers that name a passage from which on it is told.
CHANGE_OF_CITING = 0.2
# Change of the answers' length, as a share of the base's, from which on it is told.
CHANGE_OF_LENGTH = 0.2


def memory_over_passages(subject: Subject) -> Finding | None:
    """With wrong values in the passages the tuned arm follows them less often than the base.

    Args:
        subject: arm that is explained.
    """
    mine = subject.of_arm(subject.results.context_use)
    if mine is None or mine.faithful_difference is None or not mine.faithful_difference.is_below_zero:
        return None
    base = subject.of_arm(subject.results.context_use, subject.row.base, mine.contexts)
    if base is None:
        return None
    numbers = {
        "context_faithful": mine.context_faithful.value,
        "base_context_faithful": base.context_faithful.value,
        "parametric": mine.parametric.value,
        "base_parametric": base.parametric.value,
    }
    follows = f"{percent(mine.context_faithful.value)} of the answers (base {percent(base.context_faithful.value)})"
    if mine.parametric_difference is not None and mine.parametric_difference.is_above_zero:
        text = (
            f"It answers from its weights: where the passages were changed it follows them in {follows} and gives the "
            f"true value, which they no longer hold, in {percent(mine.parametric.value)} (base "
            f"{percent(base.parametric.value)})."
        )
        return subject.finding("from_weights", "cause", text, **numbers)
    text = (
        f"It follows passages less: where they were changed in {follows}; that it gives the true value more often than "
        f"the base is not shown ({percent(mine.parametric.value)} against {percent(base.parametric.value)})."
    )
    return subject.finding("follows_less", "cause", text, **numbers)


def reading_or_choosing(subject: Subject) -> Finding | None:
    """Whether the effect is there with the gold passages alone, where neither search nor choice is at stake.

    Args:
        subject: arm that is explained.
    """
    row = subject.in_context_of_kind("oracle")
    if row is None or not row.effect.interval.is_known or not subject.hurts:
        return None
    numbers = numbers_of(row.effect)
    if row.effect.interval.is_below_zero:
        text = (
            f"Retrieval is not the reason: with the gold passages alone {subject.measure} changes by "
            f"{effect(row.effect)} too."
        )
        return subject.finding("reads_worse", "cause", text, **numbers)
    # It loses less with the gold passages alone: part of what is lost is telling them from others.
    less = subject.against_retrieved(row.contexts)
    if less is None or not less.effect.interval.is_above_zero:
        return None
    text = (
        f"With the gold passages alone it loses less, by {effect(less.effect)}: part of what it lost is telling the "
        "right passage from others."
    )
    return subject.finding("chooses_worse", "cause", text, retrieved=subject.row.effect.difference, **numbers)


def worth_of_passages(subject: Subject) -> Finding | None:
    """Passages are worth less, or more, to the tuned arm than to the base.

    Args:
        subject: arm that is explained.
    """
    row = subject.interaction()
    if row is None or not (row.effect.interval.is_below_zero or row.effect.interval.is_above_zero):
        return None
    text = (
        f"What passages add to {subject.measure} {'falls' if row.tuned_gain < row.base_gain else 'rises'} from "
        f"{signed(row.base_gain)} before tuning to {signed(row.tuned_gain)} after, by {effect(row.effect)}."
    )
    gains = {"base_gain": row.base_gain, "tuned_gain": row.tuned_gain}
    return subject.finding("passages_bring", "cause", text, **gains, **numbers_of(row.effect))


def failure_point(subject: Subject) -> Finding | None:
    """The failure point of generation that grew, or shrank, most.

    Args:
        subject: arm that is explained.
    """
    row = subject.of_arm(subject.results.failure_points, contexts=subject.contexts)
    if row is None or row.shifts is None:
        return None
    falls = subject.row.effect.difference < 0
    moved = {
        point: shift
        for point in OF_GENERATION
        if (shift := row.shifts[point]).is_above_zero or shift.is_below_zero
        if (shift.value > 0) == falls
    }
    if not moved:
        return None
    point = max(moved, key=lambda name: abs(moved[name].value))
    text = f"Answers that fail as “{point}” ({NUMBERS[point]}) change most: {effect(moved[point])} of all answers."
    return subject.finding("failure_point", "cause", text, point=point, **numbers_of(moved[point]))


def _style(subject: Subject, feature: str) -> tuple[AnswerStyle, Interval] | None:
    """The arm's style in the headline context, with the known shift of one feature."""
    row = subject.of_arm(subject.results.answer_style, contexts=subject.contexts)
    shift = row.shifts[feature] if row and row.shifts else None
    return (row, shift) if row and shift and shift.is_known else None


def citing(subject: Subject) -> Finding | None:
    """The tuned arm stopped, or began, to name the passage it answers from.

    Args:
        subject: arm that is explained.
    """
    known = _style(subject, "cites passages")
    if known is None or not (known[1].is_above_zero or known[1].is_below_zero):
        return None
    if abs(known[1].value) < CHANGE_OF_CITING:
        return None
    mine = known[0].features["cites passages"].value
    before = mine - known[1].value
    verb = "no longer names" if mine < before else "names"
    text = f"It {verb} the passage it answers from: {percent(mine)} of its answers do, of the base's {percent(before)}."
    return subject.finding("cites", "cause", text, cites=mine, base_cites=before)


def length(subject: Subject) -> Finding | None:
    """Answers are longer or shorter by a fifth.

    Args:
        subject: arm that is explained.
    """
    known = _style(subject, "words")
    if known is None or not (known[1].is_above_zero or known[1].is_below_zero):
        return None
    row, shift = known
    mine = row.features["words"].value
    before = mine - shift.value
    if before <= 0 or abs(shift.value) < CHANGE_OF_LENGTH * before:
        return None
    references = f"; the references have {row.reference_words:.1f}" if row.reference_words > 0 else ""
    text = f"Its answers have {mine:.1f} words, the base's {before:.1f}{references}."
    numbers = {"words": mine, "base_words": before, "reference_words": row.reference_words}
    return subject.finding("length", "cause", text, **numbers)


def declining(subject: Subject) -> Finding | None:
    """It declines less often where no passage answers.

    Args:
        subject: arm that is explained.
    """
    rows = [row for row in subject.results.answer_style if parse_context(row.contexts).kind == "distractors_only"]
    row = subject.of_arm(rows)
    if row is None or row.shifts is None or not row.shifts["declines"].is_below_zero:
        return None
    mine = row.features["declines"].value
    before = mine - row.shifts["declines"].value
    text = (
        f"Where no passage holds the answer it declines in {percent(mine)} of the cases, the base in {percent(before)}."
    )
    return subject.finding("declines_less", "cause", text, declines=mine, base_declines=before)


def depending_on_passages(subject: Subject) -> Finding | None:
    """Its answers get less unlikely when the gold passages are taken out: they depend less on what was read.

    Args:
        subject: arm that is explained.
    """
    row = subject.of_arm(subject.results.passage_ablation)
    if row is None or row.effect is None or not row.effect.is_below_zero:
        return None
    text = (
        f"Its answers depend less on what it reads: without the gold passages they lose {row.mean.value:.2f} nats a "
        f"token, the base's {row.base_mean:.2f}."
    )
    drops = {"drop": row.mean.value, "base_drop": row.base_mean}
    return subject.finding("depends_less", "cause", text, **drops, **numbers_of(row.effect))


def shuffled_labels(subject: Subject) -> Finding | None:
    """The same tuning on shuffled labels does as much: the form of the answers does it, not what they say.

    Args:
        subject: arm that is explained.
    """
    wanted = (subject.row.domain, subject.arm, subject.contexts, subject.measure)
    rows = subject.results.against_shuffled
    against = next((row for row in rows if (row.domain, row.arm, row.contexts, row.measure) == wanted), None)
    if against is None or not against.effect.low <= against.effect.high:
        return None
    if against.effect.interval.is_below_zero or against.effect.interval.is_above_zero:
        text = (
            f"Against the same tuning on shuffled answers {subject.measure} differs by {effect(against.effect)}: what "
            "the answers say matters."
        )
        return subject.finding("shuffled_differs", "cause", text, **numbers_of(against.effect))
    control, margin = subject.comparison_of(against.control), subject.results.settings.margin
    if control is None or not against.effect.is_within(margin) or control.verdict != subject.row.verdict:
        return None
    text = (
        f"The same tuning on shuffled answers does the same ({subject.measure} {effect(control.effect)}, within the "
        "margin of it): the form of the answers does it, not what they say."
    )
    return subject.finding("shuffled_as_much", "cause", text, **numbers_of(control.effect))


CAUSES: tuple[Callable[[Subject], Finding | None], ...] = (
    memory_over_passages,
    reading_or_choosing,
    worth_of_passages,
    failure_point,
    citing,
    length,
    declining,
    depending_on_passages,
    shuffled_labels,
)
