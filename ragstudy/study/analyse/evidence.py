"""What stands behind the offline scores of a run: facts found, claims with their evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from ragstudy.records import Case, Evidence
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import Aligner, learned
from ragstudy.scoring.claims import found_facts, is_free_form, without_list_marks
from ragstudy.scoring.long_answers import LongAnswers
from ragstudy.scoring.surprisal import SurprisalEvidence, source_for
from ragstudy.text import word_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragstudy.protocols import LikelihoodSource
    from ragstudy.records import Answer, Axis, Question
    from ragstudy.scoring.surprisal import ExplainedWord
    from ragstudy.study.run_folder import RunFolder

# A share of a word's surprisal below which the other text hardly speaks of it.
_NEXT_TO_NOTHING = 0.15


def has_claims(folder: RunFolder) -> bool:
    """Whether any question of a run is judged by claims.

    Args:
        folder: the run folder.
    """
    return any(not question.facts and is_free_form(question) for question in folder.questions().values())


def evidence(folder: RunFolder, likelihoods: LikelihoodSource | None = None) -> list[Evidence]:
    """One row per fact or claim of every answer that was judged by facts or claims.

    Words weigh what they weighed when the answers were scored.

    Args:
        folder: the run folder.
        likelihoods: the language model that the answers were read with; it is not loaded, what it said is kept.

    Raises:
        InputError: a file of the folder is damaged.
        UnavailableError: claims are looked for and the embedder cannot be reached.
    """
    questions = folder.questions()
    answers = [
        replace(answer, text=without_list_marks(answer.text))
        for answer in folder.answers()
        if answer.stopped != "error"
    ]
    rows: list[Evidence] = []
    for domain in dict.fromkeys(answer.domain for answer in answers):
        mine = [answer for answer in answers if answer.domain == domain]
        aligner = Aligner(cache(scoring_embedder), folder.word_weights(domain))
        LongAnswers(aligner).prepare(Case(questions[domain, one.question], one.text) for one in mine)
        source = source_for((asked for (name, _), asked in questions.items() if name == domain), likelihoods)
        surprisal = None if source is None else SurprisalEvidence(source)
        for answer in mine:
            rows += _rows(answer, questions[domain, answer.question], aligner, surprisal)
    return rows


def _rows(
    answer: Answer, question: Question, aligner: Aligner, surprisal: SurprisalEvidence | None
) -> Iterator[Evidence]:
    about = (answer.domain, answer.question, answer.generator, answer.contexts)
    if question.facts:
        known = found_facts(question, answer.text)
        for fact in question.facts:
            there = fact.id in known
            yield Evidence(*about, "fact", fact.forms[0], "found" if there else "missing", float(there), "")
        return
    if not is_free_form(question):
        return
    reference = question.references[0]
    sides: tuple[tuple[Literal["answer", "reference"], str, str, Axis], ...] = (
        ("answer", answer.text, reference, "accuracy"),
        ("reference", reference, answer.text, "completeness"),
    )
    for side, text, other, axis in sides:
        # Only references are read, each after the answer.
        reads = surprisal if side == "reference" else None
        explained = reads.known(question.text, text, other) if reads is not None else []
        for claim in aligner.align(question.text, text, other, learned()[axis]):
            unexplained = _unexplained(claim.text, explained)
            yield Evidence(*about, side, claim.text, claim.stance, claim.support, claim.evidence, unexplained)


def _unexplained(claim: str, explained: list[ExplainedWord]) -> tuple[str, ...]:
    """The words of a claim of which the other text explains next to nothing, in their order."""
    looked_at = {one.word for one in explained}
    told = {one.word for one in explained if one.share >= _NEXT_TO_NOTHING}
    return tuple(dict.fromkeys(word for word in word_list(claim) if word in looked_at - told))
