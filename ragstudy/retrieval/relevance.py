"""Which retrieved passages hold gold evidence, and how good a ranking is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Passage, Question, Retrieval

SHARE_OF_EVIDENCE = 0.8
_WORD = re.compile(r"\w+")


def covered(question: Question, passage: Passage) -> tuple[int, ...]:
    """The numbers of the question's gold units that a passage covers.

    Gold units are the pieces of evidence if the question names any, else its gold documents. A passage of a
    gold document covers a piece of evidence if it holds at least 80 % of its words.
    """
    if question.gold_documents and passage.document not in question.gold_documents:
        return ()
    if not question.evidence:
        return tuple(n for n, gold in enumerate(question.gold_documents) if gold == passage.document)
    words = set(_WORD.findall(passage.text.casefold()))
    return tuple(n for n, evidence in enumerate(question.evidence) if _share(evidence, words) >= SHARE_OF_EVIDENCE)


def _share(evidence: str, words: set[str]) -> float:
    wanted = set(_WORD.findall(evidence.casefold()))
    return len(wanted & words) / len(wanted) if wanted else 0.0


def n_units(question: Question) -> int:
    """How many gold units a question has; 0 if it names none."""
    return len(question.evidence or question.gold_documents)


@dataclass(frozen=True)
class RankingQuality:
    """Means over the questions that name gold units, all in [0, 1], more is better.

    Attributes:
        n: number of these questions.
        k: passages looked at.
        recall: share of a question's gold units covered by its first k passages.
        hit: share of questions with at least one covered unit.
        mrr: 1 / rank of the first passage that covers a unit; 0 without one.
        ndcg: discounted number of units that each passage adds, over that of the best ranking of the gold documents'
            passages (Jarvelin and Kekalainen 2002).
    """

    n: int
    k: int
    recall: float
    hit: float
    mrr: float
    ndcg: float


def ranking_quality(retrievals: Sequence[Retrieval], k: int) -> RankingQuality | None:
    """Quality of the first `k` passages; None if no question names gold units."""
    judged = [one for one in retrievals if one.n_units]
    if not judged:
        return None
    rows = [_quality(one, k) for one in judged]
    recall, hit, mrr, ndcg = (math.fsum(row[i] for row in rows) / len(rows) for i in range(4))
    return RankingQuality(len(rows), k, recall, hit, mrr, ndcg)


def _quality(retrieval: Retrieval, k: int) -> tuple[float, float, float, float]:
    found: set[int] = set()
    first, gain = 0, 0.0
    for rank, units in enumerate(retrieval.covers[:k], start=1):
        new = set(units) - found
        if new:
            first = first or rank
            gain += len(new) / math.log2(rank + 1)
            found |= new
    gains = retrieval.best_gains or (1,) * retrieval.n_units
    best = math.fsum(units / math.log2(rank + 1) for rank, units in enumerate(gains[:k], start=1))
    # The best ranking is found greedily, so a ranking may in rare cases do better.
    return len(found) / retrieval.n_units, float(bool(found)), 1 / first if first else 0.0, min(1.0, gain / best)


def best_gains(covers: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Units that each passage of the best ranking adds: always the passage that adds most.

    Args:
        covers: units that each passage of the gold documents covers.
    """
    left = [set(units) for units in covers]
    gains = []
    while left and (most := max(left, key=len)):
        gains.append(len(most))
        chosen = set(most)
        left = [units - chosen for units in left]
    return tuple(gains)
