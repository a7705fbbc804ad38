"""Simulated studies whose true effects are set, for checking that intervals, verdicts and plans keep their promise.

The answers come from a model that the analysis does not assume: a question asks for one to four claims, and whether an
answer makes one depends on its document, its question, how a model deals with either, the training, and luck. Two
measures look at the same answers, and contexts share questions and trainings.

Examples:
    >>> study = simulate(Design(effects=(0.3,), n_documents=40), n_studies=5, seed=1, n_resamples=200)
    >>> study.n_studies, len(study.called)
    (5, 1)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics.by_seed import block_by_seed
from ragstudy.statistics.compare import compare_blocks
from ragstudy.statistics.settings import AnalysisSettings
from ragstudy.statistics.verdicts import decide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragstudy.statistics.compare import Block, Comparison

N_MEASURES = 2


@dataclass(frozen=True)
class Design:
    """A domain of a simulated study. Standard deviations are on the logit scale.

    Attributes:
        effects: true mean difference of each tuned arm, in units of the score; the same for both measures.
        n_documents: documents that questions are asked of.
        per_document: questions of a document.
        share_of_largest: share of the questions that the largest document holds; 0 where all hold the same.
        n_contexts: test contexts, all of which are compared.
        n_seeds: trainings of every arm.
        n_claims: a question asks for 1 to this many claims.
        base: chance that the base makes a claim of a question of middling difficulty.
        document: standard deviation between documents.
        question: between questions of a document.
        model_document: of how an arm deals with a document, apart from the base.
        model_question: of how an arm deals with a question.
        training: between the trainings of a recipe.
        agreement: chance that the second measure sees a claim as the first one does.
        missing: share of the tuned answers that are not scored, the worst ones of each training.
    """

    effects: tuple[float, ...]
    n_documents: int = 150
    per_document: int = 2
    share_of_largest: float = 0.0
    n_contexts: int = 1
    n_seeds: int = 1
    n_claims: int = 4
    base: float = 0.5
    document: float = 0.7
    question: float = 0.7
    model_document: float = 0.3
    model_question: float = 0.5
    training: float = 0.0
    agreement: float = 0.7
    missing: float = 0.0

    @property
    def n_questions(self) -> int:
        """Questions of the domain."""
        return self.n_documents * self.per_document

    def groups(self) -> NDArray[np.intp]:
        """(n questions,) the document of each question."""
        n, m = self.n_questions, self.n_documents
        of_largest = round(self.share_of_largest * n)
        if not of_largest:
            return np.arange(n) % m
        return np.concatenate([np.zeros(of_largest, dtype=np.intp), 1 + np.arange(n - of_largest) % (m - 1)])


@dataclass(frozen=True)
class SimulationResult:
    """What many simulated studies of one design found; shares of the studies.

    Attributes:
        n_studies: how many.
        called: for each arm, the share of its comparisons that are said to help or hurt.
        level: for each arm, the share that are said to make no meaningful difference.
        covered: for each arm, the share of the intervals by themselves that hold the true effect.
        covered_jointly: studies of which all shown intervals hold the true effects.
        false_calls: studies with any wrong 'helps' or 'hurts'.
        false_equivalence: for each arm, the share of its comparisons said to make no meaningful difference though its
            effect is at or beyond the margin.
        called_at_detectable: mean over comparisons of the smallest difference said to be detectable.
        mean: for each arm, the mean difference found.
    """

    n_studies: int
    called: tuple[float, ...]
    level: tuple[float, ...]
    covered: tuple[float, ...]
    covered_jointly: float
    false_calls: float
    false_equivalence: tuple[float, ...]
    called_at_detectable: float
    mean: tuple[float, ...]


@dataclass(frozen=True)
class Asked:
    """The scores of some questions of a simulated study.

    Attributes:
        tuned: of each comparison (n questions, n seeds), by arm, context and measure; NaN where there is no score.
        base: of each comparison (n questions,).
        groups: the document of each question.
    """

    tuned: list[NDArray[np.float64]]
    base: list[NDArray[np.float64]]
    groups: list[str]

    @property
    def differences(self) -> list[NDArray[np.float64]]:
        """Of each comparison (n questions, n seeds) tuned minus base."""
        return [tuned - base[:, None] for tuned, base in zip(self.tuned, self.base, strict=True)]

    def with_more(self, more: Asked) -> Asked:
        """These questions and others, of other documents.

        Args:
            more: further questions of the same study.
        """
        of_others = [f"{len(self.groups)}/{group}" for group in more.groups]
        return Asked(
            [np.concatenate(pair) for pair in zip(self.tuned, more.tuned, strict=True)],
            [np.concatenate(pair) for pair in zip(self.base, more.base, strict=True)],
            [*self.groups, *of_others],
        )


class Answers:
    """The answers of one simulated study, which can be asked for anew and grow.

    Args:
        design: of the study.
        seed: decides everything.
    """

    def __init__(self, design: Design, seed: int) -> None:
        self.design, self._rng = design, np.random.default_rng(seed)
        self._shifts = [shift_of(design, effect) for effect in design.effects]
        shape = (len(design.effects), design.n_contexts, design.n_seeds)
        self._trainings = design.training * self._rng.normal(size=(shape[0], 1, shape[2]))
        self._documents: dict[int, tuple[float, NDArray[np.float64]]] = {}

    def ask(self, n_documents: int | None = None) -> Asked:
        """Questions and the scores of their answers.

        Args:
            n_documents: documents asked about; those of the design by default.
        """
        design, rng = self.design, self._rng
        groups = design.groups() if n_documents is None else np.arange(n_documents * design.per_document) % n_documents
        n, m = len(groups), int(groups.max()) + 1
        n_claims = rng.integers(1, design.n_claims + 1, n)
        middle = math.log(design.base / (1 - design.base))
        difficulty = middle + design.document * rng.normal(size=m)[groups] + design.question * rng.normal(size=n)
        base = [claims_made(design, rng, difficulty, n_claims) for _ in range(design.n_contexts)]
        tuned, of_base = [], []
        for arm, shift in enumerate(self._shifts):
            own = design.model_document * rng.normal(size=m)[groups] + design.model_question * rng.normal(size=n)
            for context in range(design.n_contexts):
                scores = np.stack(
                    [
                        self._missing(claims_made(design, rng, difficulty + shift + own + training, n_claims))
                        for training in self._trainings[arm, 0]
                    ],
                    axis=2,
                )
                tuned += [scores[:, measure] for measure in range(N_MEASURES)]
                of_base += [base[context][:, measure] for measure in range(N_MEASURES)]
        return Asked(tuned, of_base, [str(group) for group in groups])

    def _missing(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores without those of the worst answers."""
        n = round(self.design.missing * len(scores))
        if n:
            order = np.argsort(scores.sum(axis=1) + 1e-6 * self._rng.random(len(scores)))
            scores[order[:n]] = np.nan
        return scores


def claims_made(
    design: Design, rng: np.random.Generator, logit: NDArray[np.float64], n_claims: NDArray[np.intp]
) -> NDArray[np.float64]:
    """(n questions, measures) shares of the claims made; the second measure sees most of them alike.

    Args:
        design: of the study.
        rng: draws the claims.
        logit: (n questions,) chance of making a claim.
        n_claims: (n questions,) claims that a question asks for.
    """
    chance = 1 / (1 + np.exp(-logit))
    first = rng.random((len(logit), design.n_claims)) < chance[:, None]
    second = rng.random(first.shape) < chance[:, None]
    second = np.where(rng.random(first.shape) < design.agreement, first, second)
    asked = np.arange(design.n_claims) < n_claims[:, None]
    return np.stack([(one & asked).sum(axis=1) / n_claims for one in (first, second)], axis=1)


def block_of(asked: Asked, design: Design) -> Block:
    """What the analysis of a real study would be given.

    Args:
        asked: scores of every comparison.
        design: of the study.
    """
    differences = asked.differences
    of_each = N_MEASURES * design.n_contexts
    pools = [(number % of_each, number // of_each) for number in range(len(differences))]
    return block_by_seed(differences, asked.groups, pools, ["secondary"] * len(differences))


def simulate(
    design: Design, n_studies: int, seed: int, n_resamples: int = 1000, margin: float = 0.03
) -> SimulationResult:
    """Run many studies of a design through the comparison that a real study gets.

    Args:
        design: with the true effects.
        n_studies: how many.
        seed: of the first; each study has its own.
        n_resamples: draws of bootstrap and sign flips in each study.
        margin: smallest difference that matters.
    """
    of_each = N_MEASURES * design.n_contexts
    truth = np.repeat(design.effects, of_each)
    calls, levels, single, joint, detectable, means = [], [], [], [], [], []
    for number in range(n_studies):
        settings = AnalysisSettings(n_resamples=n_resamples, seed=number, margin=margin)
        asked = Answers(design, seed * 1_000_003 + number).ask()
        [found] = compare_blocks([block_of(asked, design)], settings)
        verdicts = [decide(one, settings) for one in found]
        calls.append([_sign(verdict) for verdict in verdicts])
        levels.append([verdict == "no meaningful difference" for verdict in verdicts])
        single.append([_holds(one, effect, single=True) for one, effect in zip(found, truth, strict=True)])
        joint.append([_holds(one, effect, single=False) for one, effect in zip(found, truth, strict=True)])
        detectable.append([one.smallest_detectable for one in found])
        means.append([one.difference for one in found])
    called, level = np.asarray(calls), np.asarray(levels)
    wrong = (called != 0) & (called != np.sign(truth))
    return SimulationResult(
        n_studies,
        _by_arm(called != 0, of_each),
        _by_arm(level, of_each),
        _by_arm(np.asarray(single), of_each),
        float(np.asarray(joint).all(axis=1).mean()),
        float(wrong.any(axis=1).mean()),
        _by_arm(level & (np.abs(truth) >= margin), of_each),
        float(np.nanmean(np.asarray(detectable))),
        _by_arm(np.asarray(means), of_each),
    )


def _by_arm(values: NDArray[np.generic], of_each: int) -> tuple[float, ...]:
    by_arm = values.reshape(len(values), -1, of_each).astype(float).mean(axis=(0, 2))
    return tuple(float(one) for one in by_arm)


def _sign(verdict: str) -> int:
    return {"helps": 1, "hurts": -1}.get(verdict, 0)


def _holds(found: Comparison, effect: float, *, single: bool) -> bool:
    interval = found.single if single else found.interval
    return bool(interval.low <= effect <= interval.high)


def shift_of(design: Design, effect: float) -> float:
    """The change on the logit scale whose mean effect on the score is `effect`, by bisection.

    Args:
        design: with its standard deviations.
        effect: mean difference of the score.
    """
    varying = math.sqrt(design.model_document**2 + design.model_question**2 + design.training**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    weights = weights / weights.sum()
    difficulty = math.log(design.base / (1 - design.base)) + math.hypot(design.document, design.question) * nodes
    before = float(weights @ (1 / (1 + np.exp(-difficulty))))

    def gained(shift: float) -> float:
        moved = difficulty[:, None] + shift + varying * nodes[None, :]
        return float(weights @ (1 / (1 + np.exp(-moved))) @ weights) - before

    low, high = -12.0, 12.0
    for _ in range(60):
        center = (low + high) / 2
        low, high = (center, high) if gained(center) < effect else (low, center)
    return (low + high) / 2
