"""Passages with replaced values: when replacing is not safe, nothing is replaced."""

from __future__ import annotations

from ragstudy.records import Fact, Passage, Question
from ragstudy.study.execute.value_replacement import ValueReplacer

DOSE = Question(
    "q", "What is the dose?", ("40 mg",), (Fact("f", ("40 mg", "forty mg"), ("30 mg",)),), ("d",), type="factoid"
)


def replaced(text, title="Leaflet", others=(), question=DOSE):
    shown = [Passage(f"o{n}", "o", "", one) for n, one in enumerate(others)]
    return ValueReplacer([question]).replace(question, [Passage("d#1", "d", title, text)], shown)


def test_the_value_is_replaced_wherever_it_stands():
    made = replaced("The dose is 40 mg.", others=["Some say 40 mg."])
    assert made.values == {"f": "30 mg"}
    assert [one.text for one in made.passages] == ["The dose is 30 mg.", "Some say 30 mg."]


def test_a_value_that_is_still_there_afterwards_is_not_replaced():
    assert replaced("The dose is 40 mg.", title="40 mg tablets") is None


def test_a_value_that_does_not_stand_in_the_gold_passages_is_not_replaced():
    assert replaced("The dose is high.", others=["Some say 40 mg."]) is None


def test_without_another_value_of_its_type_nothing_is_replaced():
    alone = Question("q", "What is the dose?", ("40 mg",), (Fact("f", ("40 mg",)),), ("d",), type="factoid")
    assert replaced("The dose is 40 mg.", question=alone) is None
