"""One question of a run with every answer to it, as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.errors import InputError, nearest
from ragstudy.formatting import share
from ragstudy.reporting.run_files import in_gold_document
from ragstudy.study.texts_shown import texts_shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ragstudy.records import Answer, Question, Score
    from ragstudy.study.run_folder import RunFolder

_MOST_LISTED = 10
_SHOWN = 300


def find_question(folder: RunFolder, wanted: str, domain: str | None = None) -> tuple[str, Question]:
    """The domain and question with an id, or the one whose text holds some words.

    Args:
        folder: of the run.
        wanted: id of a test question, or a part of its text.
        domain: that it is in, where several have it; None for any.

    Raises:
        InputError: no question is meant, or several are; these are listed.
    """
    asked = {key: one for key, one in folder.questions().items() if domain in (None, key[0])}
    found = [key for key in asked if key[1] == wanted]
    found = found or [key for key, one in asked.items() if wanted.casefold() in one.text.casefold()]
    if len(found) == 1:
        return found[0][0], asked[found[0]]
    if not found:
        guess = nearest(wanted, [number for _, number in asked])
        msg = f"{folder.path}: no test question has the id or the words {wanted!r}{guess}"
        raise InputError(msg)
    listed = [f"  {name} {number}: {asked[name, number].text[:80]}" for name, number in found[:_MOST_LISTED]]
    more = f"\n  and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    msg = f"{folder.path}: {len(found)} questions have {wanted!r}; name one by its id, or --domain:\n" + "\n".join(
        listed
    )
    raise InputError(msg + more)


def lines_about(folder: RunFolder, domain: str, question: Question) -> Iterator[str]:
    """The question, what is known of its right answer, the passages, and every answer with its scores.

    Args:
        folder: of the run.
        domain: of the question.
        question: that was asked.
    """
    answers = [one for one in folder.answers() if (one.domain, one.question) == (domain, question.id)]
    scores = [one for one in folder.scores() if (one.domain, one.question) == (domain, question.id)]
    yield f"{domain} {question.id} ({question.type})"
    yield f"  {question.text}"
    yield f"reference: {' | '.join(question.references) or '(the corpus holds no answer)'}"
    if question.facts:
        yield f"required: {'; '.join(' or '.join(fact.forms) for fact in question.facts)}"
    shown = texts_shown(folder, domain)
    for contexts in dict.fromkeys(one.contexts for one in answers):
        mine = [one for one in answers if one.contexts == contexts]
        yield ""
        yield f"prompts: {contexts}"
        yield from _passages(shown(max(mine, key=lambda one: one.n_passages)), question)
        for answer in mine:
            yield from _answer(answer, scores)


def _passages(texts: dict[str, str], question: Question) -> Iterator[str]:
    for number, (name, text) in enumerate(texts.items(), start=1):
        is_gold = in_gold_document(name, question)
        yield f"  [{number}] {'gold ' if is_gold else ''}{name}: {' '.join(text.split())[:_SHOWN]}"


def _answer(answer: Answer, scores: Sequence[Score]) -> Iterator[str]:
    mine = [one for one in scores if (one.generator, one.contexts) == (answer.generator, answer.contexts)]
    told = ", ".join(f"{one.measure} {share(one.value)}" for one in mine if one.value is not None)
    said = f"failed: {answer.error}" if answer.stopped == "error" else answer.text or "(empty)"
    cut = " (cut at its longest)" if answer.stopped == "length" else ""
    yield f"  {answer.generator}: {said}{cut}"
    if told:
        yield f"      {told}"
