"""Every expected score is there: a value, or the reason why there is none."""

from __future__ import annotations

import math

import pytest

from ragstudy.records import Answer, Case, Question, Score, Scored
from ragstudy.scoring.table import reference_means, score_answers, score_cases

COLOUR = Question("q1", "Which colour?", ("green", "dark green"))
OPEN = Question("q2", "Tell of the lamp.", ("The lamp is green and stands in the hall beside the tall old door.",))
NONE = Question("q3", "Who made it?", (), type="unanswerable")
QUESTIONS = {one.id: one for one in (COLOUR, OPEN, NONE)}


def answer(question, text, stopped="end", error="", **changes):
    made = {"domain": "d", "generator": "g", "contexts": "retrieved", "digest": "x", "fingerprint": "f"}
    return Answer(
        question=question, text=text, stopped=stopped, n_tokens=1, n_passages=0, error=error, **(made | changes)
    )


class Words:
    def score(self, question, text):
        if text == "bad":
            msg = "cannot be read"
            raise ValueError(msg)
        return math.inf if text == "endless" else float(len(text.split()) + len(question.references))


class Seen:
    """Scores in batches, by how many passages it was shown."""

    needs_passages = True

    def __init__(self):
        self.cases = []

    def score_many(self, cases, done):
        self.cases += cases
        return [(done(), Scored(float(len(case.passages))))[1] for case in cases]


def test_every_answer_gets_a_score_of_every_measure_in_their_order():
    answers = [
        answer("q1", "it is green"),
        answer("q2", "", "error", "timed out"),
        answer("q3", "endless", contexts="none", generator="h"),
    ]
    counted, seen = [], Seen()
    scores = score_answers(
        answers,
        QUESTIONS,
        {"words": Words(), "seen": seen},
        passages=lambda one: (one.text, "b") if one.question == "q1" else (),
        done=lambda: counted.append(1),
    )
    assert [(one.question, one.measure, one.value) for one in scores] == [
        ("q1", "words", 5.0),
        ("q1", "seen", 2.0),
        ("q2", "words", None),
        ("q2", "seen", None),
        ("q3", "words", None),
        ("q3", "seen", 0.0),
    ]
    assert scores[0] == Score("d", "q1", "g", "retrieved", "words", 5.0)
    assert scores[5] == Score("d", "q3", "h", "none", "seen", 0.0)
    assert scores[2].reason == "no answer: timed out"
    assert "inf" in scores[4].reason
    assert len(counted) == 6
    # An answer that failed is not shown to a measure.
    assert [case.answer for case in seen.cases] == ["it is green", "endless"]


def test_a_measure_that_asks_for_no_passages_is_shown_none():
    class Blind(Seen):
        needs_passages = False

        def score_many(self, cases, _done):
            self.cases += cases
            return [Scored(1.0)] * len(cases)

    blind = Blind()
    score_answers([answer("q1", "green")], QUESTIONS, {"blind": blind}, passages=lambda _: ("a",))
    assert blind.cases == [Case(COLOUR, "green", None)]


def test_without_measures_there_are_no_scores():
    assert score_answers([answer("q1", "green")], QUESTIONS, {}) == []


def test_a_measure_that_refuses_an_answer_leaves_a_reason_and_goes_on():
    first, second = score_cases(Words(), [Case(COLOUR, "bad"), Case(COLOUR, "good")])
    assert (first.value, first.reason) == (None, "cannot be read")
    assert second == Scored(3.0)


def test_a_batch_measure_that_loses_an_answer_is_stopped():
    class Forgetful(Seen):
        def score_many(self, cases, _done):
            return [Scored(1.0)] * (len(cases) - 1)

    with pytest.raises(ValueError, match="a measure gave 1 scores for 2 answers"):
        score_cases(Forgetful(), [Case(COLOUR, "a", ()), Case(COLOUR, "b", ())])


def test_the_ceiling_is_the_mean_of_the_first_references_and_of_declining():
    class First:
        def score(self, question, text):
            if question is NONE:
                return 0.25 if text == "The passages do not say." else 0.0
            return float(text == question.references[0])

    class Never:
        def score(self, _question, _text):
            msg = "no"
            raise ValueError(msg)

    means = reference_means([COLOUR, NONE], {"first": First(), "never": Never()})
    assert means == {"first": 0.625, "never": None}


def test_accuracy_and_completeness_are_two_measures():
    from ragstudy.records import Fact
    from ragstudy.scoring.measures import Resources, measure_kind
    from ragstudy.scoring.words import WordWeights
    from ragstudy.testing import HashEmbedder

    facts = (Fact("f1", ("40 mg",)), Fact("f2", ("12 hours",)))
    question = Question("q", "Dose and half-life?", ("40 mg; 12 hours",), facts)
    resources = Resources(WordWeights([]), HashEmbedder)
    scores = [
        measure_kind(name).make(resources).score(question, "12 hours [2]") for name in ("accuracy", "completeness")
    ]
    assert scores == [1.0, 0.5]


@pytest.mark.parametrize(
    ("form", "said", "held"),
    [
        ("twenty seven days", "27 days", True),
        ("seven twenty", "27", False),
        ("ninety nine", "99", True),
        ("in twenty seven lamps and thirty two halls", "in 27 lamps and 32 halls", True),
        ("twenty seventeen", "37", False),
    ],
)
def test_numbers_in_words_are_their_figures(form, said, held):
    from ragstudy.scoring.words import holds, words

    assert holds(words(said), words(form)) is held
