"""Scores: worked cases, properties, agreement with ragas and with SQuAD's evaluation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.errors import InputError
from ragstudy.records import Answer, Fact, Question
from ragstudy.scoring.abstention import abstains
from ragstudy.scoring.claims import judge
from ragstudy.scoring.measures import MEASURES, Resources, make_measure
from ragstudy.scoring.measures.overlap import RougeL, exact_match, token_f1
from ragstudy.scoring.table import reference_means, score_answers
from ragstudy.scoring.words import WordWeights, words
from ragstudy.testing import HashEmbedder

WEIGHTS = WordWeights(["the half-life of vel is 12 hours", "the usual dose is 40 mg", "calcium channels of the heart"])
RESOURCES = Resources(WEIGHTS, HashEmbedder)
MULTI = Question(
    "m",
    "What are the half-life and the usual dose of Vel?",
    ("The half-life of Vel is 12 hours. Its usual dose is 40 mg.",),
    (Fact("f1", ("12 hours", "12 h")), Fact("f2", ("40 mg",))),
    type="multi",
)
LIST = Question(
    "l",
    "What can Vel cause?",
    ("Vel can cause headache, nausea and dry mouth.",),
    (Fact("f1", ("headache",)), Fact("f2", ("nausea",)), Fact("f3", ("dry mouth",))),
    type="list",
)
YESNO = Question("y", "Is Vel safe?", ("Yes, Vel is safe.",), (Fact("f1", ("yes",)),), type="yesno")
NOSIDE = Question("n", "Is Vel old?", ("No",), type="yesno")
ABBREVIATED = Question("e", "Which germ?", ("It is E. coli.",), (Fact("f1", ("E. coli",)),))
FREE = Question("s", "How does Vel work?", ("Vel blocks the calcium channels of the heart.",), type="summary")
NONE = Question("u", "Who sells Vel?", (), type="unanswerable")


@pytest.mark.parametrize(
    ("question", "answer", "accuracy", "completeness"),
    [
        (MULTI, "Half-life: 12 hours; usual dose: 40 mg.", 1, 1),
        (MULTI, "12 h", 1, 0.5),
        (MULTI, "Half-life: 12 hours; usual dose: 30 mg.", 0.5, 0.5),
        (MULTI, "The half-life is 14 hours and the dose 30 mg.", 0, 0),
        (MULTI, "According to the file on Vel, the half-life is 12 hours.", 1, 0.5),
        (MULTI, "The passages do not say.", 0, 0),
        (MULTI, "112 hours", 0, 0),
        (LIST, "Headache, nausea and dry mouth.", 1, 1),
        (LIST, "Dry mouth, headache and nausea.", 1, 1),
        (LIST, "Headache and chills.", 0.5, 1 / 3),
        (LIST, "Vel can cause chills and headache.", 0.5, 1 / 3),
        (YESNO, "Yes.", 1, 1),
        (YESNO, "No, it is not.", 0, 0),
        (YESNO, "Vel is a drug.", 0, 0),
        (NOSIDE, "There is no information on this in the passages.", 0, 0),
        (NOSIDE, "No, because the gene sleeps.", 1, 1),
        (ABBREVIATED, "E. coli", 1, 1),
        (ABBREVIATED, "It is found in St. Louis.", 0, 0),
        (NONE, "The passages do not say.", 1, 1),
        (NONE, "Barix Laboratories.", 0, 0),
        (FREE, "Vel blocks the calcium channels of the heart.", 1, 1),
        (FREE, "It sings.", 0, 0),
    ],
)
def test_accuracy_and_completeness_of_worked_cases(question, answer, accuracy, completeness):
    judged = judge(question, answer, WEIGHTS)
    assert judged.accuracy == pytest.approx(accuracy)
    assert judged.completeness == pytest.approx(completeness)


def test_the_two_scores_part_where_an_answer_is_right_but_short_or_complete_but_wrong_too():
    short = judge(MULTI, "12 hours", WEIGHTS)
    long = judge(MULTI, "12 hours; 40 mg; it was approved in 1999 by Barix.", WEIGHTS)
    assert short.accuracy == 1 > short.completeness
    assert long.completeness == 1 > long.accuracy


@given(st.text(max_size=300))
def test_scores_lie_between_0_and_1_for_any_text(answer):
    for question in (MULTI, LIST, YESNO, NONE, FREE):
        judged = judge(question, answer, WEIGHTS)
        assert 0 <= judged.accuracy <= 1
        assert 0 <= judged.completeness <= 1


@given(st.permutations(["headache", "nausea", "dry mouth", "chills"]))
def test_the_order_of_list_items_changes_nothing(items):
    judged = judge(LIST, f"{', '.join(items[:-1])} and {items[-1]}.", WEIGHTS)
    assert (judged.accuracy, judged.completeness) == (0.75, 1)


@given(st.sampled_from(["It was sold in 1987.", "Barix Laboratories made it in 2001.", "The price is 900 euros."]))
def test_a_wrong_claim_never_raises_accuracy_and_a_right_one_never_lowers_completeness(wrong):
    before = judge(MULTI, "12 hours", WEIGHTS)
    assert judge(MULTI, f"12 hours. {wrong}", WEIGHTS).accuracy <= before.accuracy
    assert judge(MULTI, f"12 hours. {wrong} 40 mg.", WEIGHTS).completeness >= before.completeness


@pytest.mark.parametrize(
    ("answer", "declines"),
    [
        ("The passages do not say.", True),
        ("I do not know.", True),
        ("I don't know", True),
        ("This is not mentioned in the passages.", True),
        ("There is no information on that.", True),
        ("", True),
        ("Unanswerable", True),
        ("Velorin, half-life: the passages do not say.", True),
        ("Unknown.", True),
        ("The cause is unknown to many but it is E. coli.", False),
        ("Mature red blood cells do not contain a nucleus.", False),
        ("It is not in the United Kingdom but in France.", False),
        ("No, there is no information that it is safe.", False),
        ("12 hours", False),
        ("No, 12 hours.", False),
        ("It is not given to children.", False),
        ("No passage is about Karzole: the passages do not say.", True),
        ("No passage is about Karzole.", True),
        ("None of the passages mentions Karzole.", True),
        ("No document states the dose.", True),
        ("No passage through the strait is open in winter.", False),
        ("No, the passages say 12 hours.", False),
        ("The drug does not cause headache.", False),
        ("I do not know everything, but " + "it is known to help in many cases " * 8, False),
    ],
)
def test_abstention_is_told_from_answers(answer, declines):
    assert abstains(answer) is declines


def test_an_answer_that_gives_one_of_two_facts_and_declines_the_other_is_half_complete():
    partly = "[2] Vel, half-life: 12 hours; usual dose: the passages do not say."
    judged = judge(MULTI, partly, WEIGHTS)
    assert (judged.accuracy, judged.completeness) == (1.0, 0.5)
    assert make_measure("abstention", RESOURCES).score(MULTI, partly) == 0
    assert make_measure("abstention", RESOURCES).score(MULTI, "[2] Vel: the passages do not say.") == 1


def test_a_fact_given_beside_a_remark_on_the_passages_is_an_answer():
    question = Question("q", "When was it built?", ("It was built in 1875.",), (Fact("f1", ("1875",)),))
    for answer in ("None of the passages states it outright, but it was 1875.", "No document says so; it was 1875."):
        assert judge(question, answer, WEIGHTS).completeness == 1
    choice = Question("c", "Is it red or blue?", ("It is red.",), (Fact("f1", ("red",)),))
    assert judge(choice, "The passages do not say whether it is red or blue.", WEIGHTS).accuracy == 0


def test_declining_takes_no_side_of_a_yes_no_question():
    denied = Question("y", "Is Vel safe?", ("No, Vel is not safe.",), (Fact("f1", ("no",)),), type="yesno")
    assert judge(denied, "No passage is about Vel: the passages do not say.", WEIGHTS).accuracy == 0
    assert judge(denied, "No.", WEIGHTS).accuracy == 1


def test_f1_and_exact_match_are_those_of_squads_evaluation():
    question = Question("q", "?", ("the big green lamp",), type="factoid")
    # Worked by hand after SQuAD's evaluate-v2.0: articles and punctuation fall away; 2 common of 2 and 3 words.
    assert token_f1(question, "A green lamp!") == pytest.approx(0.8)
    assert exact_match(question, "Big green LAMP.") == 1


@pytest.mark.parametrize("name", [name for name in MEASURES.names() if name.startswith("ragas:")])
def test_ragas_string_measures_are_1_for_the_reference_and_less_for_another_text(name):
    measure = make_measure(name, RESOURCES)
    assert measure.score(FREE, FREE.references[0]) == pytest.approx(1.0)
    assert measure.score(FREE, "Something else entirely") < 1.0


def test_bleu_counts_runs_of_words_in_common():
    """By hand: 5 of 6 words, 3 of 5 pairs, 1 of 4 triples, none of 3 runs of four (smoothed to .1)."""
    question = Question("q", "?", ("the cat sat on the mat",), type="summary")
    bleu = make_measure("bleu", RESOURCES)
    wanted = (5 / 6 * 3 / 5 * 1 / 4 * 0.1 / 3) ** 0.25
    assert bleu.score(question, "The cat sat under the mat.") == pytest.approx(wanted)
    assert bleu.score(question, "the cat sat on the mat") == pytest.approx(1)
    assert bleu.score(question, "[1]") == 0


def test_our_rouge_is_that_of_ragas():
    answer = "Vel blocks channels of the heart muscle"
    ours = RougeL().score(FREE, answer)
    assert make_measure("ragas:rouge_l", RESOURCES).score(FREE, answer) == pytest.approx(ours)


def test_an_unknown_measure_gets_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'completeness'"):
        make_measure("completness", RESOURCES)


def answer(text: str, stopped: str = "end", error: str = "") -> Answer:
    return Answer("d", "m", "g", "retrieved", "0", "0", text, stopped, 1, 5, error)


def test_what_nobody_asked_for_weighs_little_and_what_stands_in_a_facts_place_weighs_fully():
    one = Question("q", "Who made Vel?", ("Barix made Vel.",), (Fact("f1", ("Barix",)),), type="factoid")
    assert judge(one, "Vel was made by Barix.", WEIGHTS).accuracy == 1
    more = judge(one, "Vel was made by Barix in 1987 in Tormond, not far from Kelburg.", WEIGHTS)
    assert 0.75 < more.accuracy < 1
    assert judge(one, "Vel was made by Tormex.", WEIGHTS).accuracy == 0
    two = Question("q", "?", ("Barix and 40 mg.",), (Fact("f1", ("Barix",)), Fact("f2", ("40 mg",))), type="multi")
    assert judge(two, "Made by Barix; 30 mg.", WEIGHTS).accuracy == 0.5
    items = Question("q", "Which?", ("Barix.",), (Fact("f1", ("Barix",)),), type="list")
    assert judge(items, "Barix, Tormex and Kelvix.", WEIGHTS).accuracy == pytest.approx(1 / 3)


def test_a_failed_answer_is_unscored_with_its_reason_and_never_0():
    measures = {"accuracy": make_measure("accuracy", RESOURCES)}
    scored = score_answers([answer("", "error", "out of memory")], {"m": MULTI}, measures)
    assert scored[0].value is None
    assert scored[0].reason == "no answer: out of memory"


def test_what_a_measure_cannot_score_keeps_its_place_with_a_reason():
    class Odd:
        def score(self, _question, answer):
            if not answer:
                msg = "empty"
                raise ValueError(msg)
            return float("nan")

    scored = score_answers([answer("x"), answer("")], {"m": MULTI}, {"odd": Odd()})
    assert [(one.value, one.reason) for one in scored] == [(None, "the measure gave nan"), (None, "empty")]


def test_what_the_references_themselves_score_shows_a_scorer_at_fault():
    measures = {name: make_measure(name, RESOURCES) for name in ("accuracy", "completeness", "exact_match")}
    means = reference_means([MULTI, LIST, YESNO, NONE], measures)
    assert means == {"accuracy": 1.0, "completeness": 1.0, "exact_match": 1.0}
    wrong = Question("w", MULTI.text, ("The half-life of Vel is 13 hours.",), MULTI.facts)
    assert reference_means([wrong, MULTI], measures)["completeness"] == pytest.approx(0.5)
    assert reference_means([NONE], measures)["exact_match"] is None


def test_string_measures_do_not_score_what_has_no_reference():
    with pytest.raises(ValueError, match="no reference"):
        exact_match(NONE, "anything")


def test_every_built_in_measure_keeps_the_protocol():
    from ragstudy.testing import check_measure

    for name in MEASURES.names():
        check_measure(make_measure(name, RESOURCES))


def test_rare_words_weigh_more_and_numbers_stay_whole():
    weights = WordWeights(["a lamp", "a door", "a lamp"])
    assert weights["door"] > weights["lamp"] > weights["a"] > 0
    assert words("0.843 of 1,200 mg/kg") == ["0.843", "of", "1200", "mg", "kg"]


@pytest.mark.parametrize(
    ("form", "answer", "there"),
    [
        ("World Health Organization", "the World Trade Organization", False),
        ("New South Wales", "a new law in Wales", False),
        ("Keeley Clare Hawes", "It was Keeley Hawes.", True),
        ("14 December 1972", "on December 14, 1972", True),
        ("Twenty-seven", "There are 27.", True),
        ("Röntgen", "Wilhelm Rontgen", True),
    ],
)
def test_facts_are_found_in_the_forms_people_write(form, answer, there):
    question = Question("q", "Which?", (form,), (Fact("f1", (form,)),), type="factoid")
    assert judge(question, answer, WEIGHTS).completeness == there


def test_the_numbers_of_a_numbered_list_are_no_items():
    facts = (Fact("f1", ("Alice Brown",)), Fact("f2", ("Bob Green",)))
    question = Question("q", "Who?", ("Alice Brown and Bob Green.",), facts, type="list")
    assert judge(question, "1. Alice Brown\n2. Bob Green", WEIGHTS).accuracy == 1
    assert judge(question, "1. Alice Brown\n2. Bob Green\n3. Eve Black", WEIGHTS).accuracy == pytest.approx(2 / 3)
