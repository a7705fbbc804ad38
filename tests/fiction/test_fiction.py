"""Invented domains: the same bytes again, disjoint name pools, exact ground truth."""

from __future__ import annotations

from random import Random

import pytest

from ragstudy.corpus import load_domain
from ragstudy.fiction.asking import ask, ask_whether, named
from ragstudy.fiction.encyclopedia import ENCYCLOPEDIA
from ragstudy.fiction.handbook import HANDBOOK
from ragstudy.fiction.invent import SCHEMAS, invent, write_invented
from ragstudy.fiction.medicine import MEDICINE, TRIAL
from ragstudy.fiction.names import Names, Pool, pool_of
from ragstudy.fiction.papers import PAPERS
from ragstudy.fiction.world import invent_subject, invent_subjects, link, tell
from ragstudy.records import Question
from ragstudy.scoring.claims import judge
from ragstudy.scoring.words import WordWeights, contains, words

SHIPPED = [("medicine", 1001), ("handbook", 1002), ("encyclopedia", 1003), ("papers", 1004)]


@pytest.mark.parametrize(("name", "seed"), SHIPPED)
def test_shipped_domains_are_what_their_seed_makes_byte_for_byte(root, tmp_path, name, seed):
    write_invented(tmp_path / name, name, seed, 400, 1800)
    for path in (root / "corpora" / name).iterdir():
        assert path.read_bytes() == (tmp_path / name / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", ["medicine", "handbook"])
def test_shipped_domains_load_and_have_their_sizes(root, name):
    domain = load_domain(root / "corpora" / name)
    assert len(domain.split("train")) >= 1300
    assert len(domain.split("test")) >= 400
    assert domain.split_by == "group"


def test_no_name_of_a_shipped_domain_is_in_the_pretraining_pool():
    rng = Random(0)
    for pool in Pool:
        names = Names(rng, pool)
        drawn = [names.draw(kind) for kind in ("drug", "place", "person", "thing", "ill") for _ in range(200)]
        assert len(set(drawn)) == len(drawn)
        assert {pool_of(name) for name in drawn} == {pool}
        assert {pool_of(name.upper()) for name in drawn} == {pool}


@pytest.mark.parametrize("schema", [MEDICINE, HANDBOOK, ENCYCLOPEDIA, PAPERS])
def test_every_fact_stands_in_its_sentence_and_every_answer_is_judged_right(schema):
    rng = Random(3)
    names = Names(rng, Pool.STUDY)
    weights = WordWeights(["text"])
    subjects = link(invent_subjects(schema, 60, rng, names), rng)
    for subject in subjects:
        sentences = tell(subject, rng, schema.sections, share_tables=schema.share_tables)
        for label, (_, value) in subject.facts.items():
            holders = [s.text for s in sentences if label in s.labels]
            assert len(holders) == 1
            assert all(contains(words(holders[0]), words(item)) for item in value.items), (label, holders)
        for _ in range(0 if subject.edition else 6):
            asked = ask(subject, rng, names, subjects, held_out=True)
            question = Question("q", asked.text, (asked.full,), asked.facts, type=asked.type)
            for answer in (asked.short, named(asked), named(asked, lambda _: 3), asked.full):
                judged = judge(question, answer, weights)
                assert judged.completeness == 1, (asked, answer)
                assert judged.accuracy == 1, (asked, answer)


def test_the_name_stands_first_and_pronouns_follow():
    rng = Random(5)
    names = Names(rng, Pool.STUDY)
    subject = invent_subjects(MEDICINE, 1, rng, names)[0]
    sentences = tell(subject, rng)
    assert subject.title.split()[0] in sentences[0].text
    later = " ".join(s.text for s in sentences[2:])
    assert "it" in words(later) or "its" in words(later) or "the drug" in later


def test_yes_no_questions_are_answered_by_their_own_value():
    rng = Random(6)
    names = Names(rng, Pool.STUDY)
    seen = set()
    for subject in invent_subjects(HANDBOOK, 40, rng, names):
        label = next(label for label, (relation, _) in subject.facts.items() if not relation.is_list)
        asked = ask_whether(subject, label, rng, names)
        says_yes = subject.facts[label][1].text in asked.text
        assert asked.facts[0].forms == (("yes",) if says_yes else ("no",))
        seen.add(says_yes)
    assert seen == {True, False}


def test_some_phrasings_occur_in_test_questions_only():
    _, _, questions = invent("medicine", 7, 200, 1500)
    train = [q.text for q in questions if q.split == "train"]
    test = [q.text for q in questions if q.split == "test"]
    phrase = "What does the file on"
    assert any(phrase in text for text in test)
    assert not any(phrase in text for text in train)


def test_schemas_have_ten_general_phrasings_of_statements_and_questions():
    for schema in SCHEMAS.values():
        for kind in schema.kinds:
            for relation in kind.relations:
                assert len(set(relation.all_statements)) >= 10
                assert len(set(relation.all_questions)) >= 10


def test_a_name_alike_begins_or_ends_as_the_other_and_keeps_its_pool():
    names = Names(Random(4), Pool.PRETRAINING)
    for _ in range(50):
        first = names.draw("drug")
        other = names.draw_alike("drug", first)
        assert other != first
        assert pool_of(other) is Pool.PRETRAINING
        assert other[:2] == first[:2] or other[-2:] == first[-2:]


def test_the_invented_word_of_a_subject_is_known_whatever_surrounds_it():
    subject = invent_subject(TRIAL, Random(1), Names(Random(1), Pool.STUDY))
    assert subject.name == f"the {subject.word} trial"


@pytest.mark.parametrize(("name", "seed"), SHIPPED)
def test_shipped_domains_have_enough_questions_of_every_kind(root, name, seed):
    del seed
    domain = load_domain(root / "corpora" / name)
    assert 300 <= len(domain.documents) <= 500
    assert len(domain.split("train")) >= 1300
    assert len(domain.split("test")) >= 400
    assert {q.type for q in domain.split("test")} == {
        "factoid",
        "list",
        "multi",
        "summary",
        "yesno",
        "comparison",
        "twohop",
        "unanswerable",
    }
    assert not {q.group for q in domain.split("test")} & {q.group for q in domain.split("train")}
    for question in domain.questions:
        assert "the The" not in question.text + " ".join(question.references)


def test_papers_have_their_facts_under_the_right_headings():
    _, documents, questions = invent("papers", 3, 30, 60)
    by_id = {document.id: document for document in documents}
    for question in questions:
        if question.answerable:
            texts = [by_id[name].text for name in question.gold_documents]
            assert all(any(sentence in text for text in texts) for sentence in question.evidence)
    for document in documents:
        parts = dict(part.split("\n\n", 1) for part in document.text.removeprefix("## ").split("\n\n## "))
        order = ["Introduction", "Method", "Data", "Experiments", "Limitations"]
        assert list(parts) == [heading for heading in order if heading in parts]
        assert "mean error" not in parts.get("Method", "")


def test_most_questions_of_the_encyclopedia_are_typed_as_into_a_search_box():
    _, _, questions = invent("encyclopedia", 3, 60, 200)
    searched = [q for q in questions if not q.text.endswith(("?", "."))]
    assert 0.7 < len(searched) / len(questions) < 0.95
    assert any(q.text.startswith(("who ", "what ", "population", "mayor ")) for q in searched)


@pytest.fixture(scope="module")
def handbook():
    _, documents, questions = invent("handbook", 21, 300, 1500)
    return {document.id: document for document in documents}, questions


def test_a_question_in_two_steps_names_only_its_start(handbook):
    documents, questions = handbook
    asked = [q for q in questions if q.type == "twohop"]
    assert len(asked) > 50
    for question in asked:
        start, end = (documents[name] for name in question.gold_documents)
        assert start.title.split()[0] in question.text
        assert end.title.split()[0] not in question.text.replace(start.title.split()[0], "")
        assert end.title.split()[0] in question.evidence[0]
        assert question.group == start.id
        assert all(any(contains(words(question.evidence[1]), words(form)) for form in f.forms) for f in question.facts)


def test_comparisons_say_what_the_two_documents_say(handbook):
    _, questions = handbook
    sides = set()
    for question in questions:
        if question.type == "comparison":
            side = question.facts[0].forms[0]
            assert question.references[0].startswith(side.capitalize())
            assert len(question.gold_documents) == 2
            assert len(question.evidence) == 2
            sides.add(side)
    assert sides == {"yes", "no"}


def test_withdrawn_editions_hold_other_values_and_are_never_gold(handbook):
    documents, questions = handbook
    withdrawn = {name: one for name, one in documents.items() if "withdrawn" in one.title}
    titles = {one.title for one in documents.values()}
    assert len(withdrawn) > 5
    for one in withdrawn.values():
        assert one.title.split(" (")[0] in titles or one.id == max(documents)
        assert "no longer applies" in one.text
    assert not {name for q in questions for name in q.gold_documents} & set(withdrawn)


def test_some_documents_give_facts_in_a_table_whose_rows_are_evidence(handbook):
    documents, questions = handbook
    tabled = [one for one in documents.values() if "| --- | --- |" in one.text]
    assert 0.2 < len(tabled) / len(documents) < 0.5
    assert any(piece.startswith("| ") for q in questions for piece in q.evidence)


def test_alternatives_are_wrong_values_that_other_things_have(handbook):
    documents, questions = handbook
    every = " ".join(one.text for one in documents.values())
    some = [fact for q in questions for fact in q.facts if fact.alternatives]
    assert len(some) > 1000
    for fact in some:
        assert not set(fact.alternatives) & set(fact.forms)
        assert all(other in every for other in fact.alternatives)


def test_nothing_links_test_things_with_training_things(handbook):
    _, questions = handbook
    golds = {
        split: {name for q in questions if q.split == split for name in q.gold_documents} for split in ("test", "train")
    }
    assert golds["test"].isdisjoint(golds["train"])


def test_names_do_not_run_out_in_a_large_world():
    _, documents, questions = invent("medicine", 5, 3000, 6000)
    assert len({document.title for document in documents}) == 3000
    assert len(questions) == 6000
