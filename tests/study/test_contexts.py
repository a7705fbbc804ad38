"""Contexts and formats: which passages a prompt shows."""

from __future__ import annotations

import difflib
import json
import re
from types import SimpleNamespace

import pytest
from conftest import compared, make_domain, report_text, study_content

from ragstudy.corpus import load_domain
from ragstudy.errors import InputError
from ragstudy.records import Fact, Passage, Question, Retrieval
from ragstudy.retrieval.relevance import gold_passages, is_distractor
from ragstudy.scoring.words import holds, words
from ragstudy.specs import Context, FineTuneSpec, parse_context, parse_study
from ragstudy.study.analyse.context_use import use_of
from ragstudy.study.execute.passages import Material, depth_needed, passages_at_test, passages_in_training
from ragstudy.study.execute.retrieved import Retrieved
from ragstudy.study.execute.value_replacement import ValueReplacer
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

RED = Passage("a#0", "a", "a", "The lamp of the hall is red and old.")
ROOM = Passage("a#1", "a", "a", "It stands in room nine beside the stairs.")
BLUE = Passage("b#0", "b", "b", "The lamp of the attic is blue.")
GREY = Passage("c#0", "c", "c", "The lamp of the porch is grey.")
PASSAGES = (RED, ROOM, BLUE, GREY)
ASKED = Question("q", "?", ("red",), gold_documents=("a",), evidence=("The lamp of the hall is red and old.",))
BOTH = Question("q", "?", ("red",), gold_documents=("a",), evidence=(RED.text, ROOM.text))
UNTOLD = Question("q", "?", (), type="unanswerable")


def retrieved(question=ASKED, order=(BLUE, RED, GREY, ROOM)):
    names = tuple(one.id for one in order)
    row = Retrieval("d", question.id, names, (0.5,) * len(names), ((),) * len(names), 1)
    return Retrieved("f", {one.id: one for one in PASSAGES}, {question.id: row})


def shown(name, question=ASKED, top_k=3):
    material = Material(question, parse_context(name), retrieved(question), top_k, ValueReplacer([question]))
    return passages_at_test(material)


@pytest.mark.parametrize(
    ("name", "passages"),
    [
        ("none", []),
        ("retrieved", [BLUE, RED, GREY]),
        ("retrieved@1", [BLUE]),
        ("oracle", [RED]),
        ("oracle_with_distractors:first", [RED, BLUE, GREY]),
        ("oracle_with_distractors:middle", [BLUE, RED, GREY]),
        ("oracle_with_distractors:last", [BLUE, GREY, RED]),
        ("oracle_with_distractors@2:last", [BLUE, RED]),
        ("distractors_only", [BLUE, GREY, ROOM]),
        ("distractors_only@1", [BLUE]),
    ],
)
def test_each_context_shows_its_passages(name, passages):
    assert shown(name) == passages


def test_shuffled_gold_passages_stand_anywhere_and_always_in_the_same_place():
    questions = [Question(f"q{n}", "?", ("red",), gold_documents=("a",), evidence=ASKED.evidence) for n in range(40)]
    places = [shown("oracle_with_distractors", question).index(RED) for question in questions]
    assert set(places) == {0, 1, 2}
    assert places == [shown("oracle_with_distractors", question).index(RED) for question in questions]


def test_several_pieces_of_evidence_need_several_gold_passages():
    assert shown("oracle", BOTH) == [RED, ROOM]
    assert shown("distractors_only", BOTH) == [BLUE, GREY]


def test_evidence_that_was_cut_in_two_is_stood_for_by_the_passage_with_most_of_it():
    question = Question("q", "?", ("x",), gold_documents=("a",), evidence=("hall is red and old It stands in it",))
    assert gold_passages(question, [RED, ROOM]) == [RED]
    # It holds half of the evidence and more, so it is no distractor although it does not cover it.
    assert not is_distractor(question, RED)


def test_a_question_without_an_answer_gets_as_many_passages_as_others():
    assert shown("oracle", UNTOLD) == [BLUE]
    assert len(shown("oracle_with_distractors", UNTOLD)) == 3


def job(form, seed=1, **settings):
    return SimpleNamespace(format=form, seed=seed, spec=FineTuneSpec(base="x", formats=(form,), **settings))


def test_training_formats_show_what_they_say():
    found = retrieved()
    assert passages_in_training(job("closed_book"), ASKED, found, 3) == []
    assert passages_in_training(job("retrieved"), ASKED, found, 3) == [BLUE, RED, GREY]
    assert passages_in_training(job("oracle"), ASKED, found, 3) == [RED]
    assert set(passages_in_training(job("raft", raft_gold=1), ASKED, found, 3)) == {RED, BLUE, GREY}
    assert set(passages_in_training(job("raft", raft_gold=0, raft_distractors=1), ASKED, found, 3)) == {BLUE}


def test_raft_keeps_the_gold_passages_as_often_as_it_says():
    questions = [Question(f"q{n}", "?", ("red",), gold_documents=("a",), evidence=ASKED.evidence) for n in range(400)]
    kept = sum(RED in passages_in_training(job("raft", raft_gold=0.7), one, retrieved(one), 3) for one in questions)
    # Three standard errors of a share of .7 of 400 are .07.
    assert kept / 400 == pytest.approx(0.7, abs=0.07)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("retreived", "did you mean 'retrieved'?"),
        ("retrieved@0", "expected a number of passages after @"),
        ("retrieved@", "expected a number of passages after @"),
        ("none@3", "expected a number of passages after @"),
        ("oracle:first", "only oracle_with_distractors takes a position"),
        ("oracle_with_distractors:best", "first, middle, last, shuffled"),
    ],
)
def test_a_wrong_context_is_named_with_what_was_expected(lamps, name, said):
    with pytest.raises(InputError, match=re.escape(said)) as raised:
        parse_study(study_content(lamps, contexts=[name]), "s.yaml")
    assert str(raised.value).startswith("s.yaml: contexts.0: ")
    assert len(raised.value.problems) == 1


def test_a_context_is_its_name_taken_apart():
    assert parse_context("oracle_with_distractors@4:last") == Context("oracle_with_distractors", 4, "last")


def test_retrieval_goes_deep_enough_for_every_context(lamps):
    spec = parse_study(study_content(lamps, contexts=["retrieved@7", "distractors_only@4"]), "s.yaml")
    assert depth_needed(spec) == 2 * 4 + 5


def test_contexts_that_need_gold_passages_are_refused_where_there_are_none(tmp_path):
    folder = make_domain(tmp_path / "lamps")
    rows = (folder / "questions.jsonl").read_text().replace('"gold_documents": ["lampa"]', '"gold_documents": []')
    (folder / "questions.jsonl").write_text(rows)
    spec = parse_study(study_content(folder, contexts=["oracle", "retrieved"]), "s.yaml")
    with pytest.raises(InputError, match=r"'oracle' needs gold passages, but 1 questions of domain 'lamps'.*'q00'"):
        make_plan(spec)
    content = study_content(folder, contexts=["oracle", "retrieved"])
    content["domains"] = [{"path": str(folder), "only_with_gold": True}]
    plan = make_plan(parse_study(content, "s.yaml"))
    assert "q00" not in plan.domains[0].by_id
    run_study(plan, tmp_path / "run")
    assert compared(RunFolder(tmp_path / "run"))["domains"][0]["n_without_gold"] == 1
    assert "1 questions without gold passages are left out" in report_text(RunFolder(tmp_path / "run"))


def test_a_context_may_not_ask_for_more_passages_than_there_are(lamps, tmp_path):
    spec = parse_study(study_content(lamps, contexts=["retrieved@99"]), "s.yaml")
    with pytest.raises(InputError, match="contexts: retrieved@99: the number of passages is 99"):
        run_study(make_plan(spec), tmp_path / "run")


def test_a_study_answers_in_every_context(lamps, tmp_path):
    contexts = ["none", "retrieved@1", "oracle", "oracle_with_distractors@3:last", "distractors_only@2"]
    run_study(make_plan(parse_study(study_content(lamps, contexts=contexts), "s.yaml")), tmp_path / "run")
    mine = [a for a in RunFolder(tmp_path / "run").answers() if a.generator == "extractive" and a.question == "q00"]
    assert {a.contexts: a.n_passages for a in mine} == dict(zip(contexts, (0, 1, 1, 3, 2), strict=True))
    assert "lampa" in next(a.text for a in mine if a.contexts == "oracle")


# Counterfactual passages


def question_of(*facts: Fact, kind="factoid", name="q") -> Question:
    return Question(name, "?", ("x",), facts, ("a",), (RED.text,), type=kind)


def test_a_counterfactual_passage_holds_another_value_and_the_rest_as_it_was():
    asked = question_of(Fact("f1", ("red",), ("green", "black")))
    (passage,) = shown("counterfactual", asked)
    assert passage.text in ("The lamp of the hall is green and old.", "The lamp of the hall is black and old.")
    assert shown("counterfactual", asked) == [passage]
    among = shown("counterfactual@3", asked)
    assert passage in among
    assert [one for one in among if one is not passage and one in (BLUE, GREY)]
    assert len(among) == 3


def test_values_of_other_questions_serve_where_a_fact_names_none():
    asked = question_of(Fact("f1", ("12 hours",)))
    others = [
        question_of(Fact("f1", ("30 hours",)), name="o1"),
        question_of(Fact("f1", ("40 grams",)), name="o2"),
        question_of(Fact("f1", ("Ada Lin",)), name="o3"),
    ]
    held = [Passage("a", "a", "a", "It lasts 12 hours, not 112 hours.")]
    replaced = ValueReplacer([asked, *others]).replace(asked, held)
    assert replaced.passages[0].text == "It lasts 30 hours, not 112 hours."
    assert replaced.values == {"f1": "30 hours"}
    assert ValueReplacer([asked, *others[1:]]).replace(asked, held) is None


def test_a_value_that_only_a_distractor_holds_is_not_replaced():
    asked = question_of(Fact("f1", ("red",), ("green",)))
    assert ValueReplacer([asked]).replace(asked, [BLUE], [RED]) is None
    assert ValueReplacer([asked]).replace(asked, [RED], [BLUE]).values == {"f1": "green"}


@pytest.mark.parametrize("kind", ["yesno", "comparison", "unanswerable"])
def test_questions_without_a_value_keep_their_passages(kind):
    asked = question_of(Fact("f1", ("red",), ("green",)), kind=kind)
    assert ValueReplacer([asked]).replace(asked, [RED]) is None


def test_every_fact_of_a_question_gets_a_value_of_its_own():
    asked = question_of(
        Fact("f1", ("hall",), ("attic", "porch")), Fact("f2", ("red",), ("attic", "porch")), kind="multi"
    )
    replaced = ValueReplacer([asked]).replace(asked, [RED])
    assert len(set(replaced.values.values())) == 2


@pytest.mark.parametrize(
    ("answer", "use"),
    [
        ("It is green.", "context_faithful"),
        ("[1] Hall, colour: green.", "context_faithful"),
        ("It is red.", "parametric"),
        ("It is red or green.", "neither"),
        ("It is blue.", "neither"),
        ("The passages do not say.", "neither"),
        ("No passage states it outright, but it is green.", "context_faithful"),
    ],
)
def test_an_answer_follows_or_sticks_or_does_neither(answer, use):
    assert use_of(question_of(Fact("f1", ("red",))), {"f1": "green"}, answer) == use


def test_a_new_value_that_stands_in_the_question_does_not_hide_the_true_one():
    asked = Question("q", "Where did the team from Bergen play first?", ("Oslo.",), (Fact("f1", ("Oslo",)),))
    assert use_of(asked, {"f1": "Bergen"}, "No passage states it outright, but it was Oslo.") == "parametric"


def test_a_study_tells_who_follows_the_passages(lamps, tmp_path):
    """The extractive control copies what it is shown; the scripted base says the truth whatever it is shown."""
    content = study_content(lamps, contexts=["counterfactual", "oracle"])
    scripted = content["generators"][0]
    questions = [json.loads(line) for line in (lamps / "questions.jsonl").read_text().splitlines()]
    scripted["answers"] = {q["text"]: q["references"][0] for q in questions}
    copies = {"kind": "extractive", "name": "copies"}
    content["generators"] = [scripted, copies]
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    uses = {row["arm"]: row for row in compared(folder)["context_use"]}
    assert (uses[scripted["name"]]["parametric"]["value"], uses["copies"]["context_faithful"]["value"]) == (1, 1)
    assert uses["copies"]["n"] == 6
    assert "Passages against memory" in report_text(folder)
    assert "counterfactual" not in {row["contexts"] for row in compared(folder)["comparisons"]}


def test_only_whole_numbers_are_replaced_and_no_value_that_holds_the_true_one():
    asked = question_of(Fact("f1", ("5",), ("7",)))
    held = [Passage("a", "a", "a", "The dose is 5. Serum was 3.5 mg, 1,5 and 5.2, and 15.")]
    replaced = ValueReplacer([asked]).replace(asked, held)
    assert replaced.passages[0].text == "The dose is 7. Serum was 3.5 mg, 1,5 and 5.2, and 15."
    name = question_of(Fact("f1", ("Ada Smith", "Smith"), ("Jane Smith", "Bo Lin")))
    assert ValueReplacer([name]).replace(name, [Passage("a", "a", "a", "Ask Ada Smith.")]).values == {"f1": "Bo Lin"}


@pytest.mark.parametrize("name", ["medicine", "handbook", "encyclopedia", "papers"])
def test_replaced_values_are_gone_of_the_same_type_and_the_rest_is_as_it_was(root, name):
    """On every test question of the shipped domains: type kept, the true value nowhere, nothing else changed."""
    domain = load_domain(root / "corpora" / name)
    replacer = ValueReplacer(domain.questions)
    texts = {document.id: document for document in domain.documents}
    n_asked = n_replaced = 0
    for question in domain.split("test"):
        held = [Passage(g, g, texts[g].title, texts[g].text) for g in question.gold_documents]
        replaced = replacer.replace(question, held)
        n_asked += bool(question.facts) and question.type not in ("yesno", "comparison")
        if replaced is None:
            continue
        n_replaced += 1
        assert set(replaced.values) == {fact.id for fact in question.facts}
        for before, after in zip(held, replaced.passages, strict=True):
            said = words(f"{after.title} {after.text}")
            for fact in question.facts:
                new = replaced.values[fact.id]
                assert new in fact.alternatives
                assert bool(re.search(r"\d", new)) == bool(re.search(r"\d", fact.forms[0]))
                assert not any(holds(said, words(form)) for form in fact.forms)
            # Where the new values are put back, the text is the old one but for the form the value had.
            changed = difflib.SequenceMatcher(None, before.text.split(), after.text.split(), autojunk=False)
            n_words = sum(max(i2 - i1, j2 - j1) for op, i1, i2, j1, j2 in changed.get_opcodes() if op != "equal")
            longest = sum(max(len(f.split()) for f in (*fact.forms, *fact.alternatives)) for fact in question.facts)
            n_places = sum(after.text.count(new) for new in replaced.values.values())
            assert n_words <= longest * max(1, n_places)
            assert (before.id, before.title) == (after.id, after.title)
    assert n_replaced > 0.8 * n_asked
