"""Accuracy and completeness by the rules of `ragstudy.scoring.claims`, without a judge.

Examples:
    >>> ACCURACY.scale, ACCURACY.gets_verdict
    ((0.0, 1.0), True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.protocols import MeasureKind
from ragstudy.scoring.claims import judge
from ragstudy.scoring.words import without_citations

if TYPE_CHECKING:
    from ragstudy.records import Axis, Question
    from ragstudy.scoring.measures import Resources


class RuleScore:
    """One of the two axes.

    Args:
        axis: 'accuracy' or 'completeness'.
        resources: of the domain.
    """

    def __init__(self, axis: Axis, resources: Resources) -> None:
        self._axis, self._resources = axis, resources

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better; numbers of passages in brackets are left out.

        Args:
            question: with its references and facts.
            answer: the text given.
        """
        judged = judge(question, without_citations(answer), self._resources.word_weights, self._resources.long_answers)
        return judged.accuracy if self._axis == "accuracy" else judged.completeness


ACCURACY = MeasureKind(
    "accuracy",
    "how much of what the answer says is right",
    lambda resources: RuleScore("accuracy", resources),
    needs_claims=True,
    version=5,
)
COMPLETENESS = MeasureKind(
    "completeness",
    "how much of what a right answer has to say the answer says",
    lambda resources: RuleScore("completeness", resources),
    needs_claims=True,
    version=5,
)
