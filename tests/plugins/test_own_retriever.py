"""A retriever of one's own: passages in the corpus' order, whatever is asked."""

from __future__ import annotations

from conftest import study_content

from ragstudy.protocols import RetrieverKind
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


class InOrder:
    def __init__(self, passages):
        self.passages = passages

    def search(self, queries, k):
        return [[(passage, 1.0 / rank) for rank, passage in enumerate(self.passages[:k], 1)] for _ in queries]


IN_ORDER = RetrieverKind("in_order", lambda passages, _embedder: InOrder(passages), needs_embedder=False)


def test_a_retriever_of_ones_own_finds_the_passages(lamps, tmp_path):
    content = study_content(lamps)
    content["retrieval"]["retriever"] = "test_own_retriever:IN_ORDER"
    run_study(make_plan(parse_study(content, "s.yaml")), tmp_path / "run")
    found = {row.passages[:2] for row in RunFolder(tmp_path / "run").retrievals()}
    assert found == {("lampa#1", "lampb#1")}
