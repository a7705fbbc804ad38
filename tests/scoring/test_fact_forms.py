"""Facts in the ways in which people write them, and what must not pass for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.corpus import load_domain
from ragstudy.records import Fact, Question
from ragstudy.scoring.claims import judge
from ragstudy.scoring.fact_forms import states
from ragstudy.scoring.words import WordWeights


@pytest.mark.parametrize(
    ("form", "text", "question"),
    [
        ("Thomas Edison", "Thomas Alva Edison", "who invented it?"),
        ("Thomas Edison", "It was Thomas A. Edison.", "who invented it?"),
        ("the physician George Huntington", "It is named after George Huntington.", "where does the name come from?"),
        ("colonial minister Johannes Bell", "Johannes Bell", "who signed?"),
        ("class Cephalopoda", "Octopuses are Cephalopoda.", "what group?"),
        ("Computer simulations", "They are called simulations.", "what are computer based models called?"),
        ("the second law", "The second one.", "which law says so?"),
        ("Marley & Me", "It is Marley and Me.", "what is the title?"),
        ("plant hormones", "a plant hormone", "what is auxin?"),
        ("Mary Elizabeth Patterson", "It was Elizabeth Patterson.", "who played her?"),
        ("CBS Television City", "at Television City in Hollywood", "where is it filmed?"),
        ("dorsally on the forearm near the wrist", "It lies near the wrist on the forearm.", "where is it?"),
        ("August 25, 1939", "on August 25, 193912.", "when was it released?"),
    ],
)
def test_people_write_a_fact_in_other_ways(form, text, question):
    assert states(Fact("f", (form,)), text, question)


@pytest.mark.parametrize(
    ("form", "text", "question"),
    [
        ("World Health Organization", "the World Trade Organization", "who said so?"),
        ("South Africa", "South West Africa", "which country?"),
        ("New Wales", "New South Wales", "which state?"),
        ("son of Zeus", "Zeus", "who was Heracles?"),
        ("March 26, 1973", "March 25, 1973", "when was it aired?"),
        ("between 40 and 50 mg a day", "between 40 and 60 mg a day", "what is the dose?"),
        ("Thomas Edison", "Thomas Jefferson and then Paul Edison", "who invented it?"),
        ("1939", "the year 193", "when?"),
        ("the second law", "The first law.", "which law says so?"),
        ("green or red", "blue", "is it green or red?"),
        ("gas", "ga", "what is it?"),
        ("not yet", "yet", "has it begun?"),
        ("not approved in Europe so far", "approved in Europe", "where is it approved?"),
    ],
)
def test_what_is_something_else_is_no_form_of_a_fact(form, text, question):
    assert not states(Fact("f", (form,)), text, question)


def test_a_known_wrong_value_in_the_text_shuts_out_what_is_only_meant():
    text = "It was Elizabeth Patterson, not Mary Ann Jones."
    assert states(Fact("f", ("Mary Elizabeth Patterson",)), text, "Who?")
    assert not states(Fact("f", ("Mary Elizabeth Patterson",), ("Mary Ann Jones",)), text, "Who?")
    # What is written as it is counts all the same; whether the other is denied is another rule's business.
    whole = "Mary Elizabeth Patterson, not Mary Ann Jones."
    assert states(Fact("f", ("Mary Elizabeth Patterson",), ("Mary Ann Jones",)), whole, "Who?")


@pytest.mark.parametrize("name", ["medicine", "handbook", "encyclopedia", "papers"])
def test_no_wrong_value_of_the_invented_domains_passes_for_the_right_one(root, name):
    for question in load_domain(root / "corpora" / name).questions:
        for fact in question.facts:
            loose = Fact(fact.id, fact.forms)  # without its alternatives, which would shut them out
            wrong = [one for one in fact.alternatives if states(loose, f"It is {one}.", question.text)]
            assert not wrong, (question.text, fact.forms, wrong)


def test_what_nobody_can_check_never_outweighs_a_fact():
    asked = Question("q", "Who wrote it?", ("Ada Berg",), (Fact("f", ("Ada Berg",)),))
    names = " ".join(f"It was read in Town{n} and Hall{n} in {1900 + n}." for n in range(30))
    judged = judge(asked, f"Ada Berg wrote it. {names}", WordWeights([]))
    assert judged.completeness == 1
    assert judged.accuracy == pytest.approx(2 / 3)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=40))
def test_any_text_can_be_asked_for(form, text, question):
    assert states(Fact("f", (form,)), text, question) in (True, False)
