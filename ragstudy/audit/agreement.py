"""Agreement of scores with human labels, with intervals from a bootstrap over questions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.audit_records import AnnotatorAgreement, LabelCounts, PositionBias, Retest, ScorerAgreement
from ragstudy.statistics.agreement import (
    kendall,
    pearson,
    roc_auc,
    spearman,
    weighted_kappa,
    with_interval,
)
from ragstudy.statistics.agreement import (
    partial as partial_correlation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.audit.labels import HumanLabels

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Statistics = dict[str, Callable[[Rows], float]]

_SIGNS = (-1.0, 0.0, 1.0)
# Scores of two answers within this of each other are equal.
_TIE = 0.05
# Graded labels of more levels than this are compared on as many.
_LEVELS = 5


@dataclass(frozen=True)
class Resampling:
    """A bootstrap over questions.

    Attributes:
        n_resamples: draws.
        seed: decides the draws.
    """

    n_resamples: int = 1000
    seed: int = 1


@dataclass(frozen=True)
class _Scored:
    """Scores, labels and lengths, one row per label; items repeat where several people labelled them."""

    scores: Floats
    labels: Floats
    lengths: Floats


class Agreement:
    """Relates scores to labels.

    Args:
        labels: what people said.
        resampling: of the intervals.
        threshold: a score or label of this or more calls an answer right.
    """

    def __init__(self, labels: HumanLabels, resampling: Resampling, threshold: float) -> None:
        self._labels, self._threshold = labels, threshold
        self._interval = partial(with_interval, n_resamples=resampling.n_resamples, seed=resampling.seed)
        self.groups = [item.question.group for item in labels.pairs or labels.answers]
        self.axes = (
            list(dict.fromkeys(axis for pair in labels.pairs for axis in pair.labels))
            if labels.pairs
            else ["correctness"]
        )

    def n_labels(self, axis: str) -> int:
        """Labels of all annotators.

        Args:
            axis: what they are about.
        """
        return sum(len(one) for one in self._annotated(axis))

    def _annotated(self, axis: str) -> list[tuple[float, ...]]:
        """Each item's labels on an axis."""
        if self._labels.pairs:
            return [pair.labels.get(axis, ()) for pair in self._labels.pairs]
        return [one.labels for one in self._labels.answers]

    def _lengths(self) -> Floats:
        """Logarithm of the length of each answer in words, of pairs the second's minus the first's."""
        if self._labels.pairs:
            texts = [text for pair in self._labels.pairs for text in pair.answers]
        else:
            texts = [one.answer for one in self._labels.answers]
        words = np.asarray([math.log1p(len(text.split())) for text in texts])
        return words[1::2] - words[::2] if self._labels.pairs else words

    def of_scorer(
        self, scorer: str, axis: str, scores: Floats, by_order: Floats | None, again: Floats | None
    ) -> ScorerAgreement:
        """How far one scorer agrees with people.

        Args:
            scorer: name of the scorer.
            axis: what the labels are about.
            scores: (n items,) scores, NaN where there is none.
            by_order: (n items, 2) verdicts in both orders, of judges that compare.
            again: (n items,) scores of a second time.
        """
        rows = [(item, label) for item, labels in enumerate(self._annotated(axis)) for label in labels]
        items = np.asarray([item for item, _ in rows], dtype=np.intp)
        there = ~np.isnan(scores[items])
        items, labels = items[there], np.asarray([label for _, label in rows])[there]
        data = _Scored(scores[items], labels, self._lengths()[items])
        groups = [self.groups[item] for item in items]
        statistics = _of_pairs(data) if self._labels.pairs else _of_answers(data, self._threshold)
        found = self._interval(statistics, groups)
        about = {"scorer": scorer, "axis": axis, "n": len(items), "n_unscored": int(np.isnan(scores).sum())}
        order = None if by_order is None else self._position_bias(by_order)
        retest = None if again is None else self._retest(scores, again)
        counts = {} if self._labels.pairs else _counts(data, self._threshold)
        return ScorerAgreement(**about, **found, **counts, order=order, retest=retest)  # type: ignore[arg-type] # by name

    def _retest(self, first: Floats, second: Floats) -> Retest:
        both = np.flatnonzero(~np.isnan(first) & ~np.isnan(second))
        a, b = first[both], second[both]
        statistics: Statistics = {
            "pearson": lambda rows: pearson(a[rows], b[rows]),
            "same": lambda rows: float((a[rows] == b[rows]).mean()),
        }
        return Retest(**self._interval(statistics, [self.groups[i] for i in both]))

    def _position_bias(self, by_order: Floats) -> PositionBias:
        there = np.flatnonzero(~np.isnan(by_order).any(axis=1))
        first, swapped = by_order[there, 0], by_order[there, 1]
        statistics: Statistics = {
            "turned": lambda rows: float((np.sign(first[rows]) * np.sign(swapped[rows]) < 0).mean()),
            "for_second": lambda rows: float(((first[rows] - swapped[rows]) / 2).mean()),
        }
        found = self._interval(statistics, [self.groups[i] for i in there])
        return PositionBias(found["turned"], found["for_second"])

    def of_annotators(self) -> list[AnnotatorAgreement]:
        """Agreement of the first annotator with the second, by axis; of items that have both."""
        made = []
        for axis in self.axes:
            both = [(item, labels) for item, labels in enumerate(self._annotated(axis)) if len(labels) > 1]
            if not both:
                continue
            a, b = (np.asarray([labels[place] for _, labels in both]) for place in (0, 1))
            levels = sorted(set(a) | set(b))
            data = _Scored(a, b, self._lengths()[[item for item, _ in both]])
            statistics = {**_correlations(data), "weighted_kappa": _kappa(a, b, levels)}
            found = self._interval(statistics, [self.groups[item] for item, _ in both])
            made.append(AnnotatorAgreement(axis, len(both), **found))
        return made


def _kappa(a: Floats, b: Floats, levels: Sequence[float]) -> Callable[[Rows], float]:
    return lambda rows: weighted_kappa(a[rows], b[rows], levels)


def _correlations(data: _Scored) -> Statistics:
    scores, labels, lengths = data.scores, data.labels, data.lengths
    return {
        "pearson": lambda rows: pearson(scores[rows], labels[rows]),
        "spearman": lambda rows: spearman(scores[rows], labels[rows]),
        "kendall": lambda rows: kendall(scores[rows], labels[rows]),
        "given_length": lambda rows: partial_correlation(scores[rows], labels[rows], lengths[rows]),
    }


def _of_pairs(data: _Scored) -> Statistics:
    """Agreement on which of two answers is better."""
    signs = np.where(np.abs(data.scores) <= _TIE, 0.0, np.sign(data.scores))
    said = np.sign(data.labels)

    def share_of(wanted: float) -> Callable[[Rows], float]:
        def share(rows: Rows) -> float:
            mine = rows[said[rows] == wanted]
            return float(((signs[mine] == wanted) + 0.5 * (signs[mine] == 0)).mean()) if len(mine) else math.nan

        return share

    return {
        **_correlations(data),
        "weighted_kappa": _kappa(signs, said, _SIGNS),
        "sensitivity": share_of(1.0),
        "specificity": share_of(-1.0),
    }


def _parts(data: _Scored) -> dict[str, NDArray[np.bool_]]:
    """All answers, the short ones and the long ones."""
    middle = float(np.median(data.lengths)) if len(data.lengths) else 0.0
    every = np.ones(len(data.scores), dtype=bool)
    return {"all": every, "short": data.lengths <= middle, "long": data.lengths > middle}


def _of_answers(data: _Scored, threshold: float) -> Statistics:
    """Agreement on whether single answers are right."""
    scores, labels = data.scores, data.labels
    right, called = (labels >= threshold).astype(float), (scores >= threshold).astype(float)
    levels = sorted(set(labels)) if len(set(labels)) <= _LEVELS else list(np.linspace(0, 1, _LEVELS))
    binary = set(labels) <= {0.0, 1.0}

    def among(wanted: float, part: NDArray[np.bool_]) -> Callable[[Rows], float]:
        def share(rows: Rows) -> float:
            mine = rows[(right[rows] == wanted) & part[rows]]
            return float((called[mine] == wanted).mean()) if len(mine) else math.nan

        return share

    by_part = {
        f"{name}{'' if part == 'all' else f'_{part}'}": among(wanted, members)
        for part, members in _parts(data).items()
        for name, wanted in (("sensitivity", 1.0), ("specificity", 0.0))
    }
    return {
        **_correlations(data),
        "weighted_kappa": _kappa(called if binary else scores, labels, levels),
        "accuracy": lambda rows: float((called[rows] == right[rows]).mean()),
        "roc_auc": lambda rows: roc_auc(right[rows], scores[rows]),
        **by_part,
    }


def _counts(data: _Scored, threshold: float) -> Mapping[str, object]:
    """Labels by part, and the median length that divides short from long."""
    right = data.labels >= threshold
    middle = float(np.median(data.lengths)) if len(data.lengths) else 0.0
    counts = {
        name: LabelCounts(int((right & part).sum()), int((~right & part).sum())) for name, part in _parts(data).items()
    }
    return {"median_words": round(math.expm1(middle), 6), "counts": counts}
