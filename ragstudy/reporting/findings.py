"""The sentences of an explanation, from its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.reporting.numbers import effect, share, signed
from ragstudy.study.failure_points import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Numbers = dict[str, Any]


def sentences(findings: Sequence[dict[str, Any]]) -> list[str]:
    """One sentence per finding, in order."""
    return [_WORDS[one["rule"]](one["arm"], one["measure"], one["numbers"]) for one in findings]


def rules() -> set[str]:
    """The rules that have words."""
    return set(_WORDS)


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _changed(arm: str, measure: str, n: Numbers) -> str:
    counts = f"{n['n_hurts']} of {n['n_arms']} tuned arms hurt, {n['n_helps']} help"
    if n["n_level"] == n["n_arms"]:
        return f"No tuned arm moves {measure} by more than the margin with {n['contexts']} passages ({counts})."
    if n["verdict"] not in ("helps", "hurts"):
        return (
            f"No arm helps or hurts {measure} with {n['contexts']} passages for certain ({n['n_level']} of "
            f"{n['n_arms']} make no meaningful difference); the largest difference is that of {arm}, {effect(n)}."
        )
    verb = "falls" if n["difference"] < 0 else "rises"
    return (
        f"With {n['contexts']} passages {measure} {verb} from {share(n['base_mean'])} to {share(n['tuned_mean'])} "
        f"under {arm}: {effect(n)} ({counts})."
    )


def _from_weights(_arm: str, _measure: str, n: Numbers) -> str:
    return (
        f"It answers from its weights: where the passages were changed it follows them in {_percent(n['follows'])} of "
        f"the answers (base {_percent(n['base_follows'])}) and sticks to the true value in {_percent(n['sticks'])} "
        f"(base {_percent(n['base_sticks'])})."
    )


def _follows_less(_arm: str, _measure: str, n: Numbers) -> str:
    return (
        "It reads passages less well rather than answering from its weights: where they were changed it follows them "
        f"in {_percent(n['follows'])} of the answers (base {_percent(n['base_follows'])}), and still seldom gives the "
        f"true value ({_percent(n['sticks'])})."
    )


def _cites(_arm: str, _measure: str, n: Numbers) -> str:
    verb = "no longer names" if n["cites"] < n["base_cites"] else "names"
    return (
        f"It {verb} the passage it answers from: {_percent(n['cites'])} of its answers do, of the base's "
        f"{_percent(n['base_cites'])}."
    )


def _length(_arm: str, _measure: str, n: Numbers) -> str:
    references = f"; the references have {n['reference_words']:.1f}" if n["reference_words"] else ""
    return f"Its answers have {n['words']:.1f} words, the base's {n['base_words']:.1f}{references}."


def _dose(_arm: str, _measure: str, n: Numbers) -> str:
    by_size = ", ".join(f"{size} pairs {signed(d)}" for size, d in zip(n["sizes"], n["differences"], strict=True))
    return f"The effect shows from {n['smallest']} training pairs on: {by_size}."


_WORDS: dict[str, Callable[[str, str, Numbers], str]] = {
    "effect": _changed,
    "from_weights": _from_weights,
    "follows_less": _follows_less,
    "reads_worse": lambda _a, m, n: (
        f"Retrieval is not the reason: with the gold passages alone {m} changes by {effect(n)} too."
    ),
    "chooses_worse": lambda _a, m, n: (
        f"It reads about as well with the gold passages alone ({m} {effect(n)}), so what it lost is telling the right "
        "passage from others."
    ),
    "passages_bring": lambda _a, m, n: (
        f"Passages raise {m} by {signed(n['tuned_gain'])} after tuning and by {signed(n['base_gain'])} before: "
        f"{effect(n)}."
    ),
    "failure_point": lambda _a, _m, n: (
        f"Answers that fail as “{n['point']}” ({NUMBERS[n['point']]}) change most: {effect(n)} of all answers."
    ),
    "cites": _cites,
    "length": _length,
    "declines_less": lambda _a, _m, n: (
        f"Where no passage holds the answer it declines in {_percent(n['declines'])} of the cases, the base in "
        f"{_percent(n['base_declines'])}."
    ),
    "hangs_less": lambda _a, _m, n: (
        f"Its answers hang less on what it reads: without the gold passages they lose {n['drop']:.2f} nats a token, "
        f"the base's {n['base_drop']:.2f}."
    ),
    "forgets": lambda _a, _m, n: (
        f"It gets worse elsewhere, at {', '.join(n['tests'])}: {n['what']} on {n['probe']} goes from "
        f"{n['base_mean']:.2f} to {n['mean']:.2f}."
    ),
    "sham_as_much": lambda _a, m, n: (
        f"The same tuning on shuffled answers does much the same ({m} {effect(n)}): the form of the answers does it, "
        "not what they say."
    ),
    "sham_differs": lambda _a, m, n: (
        f"Against the same tuning on shuffled answers {m} differs by {effect(n)}: what the answers say matters."
    ),
    "dose": _dose,
    "seeds": lambda _a, _m, n: (
        f"{_percent(n['share'])} of the error of this effect is the spread of the {n['n_seeds']} trainings: more "
        "training seeds would narrow it, more questions would not."
    ),
    "retrieval_first": lambda _a, _m, n: (
        f"{_percent(n['before'] / n['wrong'])} of the base's failures happen before it reads (missing content, "
        "ranking, cut): better retrieval has more to give than tuning."
    ),
    "best_helps": lambda a, m, n: f"Try {a}: {m} {effect(n)} against {n['base']}.",
    "best_is_level": lambda a, m, n: (
        f"Nothing that was run helps for certain; the best is {a} with {m} {effect(n)} ({n['verdict']})."
    ),
    "none": lambda a, m, n: (
        f"Leave {n['base']} as it is: every arm that was run is worse; the least bad is {a} with {m} {effect(n)}."
    ),
}
