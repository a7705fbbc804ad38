"""What stands behind the offline scores of a run: facts found, claims with their evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from ragstudy.records import Case, Evidence
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import Aligner, learned
from ragstudy.scoring.claims import found_facts, is_free_form, without_list_marks
from ragstudy.scoring.table import texts_with_claims

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragstudy.records import Answer, Axis, Question
    from ragstudy.study.run_folder import RunFolder


def has_claims(folder: RunFolder) -> bool:
    """Whether any question of a run is judged by claims.

    Args:
        folder: the run folder.
    """
    return any(not question.facts and is_free_form(question) for question in folder.questions().values())


def evidence(folder: RunFolder) -> list[Evidence]:
    """One row per fact or claim of every answer that was judged by facts or claims.

    Words weigh what they weighed when the answers were scored.

    Args:
        folder: the run folder.

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
        aligner.prepare(texts_with_claims(Case(questions[domain, one.question], one.text) for one in mine))
        rows += [row for answer in mine for row in _rows(answer, questions[domain, answer.question], aligner)]
    return rows


def _rows(answer: Answer, question: Question, aligner: Aligner) -> Iterator[Evidence]:
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
        for claim in aligner.align(question.text, text, other, learned()[axis]):
            yield Evidence(*about, side, claim.text, claim.stance, claim.support, claim.evidence)
