"""How many questions a study needs, and what would probably decide what it left undecided.

Examples:
    >>> from ragstudy.statistics.effects import Belief, Found
    >>> from ragstudy.statistics.settings import AnalysisSettings
    >>> found = Precision(0.03**2, 200, SeedSpread(1))
    >>> belief = Belief.of_itself(Found(0.06, 0.03**2))
    >>> more = further(0.06, found, 400, belief, AnalysisSettings(), joint_confidence=0.95)
    >>> more.questions_at_even_odds < more.questions
    True
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from ragstudy.statistics.power import Precision, power_of, power_of_equivalence
from ragstudy.statistics.rare_changes import clusters_until
from ragstudy.statistics.seeds import SeedSpread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ragstudy.statistics.effects import Belief
    from ragstudy.statistics.settings import AnalysisSettings

_EVEN_ODDS = 0.5
# A study that would have to be larger than this many times its size cannot be planned from what it found.
_MOST_TIMES, _N_STEPS = 100.0, 61
_MOST_TRAININGS = 30
_MOST_QUESTIONS = 1e7


@dataclass(frozen=True)
class Further:
    """What would probably decide a comparison; None where no number can be named.

    Attributes:
        questions: more questions after which it is decided with the study's power, at least 1.
        questions_at_even_odds: more questions after which it is as likely decided as not.
        trainings: more trainings of each recipe, where questions alone would not do.
    """

    questions: int | None
    questions_at_even_odds: int | None
    trainings: int | None


def further(  # noqa: PLR0913 - everything that is known of a comparison
    difference: float,
    precision: Precision,
    n: int,
    belief: Belief,
    settings: AnalysisSettings,
    joint_confidence: float,
) -> Further:
    """How many more questions of the same kind, or trainings, would probably decide an undecided difference.

    Two ends are possible: it is told from zero at the level of the verdict (the family's, at the next look), or it
    is shown to lie within the margin. The chance of either is taken over what is believed of the true difference after
    this study (assurance: O'Hagan, Stevens and Campbell 2005), with the difference found drawn towards those of the
    study's other comparisons (`beliefs_of`). The data at hand are kept, and questions shrink their own part of the
    error only.

    Args:
        difference: observed.
        precision: of the study as it is.
        n: questions that the study has.
        belief: what the study says of the true difference.
        settings: of this look.
        joint_confidence: of this comparison's interval at this look.
    """
    if math.isnan(difference) or not precision.question_variance > 0:
        return Further(None, None, None)
    later = settings.next_look
    strict = 1 - later.alpha * (1 - joint_confidence) / settings.alpha

    def with_questions(times: float) -> float:
        old, new = 1 / times, 1 - 1 / times
        true, known = belief.of_trained
        mean = old * difference + new * true
        drawn = new**2 * known + new * precision.question_variance / times
        return _decided(mean, drawn, precision.times(times), later, strict)

    def with_trainings(more: float) -> float:
        spread = precision.spread
        grown = replace(spread, n_seeds=spread.n_seeds + int(more))
        # Further trainings meet the same questions.
        true, known = belief.of_asked
        new = more / grown.n_seeds
        mean = difference + new * (true - difference)
        drawn = new**2 * known + new * spread.variance / grown.n_seeds
        return _decided(mean, drawn, replace(precision, spread=grown), later, strict)

    questions, even = (_first(with_questions, odds) for odds in (settings.power, _EVEN_ODDS))
    trainings = None
    if questions is None and precision.spread.variance > 0:
        enough = (more for more in range(1, _MOST_TRAININGS + 1) if with_trainings(more) >= settings.power)
        trainings = next(enough, None)
    return Further(_more(n, questions), _more(n, even) if questions else None, trainings)


def _more(n: int, times: float | None) -> int | None:
    return None if times is None else max(1, math.ceil(n * (times - 1)))


def _first(chance: Callable[[float], float], wanted: float) -> float | None:
    """The first factor from which on the chance is reached.

    Where trainings differ the chance may rise and fall again: as the part of the questions shrinks, the quantile of the
    interval grows towards that of the few trainings.
    """
    steps = np.linspace(0.0, math.log(_MOST_TIMES), _N_STEPS).tolist()
    chances = [chance(math.exp(step)) - wanted for step in steps]
    enough = next((place for place, one in enumerate(chances) if one >= 0), None)
    if enough is None:
        return None
    if enough == 0:
        return math.exp(steps[1])
    found = optimize.brentq(lambda step: chance(math.exp(step)) - wanted, steps[enough - 1], steps[enough], xtol=1e-4)
    return math.exp(float(found))


def _decided(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    precision: Precision,
    settings: AnalysisSettings,
    confidence: float,
) -> float:
    """The chance that a difference is called, or shown to be within the margin, over normal distributions of it."""
    mean, spread = mean[:, None], np.sqrt(np.maximum(variance, 1e-18))[:, None]
    told = precision.ci_half_widths(confidence)
    room = settings.margin - precision.ci_half_widths(1 - 2 * settings.alpha)
    away = _below(-told, mean, spread) + 1 - _below(told, mean, spread)
    within = np.where(room > 0, _below(room, mean, spread) - _below(-room, mean, spread), 0.0)
    return float(np.mean(np.minimum(1.0, away + within)))


def _below(value: NDArray[np.float64], mean: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(special.ndtr((value - mean) / spread))


def questions_to_trust(difference: float, n: int, n_clusters: int, settings: AnalysisSettings) -> int | None:
    """How many more questions would show that a difference of which hardly any was seen lies within the margin.

    Args:
        difference: observed.
        n: questions.
        n_clusters: groups of them.
        settings: margin and error rate.

    Returns:
        A number of further questions, at least 1; None if the difference is no smaller than the margin.
    """
    room = settings.margin - abs(difference)
    if not room > 0:
        return None
    wanted = clusters_until(room, settings.next_look.alpha)
    return max(1, math.ceil(n * wanted / n_clusters) - n)


@dataclass(frozen=True)
class Assumed:
    """What is assumed of a study before there are data.

    Attributes:
        question_sd: standard deviation of one question's difference between two arms.
        per_document: questions of one source document.
        likeness: correlation of the differences of two questions of one document, in [0, 1).
        n_trainings: trainings of each recipe.
        training_sd: standard deviation of a recipe's effect over its trainings.
        n_comparisons: comparisons with a verdict in the whole study: arms x measures x contexts x domains.
        n_recipes: recipes whose trainings tell each other how much they differ (`moderate`).
    """

    question_sd: float = 0.45
    per_document: float = 1.0
    likeness: float = 0.2
    n_trainings: int = 1
    training_sd: float = 0.01
    n_comparisons: int = 4
    n_recipes: int = 2

    def precision(self, n_questions: float) -> Precision:
        """The error of a difference over so many questions.

        Args:
            n_questions: of the test.
        """
        inflated = 1 + (self.per_document - 1) * self.likeness
        variance = self.question_sd**2 * inflated / n_questions
        n_documents = max(2.0, n_questions / self.per_document)
        if self.n_trainings == 1:
            return Precision(variance, n_documents, SeedSpread(1))
        # Trainings meet questions in their own ways; about half of a question's difference is the same for all.
        noise = variance / 2
        borrowed = (self.n_recipes - 1) * (self.n_trainings - 1) / 2
        spread = SeedSpread(self.n_trainings, self.training_sd**2 + noise, noise, prior_df=borrowed)
        return Precision(variance, n_documents, spread)


def questions_for(effect: float, assumed: Assumed, settings: AnalysisSettings) -> int | None:
    """How many test questions a study needs to call an effect with its power.

    The comparisons are taken to be independent of each other (Sidak 1967), which asks for the most; those of a study
    share questions and need somewhat fewer.

    Args:
        effect: true difference; 0 asks for showing that there is no meaningful difference.
        assumed: of the study.
        settings: error rate, power and margin.

    Returns:
        A number of questions; None where no number would do, because trainings differ too much.
    """
    confidence = (1 - settings.alpha) ** (1 / assumed.n_comparisons)

    def lacking(log_n: float) -> float:
        precision = assumed.precision(math.exp(log_n))
        if effect:
            return power_of(effect, precision, confidence) - settings.power
        return power_of_equivalence(0.0, precision, settings.margin, settings.level) - settings.power

    low, high = math.log(4 * assumed.per_document), math.log(_MOST_QUESTIONS)
    if lacking(high) < 0:
        return None
    if lacking(low) >= 0:
        return math.ceil(math.exp(low))
    return math.ceil(math.exp(float(optimize.brentq(lacking, low, high, xtol=1e-4))))
