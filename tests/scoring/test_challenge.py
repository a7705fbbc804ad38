"""The challenge set holds what it says, and rules on facts order what they are made for."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter

import pytest

from ragstudy.scoring.claims import judge
from ragstudy.scoring.words import WordWeights


@pytest.fixture(scope="module")
def challenge(root):
    spec = importlib.util.spec_from_file_location("challenge", root / "benchmarks" / "challenge.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["challenge"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["challenge"]


@pytest.fixture(scope="module")
def cases(challenge):
    return [one for one in (*challenge.handwritten(), *challenge.built()) if one.is_minimal]


def test_at_least_600_pairs_of_every_kind(challenge, cases):
    counts = Counter(one.kind for one in cases)
    assert sum(counts.values()) >= 600
    assert set(counts) == set(challenge.WORSE_IN)
    assert all(one.right != one.changed for one in cases)
    assert {one.source for one in cases} == {"handwritten", *challenge.DOMAINS}


@pytest.mark.parametrize(
    ("kind", "least"), [("number", 1.0), ("entity", 0.95), ("contradicting", 0.95), ("negation", 0.8), ("hedge", 0.99)]
)
def test_facts_order_wrong_answers_below_right_ones(cases, kind, least):
    weights = WordWeights([])
    mine = [one for one in cases if one.kind == kind and one.question.facts]
    ordered = [
        judge(one.question, one.right, weights).accuracy > judge(one.question, one.changed, weights).accuracy
        for one in mine
    ]
    assert sum(ordered) >= least * len(ordered) > 10
