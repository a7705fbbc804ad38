"""What an answer looks like, whatever it says.

Examples:
    >>> ANSWER_WORDS.higher_is_better is None, ABSTENTION.gets_verdict
    (True, False)
"""

from __future__ import annotations

from ragstudy.protocols import MeasureKind
from ragstudy.scoring.claims import declines
from ragstudy.scoring.measures.overlap import FunctionMeasure
from ragstudy.text import n_words

ANSWER_WORDS = MeasureKind(
    "answer_words",
    "length of the answer in words",
    lambda _resources: FunctionMeasure(lambda _question, answer: float(n_words(answer))),
    higher_is_better=None,
    scale=None,
    version=2,
)
ABSTENTION = MeasureKind(
    "abstention",
    "the answer declines to answer",
    lambda _resources: FunctionMeasure(lambda question, answer: float(declines(question, answer))),
    higher_is_better=None,
)
