"""The gold passages alone: retrieval without a fault.

Examples:
    >>> ORACLE.about
    'the gold passages alone: retrieval without a fault'
"""

from __future__ import annotations

from ragstudy.protocols import ContextKind

# A question that names no gold passage, because it has no answer, gets the most similar passage, so that whether it has
# an answer does not show in the number of passages.
ORACLE = ContextKind(
    name="oracle",
    about="the gold passages alone: retrieval without a fault",
    select=lambda material: material.gold(material.top_k) or material.retrieved(1),
    takes_k=False,
    needs_gold=True,
    meant_to_answer=True,
    typical_passages=1,
    headline_rank=2,
)
