"""Passages by sentences and by sections: how many, how long, and how often search finds what a question needs.

    python benchmarks/chunking.py corpora/NAME [--split test] [--top-k 5]

Recall is the share of a question's gold evidence (or gold documents) that the passages found cover.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.corpus import load_domain
from ragstudy.retrieval.embedder import make_embedder, tokens_of
from ragstudy.retrieval.passages import cut
from ragstudy.retrieval.relevance import covered, n_units
from ragstudy.retrieval.retrievers import retriever_kind
from ragstudy.specs import RetrievalSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Passage, Question
    from ragstudy.specs import Chunking

CHUNKINGS: tuple[Chunking, ...] = ("sentences", "sections")


def quality(questions: Sequence[Question], found: Sequence[Sequence[tuple[Passage, float]]]) -> tuple[float, float]:
    """Recall, and the share of questions whose first passage covers something."""
    recalls, firsts = [], []
    for question, passages in zip(questions, found, strict=True):
        units = [covered(question, passage) for passage, _ in passages]
        recalls.append(len({unit for one in units for unit in one}) / n_units(question))
        firsts.append(bool(units and units[0]))
    return float(np.mean(recalls)), float(np.mean(firsts))


def main() -> None:
    """Print a row for every length and way of cutting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="test", choices=("train", "test"))
    parser.add_argument("--top-k", type=int, default=5)
    given = parser.parse_args()
    domain, embedder = load_domain(given.corpus), make_embedder(RetrievalSpec())
    questions = [one for one in domain.split(given.split) if n_units(one)]
    encode = tokens_of(embedder)
    print(f"{len(questions)} questions, top {given.top_k}\n")
    print("| chunk_tokens | chunking | passages | tokens of each | recall | first |\n|---|---|---|---|---|---|")
    for size in (64, 128, 256):
        for chunking in CHUNKINGS:
            passages = cut(domain.documents, size, 16, encode, chunking)
            built = retriever_kind("dense").build(passages, embedder)
            recall, first = quality(questions, built.search([one.text for one in questions], given.top_k))
            length = np.mean([len(encode(one.text)) for one in passages])
            print(f"| {size} | {chunking} | {len(passages)} | {length:.0f} | {recall:.3f} | {first:.3f} |", flush=True)


if __name__ == "__main__":
    main()
