"""The texts that prompts showed, from the run folder alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ragstudy.retrieval.saved import read_passages

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.records import Answer
    from ragstudy.study.run_folder import RunFolder


def texts_shown(folder: RunFolder, domain: str) -> Callable[[Answer], dict[str, str]]:
    """From an answer on a domain to the texts of the passages that its prompt showed, by id and in order.

    Where values were replaced, they are the texts as they were shown. Nothing is read before the first answer.

    Args:
        folder: the run folder.
        domain: name of the domain.
    """

    @cache
    def indexed() -> dict[str, str]:
        return {one.id: one.text for one in read_passages(folder.index_folder(domain))}

    @cache
    def replaced() -> dict[tuple[str, str], dict[str, str]]:
        rows = (row for row in folder.replaced_values() if row.domain == domain)
        return {(row.contexts, row.question): {one.id: one.text for one in row.passages} for row in rows}

    def texts_of(answer: Answer) -> dict[str, str]:
        changed = replaced().get((answer.contexts, answer.question), {})
        return {name: changed.get(name) or indexed()[name] for name in answer.shown}

    return texts_of
