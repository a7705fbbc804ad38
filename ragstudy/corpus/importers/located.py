"""Filling in which documents hold the answers, where a table of questions does not name them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ragstudy.corpus.locate import Locator
from ragstudy.text import some_of

if TYPE_CHECKING:
    from ragstudy.corpus.importers.imported import Collection


def locate_gold(collection: Collection) -> list[str]:
    """Fill in the documents that hold the answers, where the table names none; a sentence with the counts.

    Args:
        collection: whose questions are completed.
    """
    without = [one for one in collection.questions.values() if not one.gold_documents]
    if not without:
        return []
    locator, counts = Locator(list(collection.documents.values())), Counter[str]()
    nowhere = []
    for question in without:
        found = locator.find(question.text, question.references)
        counts[found.by if found else "nowhere"] += 1
        if found is None:
            nowhere.append(question.id)
        if found is not None:
            collection.questions[question.id] = replace(question, gold_documents=(found.document,))
    told = (
        f"the table names no document for {len(without)} questions: of {counts['text']} the answer was found word for "
        f"word, of {counts['words']} by most of its words, of {counts['nowhere']} nowhere"
    )
    return [f"{told} ({some_of(nowhere)})" if nowhere else told]
