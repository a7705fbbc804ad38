"""What is odd about questions that somebody wrote: repetitions, contradictions, answers given away or not there.

Examples:
    >>> from ragstudy.corpus.domain import Domain
    >>> from ragstudy.records import Document, Question
    >>> asked = Question('q1', 'How heavy is the valve?', ('777 kg',), gold_documents=('a',))
    >>> odd_questions(Domain('d', '', 'group', (Document('a', '', 'The valve weighs 2 kg.'),), (asked,)))
    ['1 answers have numbers of which none stands in the document named: q1']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.notation import words_of
from ragstudy.text import some_of

if TYPE_CHECKING:
    from ragstudy.corpus.domain import Domain
    from ragstudy.corpus.importers.imported import Collection
    from ragstudy.records import Question

_LEAST_GIVEN_AWAY = 4


def without_repetitions(collection: Collection) -> list[str]:
    """Leave out questions that stand there before, word for word and with the same answers.

    Args:
        collection: whose questions are looked at.

    Returns:
        A sentence, if any are left out.
    """
    seen: set[tuple[str, frozenset[str]]] = set()
    again = []
    for name, question in collection.questions.items():
        key = (_plain(question.text), frozenset(map(_plain, question.references)))
        if key in seen:
            again.append(name)
        seen.add(key)
    for name in again:
        del collection.questions[name]
    if again:
        collection.left_out["that stand there before with the same answer"] += len(again)
    return []


def odd_questions(domain: Domain) -> list[str]:
    """What a person should look at, a sentence each.

    Args:
        domain: with its documents and questions.
    """
    answers: dict[str, set[str]] = {}
    given_away, elsewhere = [], []
    texts = {one.id: f"{one.title}\n{one.text}" for one in domain.documents}
    for question in domain.questions:
        text = _plain(question.text)
        shortest = min((one.casefold() for one in question.references), key=len, default="")
        answers.setdefault(text, set()).add(shortest)
        if len(shortest) >= _LEAST_GIVEN_AWAY and shortest in text and question.type != "yesno":
            given_away.append(question.id)
        if _is_elsewhere(question, texts):
            elsewhere.append(question.id)
    parts = [question.id for question in domain.questions if len(question.facts) > 1]
    contradicting = sum(len(forms) > 1 for forms in answers.values())
    notes = []
    if parts:
        notes.append(
            f"{len(parts)} short answers have a semicolon, and each of their parts must be said; answers of which one "
            f'will do belong in a list ["a", "b"]: {some_of(parts)}'
        )
    if contradicting:
        notes.append(f"{contradicting} questions are asked more than once with different answers")
    if given_away:
        notes.append(f"{len(given_away)} questions hold their answer: {some_of(given_away)}")
    if elsewhere:
        notes.append(
            f"{len(elsewhere)} answers have numbers of which none stands in the document named: {some_of(elsewhere)}"
        )
    return notes


def _is_elsewhere(question: Question, texts: dict[str, str]) -> bool:
    """Whether an answer has numbers in figures, and the documents named hold none of them."""
    said = {number for answer in question.references for number in _numbers(answer)}
    named = [texts[one] for one in question.gold_documents if one in texts]
    return bool(said and named) and not any(said & _numbers(text) for text in named)


def _numbers(text: str) -> set[str]:
    return {word for word in words_of(text) if any(map(str.isdigit, word))}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
