"""Gold passages in which the right value is replaced by another of its type: passages against memory.

Examples:
    >>> COUNTERFACTUAL.name
    'counterfactual'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.protocols import ContextKind

if TYPE_CHECKING:
    from ragstudy.protocols import ContextMaterial
    from ragstudy.records import Passage


def _select(material: ContextMaterial) -> list[Passage]:
    gold = material.gold(material.k or material.top_k) or material.retrieved(1)
    others = [passage for passage in material.distractors() if passage not in gold]
    others = others[: max(0, (material.k or 0) - len(gold))]
    shown, _ = material.with_values_replaced(gold, others)
    return material.placed(shown[: len(gold)], shown[len(gold) :])


COUNTERFACTUAL = ContextKind(
    name="counterfactual",
    about="gold passages with wrong values: does the answer follow what it reads or what the model knows?",
    select=_select,
    needs_gold=True,
    # To follow the passage there is to score badly.
    is_compared=False,
    replaces_values=True,
    draws_distractors=True,
    headline_rank=5,
)
