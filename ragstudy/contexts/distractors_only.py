"""Retrieved passages that cannot answer: does the generator decline?

Examples:
    >>> DISTRACTORS_ONLY.about
    'retrieved passages that cannot answer: a good generator declines'
"""

from __future__ import annotations

from ragstudy.protocols import ContextKind

DISTRACTORS_ONLY = ContextKind(
    name="distractors_only",
    about="retrieved passages that cannot answer: a good generator declines",
    select=lambda material: material.distractors()[: material.k or material.top_k],
    needs_gold=True,
    draws_distractors=True,
    headline_rank=4,
)
