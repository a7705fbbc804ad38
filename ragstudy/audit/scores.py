"""Scores of labelled answers, and of pairs the second answer's minus the first's."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.generation.local_chat import chat_source
from ragstudy.records import Case
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.judges.measure import Judges, split_name
from ragstudy.scoring.judges.methods import prefer
from ragstudy.scoring.measures import Resources, looks_for_claims, make_measure
from ragstudy.scoring.surprisal import source_for
from ragstudy.scoring.table import score_cases
from ragstudy.scoring.words import WordWeights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ragstudy.audit.labels import HumanLabels, LabelledPair
    from ragstudy.protocols import BatchMeasure, LikelihoodSource, Measure
    from ragstudy.records import Axis
    from ragstudy.specs import JudgeSpec

    Floats = NDArray[np.float64]

STORED = "stored"
PREFERENCES: dict[str, Axis] = {"prefer.accuracy": "accuracy", "prefer.completeness": "completeness"}


class ItemScores:
    """Scores labelled items.

    Args:
        labels: what people said.
        judges: that names of scorers may name.
        folder: where the judges' replies are kept.
        done: called after each scored answer.
        likelihoods: the language model that helps to score long answers, where their language is its own.
    """

    def __init__(
        self,
        labels: HumanLabels,
        judges: Sequence[JudgeSpec],
        folder: Path | None,
        done: Callable[[], object],
        likelihoods: LikelihoodSource | None = None,
    ) -> None:
        self._labels, self._done = labels, done
        embedder = cache(scoring_embedder)
        self._judges = Judges(judges, folder, embedder, chat_source)
        self._cases = [Case(pair.question, text) for pair in labels.pairs for text in pair.answers]
        self._cases += [Case(one.question, one.answer) for one in labels.answers]
        texts = (text for case in self._cases for text in (*case.question.references, case.answer))
        likelihoods = source_for((case.question for case in self._cases), likelihoods)
        self._resources = Resources(WordWeights(texts), embedder, likelihoods)

    def of(self, scorer: str, axis: str, repeat: int = 0) -> tuple[Floats, Floats | None]:
        """A score for each item, NaN where there is none; of judges that compare also (n, 2) verdicts by order.

        Args:
            scorer: name of the scorer.
            axis: what the labels are about.
            repeat: number of an independent repetition.

        Raises:
            InputError: a judge's server refuses every request.
        """
        judge, _, method = scorer.partition(":")
        if scorer == STORED:
            pairs = [pair.stored.get(axis, (math.nan, math.nan)) for pair in self._labels.pairs]
            return np.asarray([second - first for first, second in pairs]), None
        if method in PREFERENCES and judge in self._judges.names:
            by_order = self._preferred(judge, PREFERENCES[method])
            return by_order.mean(axis=1), by_order
        scored = score_cases(self._measure(scorer, repeat), self._cases, self._done)
        values = np.asarray([math.nan if one.value is None else one.value for one in scored])
        return (values[1::2] - values[::2] if self._labels.pairs else values), None

    def can_be_asked_again(self, scorer: str) -> bool:
        """Whether a scorer is a judge whose second answer may be another one.

        Args:
            scorer: name of the scorer.
        """
        method = scorer.partition(":")[2]
        if scorer == STORED or method in PREFERENCES:
            return False
        return split_name(scorer, self._judges.names) is not None

    def _preferred(self, judge: str, axis: Axis) -> Floats:
        """(n, 2) verdicts with the answers as they are and swapped; NaN where there is none."""

        def verdicts(pair: LabelledPair) -> tuple[float, float]:
            try:
                return prefer(self._judges.judge(judge), pair.question, pair.answers, axis)
            except ValueError:
                return (math.nan, math.nan)
            finally:
                self._done()

        with ThreadPoolExecutor(self._judges.judge(judge).spec.concurrency) as pool:
            return np.asarray(list(pool.map(verdicts, self._labels.pairs)))

    def _measure(self, scorer: str, repeat: int) -> Measure | BatchMeasure:
        measure = self._judges.measure(scorer, repeat) or make_measure(scorer, self._resources)
        if looks_for_claims(scorer, self._judges.names):
            self._resources.long_answers.prepare(self._cases)
        return measure
