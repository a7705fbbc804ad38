"""Claims of one text looked for in another: how far each is supported, and by what.

For a claim c of one text and the whole other text, the support is

    s(c) = 1 / (1 + exp(-(bias + a words(c) + b similarity(c) + d numbers(c) + e names(c))))

stretched so that a claim found word for word has support 1 and one of which nothing is found has 0, with

* words: share of the claim's content words, weighted by inverse document frequency, that the other text holds in
  any inflection; words of the question tell nothing and are left out;
* similarity: highest cosine similarity of the claim with a claim of the other text;
* numbers, names: share of the claim's numbers and names that the other text lacks.

A claim that has the words of its nearest claim and a negation more or less has no words and no similarity: it says the
contrary.

A claim that only repeats the question, or says that there is no answer, is no claim, unless there are no others.

Completeness is the mean support of the reference's claims in the answer. Accuracy is the mean of three things about the
answer's claims: their mean support in the reference, the support of the best one, and its similarity, because people
judge an answer by its main claim and forgive what the reference is silent about. Means are weighted by the square root
of what a claim's words weigh. The coefficients were learned from human labels (`claim_weights.json` says which) by
`benchmarks/fit_claims.py`.

Examples:
    >>> telling_claims('Which colour is the lamp?', 'The lamp is green. It stands in room 4.')
    ['The lamp is green.', 'It stands in room 4.']
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ragstudy.scoring.abstention import abstains
from ragstudy.scoring.claim_text import claims_of, content, names, negated, numbers, stem
from ragstudy.scoring.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ragstudy.protocols import Embedder
    from ragstudy.scoring.words import WordWeights

Stance = Literal["supported", "contradicted", "unverifiable"]
N_FEATURES = 4
_SIMILARITY = 1
_CLOSE = 0.6
_HALF = 0.5
_NEGATIONS = frozenset(
    {"not", "no", "never", "none", "cannot", "without", "neither", "nor", "t", "don", "doesn", "isn"}
)
# Cosines of texts embedded in other company differ in the last digits; scores must not.
_DIGITS = 4


class Coefficients(NamedTuple):
    """Coefficients of the support of a claim: (1 + N_FEATURES) numbers, the bias first.

    Attributes:
        bias: of the logit.
        words: per share of the content words that are found.
        similarity: per cosine similarity with the nearest claim.
        numbers: per share of the numbers that are missing.
        names: per share of the names that are missing.
    """

    bias: float
    words: float
    similarity: float
    numbers: float
    names: float


@dataclass(frozen=True)
class Claim:
    """A claim and how the other text stands to it.

    Attributes:
        text: of the claim.
        support: in [0, 1], more is better.
        evidence: the most similar claim of the other text; empty if it has none.
        stance: 'supported' from .5 on; below that 'contradicted' if the evidence is about the same but has other
            numbers or another negation, else 'unverifiable'.
        weight: in means over claims, positive.
    """

    text: str
    support: float
    evidence: str
    stance: Stance
    weight: float


@cache
def learned() -> dict[str, Coefficients]:
    """The fitted coefficients for 'accuracy' and 'completeness'."""
    rows = _learned_file()
    return {name: Coefficients(**rows[name]) for name in ("accuracy", "completeness")}


def learned_domains() -> frozenset[str]:
    """The domains whose human labels the coefficients were learned from, as their publisher names them."""
    return frozenset(_learned_file()["domains"])


def _learned_file() -> dict[str, Any]:
    text = (files("ragstudy.scoring") / "claim_weights.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def support(features: NDArray[np.float64], coefficients: Sequence[float]) -> NDArray[np.float64]:
    """(n,) supports of claims with (n, N_FEATURES) features.

    Args:
        features: (n, N_FEATURES) features of the claims.
        coefficients: fitted coefficients, the bias first.
    """
    slopes = np.asarray(coefficients[1:], dtype=np.float64)
    none, best = _logistic(coefficients[0]), _logistic(coefficients[0] + slopes[:2].sum())
    stretched = (_logistic(coefficients[0] + features @ slopes) - none) / (best - none)
    return np.clip(stretched, 0.0, 1.0)


def _logistic(z: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -30.0, 30.0))))


def covered_share(features: NDArray[np.float64], weights: NDArray[np.float64], coefficients: Sequence[float]) -> float:
    """Completeness from the reference's claims: their weighted mean support; 0 without claims.

    Args:
        features: (n, N_FEATURES) features of the claims.
        weights: (n,) weight of each claim, positive.
        coefficients: fitted coefficients, the bias first.
    """
    return float(support(features, coefficients) @ weights / weights.sum()) if len(weights) else 0.0


def right_share(features: NDArray[np.float64], weights: NDArray[np.float64], coefficients: Sequence[float]) -> float:
    """Accuracy from the answer's claims: mean of their mean support, best support and best similarity; 0 without.

    Args:
        features: (n, N_FEATURES) features of the claims.
        weights: (n,) weight of each claim, positive.
        coefficients: fitted coefficients, the bias first.
    """
    if not len(weights):
        return 0.0
    supports = support(features, coefficients)
    return float((supports @ weights / weights.sum() + supports.max() + features[:, _SIMILARITY].max()) / 3)


class Aligner:
    """Looks for the claims of one text in another.

    Args:
        embedder: makes the embedder when it is first needed; the coefficients were learned with all-MiniLM-L6-v2
            in float32.
        word_weights: of the domain.
    """

    def __init__(self, embedder: Callable[[], Embedder], word_weights: WordWeights) -> None:
        self._embedder = embedder
        self._word_weights = word_weights
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def prepare(self, texts: Iterable[str]) -> None:
        """Embed the claims of many texts at once; what is not prepared is embedded when it is needed.

        Args:
            texts: answers and references.
        """
        self._embed(claim for text in texts for claim in claims_of(text))

    def _embed(self, claims: Iterable[str]) -> None:
        new = [claim for claim in dict.fromkeys(claims) if claim not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder().embed(new), strict=True))

    def features(self, question: str, text: str, other: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, N_FEATURES) features and (n,) weights of the n claims of `text`, looked for in `other`.

        Args:
            question: text of the question.
            text: whose claims are looked for.
            other: text that they are looked for in.
        """
        claims, others = telling_claims(question, text), claims_of(other)
        similarities = self._similarities(claims, others)
        asked, held = set(words(question)), {stem(word) for word in words(other)}
        rows, weights = [], []
        for number, claim in enumerate(claims):
            telling = set(content(claim))
            telling = telling - asked or telling
            weight = math.fsum(self._word_weights[word] for word in sorted(telling))
            found = math.fsum(self._word_weights[word] for word in sorted(telling) if stem(word) in held)
            share = found / weight if weight else 0.0
            similarity = float(similarities[number].max(initial=0.0))
            if others and _contrary(claim, others[int(similarities[number].argmax())]):
                share = similarity = 0.0
            rows.append(
                (
                    share,
                    similarity,
                    _missing(numbers(claim), numbers(other)),
                    _missing({stem(name) for name in names(claim)}, held),
                )
            )
            weights.append(math.sqrt(max(weight, 1.0)))
        return np.asarray(rows, dtype=np.float64).reshape(-1, N_FEATURES), np.asarray(weights, dtype=np.float64)

    def align(self, question: str, text: str, other: str, coefficients: Coefficients) -> list[Claim]:
        """The claims of `text` with their support in `other` and the evidence for it.

        Args:
            question: text of the question.
            text: whose claims are looked for.
            other: text that they are looked for in.
            coefficients: fitted coefficients, the bias first.
        """
        features, weights = self.features(question, text, other)
        claims, others = telling_claims(question, text), claims_of(other)
        supports, similarities = support(features, coefficients), self._similarities(claims, others)
        aligned = []
        for number, claim in enumerate(claims):
            nearest = int(similarities[number].argmax()) if others else -1
            evidence = others[nearest] if others else ""
            close = bool(others) and float(similarities[number, nearest]) >= _CLOSE
            stance = _stance(claim, evidence, float(supports[number]), close=close)
            aligned.append(Claim(claim, float(supports[number]), evidence, stance, float(weights[number])))
        return aligned

    def accuracy(self, question: str, reference: str, answer: str) -> float:
        """How much of what the answer says the reference supports, in [0, 1]; 0 for an answer without a word.

        Args:
            question: text of the question.
            reference: text of the reference.
            answer: the text given.
        """
        features, weights = self.features(question, answer, reference)
        return right_share(features, weights, learned()["accuracy"])

    def completeness(self, question: str, reference: str, answer: str) -> float:
        """How much of the reference the answer says, in [0, 1]; 0 for a reference without a word.

        Args:
            question: text of the question.
            reference: text of the reference.
            answer: the text given.
        """
        features, weights = self.features(question, reference, answer)
        return covered_share(features, weights, learned()["completeness"])

    def both(self, question: str, reference: str, answer: str) -> tuple[float, float]:
        """Accuracy and completeness.

        Args:
            question: text of the question.
            reference: text of the reference.
            answer: the text given.
        """
        return self.accuracy(question, reference, answer), self.completeness(question, reference, answer)

    def _similarities(self, claims: list[str], others: list[str]) -> NDArray[np.float64]:
        """(claims, others) cosine similarities."""
        if not claims or not others:
            return np.zeros((len(claims), len(others)))
        self._embed([*claims, *others])
        left, right = (np.asarray([self._vectors[one] for one in some], dtype=np.float64) for some in (claims, others))
        return np.round(left @ right.T, _DIGITS)


def telling_claims(question: str, text: str) -> list[str]:
    """The claims of a text that say more than the question does and do not decline to answer it; all if none does.

    Args:
        question: text of the question.
        text: to look at.
    """
    claims, asked = claims_of(text), set(words(question))
    return [claim for claim in claims if set(content(claim)) - asked and not abstains(claim)] or claims


def _contrary(claim: str, other: str) -> bool:
    """Whether two claims have the same telling words, and one of them alone is negated."""
    if negated(claim) == negated(other):
        return False
    mine, theirs = ({stem(word) for word in content(text)} - _NEGATIONS for text in (claim, other))
    return bool(mine) and mine == theirs


def _missing(told: set[str], known: set[str]) -> float:
    """Share of what is told that is not known; 0 if nothing is told."""
    return len(told - known) / len(told) if told else 0.0


def _stance(claim: str, evidence: str, supported: float, *, close: bool) -> Stance:
    if supported >= _HALF:
        return "supported"
    told, known = numbers(claim), numbers(evidence)
    other_numbers = bool(told and known) and not told & known
    if close and (other_numbers or negated(claim) != negated(evidence)):
        return "contradicted"
    return "unverifiable"
