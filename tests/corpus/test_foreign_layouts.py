"""Folders and tables as other tools lay them out: BEIR, AutoRAG, FlashRAG, saved datasets; counts match the sources."""

from __future__ import annotations

import json

import pytest

from ragstudy.corpus.tables import rows_of
from ragstudy.domains import import_domain, load_domain
from ragstudy.errors import InputError, UnavailableError
from tests.conftest import write_rows

PLACES = ["Rome", "Lyon", "Bern", "Graz", "Oslo", "Kiel", "Turin", "Ghent"]
DOCUMENTS = [
    (f"d{n}", f"Lamp {n}", f"Lamp {n} stands in {place}, and nobody moved it.") for n, place in enumerate(PLACES)
]


@pytest.fixture
def beir(tmp_path):
    folder = tmp_path / "beir"
    write_rows(folder / "corpus.jsonl", [{"_id": a, "title": b, "text": c} for a, b, c in DOCUMENTS])
    write_rows(folder / "queries.jsonl", [{"_id": f"q{n}", "text": f"Where is lamp {n}?"} for n in range(8)])
    write_rows(tmp_path / "answers.jsonl", [{"_id": f"q{n}", "answer": place} for n, place in enumerate(PLACES)])
    (folder / "qrels").mkdir()
    head = "query-id\tcorpus-id\tscore\n"
    rows = [f"q{n}\td{n}\t1\nq{n}\td{(n + 1) % 8}\t0\n" for n in range(8)]
    (folder / "qrels" / "train.tsv").write_text(head + "".join(rows[:5]), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text(head + "".join(rows[5:7]), encoding="utf-8")
    return folder


def test_beir_with_its_qrels_and_answers_from_a_table(beir, tmp_path):
    imported = import_domain("beir", tmp_path / "out", folder=beir, answers=tmp_path / "answers.jsonl")
    domain = load_domain(tmp_path / "out")
    assert [len(domain.documents), len(domain.split("train")), len(domain.split("test"))] == [8, 5, 2]
    assert imported.left_out == {"that qrels/train.tsv and qrels/test.tsv do not name": 1}
    # A judgement of 0 is no gold document.
    assert all(question.gold_documents == (f"d{question.id[1:]}",) for question in domain.questions)
    assert domain.documents[0].title == "Lamp 0"


def test_beir_without_answers_says_what_is_missing(beir, tmp_path):
    with pytest.raises(InputError, match=r"no query has an answer.*--answers TABLE"):
        import_domain("beir", tmp_path / "out", folder=beir)
    assert not (tmp_path / "out").exists()


def test_answers_that_the_queries_carry_are_taken_and_one_split_is_divided(beir, tmp_path):
    rows = [{"_id": f"q{n}", "text": f"Where is lamp {n}?", "metadata": {"answer": p}} for n, p in enumerate(PLACES)]
    write_rows(beir / "queries.jsonl", rows)
    (beir / "qrels" / "train.tsv").unlink()
    # TREC's form, without a head.
    (beir / "qrels" / "test.tsv").write_text("".join(f"q{n}\t0\td{n}\t2\n" for n in range(8)), encoding="utf-8")
    import_domain("beir", tmp_path / "out", folder=beir, test_share=0.5)
    domain = load_domain(tmp_path / "out")
    assert [len(domain.split("train")), len(domain.split("test"))] == [4, 4]
    assert domain.split_by == "group"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("qrels/train.tsv", "q0\td0\n", r"train.tsv:1: found .*expected query id, document id and a whole number"),
        ("qrels/train.tsv", "q0\td0\t1\nq1\td1\tyes\n", r"train.tsv:2: found"),
        ("corpus.jsonl", "not json\n", "corpus.jsonl"),
        ("qrels/train.tsv", "q0\td0\t1\n" + 'q1\t"d1\t' + "x" * 900, "train.tsv:2: found"),
    ],
)
def test_a_damaged_beir_folder_is_named_with_its_place(beir, tmp_path, name, text, message):
    (beir / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        import_domain("beir", tmp_path / "out", folder=beir, answers=tmp_path / "answers.jsonl")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_beirs_says_what_it_lacks(tmp_path):
    with pytest.raises(InputError) as caught:
        import_domain("beir", tmp_path / "out", folder=tmp_path)
    assert [name in str(caught.value) for name in ("corpus.jsonl", "queries.jsonl", "qrels/train.tsv")] == [True] * 3


def autorag_tables(folder):
    corpus = [{"doc_id": a, "contents": c, "metadata": {"title": b}} for a, b, c in DOCUMENTS]
    write_rows(folder / "corpus.jsonl", corpus)
    gold = [[[f"d{n}"], [f"d{(n + 1) % 8}"]] for n in range(7)] + [[["elsewhere"]]]
    rows = [
        {"qid": f"q{n}", "query": f"Where is lamp {n}?", "generation_gt": [place], "retrieval_gt": gold[n]}
        for n, place in enumerate(PLACES)
    ]
    write_rows(folder / "qa.jsonl", rows)
    return folder


def test_autorag_keeps_questions_whose_passages_the_corpus_does_not_hold(tmp_path):
    folder = autorag_tables(tmp_path / "autorag")
    options = {"questions": folder / "qa.jsonl", "documents": folder / "corpus.jsonl"}
    imported = import_domain("autorag", tmp_path / "out", **options)
    domain = load_domain(tmp_path / "out")
    assert [len(domain.documents), len(domain.questions), imported.left_out] == [8, 8, {}]
    gold = {question.id: question.gold_documents for question in domain.questions}
    assert gold["q0"] == ("d0", "d1")
    assert gold["q7"] == ("d7",)  # found by its answer
    assert imported.notes[0] == "of 1 questions no named passage is in corpus.jsonl"


def test_autorags_own_parquet_is_read(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    folder = autorag_tables(tmp_path / "autorag")
    for name in ("qa", "corpus"):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    import_domain("autorag", tmp_path / "out", questions=folder / "qa.parquet", documents=folder / "corpus.parquet")
    assert len(load_domain(tmp_path / "out").questions) == 8


def test_the_published_sample_of_autorag_keeps_every_row(samples, tmp_path):
    folder = samples / "asqa_autorag"
    if not folder.is_dir():
        pytest.skip("the sample of AutoRAG is not there")
    questions, documents = folder / "asqa__asqa_qa.jsonl", folder / "asqa__asqa_corpus.jsonl"
    domain = import_domain("autorag", tmp_path / "out", questions=questions, documents=documents).domain
    counts = [len(path.read_text(encoding="utf-8").splitlines()) for path in (documents, questions)]
    assert [len(domain.documents), len(domain.questions)] == counts == [885, 500]


def test_flashrag_takes_titles_from_the_first_line_and_looks_for_the_passages(tmp_path):
    corpus = [{"id": a, "contents": f'"{b}"\n{c}'} for a, b, c in DOCUMENTS]
    write_rows(tmp_path / "corpus.jsonl", corpus)
    rows = [{"id": f"{n}", "question": f"Where is lamp {n}?", "golden_answers": [p]} for n, p in enumerate(PLACES)]
    write_rows(tmp_path / "train.jsonl", rows[:5])
    write_rows(tmp_path / "test.jsonl", rows[5:])
    imported = import_domain(
        "flashrag",
        tmp_path / "out",
        train=[tmp_path / "train.jsonl"],
        test=[tmp_path / "test.jsonl"],
        documents=tmp_path / "corpus.jsonl",
    )
    domain = load_domain(tmp_path / "out")
    assert [len(domain.split("train")), len(domain.split("test"))] == [5, 3]
    assert domain.documents[3].title == "Lamp 3"
    assert domain.questions[6].gold_documents == ("d6",)
    assert "of 8 the answer was found word for word" in imported.notes[0]


def write_saved(folder, rows):
    """As `datasets.Dataset.save_to_disk` lays it out."""
    pa = pytest.importorskip("pyarrow")
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    with (
        pa.OSFile(str(folder / "data-00000-of-00001.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as out,
    ):
        out.write_table(table)
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": None}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "dataset_info.json").write_text("{}", encoding="utf-8")


def test_a_saved_dataset_with_splits_is_a_table(tmp_path):
    rows = [{"q": f"Where is lamp {n}?", "a": p, "passage": f"Lamp {n} is in {p}."} for n, p in enumerate(PLACES)]
    write_saved(tmp_path / "saved" / "train", rows[:5])
    write_saved(tmp_path / "saved" / "validation", rows[5:])
    (tmp_path / "saved" / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}', encoding="utf-8")
    columns = {"question": "q", "answer": "a", "context": "passage", "split": "split"}
    import_domain("table", tmp_path / "out", questions=tmp_path / "saved", **columns)
    domain = load_domain(tmp_path / "out")
    assert [len(domain.split("train")), len(domain.split("test"))] == [5, 3]


def test_the_package_that_writes_saved_datasets_lays_them_out_so(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = [{"q": "Where?", "a": ["Rome", "Roma"]}, {"q": "When?", "a": []}]
    datasets.Dataset.from_list(rows).save_to_disk(str(tmp_path / "one"))
    assert [row for _, row in rows_of(tmp_path / "one", [])] == rows


@pytest.mark.parametrize("damage", ["state", "arrow", "gone"])
def test_a_damaged_saved_dataset_is_named(tmp_path, damage):
    write_saved(tmp_path / "saved", [{"q": "Where?", "a": "Rome"}])
    if damage == "state":
        (tmp_path / "saved" / "state.json").write_text("[]", encoding="utf-8")
    elif damage == "arrow":
        (tmp_path / "saved" / "data-00000-of-00001.arrow").write_bytes(b"nothing of the kind")
    else:
        (tmp_path / "saved" / "data-00000-of-00001.arrow").unlink()
    with pytest.raises((InputError, UnavailableError), match="saved"):
        list(rows_of(tmp_path / "saved", []))


def test_documents_without_a_text_are_their_title_and_those_without_a_word_are_counted(beir, tmp_path):
    rows = [{"_id": a, "title": b, "text": c} for a, b, c in DOCUMENTS]
    rows += [{"_id": "t", "title": "A title alone", "text": ""}, {"_id": "e", "title": "", "text": ""}]
    write_rows(beir / "corpus.jsonl", rows)
    imported = import_domain("beir", tmp_path / "out", folder=beir, answers=tmp_path / "answers.jsonl")
    assert imported.notes == ("1 documents without a word were left out",)
    assert {one.id: one.text for one in imported.domain.documents}["t"] == "A title alone"


def test_qrels_that_are_no_utf_8_are_named(beir, tmp_path):
    (beir / "qrels" / "train.tsv").write_bytes("q0\td\u00e9\t1\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"train.tsv: not readable as UTF-8"):
        import_domain("beir", tmp_path / "out", folder=beir, answers=tmp_path / "answers.jsonl")


def test_files_of_the_same_name_in_two_folders_keep_all_their_questions(tmp_path):
    write_rows(tmp_path / "corpus.jsonl", [{"id": a, "contents": f"{b}\n{c}"} for a, b, c in DOCUMENTS])
    for name, numbers in (("nq", range(4)), ("hq", range(4, 8))):
        rows = [
            {
                "id": None if name == "hq" else "train_0" if n == 0 else f"train_{n}",
                "question": f"Where is lamp {n}?",
                "golden_answers": [PLACES[n]],
            }
            for n in numbers
        ]
        write_rows(tmp_path / name / "train.jsonl", rows)
    train = [tmp_path / name / "train.jsonl" for name in ("nq", "hq")]
    imported = import_domain("flashrag", tmp_path / "out", train=train, documents=tmp_path / "corpus.jsonl")
    assert (len(imported.domain.questions), imported.left_out) == (8, {})


@pytest.mark.parametrize("text", ["{not json", "[]", '{"other": 1}'])
def test_a_damaged_list_of_splits_is_named(tmp_path, text):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "dataset_dict.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not as `save_to_disk` writes it"):
        list(rows_of(tmp_path / "saved", []))
