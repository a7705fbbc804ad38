"""What is known of the domains, and every arm against its base.

Examples:
    >>> RetrievalQuality('faq', k=5, recall=0.9, hit=0.95, mrr=0.8, ndcg=0.85, n=100).recall
    0.9
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ragstudy.statistics import Comparison, Interval, Real, Verdict


@dataclass(frozen=True)
class DomainSummary:
    """What is known of a domain of the study.

    Attributes:
        domain: name of the domain.
        title: one line about its corpus.
        n_documents: documents of the corpus.
        n_train: training questions.
        n_test: test questions that were asked.
        n_test_groups: source documents of the test questions.
        n_without_gold: questions that were left out because they name no gold passage.
        test_types: test questions by type.
        reference_means: mean score of the reference answers themselves, by measure: the ceiling that the scorer sets.
    """

    domain: str
    title: str
    n_documents: int
    n_train: int
    n_test: int
    n_test_groups: int
    n_without_gold: int
    test_types: dict[str, int]
    reference_means: dict[str, Real] = field(default_factory=dict)


@dataclass(frozen=True)
class RetrievalQuality:
    """How good the ranking of a domain is at one depth; shares are in [0, 1], more is better.

    Attributes:
        domain: name of the domain.
        n: questions that name gold evidence.
        k: passages looked at.
        recall: share of a question's gold evidence that its first k passages cover.
        hit: share of questions of which a passage covers at least some.
        mrr: mean of 1 / rank of the first passage that covers some.
        ndcg: discounted evidence that each passage adds, over that of the best ranking.
    """

    domain: str
    n: int
    k: int
    recall: float
    hit: float
    mrr: float
    ndcg: float


@dataclass(frozen=True)
class ArmMean:
    """The mean of one measure over the answers of one arm in one context.

    Attributes:
        domain: name of the domain.
        arm: name of the arm.
        contexts: name of the test context.
        measure: name of the measure.
        mean: over all scored answers of all seeds.
        n_scored: answers with a score.
        n_unscored: answers without one.
        seed_means: mean of each training.
    """

    domain: str
    arm: str
    contexts: str
    measure: str
    mean: Real
    n_scored: int
    n_unscored: int
    seed_means: list[Real]


@dataclass(frozen=True)
class Decision:
    """The verdict on a comparison, and what it rests on.

    Attributes:
        verdict: on the tuned arm.
        about: what the verdict is about: the 'recipe', where it is known how much its trainings differ; this 'adapter',
            where a single one was trained and nothing is known of others; or this 'model', which was not tuned here.
        n_more_questions: more questions after which an undecided comparison is decided with the study's power; None
            where no number can be named.
        n_more_questions_at_even_odds: more questions after which it is as likely decided as not.
        n_more_documents: further source documents that `n_more_questions` come from, at as many questions each.
        n_more_trainings: more trainings of each recipe, where only these would decide it.
        caveats: what a reader must know beside the numbers.
    """

    verdict: Verdict
    about: Literal["recipe", "adapter", "model"]
    n_more_questions: int | None
    n_more_questions_at_even_odds: int | None
    n_more_documents: int | None
    n_more_trainings: int | None
    caveats: list[str]


@dataclass(frozen=True)
class UnscoredBounds:
    """A difference under the worst and the best that its answers without a score could have been.

    Attributes:
        tuned: share of the arm's answers without a score.
        base: share of the base's answers without a score.
        worst: the difference if each of the arm's had scored 0 and each of the base's 1.
        best: the difference if each of the arm's had scored 1 and each of the base's 0.
        within_margin: whether the difference would lie within the margin in both cases.
    """

    tuned: float
    base: float
    worst: Interval
    best: Interval
    within_margin: bool


@dataclass(frozen=True)
class LengthBias:
    """What the scorer would make of two arms that are equally right, because their answers differ in length.

    Attributes:
        source: the labels that the scorer's errors are known from.
        n: questions of the comparison that are like the labelled ones.
        base_words: mean length of the base's answers to these.
        tuned_words: mean length of the arm's.
        base_sensitivity: share of the right answers of the base's lengths that the scorer calls right.
        tuned_sensitivity: the same of the arm's lengths.
        base_specificity: share of the wrong answers of the base's lengths that the scorer calls wrong.
        tuned_specificity: the same of the arm's lengths.
        bias: the difference that these errors make by themselves.
        without: the difference less that, with the errors of both.
    """

    source: str
    n: int
    base_words: float
    tuned_words: float
    base_sensitivity: float
    tuned_sensitivity: float
    base_specificity: float
    tuned_specificity: float
    bias: Interval
    without: Interval


@dataclass(frozen=True)
class ComparisonRow:
    """One arm against its base in one context on one measure.

    Attributes:
        domain: name of the domain.
        arm: name of the arm.
        base: name of the arm it is compared with.
        format: training format, or '' for an arm that was not tuned in this study.
        size: training pairs that its name promises, or 0.
        series: name of the recipe without its size, or ''.
        training: name that the arms of one training at several epochs share, or ''.
        n_epochs: epochs it was trained for, or 0.
        shuffled: whether its labels were shuffled, as a control.
        trained_on: domain its adapters come from, where it is another one, or ''.
        contexts: name of the test context.
        measure: name of the measure.
        base_mean: mean of the base over the questions that both have a score for.
        tuned_mean: mean of the arm over these.
        n_left_out: questions without a score from both.
        n_better: questions on which the arm scores higher.
        n_worse: questions on which it scores lower.
        n_pairs: training pairs of its smallest training.
        effect: difference with its intervals, tests and parts of its error.
        unscored: what the answers without a score could make of it; None where both arms lack as many, or none.
        length_bias: what the scorer's errors make of the difference; None where they are not known.
        decision: verdict; None on a measure that gets none.
    """

    domain: str
    arm: str
    base: str
    format: str
    size: int
    series: str
    training: str
    n_epochs: int
    shuffled: bool
    trained_on: str
    contexts: str
    measure: str
    base_mean: Real
    tuned_mean: Real
    n_left_out: int
    n_better: int
    n_worse: int
    n_pairs: int
    effect: Comparison
    unscored: UnscoredBounds | None
    length_bias: LengthBias | None
    decision: Decision | None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, or None on a measure that gets none."""
        return self.decision.verdict if self.decision else None

    @property
    def caveats(self) -> list[str]:
        """What a reader must know beside the numbers."""
        return self.decision.caveats if self.decision else []


@dataclass(frozen=True)
class Interaction:
    """What passages bring an arm, against what they bring its base.

    Attributes:
        domain: name of the domain.
        arm: name of the arm.
        base: name of the arm it is compared with.
        contexts: name of the context with passages.
        measure: name of the measure.
        tuned_gain: mean score of the arm with passages minus without.
        base_gain: mean score of the base with passages minus without.
        effect: tuned gain minus base gain; negative: tuning made passages worth less.
    """

    domain: str
    arm: str
    base: str
    contexts: str
    measure: str
    tuned_gain: Real
    base_gain: Real
    effect: Comparison


@dataclass(frozen=True)
class AgainstShuffled:
    """An arm against the same training on shuffled labels.

    Attributes:
        domain: name of the domain.
        arm: name of the arm.
        control: name of the arm with shuffled labels.
        contexts: name of the test context.
        measure: name of the measure.
        effect: arm minus control.
    """

    domain: str
    arm: str
    control: str
    contexts: str
    measure: str
    effect: Comparison


@dataclass(frozen=True)
class BetweenContexts:
    """What tuning changes in one context against what it changes in the headline context.

    Attributes:
        domain: name of the domain.
        arm: name of the arm.
        contexts: name of the context.
        measure: name of the measure.
        effect: (tuned - base) in this context minus (tuned - base) in the headline context, question by question.
    """

    domain: str
    arm: str
    contexts: str
    measure: str
    effect: Comparison


@dataclass(frozen=True)
class AgainstBest:
    """An arm, or the base, against the arm that did best in the headline context on the first verdict measure.

    Attributes:
        domain: name of the domain.
        best: name of the arm with the highest mean.
        arm: name of the other one.
        contexts: name of the test context.
        measure: name of the measure.
        effect: other minus best; all pairs of arms are one family, so that it holds although the best was picked.
    """

    domain: str
    best: str
    arm: str
    contexts: str
    measure: str
    effect: Comparison


@dataclass(frozen=True)
class SeriesPoint:
    """One arm of a series.

    Attributes:
        at: training pairs, or epochs.
        arm: name of the arm.
        effect: difference to the base with its interval.
        verdict: on the arm.
    """

    at: int
    arm: str
    effect: Interval
    verdict: Verdict


@dataclass(frozen=True)
class Series:
    """Dose and response: a recipe's effect over training sizes, or over the epochs of one training.

    Attributes:
        domain: name of the domain.
        contexts: name of the test context.
        measure: name of the measure.
        trained_on: domain its adapters come from, where it is another one, or ''.
        axis: what the points differ in.
        series: name of the recipe, or of the training.
        points: at least two, rising.
    """

    domain: str
    contexts: str
    measure: str
    trained_on: str
    axis: Literal["pairs", "epochs"]
    series: str
    points: list[SeriesPoint]


@dataclass(frozen=True)
class CorrectedShares:
    """Shares of right answers of an arm and its base, corrected for the errors that an audit found the scorer to make.

    Attributes:
        domain: name of the domain.
        measure: name of the audited measure.
        contexts: name of the test context.
        arm: name of the arm.
        base_arm: name of the arm it is compared with.
        n: questions that both have a score for.
        base_measured: share of the base's answers that the scorer calls right.
        tuned_measured: share of the arm's answers that the scorer calls right.
        base: corrected share of the base.
        tuned: corrected share of the arm.
        difference: corrected difference.
        warning: a sentence where the scorer's error differs between the arms, or ''.
    """

    domain: str
    measure: str
    contexts: str
    arm: str
    base_arm: str
    n: int
    base_measured: float
    tuned_measured: float
    base: Interval | None
    tuned: Interval | None
    difference: Interval | None
    warning: str
