"""Claims of longer references: found, missed, contradicted; and what the learned coefficients promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.records import Question
from ragstudy.scoring.alignment import Aligner, learned, telling_claims
from ragstudy.scoring.claim_text import claims_of, names, negated, numbers, stem
from ragstudy.scoring.claims import is_free_form, judge
from ragstudy.scoring.words import WordWeights
from ragstudy.testing import HashEmbedder

WEIGHTS = WordWeights(["valves open under pressure", "the pump stops after ten minutes", "oil is cold"])
ASKED = "What happens when the pump runs dry?"
REFERENCE = "The pump stops after ten minutes. The valve on the left side opens. An alarm sounds in room 12."
FREE = Question("q", ASKED, (REFERENCE,), type="summary")


@pytest.fixture(scope="module")
def aligner():
    return Aligner(HashEmbedder, WEIGHTS)


def scores(aligner, answer):
    return judge(FREE, answer, WEIGHTS, aligner)


def test_a_reference_given_back_is_right_and_complete(aligner):
    judged = scores(aligner, REFERENCE)
    assert (judged.accuracy, judged.completeness) == (pytest.approx(1), pytest.approx(1))


def test_a_part_of_the_reference_is_right_and_not_complete(aligner):
    judged = scores(aligner, "The valve on the left side opens.")
    assert judged.accuracy == pytest.approx(1)
    assert 0.2 < judged.completeness < 0.6


def test_the_reference_and_much_else_is_complete_and_less_right(aligner):
    judged = scores(aligner, f"{REFERENCE} Bananas grow in warm countries. Trains seldom arrive early on Sundays.")
    assert judged.completeness == pytest.approx(1)
    assert judged.accuracy < 0.95


def test_an_answer_about_something_else_is_neither(aligner):
    judged = scores(aligner, "Bananas grow in warm countries.")
    assert judged.accuracy < 0.1
    assert judged.completeness < 0.1


def test_a_wrong_number_costs_accuracy(aligner):
    right, wrong = (scores(aligner, f"An alarm sounds in room {room}.").accuracy for room in (12, 47))
    assert wrong < right


def test_repeating_the_question_says_nothing(aligner):
    assert telling_claims(ASKED, "The pump runs dry, it happens. The left valve opens.") == ["The left valve opens."]
    repeated = scores(aligner, f"{ASKED} The valve on the left side opens.")
    assert repeated.accuracy == pytest.approx(scores(aligner, "The valve on the left side opens.").accuracy)


def test_claims_carry_their_evidence_and_stance(aligner):
    answer = "The pump stops after ten minutes. An alarm sounds in room 47. The valve never opens on the left side."
    stances = {c.text: (c.stance, c.evidence) for c in aligner.align(ASKED, answer, REFERENCE, learned()["accuracy"])}
    assert stances["The pump stops after ten minutes."] == ("supported", "The pump stops after ten minutes.")
    for text, stance in (
        ("Alarm room 47 sounds bananas grow trains.", "contradicted"),
        ("Bananas grow in warm countries.", "unverifiable"),
    ):
        assert [one.stance for one in aligner.align(ASKED, text, REFERENCE, learned()["accuracy"])] == [stance]
    assert stances["An alarm sounds in room 47."][1] == "An alarm sounds in room 12."


def test_only_longer_references_are_free_form():
    assert is_free_form(FREE)
    assert not is_free_form(Question("q", "?", ("12 hours",)))
    assert not is_free_form(Question("q", "Is it?", (f"Yes. {REFERENCE}",), type="yesno"))
    assert not is_free_form(Question("q", "?", (), type="unanswerable"))


def test_of_several_references_the_best_counts(aligner):
    both = Question("q", ASKED, ("Bananas grow in warm countries and nobody has ever asked why.", REFERENCE))
    assert judge(both, REFERENCE, WEIGHTS, aligner).completeness == pytest.approx(1)


def test_embedding_ahead_changes_nothing():
    ahead = Aligner(HashEmbedder, WEIGHTS)
    ahead.prepare([REFERENCE, "The valve opens."])
    late = Aligner(HashEmbedder, WEIGHTS)
    assert ahead.accuracy(ASKED, REFERENCE, "The valve opens.") == late.accuracy(ASKED, REFERENCE, "The valve opens.")


def test_no_embedder_is_made_for_questions_that_need_none():
    def never():
        raise AssertionError

    question = Question("q", "Which room?", ("room 12",))
    assert judge(question, "room 12", WEIGHTS, Aligner(never, WEIGHTS)).accuracy == 1


@given(st.text(max_size=200))
def test_scores_of_any_text_lie_between_0_and_1(text):
    judged = judge(FREE, text, WEIGHTS, Aligner(HashEmbedder, WEIGHTS))
    assert 0 <= judged.accuracy <= 1
    assert 0 <= judged.completeness <= 1


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("One thing is here. Another thing is there.", ["One thing is here.", "Another thing is there."]),
        ("- the first item here\n- the second item there", ["the first item here", "the second item there"]),
        (
            "It opens the left valve, and then it closes the right one.",
            ["It opens the left valve", "and then it closes the right one."],
        ),
        ("Yes. It does.", ["Yes. It does."]),
        ("...", []),
        ("", []),
    ],
)
def test_texts_are_cut_into_claims(text, claims):
    assert claims_of(text) == claims


def test_what_can_be_checked_is_found():
    assert numbers("1,000 men came twice in 3.5 days") == {"1000", "2", "3.5"}
    assert names("It was Anna Berg. She left Rome.") == {"anna", "berg", "rome"}
    assert negated("it isn't so")
    assert not negated("a notable case")
    assert stem("treated") == stem("treats")


def test_the_learned_coefficients_go_the_right_way():
    for coefficients in learned().values():
        assert min(coefficients.words, coefficients.similarity) > 0
        assert max(coefficients.numbers, coefficients.names) < 0


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (
            "The device has to be returned 14 days after delivery at the latest.",
            "The device has to be returned no later than 14 days after delivery.",
        ),
        ("Cold oil and also a worn belt stop the pump.", "Not only cold oil but also a worn belt stop the pump."),
        ("The pump stops because the cold oil does not flow.", "The pump stops because the cold oil fails to flow."),
        ("The pump stops because there is no oil in it.", "The pump stops because there is a lack of oil in it."),
    ],
)
def test_a_negation_in_other_words_is_not_the_contrary(aligner, reference, answer):
    asked = Question("q", "What happens?", (reference,), type="summary")
    assert judge(asked, answer, WEIGHTS, aligner).completeness > 0.4


def test_the_same_words_with_a_negation_are_the_contrary(aligner):
    asked = Question("q", "What happens?", ("The valve on the left side opens after ten minutes.",), type="summary")
    judged = judge(asked, "The valve on the left side never opens after ten minutes.", WEIGHTS, aligner)
    assert judged.completeness < 0.1
