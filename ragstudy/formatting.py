"""How numbers are written for people; nothing is rounded before.

Examples:
    >>> signed(-0.2049), share(0.5), p_value(0.0004)
    ('-.205', '.500', '<.001')
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ragstudy.statistics import Interval

# From here on a value is no score but a length in words.
_LENGTH = 2


# Where no question would decide: the caveat's beginning, and what would.
UNSCORED, SCORERS_ERRORS = "depends on answers that were not scored", "within what the scorer's errors make"
_NO_QUESTIONS = {
    UNSCORED: "takes the answers that have no score",
    SCORERS_ERRORS: "takes a judge, or an audit of the scorer on answers like these",
}


class _Forecast(Protocol):
    @property
    def n_more_questions(self) -> int | None: ...
    @property
    def n_more_questions_at_even_odds(self) -> int | None: ...
    @property
    def n_more_trainings(self) -> int | None: ...
    @property
    def verdict(self) -> str: ...
    @property
    def caveats(self) -> list[str]: ...


def effect(found: object) -> str:
    """A difference with its interval: `-.21 [-.27, -.15]`.

    Args:
        found: a comparison, or an interval; None where there is none.
    """
    if found is None:
        return "-"
    value = getattr(found, "difference", None)
    value = getattr(found, "value", math.nan) if value is None else value
    return f"{signed(value)} [{signed(getattr(found, 'low', None))}, {signed(getattr(found, 'high', None))}]"


def rate(found: Interval | None) -> str:
    """A share or mean with its interval: `.540 [.480, .600]`.

    Args:
        found: None or without a value where there is none.
    """
    if found is None or math.isnan(found.value):
        return "-"
    return f"{share(found.value)} [{share(found.low)}, {share(found.high)}]"


def to_decide(decision: _Forecast) -> str:
    """What it would take to decide: `would take about 710 to 2,400 more questions`; '' of what is decided.

    The first number is that of even odds, the last that of the study's power.

    Args:
        decision: on a comparison.
    """
    if decision.verdict != "undecided":
        return ""
    if decision.n_more_questions:
        least = _two_digits(decision.n_more_questions_at_even_odds or decision.n_more_questions)
        most = _two_digits(decision.n_more_questions)
        return f"would take about {most if least == most else f'{least} to {most}'} more questions"
    if decision.n_more_trainings:
        return f"would take about {decision.n_more_trainings} more trainings of each recipe"
    for beginning, what in _NO_QUESTIONS.items():
        if any(caveat.startswith(beginning) for caveat in decision.caveats):
            return what
    return "takes more than can be planned from this"


def _two_digits(number: int) -> str:
    """Rounded up to two digits: a forecast from one study knows no more of them."""
    digits = max(0, len(str(number)) - 2)
    return f"{-(-number // 10**digits) * 10**digits:,}"


def signed(value: float | None) -> str:
    """A difference with its sign, three or, for lengths, one decimal.

    Args:
        value: None or NaN where there is none.
    """
    if value is None or math.isnan(value):
        return "-"
    return f"{value:+.1f}" if abs(value) >= _LENGTH else _without_zero(f"{value:+.3f}")


def share(value: float | None) -> str:
    """A mean score with three decimals, or a length with one.

    Args:
        value: None or NaN where there is none.
    """
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.1f}" if abs(value) >= _LENGTH else _without_zero(f"{value:.3f}")


def percent(value: float) -> str:
    """A share in per cent, rounded to whole ones.

    Args:
        value: in [0, 1].
    """
    return f"{100 * value:.0f} %"


def p_value(value: float | None) -> str:
    """A p-value; small ones as a bound.

    Args:
        value: None or NaN where there is none.
    """
    if value is None or math.isnan(value):
        return "-"
    return "<.001" if value < 0.001 else _without_zero(f"{value:.3f}")  # noqa: PLR2004 - the usual bound


def _without_zero(number: str) -> str:
    """A number as it is written in statistics: without the zero before the point."""
    return re.sub(r"(?<!\d)0\.", ".", number)
