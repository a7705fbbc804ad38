"""What a finding is about: one arm of one domain, with everything that the analysis found about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from ragstudy.results import Finding
from ragstudy.specs import parse_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ragstudy.results import (
        AnswerStyle,
        BetweenContexts,
        ComparisonRow,
        ContextUse,
        FailureShares,
        FindingNumber,
        Interaction,
        ModelTestMean,
        Results,
    )
    from ragstudy.statistics import Comparison, Interval

    Row = TypeVar("Row", AnswerStyle, ContextUse, FailureShares, ModelTestMean)


def numbers_of(found: Comparison | Interval) -> dict[str, FindingNumber]:
    """A difference and its interval, as numbers of a finding.

    Args:
        found: a comparison or an interval.
    """
    value = getattr(found, "difference", None)
    return {"difference": found.value if value is None else value, "low": found.low, "high": found.high}  # type: ignore[union-attr]


@dataclass(frozen=True)
class Subject:
    """The arm of a domain that findings explain.

    Attributes:
        results: of the analysis.
        contexts: name of the context that headlines are about.
        row: comparison of the arm in that context on the first verdict measure.
    """

    results: Results
    contexts: str
    row: ComparisonRow

    @property
    def arm(self) -> str:
        """Name of the arm."""
        return self.row.arm

    @property
    def measure(self) -> str:
        """Name of the first verdict measure."""
        return self.row.measure

    @property
    def hurts(self) -> bool:
        """Whether the arm is said to hurt."""
        return self.row.verdict == "hurts"

    def of_arm(self, rows: Iterable[Row], arm: str | None = None, contexts: str | None = None) -> Row | None:
        """The first row about an arm of the domain.

        Args:
            rows: of one kind.
            arm: name of the arm; that of the subject by default.
            contexts: name of the context, or None for any.
        """
        wanted = self.arm if arm is None else arm
        mine = (row for row in rows if row.domain == self.row.domain and row.arm == wanted)
        return next((row for row in mine if contexts is None or getattr(row, "contexts", None) == contexts), None)

    def in_context_of_kind(self, kind: str) -> ComparisonRow | None:
        """The arm's comparison in the first context of a kind.

        Args:
            kind: name of the kind of context.
        """
        return next(
            (
                row
                for row in self.results.comparisons
                if (row.domain, row.arm, row.measure) == (self.row.domain, self.arm, self.measure)
                and parse_context(row.contexts).kind == kind
            ),
            None,
        )

    def interaction(self) -> Interaction | None:
        """What passages bring the arm against what they bring its base."""
        wanted = (self.row.domain, self.arm, self.contexts, self.measure)
        rows = self.results.interactions
        return next((row for row in rows if (row.domain, row.arm, row.contexts, row.measure) == wanted), None)

    def against_retrieved(self, contexts: str) -> BetweenContexts | None:
        """The arm's effect in another context against that in the headline's.

        Args:
            contexts: name of the other context.
        """
        wanted = (self.row.domain, self.arm, contexts, self.measure)
        rows = self.results.between_contexts
        return next((row for row in rows if (row.domain, row.arm, row.contexts, row.measure) == wanted), None)

    def comparison_of(self, arm: str) -> ComparisonRow | None:
        """Another arm's comparison in the same context on the same measure.

        Args:
            arm: name of that arm.
        """
        wanted = (self.row.domain, arm, self.contexts, self.measure)
        rows = self.results.comparisons
        return next((row for row in rows if (row.domain, row.arm, row.contexts, row.measure) == wanted), None)

    def finding(
        self,
        rule: str,
        role: Literal["change", "cause", "caution", "next"],
        text: str,
        **numbers: FindingNumber,
    ) -> Finding:
        """A finding about the arm.

        Args:
            rule: name of the rule.
            role: what it is good for.
            text: the finding as a sentence.
            numbers: everything its sentence says, unrounded.
        """
        return Finding(self.row.domain, rule, role, self.arm, self.measure, text, numbers)
