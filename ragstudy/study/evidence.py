"""What stands behind the offline scores of a run: facts found, claims with their evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import Aligner, learned
from ragstudy.scoring.claims import found_facts, is_free_form
from ragstudy.scoring.words import WordWeights, without_citations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragstudy.records import Answer, Question
    from ragstudy.study.store import RunFolder


def evidence(folder: RunFolder) -> list[dict[str, Any]]:
    """One row per fact or claim of every answer that was judged by facts or claims.

    Rows have `domain`, `question`, `generator`, `contexts`; `side`: 'fact' of the question, 'reference' claim looked
    for in the answer, or 'answer' claim looked for in the reference; `claim`; `standing`: 'found' or 'missing' of a
    fact, 'supported', 'contradicted' or 'unverifiable' of a claim; `support` in [0, 1]; and `evidence`, the most
    similar claim of the other text. Word weights are those of the questions' references, so supports may differ a
    little from the run's own, which were weighted by the corpus.

    Raises:
        InputError: the folder holds no run that this version reads.
        UnavailableError: claims are looked for and the embedder cannot be reached.
    """
    folder.check()
    questions = folder.questions()
    answers = [
        replace(answer, text=without_citations(answer.text)) for answer in folder.answers() if answer.stopped != "error"
    ]
    weights = WordWeights(text for question in questions.values() for text in question.references)
    aligner = Aligner(cache(scoring_embedder), weights)
    free = [answer for answer in answers if is_free_form(questions[answer.domain, answer.question])]
    texts = {text for answer in free for text in questions[answer.domain, answer.question].references}
    aligner.prepare(sorted(texts | {answer.text for answer in free}))
    return [row for answer in answers for row in _rows(answer, questions[answer.domain, answer.question], aligner)]


def _rows(answer: Answer, question: Question, aligner: Aligner) -> Iterator[dict[str, Any]]:
    about = {
        "domain": answer.domain,
        "question": answer.question,
        "generator": answer.generator,
        "contexts": answer.contexts,
    }
    if question.facts:
        found = found_facts(question, answer.text)
        for fact in question.facts:
            there = fact.id in found
            yield {
                **about,
                "side": "fact",
                "claim": fact.forms[0],
                "standing": "found" if there else "missing",
                "support": float(there),
                "evidence": "",
            }
        return
    if not is_free_form(question):
        return
    for side, text, other, name in (
        ("answer", answer.text, question.references[0], "accuracy"),
        ("reference", question.references[0], answer.text, "completeness"),
    ):
        for claim in aligner.align(question.text, text, other, learned()[name]):
            yield {
                **about,
                "side": side,
                "claim": claim.text,
                "standing": claim.stance,
                "support": round(claim.support, 3),
                "evidence": claim.evidence,
            }
