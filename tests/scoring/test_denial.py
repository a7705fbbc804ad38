"""A right value that an answer denies is not stated by it."""

from __future__ import annotations

import pytest

from ragstudy.records import Fact, Question
from ragstudy.scoring.claims import found_facts, judge
from ragstudy.scoring.words import WordWeights

LAMP = Question("q", "What is the colour of the lamp?", ("The lamp is green.",), (Fact("f", ("green",)),))
RULE = Question(
    "q",
    "Where does the rule hold, and who approves it?",
    ("The rule does not hold in Lund. Ada Berg grants exceptions.",),
    (Fact("l", ("Lund",)), Fact("b", ("Ada Berg",))),
)
DRUG = Question(
    "q",
    "Which interacting drugs are recorded for Karvir?",
    ("Karvir is listed with Tamnatide and Halcept as its interacting drugs.",),
    (Fact("t", ("Tamnatide",)), Fact("h", ("Halcept",))),
    type="list",
)


@pytest.mark.parametrize(
    "answer",
    [
        "It is not green.",
        "It isn't green.",
        "It isn\u2019t green.",
        "The lamp is not green, it is blue.",
        "The colour is never green.",
        "Not green.",
        "The lamp is neither green nor blue.",
        "The lamp is no longer green.",
        "Die Lampe ist nicht green.",
        "La lampe n'est pas green.",
        "De lamp is niet green.",
    ],
)
def test_a_denied_value_is_not_stated(answer):
    assert found_facts(LAMP, answer) == set()
    assert judge(LAMP, answer, WordWeights([])).accuracy == 0


@pytest.mark.parametrize(
    "answer",
    [
        "It is green, not blue.",
        "It is not blue but green.",
        "Not blue. Green.",
        "It is not only green.",
        "I'm not sure, but it is green.",
        "It was not green until 1990.",
        "There is no doubt that it is green.",
        "No. 5 is green.",
        "It does not shine; it is green.",
        "It is not blue \u2013 it is green.",
        "It is not blue - it is green.",
        "Not blue (the lamp is green).",
        "Blue is not the colour of the lamp and green is.",
    ],
)
def test_what_else_is_denied_takes_nothing_away(answer):
    assert found_facts(LAMP, answer) == {"f"}


@pytest.mark.parametrize(
    "answer",
    ["It must not be combined with Tamnatide.", "Patients on Karvir may not take Tamnatide.", "Do not give Tamnatide."],
)
def test_a_negation_in_other_words_than_the_reference_denies_nothing(answer):
    assert found_facts(DRUG, answer) == {"t"}


def test_of_several_facts_only_the_denied_one_is_lost():
    answer = "Karvir is listed with Halcept, not with Tamnatide."
    assert found_facts(DRUG, answer) == {"h"}
    assert judge(DRUG, answer, WordWeights([])).completeness == 0.5
    assert judge(DRUG, answer, WordWeights([])).accuracy < 1


def test_what_a_reference_denies_itself_is_no_denial_and_the_rest_is():
    assert found_facts(RULE, "It does not hold in Lund.") == {"l"}
    assert found_facts(RULE, "Exceptions are not granted by Ada Berg.") == set()
    assert found_facts(RULE, "It does not hold in Lund; exceptions are not granted by Ada Berg.") == {"l"}


@pytest.mark.parametrize(
    "answer",
    [
        "If the first lamp is not given the colour of the lamp is green.",
        "For lamps not named in the list the colour is green",
        "When not stated the colour is green",
    ],
)
def test_what_a_subordinate_clause_denies_is_not_denied_of_the_sentence(answer):
    assert found_facts(LAMP, answer) == {"f"}


def test_a_denial_in_another_inflection_or_with_a_word_for_telling_is_plain():
    assert found_facts(LAMP, "The lamp is not listed with green as its colour.") == set()
    assert found_facts(LAMP, "Its colour was not recorded as green.") == set()


@pytest.mark.parametrize(
    "doubt", ["Possibly it is green.", "It is not certain, but it is green.", "I think it is green."]
)
def test_a_doubted_value_is_stated_and_not_wholly_accurate(doubt):
    judged = judge(LAMP, doubt, WordWeights([]))
    assert judged.completeness == 1
    assert 0.85 < judged.accuracy < 1


def test_doubt_about_something_else_or_of_the_reference_costs_nothing():
    told = (judge(LAMP, f"It is green. {rest} it glows.", WordWeights([])) for rest in ("Perhaps", "Surely"))
    assert len(set(told)) == 1
    limits = judge(LAMP, "The lamp must not exceed certain limits and is green.", WordWeights([]))
    assert limits.accuracy == 1
    asked = Question("q", "Why?", ("Possibly rust.",), (Fact("f", ("rust",)),))
    assert judge(asked, "Possibly rust.", WordWeights([])).accuracy == 1


def test_a_question_about_what_is_not_so_is_left_alone():
    asked = Question("q", "To whom is it not given?", ("It is not given to children.",), (Fact("f", ("children",)),))
    assert found_facts(asked, "It is not given to children.") == {"f"}


@pytest.mark.parametrize("answer", ["Do not exceed 875 mg.", "Not more than 875 mg.", "It is not above 875 mg."])
def test_a_bound_is_no_denial(answer):
    asked = Question("q", "What is the highest dose?", ("At most 875 mg.",), (Fact("f", ("875 mg",)),))
    assert found_facts(asked, answer) == {"f"}
