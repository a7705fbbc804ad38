"""Vectors are embedded once, whoever asks; of what is added only that is embedded."""

from __future__ import annotations

import numpy as np
import pytest

from ragstudy.retrieval.embedding_cache import CachedEmbedder
from ragstudy.testing import HashEmbedder

TEXTS = [f"lamp {number} is in hall {number % 7}" for number in range(6000)]


class Counting:
    """Counts what it embeds."""

    def __init__(self):
        self.n_embedded, self.fail_after = 0, None

    def embed(self, texts):
        if self.fail_after is not None and self.n_embedded >= self.fail_after:
            raise KeyboardInterrupt
        self.n_embedded += len(texts)
        return HashEmbedder().embed(texts)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RAGSTUDY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "passages"


def test_a_second_run_embeds_nothing_and_gets_the_same():
    first, second = Counting(), Counting()
    made = CachedEmbedder(first, "m").embed(TEXTS)
    assert np.array_equal(made, HashEmbedder().embed(TEXTS))
    assert np.array_equal(CachedEmbedder(second, "m").embed(TEXTS), made)
    assert (first.n_embedded, second.n_embedded) == (6000, 0)


@pytest.mark.parametrize("place", [0, 2500, 6000])
def test_ten_more_documents_embed_ten(place):
    CachedEmbedder(Counting(), "m").embed(TEXTS)
    more, again = [f"new lamp {n}" for n in range(10)], Counting()
    texts = TEXTS[:place] + more + TEXTS[place:]
    assert np.array_equal(CachedEmbedder(again, "m").embed(texts), HashEmbedder().embed(texts))
    assert again.n_embedded == 10


def test_another_model_is_another_cache():
    CachedEmbedder(Counting(), "m").embed(TEXTS)
    other = Counting()
    CachedEmbedder(other, "m in float32").embed(TEXTS)
    assert other.n_embedded == 6000


def test_a_killed_embedding_goes_on_where_it_was(cache):
    killed, again = Counting(), Counting()
    killed.fail_after = 2000
    with pytest.raises(KeyboardInterrupt):
        CachedEmbedder(killed, "m").embed(TEXTS)
    CachedEmbedder(again, "m").embed(TEXTS)
    assert killed.n_embedded + again.n_embedded == 6000
    assert again.n_embedded < 6000


@pytest.mark.parametrize("damage", [b"", b"no database" * 100])
def test_a_damaged_cache_is_made_anew(cache, damage):
    CachedEmbedder(Counting(), "m").embed(TEXTS)
    [path] = cache.glob("*.sqlite")
    path.write_bytes(damage)
    again = Counting()
    assert np.array_equal(CachedEmbedder(again, "m").embed(TEXTS), HashEmbedder().embed(TEXTS))
    assert again.n_embedded == 6000


def test_texts_that_stand_twice_are_embedded_once():
    inner = Counting()
    twice = CachedEmbedder(inner, "m").embed([*TEXTS[:100], *TEXTS[:100]])
    assert inner.n_embedded == 100
    assert np.array_equal(twice[:100], twice[100:])


def test_a_cache_that_cannot_be_written_to_stops_nothing(cache, monkeypatch):
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where a folder should be")
    assert len(CachedEmbedder(Counting(), "m").embed(TEXTS)) == 6000


def test_few_texts_are_not_kept(cache):
    CachedEmbedder(Counting(), "m").embed(TEXTS[:20])
    assert not cache.exists()


def test_a_query_gets_the_same_vector_in_whatever_company_it_is_asked_again():
    class Drifting(Counting):
        """Its vectors hang on how many texts are embedded at a time, as those of a half-precision model do."""

        def embed(self, texts):
            return super().embed(texts) + np.float32(1e-3 * len(texts))

    first = CachedEmbedder(Drifting(), "m").embed_queries(["green", "red"])
    later = CachedEmbedder(Drifting(), "m").embed_queries(["blue", "red", "green", "red"])
    np.testing.assert_array_equal(later[[2, 1, 3]], first[[0, 1, 1]])


def test_a_query_keeps_its_vector_where_nothing_can_be_written(cache):
    cache.parent.mkdir(parents=True)
    (cache.parent / "queries").write_text("a file where a folder should be")
    inner = Counting()
    embedder = CachedEmbedder(inner, "m")
    embedder.embed_queries(["green", "red"])
    embedder.embed_queries(["red", "green"])
    assert inner.n_embedded == 2
