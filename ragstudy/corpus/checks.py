"""Checks of a whole domain: ids, references, gold ids, leakage between training and test."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from ragstudy.text import word_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ragstudy.records import Document, Question

NEAR_DUPLICATE = 0.9
_MOST_SHOWN = 20


def find_problems(
    folder: Path, documents: Sequence[Document], questions: Sequence[Question], *, by_group: bool
) -> list[str]:
    """Everything that is wrong with a domain, one message each; long lists are cut and counted.

    Args:
        folder: of the domain, for messages.
        documents: of the corpus.
        questions: of both splits.
        by_group: whether whole groups stand in one split.
    """
    problems: list[str] = []
    where_documents, where_questions = f"{folder}: documents", f"{folder / 'questions.jsonl'}"
    if not documents:
        problems.append(f"{where_documents}: the corpus is empty; expected at least one document")
    if not questions:
        problems.append(f"{where_questions}: no questions; expected at least one")
    problems += _capped(_doubles(where_documents, "document", [d.id for d in documents]))
    problems += _capped(_doubles(where_questions, "question", [q.id for q in questions]))
    known = {document.id for document in documents}
    problems += _capped(
        f"{where_questions}: question {q.id!r} names gold document {gold!r}, which is not in the corpus"
        for q in questions
        for gold in q.gold_documents
        if gold not in known
    )
    problems += _capped(
        f"{where_questions}: question {q.id!r} has no reference answer; give one, or type 'unanswerable'"
        for q in questions
        if q.answerable and not q.references
    )
    problems += _capped(_leaks(where_questions, questions, by_group=by_group))
    if by_group:
        problems += _capped(_shared_groups(where_questions, questions))
    return problems


def _capped(messages: Iterable[str]) -> list[str]:
    listed = list(messages)
    if len(listed) <= _MOST_SHOWN:
        return listed
    return [*listed[:_MOST_SHOWN], f"... and {len(listed) - _MOST_SHOWN} more like the last one"]


def _doubles(place: str, what: str, ids: Sequence[str]) -> list[str]:
    return [
        f"{place}: {what} id {name!r} stands {n} times; ids must differ" for name, n in Counter(ids).items() if n > 1
    ]


def _shared_groups(place: str, questions: Sequence[Question]) -> list[str]:
    splits: dict[str, set[str]] = defaultdict(set)
    for question in questions:
        splits[question.group].add(question.split)
    return [
        f"{place}: group {group!r} has questions in train and in test, and the domain says split_by: group"
        for group, found in splits.items()
        if len(found) > 1
    ]


def _leaks(place: str, questions: Sequence[Question], *, by_group: bool) -> list[str]:
    """Test questions whose words are (nearly) those of a training question."""
    return [
        f"{place}: test question {test!r} is the same or nearly the same as training question {train!r}; "
        "drop one of them, or put both into one split"
        for test, train in near_duplicates(questions, by_group=by_group)
    ]


def near_duplicates(questions: Sequence[Question], *, by_group: bool) -> list[tuple[str, str]]:
    """Pairs (test id, training id) of questions whose word sets have a Jaccard similarity of at least .9.

    Candidates share one of the rarest words that any such pair must share (prefix filtering), so the cost
    stays near linear.

    Args:
        questions: of both splits.
        by_group: whether each group is asked about itself, as the papers of Qasper are: then the same words
            ('What is the main contribution?') about two groups are two questions.
    """
    words = {q.id: word_set(q.text) for q in questions}
    counts = Counter(word for found in words.values() for word in found)
    train: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if question.split == "train":
            for word in _prefix(words[question.id], counts):
                train[word].append(question)
    pairs = []
    for question in questions:
        if question.split == "test":
            hit = _match(question, words, train, counts, by_group=by_group)
            if hit is not None:
                pairs.append((question.id, hit))
    return pairs


def _match(
    question: Question,
    words: dict[str, frozenset[str]],
    train: dict[str, list[Question]],
    counts: Counter[str],
    *,
    by_group: bool,
) -> str | None:
    mine = words[question.id]
    seen: set[str] = set()
    for word in _prefix(mine, counts):
        for other in train.get(word, ()):
            if other.id in seen or (by_group and question.group != other.group):
                continue
            seen.add(other.id)
            theirs = words[other.id]
            if len(mine & theirs) >= NEAR_DUPLICATE * len(mine | theirs):
                return other.id
    return None


def _prefix(found: frozenset[str], counts: Counter[str]) -> list[str]:
    """The rarest words; any set with Jaccard similarity >= t shares one of the |x| - ceil(t |x|) + 1 rarest."""
    rarest = sorted(found, key=lambda word: (counts[word], word))
    return rarest[: len(found) - int(-(-NEAR_DUPLICATE * len(found) // 1)) + 1]
