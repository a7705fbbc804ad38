"""Auditing scorers against human labels."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.errors import InputError
from ragstudy.files import SCHEMA_VERSION
from ragstudy.records import Case, Scored
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import Aligner, learned_domains
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.judges.measure import Judges, split_name
from ragstudy.scoring.judges.methods import prefer
from ragstudy.scoring.measures import CLAIM_MEASURES, make_measure
from ragstudy.scoring.words import WordWeights
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
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ragstudy.audit.labels import Labels, Pair
    from ragstudy.protocols import BatchMeasure, Measure
    from ragstudy.scoring.judges.methods import Axis
    from ragstudy.specs import JudgeSpec

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

STORED = "stored"
_PREFER = ("prefer.accuracy", "prefer.completeness")
_SIGNS = (-1.0, 0.0, 1.0)
_THRESHOLD = 0.5
_TIE = 0.05
_LEVELS = 5


def audit(  # noqa: PLR0913 - what an audit is
    labels: Labels,
    scorers: Sequence[str],
    judges: Sequence[JudgeSpec] = (),
    *,
    folder: Path | None = None,
    n_resamples: int = 1000,
    seed: int = 1,
    retest: bool = False,
    done: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Agreement of scorers with people.

    Args:
        labels: what people said.
        scorers: names of measures; of pairs, also `JUDGE:prefer.accuracy`, `JUDGE:prefer.completeness`, and
            `stored` for scores that came with the labels.
        judges: that the names may name.
        folder: where the judges' replies are kept.
        n_resamples: of the bootstrap over questions.
        seed: of the bootstrap.
        retest: whether judges are asked a second time, for how far they agree with themselves.
        done: called after each scored answer.

    Returns:
        The content of audit.json; docs/judges.md describes it.

    Raises:
        InputError: a scorer's name is wrong, or a judge's server refuses every request.
        UnavailableError: a model or package is missing.
    """
    _check_names(labels, scorers, [judge.name for judge in judges])
    made = _Auditor(labels, judges, folder, n_resamples, seed, done)
    rows = [row for scorer in scorers for row in made.rows(scorer, retest=retest)]
    return {
        "schema_version": SCHEMA_VERSION,
        "labels": labels.source,
        "kind": "pairs" if labels.pairs else "verdicts",
        "n_items": len(labels.pairs or labels.verdicts),
        "n_labels": sum(made.n_labels.values()),
        "n_questions": len(set(made.groups)),
        "n_left_out": labels.n_left_out,
        "n_resamples": n_resamples,
        "threshold": _THRESHOLD,
        "cautions": _cautions(labels, scorers),
        "people": made.people(),
        "scorers": rows,
    }


def _check_names(labels: Labels, scorers: Sequence[str], judges: Sequence[str]) -> None:
    """Refuse what cannot be scored before anything is asked.

    Raises:
        InputError: a name is wrong, or does not go with these labels; every problem is named.
    """
    problems: list[str] = []
    for scorer in scorers:
        judge, _, method = scorer.partition(":")
        if method in _PREFER and judge in judges:
            if not labels.pairs:
                problems.append(f"scorer {scorer!r}: compares two answers, and these labels are about one at a time")
        elif scorer == STORED:
            if not any(pair.stored for pair in labels.pairs):
                problems.append(f"scorer {STORED!r}: no scores came with the labels; name their file with --stored")
        else:
            try:
                if split_name(scorer, judges) is None:
                    make_measure(scorer, WordWeights([]), None, scoring_embedder)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)


def _cautions(labels: Labels, scorers: Sequence[str]) -> list[str]:
    """What a reader must know: coefficients that were learned from labels of the same domains."""
    domains = {pair.domain for pair in labels.pairs} | {verdict.domain for verdict in labels.verdicts}
    shared = sorted(domains & learned_domains())
    mine = [scorer for scorer in scorers if scorer in CLAIM_MEASURES]
    if not shared or not mine:
        return []
    caution = (
        f"The coefficients of {' and '.join(mine)} were learned from labels of {', '.join(shared)}, so here they agree "
        "better than on labels they have not seen; docs/results/scorer.md has what they reach then."
    )
    return [caution]


class _Auditor:
    """Scores labelled answers and relates the scores to the labels."""

    def __init__(  # noqa: PLR0913 - what an audit is
        self,
        labels: Labels,
        judges: Sequence[JudgeSpec],
        folder: Path | None,
        n_resamples: int,
        seed: int,
        done: Callable[[], object],
    ) -> None:
        self._labels, self._done = labels, done
        self._interval = partial(with_interval, n_resamples=n_resamples, seed=seed)
        embedder = cache(scoring_embedder)
        self._judges = Judges(judges, folder, embedder)
        items = labels.pairs or labels.verdicts
        self.groups = [item.question.group for item in items]
        self._cases = [Case(p.question, text) for p in labels.pairs for text in p.answers]
        self._cases += [Case(v.question, v.answer) for v in labels.verdicts]
        self._weights = WordWeights(text for case in self._cases for text in (*case.question.references, case.answer))
        self._aligner = Aligner(embedder, self._weights)
        self._embedder = embedder
        self.n_labels = {axis: sum(len(found) for found in self._annotated(axis)) for axis in self._axes()}

    def _axes(self) -> list[str]:
        if not self._labels.pairs:
            return ["correctness"]
        return list(dict.fromkeys(axis for pair in self._labels.pairs for axis in pair.labels))

    def _annotated(self, axis: str) -> list[tuple[float, ...]]:
        """Each item's labels on an axis."""
        if self._labels.pairs:
            return [pair.labels.get(axis, ()) for pair in self._labels.pairs]
        return [verdict.labels for verdict in self._labels.verdicts]

    def rows(self, scorer: str, *, retest: bool) -> list[dict[str, Any]]:
        """One row per axis of the labels."""
        return [self._row(scorer, axis, retest=retest) for axis in self._axes()]

    def _row(self, scorer: str, axis: str, *, retest: bool) -> dict[str, Any]:
        scores, order = self._of_items(scorer, axis, 0)
        row: dict[str, Any] = {"scorer": scorer, "axis": axis, "n_unscored": int(np.isnan(scores).sum())}
        if self._labels.pairs:
            row |= self._pair_statistics(scores, axis)
            if order is not None:
                row["order"] = self._order_effect(order)
        else:
            row |= self._verdict_statistics(scores, axis)
        if retest and order is None and scorer != STORED and split_name(scorer, self._judges.names) is not None:
            again, _ = self._of_items(scorer, axis, 1)
            row["retest"] = self._retest(scores, again)
        return row

    # Scores

    def _of_items(self, scorer: str, axis: str, repeat: int) -> tuple[Floats, Floats | None]:
        """A score for each item, of pairs the second answer's minus the first's; and those in the other order."""
        judge, _, method = scorer.partition(":")
        if scorer == STORED:
            return self._stored(axis), None
        if method in _PREFER and judge in self._judges.names:
            return self._preferred(judge, "accuracy" if method == _PREFER[0] else "completeness")
        values = self._values(scorer, repeat)
        if not self._labels.pairs:
            return values, None
        return values[1::2] - values[::2], None

    def _stored(self, axis: str) -> Floats:
        found = [pair.stored.get(axis, (math.nan, math.nan)) for pair in self._labels.pairs]
        return np.asarray([second - first for first, second in found])

    def _preferred(self, judge: str, axis: Axis) -> tuple[Floats, Floats]:
        """Verdicts over both orders, and their difference between the orders; NaN where there is none."""

        def one(pair: Pair) -> tuple[float, float]:
            try:
                return prefer(self._judges.judge(judge), pair.question, pair.answers, axis)
            except ValueError:
                return (math.nan, math.nan)
            finally:
                self._done()

        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self._judges.judge(judge).spec.concurrency) as pool:
            found = np.asarray(list(pool.map(one, self._labels.pairs)))
        return found.mean(axis=1), found

    def _values(self, scorer: str, repeat: int) -> Floats:
        measure = self._measure(scorer, repeat)
        scored = measure.score_many(self._cases, self._done)
        return np.asarray([math.nan if one.value is None else one.value for one in scored])

    def _measure(self, scorer: str, repeat: int) -> BatchMeasure:
        judged = self._judges.measure(scorer, repeat)
        if judged is not None:
            return judged
        if scorer in CLAIM_MEASURES:
            free = [case for case in self._cases if is_free_form(case.question)]
            self._aligner.prepare(
                dict.fromkeys(text for case in free for text in (*case.question.references, case.answer))
            )
        return _OneByOne(make_measure(scorer, self._weights, self._aligner, self._embedder))

    # Agreement

    def _long(self, axis: str) -> tuple[Rows, Floats]:
        """Numbers of items and their labels, one row per label."""
        rows = [(i, label) for i, labels in enumerate(self._annotated(axis)) for label in labels]
        return np.asarray([i for i, _ in rows], dtype=np.intp), np.asarray([label for _, label in rows])

    def _lengths(self) -> Floats:
        words = np.asarray([math.log1p(len(case.answer.split())) for case in self._cases])
        return words[1::2] - words[::2] if self._labels.pairs else words

    def _pair_statistics(self, scores: Floats, axis: str) -> dict[str, Any]:
        items, labels = self._long(axis)
        there = ~np.isnan(scores[items])
        items, labels = items[there], labels[there]
        s, lengths = scores[items], self._lengths()[items]
        signs, said = np.where(np.abs(s) <= _TIE, 0.0, np.sign(s)), np.sign(labels)

        def share(of: float) -> Callable[[Rows], float]:
            def found(rows: Rows) -> float:
                mine = rows[said[rows] == of]
                return float(((signs[mine] == of) + 0.5 * (signs[mine] == 0)).mean()) if len(mine) else math.nan

            return found

        return self._interval(
            {
                **_correlations(s, labels, lengths),
                "weighted_kappa": lambda rows: weighted_kappa(signs[rows], said[rows], _SIGNS),
                "sensitivity": share(1.0),
                "specificity": share(-1.0),
            },
            [self.groups[i] for i in items],
        ) | {"n": len(items)}

    def _verdict_statistics(self, scores: Floats, axis: str) -> dict[str, Any]:
        items, labels = self._long(axis)
        there = ~np.isnan(scores[items])
        items, labels = items[there], labels[there]
        s, lengths = scores[items], self._lengths()[items]
        right, called = (labels >= _THRESHOLD).astype(float), (s >= _THRESHOLD).astype(float)
        levels = sorted(set(labels)) if len(set(labels)) <= _LEVELS else list(np.linspace(0, 1, _LEVELS))
        binary = set(labels) <= {0.0, 1.0}

        def among(of: float, wanted: NDArray[np.bool_]) -> Callable[[Rows], float]:
            def found(rows: Rows) -> float:
                mine = rows[(right[rows] == of) & wanted[rows]]
                return float((called[mine] == of).mean()) if len(mine) else math.nan

            return found

        every = np.ones(len(s), dtype=bool)
        middle = float(np.median(lengths)) if len(lengths) else 0.0
        short, long = lengths <= middle, lengths > middle
        found = self._interval(
            {
                **_correlations(s, labels, lengths),
                "weighted_kappa": lambda rows: weighted_kappa((called if binary else s)[rows], labels[rows], levels),
                "accuracy": lambda rows: float((called[rows] == right[rows]).mean()),
                "roc_auc": lambda rows: roc_auc(right[rows], s[rows]),
                "sensitivity": among(1.0, every),
                "specificity": among(0.0, every),
                "sensitivity_short": among(1.0, short),
                "sensitivity_long": among(1.0, long),
                "specificity_short": among(0.0, short),
                "specificity_long": among(0.0, long),
            },
            [self.groups[i] for i in items],
        )
        numbers = {
            name: {"n_right": int((right[part] == 1).sum()), "n_wrong": int((right[part] == 0).sum())}
            for name, part in (("all", every), ("short", short), ("long", long))
        }
        return {**found, "n": len(items), "median_words": round(math.expm1(middle), 6), "counts": numbers}

    def _retest(self, first: Floats, second: Floats) -> dict[str, Any]:
        both = np.flatnonzero(~np.isnan(first) & ~np.isnan(second))
        a, b = first[both], second[both]
        return self._interval(
            {
                "pearson": lambda rows: pearson(a[rows], b[rows]),
                "same": lambda rows: float((a[rows] == b[rows]).mean()),
            },
            [self.groups[i] for i in both],
        )

    def _order_effect(self, found: Floats) -> dict[str, Any]:
        """Share of pairs whose verdict turns round with the order, and how much the second place is liked, -2 to 2."""
        there = np.flatnonzero(~np.isnan(found).any(axis=1))
        first, swapped = found[there, 0], found[there, 1]
        return self._interval(
            {
                "turned": lambda rows: float((np.sign(first[rows]) * np.sign(swapped[rows]) < 0).mean()),
                "liking_for_second": lambda rows: float(((first[rows] - swapped[rows]) / 2).mean()),
            },
            [self.groups[i] for i in there],
        )

    def people(self) -> list[dict[str, Any]]:
        """Agreement of the first annotator with the second, by axis; of items that have both."""
        made = []
        for axis in self._axes():
            both = [(i, found) for i, found in enumerate(self._annotated(axis)) if len(found) > 1]
            if not both:
                continue
            a, b = (np.asarray([found[k] for _, found in both]) for k in (0, 1))
            levels = sorted(set(a) | set(b))
            lengths = self._lengths()[[i for i, _ in both]]
            statistics = self._interval(
                {
                    **_correlations(a, b, lengths),
                    "weighted_kappa": partial(_kappa_of, a, b, levels),
                },
                [self.groups[i] for i, _ in both],
            )
            made.append({"axis": axis, "n": len(both), **statistics})
        return made


def _kappa_of(a: Floats, b: Floats, levels: Sequence[float], rows: Rows) -> float:
    return weighted_kappa(a[rows], b[rows], levels)


def _correlations(scores: Floats, labels: Floats, lengths: Floats) -> dict[str, Callable[[Rows], float]]:
    return {
        "pearson": lambda rows: pearson(scores[rows], labels[rows]),
        "spearman": lambda rows: spearman(scores[rows], labels[rows]),
        "kendall": lambda rows: kendall(scores[rows], labels[rows]),
        "given_length": lambda rows: partial_correlation(scores[rows], labels[rows], lengths[rows]),
    }


class _OneByOne:
    """A measure that scores one answer at a time."""

    needs_passages = False

    def __init__(self, measure: Measure) -> None:
        self._measure = measure

    def score_many(self, cases: Sequence[Case], done: Callable[[], object]) -> list[Scored]:
        found = []
        for case in cases:
            found.append(self._score(case))
            done()
        return found

    def _score(self, case: Case) -> Scored:
        try:
            return Scored(float(self._measure.score(case.question, case.answer)))
        except ValueError as error:
            return Scored(None, str(error))
