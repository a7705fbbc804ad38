"""How far scorers agree with people: frozen records, and audit.json is their serialisation.

Examples:
    >>> LabelCounts(n_right=30, n_wrong=12).n_right
    30
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from ragstudy.statistics import Interval


@dataclass(frozen=True)
class LabelCounts:
    """How many answers people called right and wrong.

    Attributes:
        n_right: answers called right.
        n_wrong: answers called wrong.
    """

    n_right: int
    n_wrong: int


@dataclass(frozen=True)
class PositionBias:
    """What the order of two answers does to a judge's verdict.

    Attributes:
        turned: share of the pairs whose verdict turns round with the order.
        for_second: how much the second place is preferred, from -2 to 2.
    """

    turned: Interval
    for_second: Annotated[Interval, Field(validation_alias=AliasChoices("for_second", "liking_for_second"))]


@dataclass(frozen=True)
class Retest:
    """How far a judge agrees with itself when it is asked a second time.

    Attributes:
        pearson: correlation of the two scores.
        same: share of the answers with the same score.
    """

    pearson: Interval
    same: Interval


@dataclass(frozen=True)
class ScorerAgreement:
    """Agreement of one scorer with people on one axis; what the kind of labels does not tell is None.

    Attributes:
        scorer: name of the scorer.
        axis: what the labels are about.
        n: labels.
        n_unscored: pairs or answers without a score.
        pearson: Pearson's correlation with the labels, in [-1, 1].
        spearman: Spearman's rank correlation with the labels, in [-1, 1].
        kendall: Kendall's tau-b with the labels, in [-1, 1].
        given_length: Pearson's correlation with the length of the answers held fixed, in [-1, 1].
        weighted_kappa: Cohen's kappa with quadratic weights, in [-1, 1].
        sensitivity: share of the right answers that the scorer calls right.
        specificity: share of the wrong answers that the scorer calls wrong.
        accuracy: share of the answers on which scorer and people agree.
        roc_auc: chance that a right answer scores above a wrong one.
        sensitivity_short: sensitivity on answers of at most `median_words` words.
        sensitivity_long: sensitivity on longer answers.
        specificity_short: specificity on answers of at most `median_words` words.
        specificity_long: specificity on longer answers.
        median_words: of the answers.
        counts: of the labels by part of the answers: all, short, long.
        order: what the order of two answers does to the verdict, of judges that compare.
        retest: how far a judge agrees with itself.
    """

    scorer: str
    axis: str
    n: int
    n_unscored: int
    pearson: Interval
    spearman: Interval
    kendall: Interval
    given_length: Interval
    weighted_kappa: Interval
    sensitivity: Interval
    specificity: Interval
    accuracy: Interval | None = None
    roc_auc: Interval | None = None
    sensitivity_short: Interval | None = None
    sensitivity_long: Interval | None = None
    specificity_short: Interval | None = None
    specificity_long: Interval | None = None
    median_words: float | None = None
    counts: dict[str, LabelCounts] | None = None
    order: PositionBias | None = None
    retest: Retest | None = None


@dataclass(frozen=True)
class AnnotatorAgreement:
    """Agreement of the first annotator with the second on one axis.

    Attributes:
        axis: what the labels are about.
        n: items that both labelled.
        pearson: Pearson's correlation of their labels, in [-1, 1].
        spearman: Spearman's rank correlation of their labels, in [-1, 1].
        kendall: Kendall's tau-b of their labels, in [-1, 1].
        given_length: Pearson's correlation with the length of the answers held fixed, in [-1, 1].
        weighted_kappa: Cohen's kappa with quadratic weights, in [-1, 1].
    """

    axis: str
    n: int
    pearson: Interval
    spearman: Interval
    kendall: Interval
    given_length: Interval
    weighted_kappa: Interval


@dataclass(frozen=True)
class AuditResult:
    """An audit of scorers against human labels.

    Attributes:
        schema_version: of the file's layout.
        labels: name of the file that the labels came from.
        kind: whether two answers were compared, or single ones judged.
        n_items: pairs or answers.
        n_labels: labels of all annotators on all axes.
        n_questions: questions, which are the clusters of the bootstrap.
        n_left_out: rows without a label.
        n_resamples: draws of the bootstrap.
        threshold: a score of this or more calls an answer right.
        cautions: what a reader must know beside the numbers.
        annotators: agreement of people with each other.
        scorers: agreement of scorers with people.
    """

    schema_version: int
    labels: str
    kind: Literal["pairs", "verdicts"]
    n_items: int
    n_labels: int
    n_questions: int
    n_left_out: int
    n_resamples: int
    threshold: float
    cautions: list[str]
    annotators: Annotated[list[AnnotatorAgreement], Field(validation_alias=AliasChoices("annotators", "people"))]
    scorers: list[ScorerAgreement]
