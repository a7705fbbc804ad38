"""A cell becomes the text that it means, or is named by its row and column; never another text in silence.

After ragas #191 and #413, inspect_ai #4546 and #4549.
"""

from __future__ import annotations

import json
import math

import pytest

from ragstudy.corpus.cells import text_of, texts_of
from ragstudy.corpus.importers.bioasq import import_bioasq
from ragstudy.corpus.importers.ragchecker import import_ragchecker
from ragstudy.corpus.importers.squad import import_squad
from ragstudy.corpus.importers.table import Columns, import_table
from ragstudy.errors import InputError


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        (None, []),
        (math.nan, []),
        ("", []),
        ("  ", []),
        ("Green", ["Green"]),
        ("nan", ["nan"]),
        ("None", ["None"]),
        (12.0, ["12"]),
        (12, ["12"]),
        (0, ["0"]),
        (0.5, ["0.5"]),
        (False, ["no"]),
        (True, ["yes"]),
        (["1931"], ["1931"]),
        (["", None, "a"], ["a"]),
        ([], []),
        ("['Ada Holm', 'mayor Ada Holm']", ["Ada Holm", "mayor Ada Holm"]),
        ('["1931"]', ["1931"]),
        ("[]", []),
        ("[sic] it is", ["[sic] it is"]),
        ("[a, b]", ["[a, b]"]),
        ({"text": ["Ada Holm"], "answer_start": [45]}, ["Ada Holm"]),
        ({"text": "under the mat"}, ["under the mat"]),
        ([{"text": "a"}, {"text": "b"}], ["a", "b"]),
        ({"text": []}, []),
    ],
)
def test_every_type_has_its_rule(cell, texts):
    assert texts_of(cell, "x:1: a") == texts


@pytest.mark.parametrize("cell", [{"answer": "x"}, {}, math.inf, b"x", {1, 2}])
def test_what_has_no_rule_is_named_by_its_place(cell):
    with pytest.raises(InputError, match=r"qa\.csv:7: answer: holds"):
        texts_of(cell, "qa.csv:7: answer")


def test_one_text_is_wanted_where_there_can_be_one_only():
    assert text_of(1.0, "x") == text_of("1", "x") == text_of(1, "x") == "1"
    with pytest.raises(InputError, match="holds 2 texts; expected one"):
        text_of(["a", "b"], "x:1: id")


COLUMNS = Columns(question="Q", answer="A", context="P", id="id", group="g")
ROWS = [
    {"id": 0, "Q": "What colour is the lid?", "A": "Green", "P": "The lid is green.", "g": 0},
    {"id": 1, "Q": "What shape is it then?", "A": math.nan, "P": "The lid is round.", "g": 0},
    {"id": 2, "Q": "How heavy is the box?", "A": 12.0, "P": "The box weighs 12 kg.", "g": 1},
    {"id": 3, "Q": "Is the lamp red?", "A": False, "P": "The lamp is blue.", "g": 1},
    {"id": 4, "Q": "Where is the key?", "A": {"text": "under the mat"}, "P": "It is under the mat.", "g": 1},
    {"id": 5, "Q": "Who holds it?", "A": ["", None], "P": "Nobody.", "g": 1},
]


def written(folder, ending):
    path = folder / f"qa{ending}"
    if ending == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif ending == ".json":
        path.write_text(json.dumps(ROWS), encoding="utf-8-sig")
    elif ending == ".nested.json":
        path.write_text(json.dumps({"version": 1, "data": ROWS}))
    return path


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".nested.json"])
def test_a_table_means_the_same_in_every_file(tmp_path, ending):
    found = import_table(written(tmp_path, ending), None, "d", COLUMNS, test_share=0.5)
    questions = {question.id: question for question in found.domain.questions}
    assert {name: one.references for name, one in questions.items()} == {
        "0": ("Green",),
        "2": ("12",),
        "3": ("no",),
        "4": ("under the mat",),
    }
    assert {name: one.group for name, one in questions.items()} == {"0": "0", "2": "1", "3": "1", "4": "1"}
    assert questions["3"].type == "yesno"
    assert found.left_out["without an answer"] == 2
    assert {one.split for one in questions.values()} == {"train", "test"}


def test_lists_in_parquet_are_lists(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    rows = [
        {
            "Q": "Who opened it?",
            "A": {"text": ["Ada Holm"], "answer_start": [4]},
            "P": "Ada Holm opened it.",
            "id": 1.0,
        },
        {"Q": "When was that?", "A": {"text": ["1931"], "answer_start": [0]}, "P": "In 1931.", "id": 2.0},
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "qa.parquet")
    found = import_table(
        tmp_path / "qa.parquet", None, "d", Columns(question="Q", answer="A", context="P", id="id"), test_share=0.5
    )
    assert [(one.id, one.references) for one in found.domain.questions] == [("1", ("Ada Holm",)), ("2", ("1931",))]


def test_an_excel_sheet_is_a_table(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["Q", "A", "P"], ["How heavy?", 12.0, "It weighs 12 kg."], [None, None, None], ["Red?", True, "Red."]):
        book.active.append(row)
    book.save(tmp_path / "qa.xlsx")
    found = import_table(
        tmp_path / "qa.xlsx", None, "d", Columns(question="Q", answer="A", context="P"), test_share=0.5
    )
    assert [one.references for one in found.domain.questions] == [("12",), ("yes",)]


@pytest.mark.parametrize("ending", [".parquet", ".xlsx", ".json", ".jsonl"])
def test_a_damaged_file_is_named(tmp_path, ending):
    (tmp_path / f"qa{ending}").write_bytes(b"PK\x03\x04 no table \xff")
    with pytest.raises(InputError, match=rf"qa\{ending}.*(not readable)"):
        import_table(tmp_path / f"qa{ending}", None, "d", COLUMNS)


SIMPLE = Columns(question="Q", answer="A", context="P")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Q,A,P\nWhat?,The pump weighs 1,200 kg,It does.\n", r"qa\.csv:2: 4 cells under 3 columns"),
        ("Q,A,P\nWhat?,Green\n", r"qa\.csv:2: 2 cells under 3 columns"),
        ("Q,A,P,A\nWhat?,Green,It is.,note\n", r"qa\.csv:1: column 'A' stands 2 times"),
        ('Q,A,P\n"What?,Green,It is.\n', r"qa\.csv:\d: not readable as CSV"),
        ("", r"no column 'Q'|found 0 documents"),
    ],
)
def test_a_row_that_does_not_fit_its_columns_is_named(tmp_path, text, told):
    (tmp_path / "qa.csv").write_text(text)
    with pytest.raises(InputError, match=told):
        import_table(tmp_path / "qa.csv", None, "d", SIMPLE)


def test_latin_1_has_a_cure_and_another_doubled_column_no_harm(tmp_path):
    (tmp_path / "qa.csv").write_bytes("Q;A;P\nCaf\u00e9?;Gr\u00fcn;Ja.\n".encode("latin-1"))
    with pytest.raises(InputError, match="save the table as 'CSV UTF-8'"):
        import_table(tmp_path / "qa.csv", None, "d", SIMPLE)
    (tmp_path / "qa.csv").write_text("Q,A,P,note,note\nWhat?,Green,It is green.,1,2\nHow?,So,It is so.,1,2\n")
    assert len(import_table(tmp_path / "qa.csv", None, "d", SIMPLE, test_share=0.5).domain.questions) == 2


def test_ids_of_documents_meet_whatever_type_they_have(tmp_path):
    (tmp_path / "docs.jsonl").write_text('{"id": 0, "text": "The lid is green."}\n{"id": 1, "text": "It is round."}\n')
    (tmp_path / "qa.jsonl").write_text(
        '{"Q": "Colour?", "A": "Green", "gold": 0.0}\n{"Q": "What shape has it?", "A": "Round", "gold": ["1"]}\n'
    )
    found = import_table(
        tmp_path / "qa.jsonl",
        tmp_path / "docs.jsonl",
        "d",
        Columns(question="Q", answer="A", gold="gold"),
        test_share=0.5,
    )
    assert [one.gold_documents for one in found.domain.questions] == [("0",), ("1",)]


def ragchecker(tmp_path, *rows):
    (tmp_path / "r.json").write_text(json.dumps({"results": list(rows)}))
    return import_ragchecker((tmp_path / "r.json",), "d")


def test_ragchecker_is_read_in_its_variants(tmp_path):
    row = {"query_id": 0, "query": "What?", "gt_answer": "Green", "response": "x"}
    found = ragchecker(
        tmp_path,
        {**row, "retrieved_context": ["The lid is green.", {"doc_id": "a", "text": "It is round."}]},
        {
            **row,
            "query_id": 1,
            "query": "Which shape is it?",
            "gt_answer": ["Round", "A ball"],
            "retrieved_context": None,
        },
        {**row, "query_id": 2, "gt_answer": "", "retrieved_context": []},
    )
    assert [(one.id, one.references) for one in found.domain.questions] == [
        ("0", ("Green",)),
        ("1", ("Round", "A ball")),
    ]
    assert len(found.domain.documents) == 2
    assert found.left_out == {"without an answer": 1}


@pytest.mark.parametrize("change", [{"gt_answer": {"a": 1}}, {"query": ["a", "b"]}, {"retrieved_context": [{"x": 1}]}])
def test_ragchecker_names_the_question_that_it_cannot_read(tmp_path, change):
    row = {"query_id": "q7", "query": "What?", "gt_answer": "Green", "retrieved_context": ["The lid is green."]}
    with pytest.raises(InputError, match="query_id 'q7'"):
        ragchecker(tmp_path, {**row, **change})


def test_squad_with_a_byte_order_mark_and_bioasq_training_files_are_read(tmp_path):
    qas = [{"id": "a", "question": "Who opened it?", "answers": [{"text": "Ada Holm", "answer_start": 0}]}]
    articles = [
        {"title": name, "paragraphs": [{"context": f"Ada Holm opened {name}.", "qas": [{**qas[0], "id": name}]}]}
        for name in ("Lyra", "Corvo")
    ]
    (tmp_path / "s.json").write_text(json.dumps({"data": articles}), encoding="utf-8-sig")
    assert len(import_squad((tmp_path / "s.json",), (), "d", 0.5, 1).domain.questions) == 2

    def asked(number):
        snippet = {"text": f"Gene {number} is on chromosome {number}.", "document": f"http://x/{number}"}
        return {
            "id": str(number),
            "body": f"Where is gene {number} of the {number} fly?",
            "type": "summary",
            "snippets": [snippet],
            "ideal_answer": [f"On chromosome {number}."],
        }

    (tmp_path / "training11b.json").write_text(json.dumps({"questions": [asked(1)]}))
    (tmp_path / "11B1_golden.json").write_text(json.dumps({"questions": [asked(2)]}))
    found = import_bioasq((tmp_path / "training11b.json", tmp_path / "11B1_golden.json"), "d")
    assert {one.id: one.split for one in found.domain.questions} == {"1": "train", "2": "test"}
