"""Why answers are as they are, what tuning cost elsewhere, and what follows.

Examples:
    >>> Finding('faq', 'none', 'next', 'ours', 'accuracy', 'Leave the base as it is.', {}).rule
    'none'
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ragstudy.records import FailurePoint
from ragstudy.statistics import Interval, Real

FindingNumber = bool | int | float | str | None | list[int] | list[float] | list[str]


@dataclass(frozen=True)
class ContextUse:
    """What an arm makes of passages with wrong values; shares of its answers.

    Attributes:
        domain: name of the domain.
        contexts: name of the counterfactual context.
        arm: name of the arm.
        n: answers.
        n_left_out: questions of which no value could be replaced safely.
        context_faithful: share that gives the passages' wrong value.
        parametric: share that gives the true value, which only the model's weights hold.
        neither: share that gives neither, or both.
        faithful_difference: tuned minus base of `context_faithful`; None for an arm without a base.
        parametric_difference: tuned minus base of `parametric`; None for an arm without a base.
    """

    domain: str
    contexts: str
    arm: str
    n: int
    n_left_out: int
    context_faithful: Interval
    parametric: Interval
    neither: Interval
    faithful_difference: Interval | None
    parametric_difference: Interval | None = None


@dataclass(frozen=True)
class FailureShares:
    """Where the answers of an arm fail.

    Attributes:
        domain: name of the domain.
        contexts: name of the test context.
        arm: name of the arm.
        n: answers.
        points: share of the answers at each failure point.
        retrieval_less_generation: share of the answers that failed before the model read, minus the share that failed
            where it read and answered.
        base: name of the arm it is compared with, or None.
        shifts: tuned minus base of each share, with intervals that hold for all points together; None for an arm
            without a base.
    """

    domain: str
    contexts: str
    arm: str
    n: int
    points: dict[FailurePoint, Interval]
    retrieval_less_generation: Interval
    base: str | None = None
    shifts: dict[FailurePoint, Interval] | None = None


@dataclass(frozen=True)
class AnswerStyle:
    """Length and form of an arm's answers, whatever they say.

    Attributes:
        domain: name of the domain.
        contexts: name of the test context.
        arm: name of the arm.
        reference_words: mean length of the references in words.
        features: mean number of words, and share of the answers with each other feature.
        base: name of the arm it is compared with, or None.
        shifts: tuned minus base of each feature; None for an arm without a base.
    """

    domain: str
    contexts: str
    arm: str
    reference_words: Real
    features: dict[str, Interval]
    base: str | None = None
    shifts: dict[str, Interval] | None = None


@dataclass(frozen=True)
class ModelTestMean:
    """The mean of a test that asks no question of the study, before and after tuning.

    Attributes:
        domain: domain of the training, or of the questions for passage ablation.
        arm: name of the arm.
        test: name of the test.
        measure: what its values are.
        n: items.
        mean: over the items.
        base: name of the arm it is compared with; None for an arm without a base.
        base_mean: mean of that one over the same items.
        effect: tuned minus base.
    """

    domain: str
    arm: str
    test: str
    measure: str
    n: int
    mean: Interval
    base: str | None = None
    base_mean: Real = math.nan
    effect: Interval | None = None

    @property
    def perplexity(self) -> float | None:
        """Exp of the mean loss; None of other measures."""
        return math.exp(self.mean.value) if self.measure == "loss" and self.mean.is_known else None

    @property
    def base_perplexity(self) -> float | None:
        """Exp of the base's mean loss; None of other measures, and of an arm without a base."""
        return math.exp(self.base_mean) if self.measure == "loss" and self.base is not None else None


@dataclass(frozen=True)
class Finding:
    """One thing that the numbers of a domain say under a fixed rule (docs/diagnosis.md).

    Attributes:
        domain: name of the domain.
        rule: name of the rule.
        role: what it is good for.
        arm: name of the arm it is about, or ''.
        measure: name of the measure it is about, or ''.
        text: the finding as a sentence.
        numbers: everything its sentence says, unrounded.
    """

    domain: str
    rule: str
    role: Literal["change", "cause", "caution", "next"]
    arm: str
    measure: str
    text: str
    numbers: dict[str, FindingNumber]
