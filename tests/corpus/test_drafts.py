"""Draft questions: what is kept, what is dropped and why, and the way through a review into a domain."""

from __future__ import annotations

import csv

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.cli.main import cli
from ragstudy.domains import import_domain, load_domain
from ragstudy.drafts import parse, passages_of, template, write_drafts, write_review
from ragstudy.errors import InputError
from ragstudy.records import Completion, Document

FILLER = "Nobody has moved it since it came, and it is cleaned twice a year by the people who live next to it."
PLACES = ["Rome", "Lyon", "Bern", "Graz", "Oslo", "Kiel", "Turin", "Ghent"]
DOCUMENTS = [Document(f"lamp{n}.md", f"Lamp {n}", f"Lamp {n} stands in {p}. {FILLER}") for n, p in enumerate(PLACES)]


class Writer:
    """Writes what a function says of a passage, and answers by a function of question and passages."""

    def __init__(self, write, answer=None):
        self.write, self.answer = write, answer or (lambda _, passages: _place(passages))

    def generate(self, prompts):
        return [Completion(self._said(prompt)) for prompt in prompts]

    def _said(self, prompt):
        if prompt.text.startswith("Read the text"):
            return self.write(prompt.text)
        return self.answer(prompt.question, [passage.text for passage in prompt.passages])


def _place(texts):
    return next((place for place in PLACES if texts and place in texts[0]), "I do not know.")


def good(text):
    number = text.split("Text: Lamp ")[1].split()[0]
    return f"Question: Where does lamp {number} stand?\nAnswer: {_place([text])}"


def drafted(write, answer=None, **wanted):
    return write_drafts(DOCUMENTS, Writer(write, answer), wanted or {"short": 4}, batch_size=2)


def test_good_drafts_are_kept_until_there_are_enough():
    drafts = drafted(good)
    assert [one.keep for one in drafts] == ["yes"] * 4
    assert [one.id for one in drafts] == ["generated-0001", "generated-0002", "generated-0003", "generated-0004"]
    for one in drafts:
        assert one.answer in one.passage
        assert one.document in {document.id for document in DOCUMENTS}
    assert len({one.document for one in drafts}) == 4


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda _: "I cannot do that.", "no question and answer in it"),
        (lambda _: "Question: Name a place.\nAnswer: Rome", "does not end in a question mark"),
        (lambda _: "Question: Where is the lamp in the text?\nAnswer: Rome", "speaks of the text"),
        (lambda _: "Question: Does lamp 0 stand in Rome?\nAnswer: Rome", "holds the answer"),
        (lambda _: "Question: Where is lamp 0?\nAnswer: Madrid", "does not stand in the passage"),
        (lambda _: f"Question: What of lamp 0?\nAnswer: {FILLER}", "more than 8 words"),
    ],
)
def test_a_bad_draft_is_dropped_and_says_why(write, why):
    drafts = drafted(write)
    assert drafts
    assert all(one.keep == "no" and why in one.why for one in drafts)
    # Four passages for each question that is wanted, and here as many as there are.
    assert len(drafts) == len(DOCUMENTS)


def test_the_same_question_twice_is_kept_once():
    def again(_):
        return "Question: Who cleans it twice a year for the town?\nAnswer: the people who live next to it"

    drafts = drafted(again, lambda _, passages: "the people who live next to it" if passages else "Nobody.")
    assert [one.keep for one in drafts].count("yes") == 1
    assert "asked already" in {one.why.removeprefix("the question is ") for one in drafts}


def test_what_the_model_cannot_answer_or_knows_already_is_dropped():
    assert {one.why for one in drafted(good, lambda *_: "Madrid")} == {
        "the model does not find the answer in the passage"
    }
    known = drafted(good, lambda question, _: PLACES[int(question.split("lamp ")[1].split()[0])])
    assert {one.why for one in known} == {"the model knows the answer without the passage"}


def test_long_answers_may_not_say_more_than_the_passage():
    def longer(text):
        number = text.split("Text: Lamp ")[1].split()[0]
        answer = "It is cleaned twice a year by the people who live next to it."
        return f"Question: How is lamp {number} looked after?\nAnswer: {answer}"

    def invented(_):
        answer = "A company from abroad paints every window green on the first Monday."
        return f"Question: How is it looked after?\nAnswer: {answer}"

    kept = drafted(longer, lambda _, passages: FILLER if passages else "No idea.", long=3)
    assert [one.keep for one in kept].count("yes") >= 3
    assert {one.why for one in drafted(invented, long=2)} == {"the answer says more than the passage does"}


def test_a_failure_of_the_model_is_recorded_with_its_reason():
    class Failing:
        def generate(self, prompts):
            return [Completion("", "error", error="out of memory") for _ in prompts]

    drafts = write_drafts(DOCUMENTS, Failing(), {"short": 1})
    assert {one.why for one in drafts} == {"the model failed: out of memory"}


def test_every_document_has_its_turn_before_one_is_asked_again():
    long = [
        Document(f"d{n}", "", " ".join(f"Sentence {k} of document {n} is here." for k in range(120))) for n in range(3)
    ]
    first = passages_of(long, 6, seed=1)
    assert sorted(one.document for one in first[:3]) == ["d0", "d1", "d2"]
    assert passages_of(long, 6, seed=1) == first
    assert passages_of([Document("short", "", "Too short.")], 5, seed=1) == []


def test_a_review_goes_into_a_domain_without_what_was_dropped(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    for document in DOCUMENTS:
        (docs / document.id).write_text(f"# {document.title}\n\n{document.text}\n", encoding="utf-8")
    review = tmp_path / "drafts.csv"
    write_review(review, drafted(good, short=6))
    rows = list(csv.DictReader(review.open(encoding="utf-8", newline="")))
    rows[0]["keep"] = "No"
    rows[1]["answer"] = f"in {rows[1]['answer']}"
    with review.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    imported = import_domain("folder", tmp_path / "domain", docs=docs, questions=review)
    domain = load_domain(tmp_path / "domain")
    assert len(domain.questions) == 5
    assert imported.left_out == {"that a review dropped (keep = no)": 1}
    assert "5 of the questions were written by a model" in imported.notes
    assert all(question.gold_documents for question in domain.questions)
    with pytest.raises(InputError, match="is there already"):
        write_review(review, [])
    review.write_text("keep,why,question,answer,passage\nperhaps,,Where is it?,Rome,\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"drafts.csv:2: column 'keep' holds 'perhaps'; expected 'yes' or 'no'"):
        import_domain("folder", tmp_path / "other", docs=docs, questions=review)


def test_without_a_model_there_is_room_for_a_person(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lamp.md").write_text(f"# Lamp\n\n{DOCUMENTS[0].text}\n", encoding="utf-8")
    out = tmp_path / "drafts.csv"
    said = CliRunner().invoke(cli, ["corpus", "questions", str(docs), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "--model NAME" in said.output
    (row,) = csv.DictReader(out.open(encoding="utf-8", newline=""))
    assert (row["question"], row["answer"], row["document"]) == ("", "", "lamp.md")
    assert "stands in Rome" in row["passage"]
    assert template([], 3) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "m", "--generator", "g"], "not both"),
        (["--generator", "g"], "belong together"),
        (["--of", "nowhere.yaml", "--generator", "g"], "nowhere.yaml"),
    ],
)
def test_who_is_to_write_is_asked_for_clearly(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(cli, ["corpus", "questions", str(tmp_path), "--out", "drafts.csv", *options])
    assert said.exit_code != 0
    assert message in f"{said.output}{said.exception}"
    assert not (tmp_path / "drafts.csv").exists()


@given(st.text(max_size=200))
def test_anything_that_a_model_writes_can_be_read(text):
    found = parse(text)
    assert found is None or all(found)
