"""Did I reproduce it? A run held against expected figures, or against an earlier run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError, model_validator

from ragstudy.errors import InputError, nearest
from ragstudy.files import read_yaml
from ragstudy.formatting import effect, signed
from ragstudy.reporting.two_runs import changed_effects
from ragstudy.scoring.measures import better_sign
from ragstudy.specs.base import Spec
from ragstudy.specs.messages import messages
from ragstudy.statistics import Comparison, Interval

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from ragstudy.results import ComparisonRow
    from ragstudy.study.run_folder import RunFolder

Outcome = Literal["reproduced", "not reproduced", "too uncertain"]


class Expected(Spec):
    """One expected figure.

    Attributes:
        domain: name of the domain in the run.
        arm: name of the arm.
        measure: name of the measure.
        contexts: name of the test context; the run's headline context by default.
        direction: 'better' or 'worse' than the base.
        difference: to the base.
        tolerance: by how much the difference may differ.
        source: where the figure is from.
    """

    domain: str
    arm: str
    measure: str = "accuracy"
    contexts: str | None = None
    direction: Literal["better", "worse"] | None = None
    difference: float | None = None
    tolerance: float | None = Field(default=None, gt=0)
    source: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.direction is None) == (self.difference is None):
            msg = "give either a direction (better, worse) or a difference with its tolerance"
            raise ValueError(msg)
        if (self.difference is None) != (self.tolerance is None):
            msg = "difference and tolerance go together"
            raise ValueError(msg)
        return self


class ExpectedFigures(Spec):
    """A file of expected figures.

    Attributes:
        title: what they are the figures of.
        expected: at least one.
    """

    title: str = ""
    expected: tuple[Expected, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Checked:
    """What came of one expected figure.

    Attributes:
        about: domain, arm, contexts and measure.
        expected: as text.
        found: difference with its interval, as text.
        outcome: whether it was reproduced.
    """

    about: str
    expected: str
    found: str
    outcome: Outcome


def read_expected(path: Path) -> ExpectedFigures:
    """The expected figures in a YAML file.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing, or a key or value is wrong; every problem is named.
    """
    try:
        return ExpectedFigures.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(messages(str(path), error, ExpectedFigures)) from None


def check_expected(folder: RunFolder, figures: ExpectedFigures, place: str) -> list[Checked]:
    """Hold a run against expected figures.

    A direction is reproduced where the interval leaves out zero on its side, a difference where the interval lies
    within its tolerance; not reproduced where the interval excludes it; else the run is too uncertain to say.

    Args:
        folder: of the run.
        figures: that are expected.
        place: where they stand, for messages.

    Raises:
        InputError: the run has no such domain, arm, context or measure; all that are missing are named.
    """
    folder.check()
    results = folder.results()
    rows = {(row.domain, row.arm, row.contexts, row.measure): row for row in results.comparisons if row.decision}
    problems, checked = [], []
    for number, one in enumerate(figures.expected):
        key = (one.domain, one.arm, one.contexts or results.headline_context, one.measure)
        if key not in rows:
            guess = nearest(" ".join(key), [" ".join(known) for known in rows])
            problems.append(f"{place}: expected.{number}: the run compares no {' '.join(key)}{guess}")
            continue
        checked.append(_checked(one, rows[key]))
    if problems:
        raise InputError(problems)
    return checked


def _checked(one: Expected, row: ComparisonRow) -> Checked:
    found = row.effect.interval
    if one.direction is not None:
        outcome = _direction(one.direction, found, sign=better_sign(row.measure))
        told: str = one.direction
    else:
        difference, tolerance = float(one.difference or 0.0), float(one.tolerance or 0.0)
        outcome = _within(found, difference - tolerance, difference + tolerance)
        told = f"{signed(difference)} ± {tolerance:g}"
    return Checked(_about(row), told + (f" ({one.source})" if one.source else ""), effect(row.effect), outcome)


def _about(row: ComparisonRow) -> str:
    return f"{row.domain}, {row.arm}, {row.contexts}, {row.measure}"


def _direction(wanted: Literal["better", "worse"], found: Interval, sign: int) -> Outcome:
    if not found.is_known:
        return "too uncertain"
    if found.low > 0 or found.high < 0:
        return "reproduced" if (sign * found.low > 0) == (wanted == "better") else "not reproduced"
    return "too uncertain"


def _within(found: Interval, low: float, high: float) -> Outcome:
    if not found.is_known:
        return "too uncertain"
    if low <= found.low and found.high <= high:
        return "reproduced"
    return "not reproduced" if found.high < low or found.low > high else "too uncertain"


def check_earlier(folder: RunFolder, earlier: RunFolder) -> list[Checked]:
    """Hold a run against an earlier one: the same differences within the margin of the earlier study.

    Where both runs ask the same questions, the changes are compared question by question; where none changed, the
    figure is reproduced. Else the runs are independent, and their errors add as squares. An arm that is compared with
    another base in the other run is left out.

    Args:
        folder: of the run.
        earlier: folder of the earlier run.

    Raises:
        InputError: a folder holds no run, or they compare nothing in common.
    """
    folder.check()
    earlier.check()
    before, margin = earlier.results(), earlier.results().settings.margin
    rows = {(row.domain, row.arm, row.contexts, row.measure): row for row in folder.results().comparisons}
    changes = changed_effects(earlier, folder)
    checked = []
    for old in before.comparisons:
        key = (old.domain, old.arm, old.contexts, old.measure)
        if old.decision is None or key not in rows or rows[key].base != old.base:
            continue
        new = rows[key]
        # Of a few shared questions no more is known than of none.
        shared = changes.get(key)
        shared = shared if shared is not None and shared.n == old.effect.n == new.effect.n else None
        outcome = _within(shared.single if shared else _independent(old, new), -margin, margin)
        if outcome == "too uncertain" and shared and _is_same(shared, margin):
            outcome = "reproduced"
        checked.append(Checked(_about(new), f"{effect(old.effect)} ± {margin:g}", effect(new.effect), outcome))
    if not checked:
        msg = f"{folder.path}: compares no domain, arm, context and measure that {earlier.path} compares"
        raise InputError(msg)
    return checked


def _is_same(change: Comparison, margin: float) -> bool:
    """Whether no question changed, or the change is shown to lie within the margin."""
    return change.difference == change.standard_error == 0 or change.is_within(margin)


def _independent(old: ComparisonRow, new: ComparisonRow) -> Interval:
    """The change between two differences of which nothing is shared."""
    change = new.effect.difference - old.effect.difference
    below = math.hypot(new.effect.difference - new.effect.single_low, old.effect.single_high - old.effect.difference)
    above = math.hypot(new.effect.single_high - new.effect.difference, old.effect.difference - old.effect.single_low)
    return Interval(change, change - below, change + above)
