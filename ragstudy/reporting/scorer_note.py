"""What is known of the errors of the scorers behind a domain's verdicts, in one or two sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.formatting import percent
from ragstudy.scoring.known_errors import known_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.results import ComparisonRow


def scorer_note(rows: Sequence[ComparisonRow]) -> str:
    """How often the scorers err on answers like these; '' where none of the verdicts is on a measure that is checked.

    Args:
        rows: comparisons of a domain with a verdict.
    """
    checked = [row for row in rows if row.length_bias or row.measure in known_errors()]
    found = [row.length_bias for row in checked if row.length_bias]
    if found:
        right = _range([one for row in found for one in (row.base_sensitivity, row.tuned_sensitivity)])
        wrong = _range([1 - one for row in found for one in (row.base_specificity, row.tuned_specificity)])
        return (
            f"Held against people, scores of .5 or more call {right} of the right answers of these lengths right, and "
            f"{wrong} of the wrong ones ({found[0].source}). A verdict that answers of different length could make by "
            "these errors alone reads undecided."
        )
    if not checked:
        return ""
    return (
        "How often these scores call a single right answer wrong is not known for references like these (longer ones, "
        "or yes and no). Between two long answers the error did not depend on their length. `ragstudy judge audit` "
        "finds out more from answers that people have judged."
    )


def _range(shares: Sequence[float]) -> str:
    low, high = percent(min(shares)), percent(max(shares))
    return low if low == high else f"{low} to {high}"
