"""A gate for continuous integration: arms that lose more than a study allows end it with a failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

from ragstudy.errors import InputError, nearest
from ragstudy.formatting import effect
from ragstudy.scoring.measures import less_is_better

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.results import ComparisonRow
    from ragstudy.study.run_folder import RunFolder

Outcome = Literal["passed", "not shown", "failed"]
_RULE = re.compile(r"\s*(?P<measure>[\w.:-]*[\w.:])\s*(?P<side>[<>])\s*(?P<bound>[+-]?(?:\d+\.?\d*|\.\d+))\s*")


@dataclass(frozen=True)
class Rule:
    """What an arm's difference to its base has to be above, or below.

    Attributes:
        measure: name of the measure.
        bound: that the difference has to be above: -0.02 allows a loss of .02.
        is_upper: whether it has to be below instead, for measures of which less is better.
    """

    measure: str
    bound: float
    is_upper: bool = False

    @classmethod
    def within(cls, measure: str, margin: float) -> Rule:
        """The rule that nothing may be lost beyond a margin, whatever the direction of the measure.

        Args:
            measure: name of the measure.
            margin: that may be lost.
        """
        return cls(measure, margin, is_upper=True) if less_is_better(measure) else cls(measure, -margin)

    @classmethod
    def parse(cls, text: str) -> Rule:
        """A rule as it is written: `accuracy>-0.02`.

        Args:
            text: of the rule.

        Raises:
            InputError: it is no rule.
        """
        found = _RULE.fullmatch(text)
        if found is None:
            msg = f"--rule {text!r}: expected MEASURE>DIFFERENCE or MEASURE<DIFFERENCE, for example accuracy>-0.02"
            raise InputError(msg)
        return cls(found["measure"], float(found["bound"]), found["side"] == "<")

    def __str__(self) -> str:
        return f"{self.measure} {'<' if self.is_upper else '>'} {self.bound:+g}"


@dataclass(frozen=True)
class Ruling:
    """What a rule says about one comparison.

    Attributes:
        rule: that was applied.
        row: an arm against its base.
        outcome: 'passed' or 'failed' where the whole interval lies on one side of the bound, else 'not shown'.
    """

    rule: Rule
    row: ComparisonRow
    outcome: Outcome

    @property
    def about(self) -> str:
        """Domain, arm and contexts."""
        return f"{self.row.domain}, {self.row.arm}, {self.row.contexts}"


def rule_on(
    folder: RunFolder, rules: Sequence[Rule], domain: str = "*", arm: str = "*", contexts: str | None = None
) -> list[Ruling]:
    """Apply rules to the comparisons of a run.

    Args:
        folder: of the run.
        rules: that every arm has to keep.
        domain: pattern of the domains that they are for.
        arm: pattern of the arms that they are for; controls with shuffled labels are left out.
        contexts: pattern of the contexts that they are for; the headline context by default.

    Raises:
        InputError: the folder holds no run, or a rule applies to nothing.
    """
    folder.check()
    results = folder.results()
    wanted = contexts or results.headline_context
    rows = [
        row
        for row in results.comparisons
        if row.decision
        and not row.shuffled
        and fnmatchcase(row.domain, domain)
        and fnmatchcase(row.arm, arm)
        and fnmatchcase(row.contexts, wanted)
    ]
    rulings, problems = [], []
    for rule in rules:
        mine = [row for row in rows if row.measure == rule.measure]
        if not mine:
            known = sorted({row.measure for row in results.comparisons if row.decision})
            problems.append(
                f"--rule {rule.measure}: no comparison with a verdict on it among domains {domain!r}, arms {arm!r}, "
                f"prompts {wanted!r}{nearest(rule.measure, known)}"
            )
        rulings += [Ruling(rule, row, _outcome(rule, row)) for row in mine]
    if problems:
        raise InputError(problems)
    return rulings


def _outcome(rule: Rule, row: ComparisonRow) -> Outcome:
    found = row.effect.interval
    if not found.is_known:
        return "not shown"
    is_above, is_below = found.low > rule.bound, found.high < rule.bound
    if is_above or is_below:
        return "passed" if is_below == rule.is_upper else "failed"
    return "not shown"


def junit(rulings: Sequence[Ruling], *, strict: bool) -> str:
    """The rulings as JUnit XML.

    Args:
        rulings: of a run.
        strict: whether what is not shown is a failure; else it counts as skipped.
    """
    failed = [one for one in rulings if is_failure(one, strict=strict)]
    n_skipped = sum(one.outcome == "not shown" for one in rulings if one not in failed)
    counts = {"tests": str(len(rulings)), "failures": str(len(failed)), "skipped": str(n_skipped)}
    suite = ET.Element("testsuite", {"name": "ragstudy gate", **counts})
    for one in rulings:
        case = ET.SubElement(suite, "testcase", {"classname": one.row.domain, "name": f"{one.about}: {one.rule}"})
        told = {"message": f"{effect(one.row.effect)}: {one.outcome}"}
        if one in failed:
            ET.SubElement(case, "failure", told)
        elif one.outcome == "not shown":
            ET.SubElement(case, "skipped", told)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def is_failure(ruling: Ruling, *, strict: bool) -> bool:
    """Whether a ruling ends a pipeline.

    Args:
        ruling: on a comparison.
        strict: whether what is not shown is a failure.
    """
    return ruling.outcome == "failed" or (strict and ruling.outcome == "not shown")
