"""What an analysis works on: the scores of a run as arrays, one row per question and one column per training."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.text import n_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.records import Answer, Question, Score
    from ragstudy.specs import StatisticsSpec
    from ragstudy.statistics import AnalysisSettings
    from ragstudy.study.layout import Arm, DomainLayout, Layout


@dataclass(frozen=True)
class DomainData:
    """One domain of a run, for the analysis.

    Attributes:
        layout: what is known of the domain.
        questions: test questions in the domain's order.
        arms: that are asked on the domain, bases first.
        by_name: all arms of the study by name.
    """

    layout: DomainLayout
    questions: tuple[Question, ...]
    arms: tuple[Arm, ...]
    by_name: Mapping[str, Arm]

    @property
    def name(self) -> str:
        """How the study calls the domain."""
        return self.layout.name

    @property
    def groups(self) -> list[str]:
        """The source document of every question; questions of one are not independent."""
        return [question.group for question in self.questions]

    def trainings_of(self, arm: Arm) -> tuple[str, ...]:
        """What makes the trainings of two arms the same; the arm's name where it was not tuned here.

        Args:
            arm: that is asked on the domain.
        """
        return tuple(self.layout.trainings.get(home, home) for home in arm.homes) or (arm.name,)


def domains_of(layout: Layout, questions: Mapping[tuple[str, str], Question]) -> list[DomainData]:
    """The domains of a run.

    Args:
        layout: arms, domains and contexts of the run.
        questions: by domain and id.
    """
    by_name = {arm.name: arm for arm in layout.arms}
    return [
        DomainData(
            domain,
            tuple(questions[domain.name, name] for name in domain.questions),
            tuple(layout.arms_on(domain.name)),
            by_name,
        )
        for domain in layout.domains
    ]


class ScoreTable:
    """The scores of a run.

    Args:
        scores: of all answers.
    """

    def __init__(self, scores: Sequence[Score]) -> None:
        self._values: dict[tuple[str, str, str, str], dict[str, float | None]] = defaultdict(dict)
        for score in scores:
            key = (score.domain, score.generator, score.contexts, score.measure)
            self._values[key][score.question] = score.value

    def value(self, domain: str, generator: str, contexts: str, measure: str, question: str) -> float | None:
        """The score of one answer; None if it has none.

        Args:
            domain: name of the domain.
            generator: name under which the answer is filed.
            contexts: name of the test context.
            measure: name of the measure.
            question: question id.
        """
        return self._values.get((domain, generator, contexts, measure), {}).get(question)

    def of_arm(self, domain: DomainData, arm: Arm, contexts: str, measure: str) -> NDArray[np.float64]:
        """(n questions, n seeds) scores of an arm; NaN where there is none.

        Args:
            domain: that is asked about.
            arm: that answers.
            contexts: name of the test context.
            measure: name of the measure.
        """
        columns = [self._values.get((domain.name, name, contexts, measure), {}) for name in arm.generators]
        rows = [
            [math.nan if (value := column.get(question.id)) is None else value for column in columns]
            for question in domain.questions
        ]
        return np.asarray(rows, dtype=np.float64).reshape(len(domain.questions), len(columns))

    def check_same_questions(self, domain: DomainData, arm: Arm, contexts: str, measure: str) -> None:
        """Check that every training of an arm has a score, or the reason for none, for every test question.

        Args:
            domain: that is asked about.
            arm: that answers.
            contexts: name of the test context.
            measure: name of the measure.

        Raises:
            ValueError: it was asked other questions; some are named.
        """
        asked = {question.id for question in domain.questions}
        for name in arm.generators:
            unequal = asked ^ set(self._values.get((domain.name, name, contexts, measure), {}))
            if unequal:
                shown = ", ".join(sorted(unequal)[:5])
                msg = (
                    f"domain {domain.name!r}: generator {name!r} ({contexts}, {measure}) has scores for other "
                    f"questions than the study asks; {len(unequal)} differ, e.g. {shown}"
                )
                raise ValueError(msg)


class LengthTable:
    """How long the answers of a run are.

    Args:
        answers: of the run; those that failed have no length.
    """

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._words: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
        for answer in answers:
            if answer.stopped != "error":
                words = self._words[answer.domain, answer.generator, answer.contexts]
                words[answer.question] = float(n_words(answer.text))

    def of_arm(self, domain: DomainData, arm: Arm, contexts: str) -> NDArray[np.float64]:
        """(n questions, n seeds) lengths in words of an arm's answers; NaN where there is none.

        Args:
            domain: that is asked about.
            arm: that answers.
            contexts: name of the test context.
        """
        columns = [self._words.get((domain.name, name, contexts), {}) for name in arm.generators]
        rows = [[column.get(question.id, math.nan) for column in columns] for question in domain.questions]
        return np.asarray(rows, dtype=np.float64).reshape(len(domain.questions), len(columns))


@dataclass(frozen=True)
class Sides:
    """Scores of an arm and of its base; NaN where there is none.

    Attributes:
        tuned: (n questions, n seeds).
        base: (n questions,).
    """

    tuned: NDArray[np.float64]
    base: NDArray[np.float64]

    @property
    def differences(self) -> NDArray[np.float64]:
        """(n questions, n seeds) tuned minus base."""
        return self.tuned - self.base[:, None]


def mean_over_seeds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n questions,) mean over seeds; NaN where any seed has no score, so that seeds stay balanced.

    Args:
        scores: (n questions, n seeds).
    """
    mean: NDArray[np.float64] = scores.mean(axis=1)
    return mean


def training_by_training(other: NDArray[np.float64], one: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n questions, n seeds) differences of two arms: training by training, so that both arms' trainings vary in them.

    Of arms with several but unequally many trainings, (n questions, 1) that of their means.

    Args:
        other: (n questions, n seeds) scores.
        one: (n questions, n seeds) scores that are taken off.
    """
    if other.shape[1] == one.shape[1] or 1 in (other.shape[1], one.shape[1]):
        return other - one
    return (mean_over_seeds(other) - mean_over_seeds(one))[:, None]


def mean_of(values: NDArray[np.float64]) -> float:
    """The mean of the values that are there; NaN if none is.

    Args:
        values: of any shape, NaN where there is none.
    """
    present = values[~np.isnan(values)]
    return math.fsum(present.tolist()) / len(present) if len(present) else math.nan


def settings_of(spec: StatisticsSpec, look: int = 1) -> AnalysisSettings:
    """The settings of an analysis, from what a study fixes in advance.

    Args:
        spec: of the study.
        look: how often its data were looked at, this time included.
    """
    from ragstudy.statistics import AnalysisSettings

    return AnalysisSettings(spec.confidence, spec.power, spec.margin, spec.n_resamples, spec.seed, look)
