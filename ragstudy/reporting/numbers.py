"""How numbers are written in reports; rounded here and nowhere else."""

from __future__ import annotations

import math
from typing import Any


def effect(row: dict[str, Any]) -> str:
    """`-.21 [-.27, -.15]`."""
    return f"{signed(row['difference'])} [{signed(row['low'])}, {signed(row['high'])}]"


def to_decide(row: dict[str, Any]) -> str:
    """What it would take to decide an undecided row: `about 710 more questions`; '' where nothing is known of it."""
    more = row["n_more_questions"]
    if more:
        digits = max(0, len(str(more)) - 2)
        # Rounded up to two digits: a forecast from one study knows no more of them.
        return f"about {-(-more // 10**digits) * 10**digits:,} more questions"
    return "more trainings" if row["needs_trainings"] else ""


def gap(found: dict[str, float] | None) -> str:
    """A corrected difference with its interval."""
    if found is None:
        return "-"
    return f"{signed(found['value'])} [{signed(found['low'])}, {signed(found['high'])}]"


def rate(found: dict[str, float] | None) -> str:
    """A corrected share with its interval."""
    return f"{share(found['value'])} [{share(found['low'])}, {share(found['high'])}]" if found else "-"


def signed(value: float | None) -> str:
    """A difference with its sign, two or, for lengths, one decimal."""
    if value is None:
        return "-"
    if abs(value) >= 2:  # noqa: PLR2004 - a length in words, no score
        return f"{value:+.1f}"
    text = f"{value:+.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def share(value: float | None) -> str:
    """A mean score with three decimals, or a length with one."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.1f}" if abs(value) >= 2 else f"{value:.3f}"  # noqa: PLR2004 - a length in words


def p_value(value: float | None) -> str:
    """A p-value; small ones as a bound."""
    if value is None:
        return "-"
    return "<.001" if value < 0.001 else f"{value:.3f}".replace("0.", ".", 1)  # noqa: PLR2004 - the usual bound
