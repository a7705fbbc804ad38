"""Importers read the publishers' layouts; the small files here were written for these tests."""

from __future__ import annotations

import json

import pytest
from conftest import write_rows

from ragstudy.corpus import load_domain, write_domain
from ragstudy.corpus.importers.bioasq import import_bioasq
from ragstudy.corpus.importers.natural_questions import import_natural_questions, together
from ragstudy.corpus.importers.qasper import import_papers, import_qasper
from ragstudy.corpus.importers.squad import import_squad
from ragstudy.corpus.importers.table import Columns, import_table
from ragstudy.errors import InputError
from ragstudy.generation.recorded import RecordedGenerator, read_answers
from ragstudy.prompting import make_prompt
from ragstudy.specs import parse_study
from ragstudy.study.analyse.ragchecker import export_ragchecker
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


def bioasq_file(folder, name, questions):
    path = folder / name
    path.write_text(json.dumps({"questions": questions}))
    return path


def bioasq_question(name, kind, exact=None, text="Snippet."):
    row = {
        "id": name,
        "body": f"Body of {name} about {kind} number {name}?",
        "type": kind,
        "ideal_answer": [f"Ideal {name}."],
        "snippets": [{"text": text, "document": "http://www.ncbi.nlm.nih.gov/pubmed/77"}],
    }
    return row if exact is None else {**row, "exact_answer": exact}


def test_bioasq_types_facts_and_years(tmp_path):
    train = bioasq_file(
        tmp_path,
        "7B1_golden.json",
        [
            bioasq_question("a", "factoid", [["PD-L1", "PDL1"]]),
            bioasq_question("b", "list", [["x"], ["y", "Y2"]]),
            bioasq_question("c", "factoid", ["one form", "another"]),
        ],
    )
    test = bioasq_file(
        tmp_path,
        "10B2_golden.json",
        [
            bioasq_question("d", "yesno", "yes"),
            bioasq_question("e", "summary"),
            {**bioasq_question("f", "list"), "snippets": []},
        ],
    )
    imported = import_bioasq((test, train), "bio")
    questions = {q.id: q for q in imported.domain.questions}
    assert [fact.forms for fact in questions["a"].facts] == [("PD-L1", "PDL1")]
    assert [fact.forms for fact in questions["b"].facts] == [("x",), ("y", "Y2")]
    assert [fact.forms for fact in questions["c"].facts] == [("one form", "another")]
    assert (questions["d"].facts[0].forms, questions["e"].facts) == (("yes",), ())
    assert {q.id for q in imported.domain.split("test")} == {"d", "e"}
    assert len(imported.domain.documents) == 1
    assert imported.left_out == {"without snippets": 1}
    assert questions["a"].group == "77"


def test_bioasq_names_wrong_files(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        import_bioasq((tmp_path / "7B1_golden.json",), "bio")
    bad = tmp_path / "golden.json"
    bad.write_text("{}")
    with pytest.raises(InputError, match="cannot tell the year"):
        import_bioasq((bad,), "bio")
    wrong = tmp_path / "7B1_golden.json"
    wrong.write_text("[]")
    with pytest.raises(InputError, match="not in the expected layout"):
        import_bioasq((wrong,), "bio")
    good = bioasq_file(tmp_path, "8B1_golden.json", [bioasq_question("a", "summary")])
    with pytest.raises(InputError, match="test year 12 has no file"):
        import_bioasq((good,), "bio", (12,))


def test_natural_questions_join_both_layouts(tmp_path):
    qed = {
        "example_id": 5,
        "title_text": "Lamp",
        "question_text": "who made the lamp",
        "paragraph_text": "The lamp was made by Ada 's firm ( 1901 ) .",
        "answer_text": ["Ada 's firm"],
    }
    gold = {"title": "Door", "text": "The door is red.", "isgold": True}
    open_row = {"question": "what colour is the door", "answers": ["red", "Red"], "ctxs": [gold]}
    write_rows(tmp_path / "qed.jsonl", [qed, {**qed, "example_id": 6, "answer_text": []}])
    write_rows(tmp_path / "open.jsonl", [open_row, {**open_row, "ctxs": []}])
    imported = import_natural_questions((tmp_path / "qed.jsonl",), (tmp_path / "open.jsonl",), "nq")
    train, test = imported.domain.questions
    assert imported.domain.documents[0].text == "The lamp was made by Ada's firm (1901)."
    assert (train.references, train.split, train.group) == (("Ada's firm",), "train", "Lamp")
    assert (test.facts[0].forms, test.split) == (("red", "Red"), "test")
    assert imported.left_out == {"without an answer": 1, "without a gold passage": 1}
    with pytest.raises(InputError, match="no 'question_text'"):
        import_natural_questions((tmp_path / "open.jsonl",), (tmp_path / "open.jsonl",), "nq")


def test_marks_are_put_together_again():
    assert together("He said `` no '' , and it 's done ( twice ) .") == 'He said "no", and it\'s done (twice).'


def qasper_answer(**values):
    return {
        "unanswerable": False,
        "extractive_spans": [],
        "yes_no": None,
        "free_form_answer": "",
        "evidence": ["Para one."],
        **values,
    }


def published_paper(*answers, name="q1"):
    qas = [{"question_id": name, "question": "What is it?", "answers": [{"answer": a} for a in answers]}]
    return {
        "title": f"Paper of {name}",
        "abstract": "Abstract.",
        "qas": qas,
        "full_text": [{"section_name": "S", "paragraphs": ["Para one.", ""]}],
    }


@pytest.mark.parametrize(
    ("answers", "kind", "references"),
    [
        ([qasper_answer(extractive_spans=["a", "b"])], "factoid", ("a, b",)),
        ([qasper_answer(free_form_answer="free"), qasper_answer(extractive_spans=["a"])], "freeform", ("free", "a")),
        ([qasper_answer(yes_no=True), qasper_answer(yes_no=True)], "yesno", ("Yes",)),
        ([qasper_answer(yes_no=True), qasper_answer(yes_no=False)], "freeform", ("Yes", "No")),
        ([qasper_answer(unanswerable=True)], "unanswerable", ()),
        ([qasper_answer(unanswerable=True), qasper_answer(free_form_answer="x")], "freeform", ("x",)),
    ],
)
def test_qasper_annotators_become_references_and_a_type(tmp_path, answers, kind, references):
    path = tmp_path / "qasper.json"
    path.write_text(json.dumps({"1909.1": published_paper(*answers)}))
    question = import_qasper((path,), "q").domain.questions[0]
    assert (question.type, question.references) == (kind, references)
    assert question.group == "qasper-1909.1"
    if kind != "unanswerable":
        assert len(question.gold_documents) == 1


def test_qasper_layouts_agree_and_a_paper_that_comes_twice_is_read_once(tmp_path):
    answer = qasper_answer(free_form_answer="free")
    published = tmp_path / "a.json"
    published.write_text(json.dumps({"1": published_paper(answer)}))
    columns = {
        "id": "1",
        "title": "Paper of q1",
        "abstract": "Abstract.",
        "full_text": {"section_name": ["S"], "paragraphs": [["Para one.", ""]]},
        "qas": {"question": ["What is it?"], "question_id": ["q1"], "answers": [{"answer": [answer]}]},
    }
    write_rows(tmp_path / "b.jsonl", [columns])
    first = import_qasper((published,), "q")
    assert first.domain == import_qasper((tmp_path / "b.jsonl",), "q").domain == import_papers([columns], "q").domain
    both = import_qasper((published, tmp_path / "b.jsonl"), "q")
    assert both.left_out == {"papers that came twice": 1}
    evidence = tmp_path / "c.json"
    qa = {"question": "What is it?", "answer": ["free", ["a"], True], "evidence": ["Para one."]}
    evidence.write_text(json.dumps([{"paper_index": 3, "title": "T", "qas": [qa]}]))
    assert import_qasper((evidence,), "q").domain.questions[0].references == ("free", "a", "Yes")


def test_qasper_papers_are_split_whole(tmp_path):
    papers = {}
    for i in range(8):
        paper = published_paper(qasper_answer(free_form_answer="x"), name=f"q{i}")
        paper["qas"].append({**paper["qas"][0], "question_id": f"q{i}b", "question": f"And number {i}?"})
        papers[str(i)] = paper
    path = tmp_path / "a.json"
    path.write_text(json.dumps(papers))
    domain = import_qasper((path,), "q", test_share=0.25).domain
    assert len(domain.split("test")) == 4
    assert not {q.group for q in domain.split("test")} & {q.group for q in domain.split("train")}


def test_squad_2_has_unanswerable_questions(tmp_path):
    qas = [
        {"id": "1", "question": "Which colour?", "answers": [{"text": "red"}, {"text": "red"}]},
        {"id": "2", "question": "Which size?", "answers": [], "is_impossible": True},
    ]
    article = {"title": "The_Lamp", "paragraphs": [{"context": "The lamp is red.", "qas": qas}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [article]}))
    answerable, impossible = import_squad((), (path,), "s").domain.questions
    assert (answerable.facts[0].forms, answerable.group, answerable.split) == (("red",), "The Lamp", "test")
    assert (impossible.type, impossible.references, impossible.gold_documents) == ("unanswerable", (), ())


def test_a_table_with_named_columns(tmp_path):
    (tmp_path / "qa.csv").write_text(
        "Q,A,Passage,src\nWhich colour?,red,The lamp is red.,a\nWhich size?,big,It is big.,b\n"
    )
    columns = Columns(question="Q", answer="A", context="Passage", group="src")
    imported = import_table(tmp_path / "qa.csv", None, "t", columns)
    assert [len(q.gold_documents) for q in imported.domain.questions] == [1, 1]
    assert {q.split for q in imported.domain.questions} == {"train", "test"}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("qa.tsv", "question (short, plain, clear)\tanswer; if any\tP"),
        ("qa.csv", '"question (short; plain; clear)",answer; if any,P'),
    ],
)
def test_separators_inside_the_names_of_columns(tmp_path, name, header):
    row = "x?\ty\tz" if name == "qa.tsv" else "x?,y,z"
    (tmp_path / name).write_text(f"{header}\n{row}\n")
    question = "question (short, plain, clear)" if name == "qa.tsv" else "question (short; plain; clear)"
    columns = Columns(question=question, answer="answer; if any", context="P")
    assert import_table(tmp_path / name, None, "t", columns).domain.questions[0].text == "x?"


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_table_as_a_spreadsheet_writes_it(tmp_path, separator):
    lines = (["question", "answer", "P"], ["Which, then?", "red", '"The lamp; it, is	red."'], ["Why?", "so", ""])
    text = "\ufeff" + "\n".join(separator.join(line) for line in lines) + "\n"
    (tmp_path / "qa.csv").write_text(text.replace("Which, then?", '"Which, then?"'), encoding="utf-8")
    imported = import_table(tmp_path / "qa.csv", None, "t", Columns(context="P"))
    assert [q.text for q in imported.domain.questions] == ["Which, then?", "Why?"]
    assert imported.domain.documents[0].text == "The lamp; it, is\tred."
    assert "1 of the questions names no document that holds the answer" in imported.summary()


def test_a_missing_column_is_missing_in_the_first_line(tmp_path):
    (tmp_path / "qa.csv").write_text("question,answer,P\nx?,a,text\n")
    with pytest.raises(InputError, match=r"qa\.csv:1: no column 'Answer'; did you mean 'answer'"):
        import_table(tmp_path / "qa.csv", None, "t", Columns(answer="Answer", context="P"))


def test_a_table_with_documents_and_nested_gold_ids(tmp_path):
    write_rows(tmp_path / "docs.jsonl", [{"doc_id": "d1", "contents": ["One.", "Two."]}])
    write_rows(
        tmp_path / "qa.jsonl",
        [{"query": "x?", "gt": ["a", "b"], "gold": [["d1"]]}, {"query": "y?", "gt": ["c"], "gold": [["d9"]]}],
    )
    columns = Columns(question="query", answer="gt", gold="gold", document_id="doc_id", document_text="contents")
    imported = import_table(tmp_path / "qa.jsonl", tmp_path / "docs.jsonl", "t", columns)
    assert imported.domain.documents[0].text == "One.\nTwo."
    assert imported.domain.questions[0].references == ("a", "b")
    assert imported.left_out == {"whose gold documents are not among the documents": 1}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(question="Question", context="P"), "no column 'Question'; did you mean 'question'?"),
        (Columns(context="P", split="where"), "holds 'nowhere'; expected 'train' or 'test'"),
        (Columns(), "no documents; give --documents FILE"),
    ],
)
def test_wrong_tables_are_named(tmp_path, columns, message):
    (tmp_path / "qa.csv").write_text("question,answer,P,where\nx?,a,text,nowhere\n")
    with pytest.raises(InputError, match=message):
        import_table(tmp_path / "qa.csv", None, "t", columns)


def test_training_questions_that_are_nearly_test_questions_are_dropped_and_counted(tmp_path):
    (tmp_path / "qa.csv").write_text(
        "question,answer,P,where\nWhat is big?,a,t,train\nwhat is Big,a,t,test\nAnd now?,b,t,train\n"
    )
    imported = import_table(tmp_path / "qa.csv", None, "t", Columns(context="P", split="where"))
    assert imported.left_out == {"training questions that are nearly a test question": 1}
    assert len(imported.domain.split("train")) == 1


@pytest.mark.parametrize(
    ("importer", "content"),
    [
        (
            lambda path: import_bioasq((path,), "b"),
            {"questions": [{"body": "x?", "type": "factoid", "snippets": [{"text": "t"}], "ideal_answer": "i"}]},
        ),
        (lambda path: import_squad((path,), (), "s"), {"data": [{"title": "x", "paragraphs": [{"qas": []}]}]}),
        (lambda path: import_qasper((path,), "q"), {"1": {"title": "x", "qas": [{"question": "x?"}]}}),
    ],
)
def test_rows_that_lack_keys_are_named_by_file_and_layout(tmp_path, importer, content):
    path = tmp_path / "7B1_golden.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"7B1_golden.json: not in the expected layout; expected .*, found KeyError"):
        importer(path)


def test_a_yes_no_reference_of_bioasq_says_yes_or_no(tmp_path):
    rows = [{**bioasq_question("a", "yesno", "no"), "ideal_answer": ["It has no effect."]}]
    rows.append({**bioasq_question("b", "yesno", "yes"), "ideal_answer": ["Yes, it has."]})
    questions = import_bioasq((bioasq_file(tmp_path, "7B1_golden.json", rows),), "bio").domain.questions
    assert [q.references[0] for q in questions] == ["No. It has no effect.", "Yes, it has."]


def test_a_fetched_set_is_read_from_parquet(tmp_path, monkeypatch):
    import pyarrow as pa
    from pyarrow import parquet

    from ragstudy.corpus import fetch

    answer = qasper_answer(extractive_spans=["a"])
    row = {
        "id": "1",
        "title": "T",
        "abstract": "Abstract.",
        "full_text": {"section_name": ["S"], "paragraphs": [["Para one."]]},
        "qas": {"question": ["What is it?"], "question_id": ["q1"], "answers": [{"answer": [answer]}]},
    }
    parquet.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    monkeypatch.setattr(fetch, "_download", lambda _source, _folder: tmp_path)
    assert fetch.fetch("qasper", tmp_path).domain.questions[0].references == ("a",)
    parquet.write_table(pa.Table.from_pylist([{"query": "who?", "answer": "He did."}]), tmp_path / "a.parquet")
    assert fetch.fetch("nq", tmp_path).domain.documents[0].text == "He did."
    parquet.write_table(pa.Table.from_pylist([{"id": 7, "passage": "Text."}]), tmp_path / "a.parquet")
    asked = {"id": 1, "question": "x?", "answer": "y", "relevant_passage_ids": "[7, 8]"}
    parquet.write_table(pa.Table.from_pylist([asked]), tmp_path / "question.parquet")
    assert fetch.fetch("bioasq", tmp_path).domain.questions[0].gold_documents == ("7",)


# The real samples: they stay outside the project, and these tests skip where they are absent.


def test_real_bioasq_nq_qasper_and_squad_import_and_load(samples, tmp_path):
    imported = {
        "bioasq": import_bioasq(tuple(samples.glob("bioasq/*.json")), "bioasq"),
        "nq": import_natural_questions(
            tuple(sorted(samples.glob("qed_nq/*.jsonlines"))), tuple(samples.glob("nq_gold/*.jsonl")), "nq"
        ),
        "qasper": import_qasper(
            (samples / "qasper/train10_full_papers.jsonl", samples / "qasper/train_qas_evidence_813papers.json"),
            "qasper",
        ),
        "squad": import_squad((samples / "squad2/dev-v2.0.json",), (), "squad"),
    }
    counts = {}
    for name, one in imported.items():
        write_domain(tmp_path / name, one.domain, "real sample")
        domain = load_domain(tmp_path / name)
        counts[name] = (len(domain.split("train")) > 1000, len(domain.split("test")) > 300)
    assert all(train and test for train, test in counts.values()), counts


def ragchecker_file(path, answers):
    rows = [
        {
            "query_id": name,
            "query": f"What is {name}?",
            "gt_answer": f"{name} is a long river in the far north of the country",
            "response": answer,
            "retrieved_context": [{"doc_id": "1", "text": f"{name} is a river."}, {"doc_id": "2", "text": "A hill."}],
        }
        for name, answer in answers.items()
    ]
    path.write_text(json.dumps({"results": rows}), encoding="utf-8")
    return path


def test_ragcheckers_files_become_a_domain_and_recorded_generators(tmp_path):
    from ragstudy.domains import import_domain

    base = ragchecker_file(tmp_path / "base.json", {"Vel": "Vel is a river in the north.", "Tor": "I do not know."})
    tuned = ragchecker_file(tmp_path / "tuned.json", {"Vel": "Vel is a hill.", "Tor": "Tor is a river."})
    imported = import_domain("ragchecker", tmp_path / "rivers", files=[base, tuned])
    assert {q.id for q in imported.domain.split("test")} == {"Vel", "Tor"}
    assert len(imported.domain.documents) == 3
    content = {
        "name": "rivers",
        "domains": [str(tmp_path / "rivers")],
        "retrieval": {"embedder": "ragstudy.testing:HashEmbedder", "top_k": 2},
        "generators": [
            {"kind": "recorded", "name": "base", "answers": str(base)},
            {"kind": "recorded", "name": "tuned", "answers": str(tuned), "tuned_from": "base"},
        ],
        "contexts": ["retrieved"],
        "measures": ["token_f1", "accuracy", "completeness"],
    }
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    said = {(a.generator, a.question): a.text for a in RunFolder(tmp_path / "run").answers()}
    assert said["tuned", "Vel"] == "Vel is a hill."
    assert RunFolder(tmp_path / "run").results().comparisons
    written = export_ragchecker(RunFolder(tmp_path / "run"), tmp_path / "out")
    assert [path.name for path in written] == ["rivers.base.retrieved.json", "rivers.tuned.retrieved.json"]
    back = {row["query_id"]: row for row in json.loads(written[0].read_text())["results"]}
    assert back["Vel"]["response"] == "Vel is a river in the north."
    assert len(back["Vel"]["retrieved_context"]) == 2
    assert read_answers(written[0]) == read_answers(base)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "expected RAGChecker's"),
        ('{"results": [{"query_id": 1}]}', "result 1: expected an id and a text"),
        ("{", "not readable as JSON"),
    ],
)
def test_recorded_answers_in_another_layout_are_refused(tmp_path, content, message):
    path = tmp_path / "answers.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_answers(path)


def test_a_question_without_a_recorded_answer_fails_with_the_reason(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "a", "answer": "Yes."}\n', encoding="utf-8")
    found = RecordedGenerator(str(path)).generate([make_prompt("a", "?", []), make_prompt("b", "?", [])])
    assert [one.text for one in found] == ["Yes.", ""]
    assert "holds no answer to question 'b'" in found[1].error


def test_two_recorded_answers_to_one_question_are_refused(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "a", "answer": "Yes."}\n{"id": "a", "answer": "No."}\n', encoding="utf-8")
    with pytest.raises(InputError, match="has an answer already"):
        read_answers(path)


def test_a_short_answer_is_said_without_the_small_words_it_begins_with(tmp_path):
    table = tmp_path / "faq.csv"
    table.write_text("Q,A,P\nWhere is it made?,In Lyon.,It is made in Lyon.\nWho made it?,Ada Lin,Ada Lin made it.\n")
    columns = Columns(question="Q", answer="A", context="P")
    questions = {q.text: q for q in import_table(table, None, "faq", columns).domain.questions}
    assert questions["Where is it made?"].facts[0].forms == ("In Lyon", "Lyon")
    assert questions["Who made it?"].facts[0].forms == ("Ada Lin",)


def test_a_table_in_another_encoding_is_refused_with_the_cure(tmp_path):
    table = tmp_path / "faq.csv"
    table.write_bytes("Q,A,P\nWo?,München,Stadt\n".encode("latin-1"))
    with pytest.raises(InputError, match="save the table as 'CSV UTF-8'"):
        import_table(table, None, "faq", Columns(question="Q", answer="A", context="P"))
