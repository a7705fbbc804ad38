"""The gold passages among retrieved ones that cannot answer.

Examples:
    >>> ORACLE_WITH_DISTRACTORS.about
    'the gold passages among retrieved ones that cannot answer'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.protocols import ContextKind

if TYPE_CHECKING:
    from ragstudy.protocols import ContextMaterial
    from ragstudy.records import Passage


def _select(material: ContextMaterial) -> list[Passage]:
    k = material.k or material.top_k
    gold = material.gold(k)
    distractors = [passage for passage in material.distractors() if passage not in gold]
    return material.placed(gold, distractors[: k - len(gold)])


ORACLE_WITH_DISTRACTORS = ContextKind(
    name="oracle_with_distractors",
    about="the gold passages among retrieved ones that cannot answer",
    select=_select,
    takes_position=True,
    needs_gold=True,
    meant_to_answer=True,
    draws_distractors=True,
    headline_rank=1,
)
