"""The measures of answers, one entry each: built in, installed, or of the user's own.

Examples:
    >>> measure_kind("completeness").higher_is_better
    True
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, nearest
from ragstudy.protocols import MeasureKind
from ragstudy.registry import Registry, import_object, is_object_name, make_object
from ragstudy.scoring.alignment import Aligner
from ragstudy.scoring.judges.measure import split_name
from ragstudy.scoring.long_answers import LongAnswers
from ragstudy.scoring.surprisal import SurprisalEvidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.protocols import BatchMeasure, Embedder, LikelihoodSource, Measure
    from ragstudy.scoring.words import WordWeights

# Raised whenever the rules that many measures share give other values than before, so that old scores are made anew.
SCORING_VERSION = 8
_RAGAS = "ragas:"
MEASURES = Registry(
    kind="measure",
    group="ragstudy.measures",
    entry_type=MeasureKind,
    built_in={
        "accuracy": "ragstudy.scoring.measures.judged:ACCURACY",
        "completeness": "ragstudy.scoring.measures.judged:COMPLETENESS",
        "exact_match": "ragstudy.scoring.measures.overlap:EXACT_MATCH",
        "token_f1": "ragstudy.scoring.measures.overlap:TOKEN_F1",
        "rouge_l": "ragstudy.scoring.measures.overlap:ROUGE_L",
        "bleu": "ragstudy.scoring.measures.overlap:BLEU",
        "answer_words": "ragstudy.scoring.measures.form:ANSWER_WORDS",
        "abstention": "ragstudy.scoring.measures.form:ABSTENTION",
        "ragas:exact_match": "ragstudy.scoring.measures.ragas:EXACT_MATCH",
        "ragas:rouge_l": "ragstudy.scoring.measures.ragas:ROUGE_L",
        "ragas:string_presence": "ragstudy.scoring.measures.ragas:STRING_PRESENCE",
        "ragas:string_similarity": "ragstudy.scoring.measures.ragas:STRING_SIMILARITY",
        "ragas:semantic_similarity": "ragstudy.scoring.measures.ragas:SEMANTIC_SIMILARITY",
    },
)


@dataclass
class Resources:
    """What a domain offers to its measures (`ragstudy.protocols.MeasureResources`).

    Attributes:
        word_weights: how much each word of the domain's corpus tells.
        embedder: loads the embedder that texts are compared with.
        likelihoods: the language model that helps to score long answers; None where there is none.
    """

    word_weights: WordWeights
    embedder: Callable[[], Embedder]
    likelihoods: LikelihoodSource | None = None

    @cached_property
    def long_answers(self) -> LongAnswers:
        """Scores answers whose reference is longer; shared, so that texts are embedded and read once."""
        surprisal = None if self.likelihoods is None else SurprisalEvidence(self.likelihoods)
        return LongAnswers(Aligner(self.embedder, self.word_weights), surprisal)


def measure_kind(name: str) -> MeasureKind:
    """What is known of a measure.

    A measure of the user's own declares `higher_is_better`, `scale` and `version` as attributes of its object, or names
    a whole `MeasureKind`; one that declares nothing is compared, but nothing is called better or worse by it.

    Args:
        name: as a study writes it under `measures`.

    Raises:
        InputError: there is no such measure.
    """
    is_unknown = name not in MEASURES.names() and (not is_object_name(name) or name.startswith(_RAGAS))
    if is_unknown:
        msg = f"measures: {name!r} is no measure{nearest(name, MEASURES.names())}"
        raise InputError(msg)
    kind = MEASURES.find(name)
    if kind is not None:
        return kind
    declared = import_object(name, "measures")
    return MeasureKind(
        name=name,
        about=(getattr(declared, "__doc__", None) or "a measure of the user's own").strip().splitlines()[0],
        make=lambda _resources: make_object(name, "measures", ["score", "score_many"]),
        higher_is_better=getattr(declared, "higher_is_better", None),
        scale=getattr(declared, "scale", None),
        version=int(getattr(declared, "version", 1)),
    )


def looks_for_claims(name: str, judges: Sequence[str]) -> bool:
    """Whether a measure looks for the claims of longer references, and so needs an embedder.

    Args:
        name: of the measure.
        judges: names of the study's judges, whose measures ask a model instead.
    """
    return split_name(name, judges) is None and measure_kind(name).needs_claims


def make_measure(name: str, resources: Resources) -> Measure | BatchMeasure:
    """A measure by its name.

    Args:
        name: as a study writes it under `measures`.
        resources: of the domain.

    Raises:
        InputError: there is no such measure, or it cannot be made.
        UnavailableError: a package or model that it needs is missing.
    """
    made: Measure | BatchMeasure = measure_kind(name).make(resources)
    return made


def better_sign(name: str) -> int:
    """By what to multiply values of a measure so that more of them is better: 1, or -1 where less is better.

    Args:
        name: as a study writes it under `measures`.
    """
    return -1 if less_is_better(name) else 1


def less_is_better(name: str) -> bool:
    """Whether a lower value of a measure is a better answer; False of a measure that is not known here any more.

    Args:
        name: as a study writes it under `measures`.
    """
    try:
        return measure_kind(name).higher_is_better is False
    except InputError:
        return False
