"""The errors of the scorers that a report names are those of the scorers as they are."""

from __future__ import annotations

import math

import numpy as np

from ragstudy.audit.labels import read_labels
from ragstudy.scoring.claims import judge
from ragstudy.scoring.known_errors import COUNTS, OF_VERSION, UP_TO, known_errors
from ragstudy.scoring.measures import measure_kind
from ragstudy.scoring.words import WordWeights, without_citations
from ragstudy.text import n_words


def test_they_are_of_the_version_of_the_measures():
    for measure in known_errors():
        assert measure_kind(measure).version == OF_VERSION


def test_they_are_counted_on_what_people_said(samples):
    labelled = read_labels(samples / "evouna" / "NQ.json", "evouna").answers
    weights = WordWeights(text for one in labelled for text in (*one.question.references, one.answer))
    judged = [judge(one.question, without_citations(one.answer), weights) for one in labelled]
    right = np.asarray([one.labels[0] > 0.5 for one in labelled])
    classes = np.searchsorted(UP_TO, [n_words(one.answer) for one in labelled])
    for measure, counts in COUNTS.items():
        called = np.asarray([getattr(one, measure) >= 0.5 for one in judged])
        for number, wanted in enumerate(counts):
            mine = classes == number
            found = [mine & right, mine & right & called, mine & ~right, mine & ~right & ~called]
            assert tuple(int(one.sum()) for one in found) == wanted


def test_form_alone_changes_hardly_any_call(samples):
    """Lists, sentences, markdown and citations: the same answer is called the same."""
    labelled = read_labels(samples / "evouna" / "NQ.json", "evouna").answers[:1000]
    weights = WordWeights(text for one in labelled for text in (*one.question.references, one.answer))

    def called(form):
        texts = [form.format(one.answer.strip()) if one.answer.strip() else one.answer for one in labelled]
        judged = (
            judge(one.question, without_citations(text), weights) for one, text in zip(labelled, texts, strict=True)
        )
        return np.asarray([one.accuracy >= 0.5 for one in judged])

    plain = called("{}")
    for form in ("- {}", "**{}**", "{} [2]", "[1, 3] {}", "Answer: {}", "The answer is: {}", "# Answer\n\n{}", "1. {}"):
        changed = called(form) != plain
        assert changed.mean() <= 0.005, form


def test_every_length_has_a_class():
    for errors in known_errors().values():
        assert list(errors.up_to) == sorted(errors.up_to)
        assert errors.up_to[-1] == math.inf
        assert all(rate.youden_j > 0.4 for rate in errors.rates)
