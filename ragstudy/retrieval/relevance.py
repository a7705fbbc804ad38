"""Which retrieved passages hold gold evidence, and how good a ranking is.

Examples:
    >>> from ragstudy.records import Passage, Question
    >>> asked = Question('q', 'Which colour?', ('green',), evidence=('The lamp is green.',))
    >>> covered(asked, Passage('d#1', 'd', '', 'In the hall the lamp is green.'))
    (0,)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.text import word_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Passage, Question, Retrieval

SHARE_OF_EVIDENCE = 0.8
_SHARE_THAT_TELLS = 0.5


def covered(question: Question, passage: Passage) -> tuple[int, ...]:
    """The numbers of the question's gold units that a passage covers.

    Gold units are the pieces of evidence if the question names any, else its gold documents. A passage of a
    gold document covers a piece of evidence if it holds at least 80 % of its words.

    Args:
        question: that was asked.
        passage: of the corpus.
    """
    if question.gold_documents and passage.document not in question.gold_documents:
        return ()
    if not question.evidence:
        return tuple(n for n, gold in enumerate(question.gold_documents) if gold == passage.document)
    words = word_set(passage.text)
    return tuple(n for n, evidence in enumerate(question.evidence) if _share(evidence, words) >= SHARE_OF_EVIDENCE)


def _share(evidence: str, words: frozenset[str]) -> float:
    wanted = word_set(evidence)
    return len(wanted & words) / len(wanted) if wanted else 0.0


def n_units(question: Question) -> int:
    """How many gold units a question has; 0 if it names none.

    Args:
        question: that was asked.
    """
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
    """Quality of the first `k` passages; None if no question names gold units.

    Args:
        retrievals: of the questions that count.
        k: passages looked at.
    """
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
    """Units that each passage of the best ranking adds.

    Args:
        covers: units that each passage of the gold documents covers.
    """
    return tuple(gain for _, gain in _best_ranking(covers))


def _best_ranking(covers: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
    """Positions of passages, and the units that each adds: always the passage that adds most."""
    left = [set(units) for units in covers]
    ranking = []
    while left and (most := max(left, key=len)):
        ranking.append((left.index(most), len(most)))
        left = [units - most for units in left]
    return ranking


def gold_passages(question: Question, passages: Sequence[Passage]) -> list[Passage]:
    """The fewest passages (found greedily) that cover all gold units of a question, in the corpus' order.

    A piece of evidence that was cut in two is covered by no passage; the passage with most of it stands in.

    Args:
        question: that names gold units.
        passages: of its gold documents, or of the corpus.
    """
    covers = [covered(question, passage) for passage in passages]
    chosen = {position for position, _ in _best_ranking(covers)}
    found = {unit for position in chosen for unit in covers[position]}
    cut = [evidence for unit, evidence in enumerate(question.evidence) if unit not in found]
    held = [word_set(passage.text) for passage in passages] if cut else []
    for evidence in cut if held else ():
        shares = [_share(evidence, words) for words in held]
        chosen.add(shares.index(max(shares)))
    return [passages[position] for position in sorted(chosen)]


def is_distractor(question: Question, passage: Passage) -> bool:
    """Whether a passage holds less than half of every gold unit, so that it cannot answer the question.

    Args:
        question: that was asked.
        passage: of the corpus.
    """
    if question.gold_documents and passage.document not in question.gold_documents:
        return True
    if not question.evidence:
        return not question.gold_documents
    words = word_set(passage.text)
    return all(_share(evidence, words) < _SHARE_THAT_TELLS for evidence in question.evidence)
