"""No passages: what a generator knows without reading.

Examples:
    >>> NONE.about
    'no passages: what the generator knows without reading'
"""

from __future__ import annotations

from ragstudy.protocols import ContextKind

NONE = ContextKind(
    name="none",
    about="no passages: what the generator knows without reading",
    select=lambda _material: [],
    takes_k=False,
    has_passages=False,
    typical_passages=0,
    headline_rank=3,
)
