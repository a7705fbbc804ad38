"""The passages that the retriever finds.

Examples:
    >>> RETRIEVED.about
    'the passages that the retriever finds, best first'
"""

from __future__ import annotations

from ragstudy.protocols import ContextKind

RETRIEVED = ContextKind(
    name="retrieved",
    about="the passages that the retriever finds, best first",
    select=lambda material: material.retrieved(material.k or material.top_k),
    meant_to_answer=True,
    headline_rank=0,
)
