"""What the retrieval stage found for one domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ragstudy.records import Passage, Retrieval


@dataclass(frozen=True)
class Retrieved:
    """The retrieval stage's result for one domain.

    Attributes:
        fingerprint: of the index.
        passages: of the domain, by id.
        by_question: retrievals of test questions and of those training questions that jobs need.
    """

    fingerprint: str
    passages: dict[str, Passage]
    by_question: dict[str, Retrieval]

    @cached_property
    def by_document(self) -> dict[str, list[Passage]]:
        """The passages of every document, in its order."""
        return by_document(self.passages.values())

    def shown(self, question: str, k: int) -> list[Passage]:
        """The first passages of a question, best first.

        Args:
            question: question id.
            k: how many.
        """
        return [self.passages[name] for name in self.by_question[question].passages[:k]]


def by_document(passages: Iterable[Passage]) -> dict[str, list[Passage]]:
    """The passages of every document, in their order.

    Args:
        passages: of a domain.
    """
    documents: dict[str, list[Passage]] = {}
    for passage in passages:
        documents.setdefault(passage.document, []).append(passage)
    return documents
