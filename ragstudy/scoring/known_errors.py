"""How often accuracy and completeness call single answers as people do, by the length of the answer.

Counted on EVOUNA (Wang et al. 2023, github.com/wangcunxiang/QA-Eval, commit 90007d3, Apache-2.0): five systems' answers
to 1,488 questions of Natural Questions, whose references are names, numbers and dates. A test counts them anew
(`tests/scoring/test_known_errors.py`). Of longer references no such labels are known.

Examples:
    >>> errors = known_errors()['accuracy']
    >>> round(errors.rates[0].sensitivity, 2), round(errors.rates[-1].sensitivity, 2)
    (0.89, 0.57)
"""

from __future__ import annotations

import math

from ragstudy.statistics.corrected import ErrorRates
from ragstudy.statistics.length_errors import LengthErrors

SOURCE = "7,440 answers to Natural Questions that people judged (EVOUNA)"
# The version of the two measures whose errors these are.
OF_VERSION = 5
UP_TO = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0, math.inf)
# Of each class: answers that people call right, of these called right; answers that they call wrong, called wrong.
COUNTS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "accuracy": (
        (845, 754, 363, 362),
        (282, 241, 144, 144),
        (496, 455, 140, 137),
        (1664, 1469, 531, 514),
        (1300, 1072, 461, 446),
        (765, 539, 299, 269),
        (107, 61, 43, 39),
    ),
    "completeness": (
        (845, 751, 363, 362),
        (282, 241, 144, 144),
        (496, 450, 140, 137),
        (1664, 1457, 531, 516),
        (1300, 1066, 461, 446),
        (765, 539, 299, 269),
        (107, 63, 43, 39),
    ),
}


def known_errors() -> dict[str, LengthErrors]:
    """By measure."""
    return {
        measure: LengthErrors(
            UP_TO,
            tuple(ErrorRates(a / n, b / m, n, m) for n, a, m, b in counts),
            SOURCE,
            of_short_references=True,
        )
        for measure, counts in COUNTS.items()
    }
