"""From a folder of documents and a table of questions to a study, and to a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import ragstudy
from ragstudy.cli.main import cli, main
from ragstudy.corpus.importers.folder import read_folder
from ragstudy.corpus.locate import Locator
from ragstudy.domains import load_domain
from ragstudy.errors import InputError
from ragstudy.records import Document
from ragstudy.starting import Models, init

N = 12


@pytest.fixture
def company(tmp_path):
    """Twelve machines in three formats, and two questions about each in a spreadsheet's CSV."""
    docs = tmp_path / "docs"
    (docs / "halls").mkdir(parents=True)
    lines = ["Frage;Antwort"]
    for number in range(N):
        text = f"Machine M-{number} was built in {1950 + number}. It weighs {100 + number * 3} kg."
        path = docs / ("halls" if number % 2 else "") / f"m{number}.{('html', 'md', 'rst')[number % 3]}"
        heading = {"html": "<nav>Home</nav><h1>M</h1><p>{}</p>", "md": "# M\n\n{}", "rst": "M\n=\n\n{}"}[
            path.suffix[1:]
        ]
        path.write_text(heading.format(text), encoding="utf-8")
        lines += [f"When was machine M-{number} built?;{1950 + number}"]
        lines += [f"How much does machine M-{number} weigh?;{100 + number * 3} kg"]
    (tmp_path / "qa.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    return tmp_path


def test_init_makes_a_domain_and_a_study_that_can_be_run(company, monkeypatch):
    monkeypatch.chdir(company)
    done = CliRunner().invoke(cli, ["init", "wiki", "--docs", "docs", "--qa", "qa.csv"])
    assert done.exit_code == 0
    assert "columns of qa.csv: question = 'Frage', answer = 'Antwort'" in done.output
    assert "of 24 the answer was found word for word" in done.output
    domain = load_domain(company / "corpora" / "wiki")
    assert len(domain.documents) == N
    assert {question.gold_documents[0] for question in domain.questions} == {one.id for one in domain.documents}
    # Both questions about a file are in the same split.
    splits = {question.group: set() for question in domain.questions}
    for question in domain.questions:
        splits[question.group].add(question.split)
    assert all(len(some) == 1 for some in splits.values())
    study = yaml.safe_load((company / "experiments" / "wiki.yaml").read_text())
    assert study["finetuning"][0]["seeds"] == [1, 2, 3]
    again = CliRunner().invoke(cli, ["init", "wiki", "--docs", "docs", "--qa", "qa.csv"])
    assert again.exception is not None
    assert "--again imports the documents anew" in str(again.exception)
    (company / "docs" / "m0.html").write_text("<p>Machine M-0 was built in 1950. It weighs 100 kg. It is red.</p>")
    (company / "experiments" / "wiki.yaml").write_text("name: wiki # mine\n")
    done = CliRunner().invoke(cli, ["init", "wiki", "--docs", "docs", "--qa", "qa.csv", "--again"])
    assert "experiments/wiki.yaml: as it was. Next" in done.output
    assert (company / "experiments" / "wiki.yaml").read_text() == "name: wiki # mine\n"
    assert any("It is red." in one.text for one in load_domain(company / "corpora" / "wiki").documents)
    assert "is there already" in str(again.exception)


@pytest.mark.slow
def test_quick_goes_from_documents_and_an_adapter_made_elsewhere_to_a_verdict(company, tiny_model, monkeypatch, capsys):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), LoraConfig(r=2, init_lora_weights=False))
    model.save_pretrained(company / "adapter")
    monkeypatch.chdir(company)
    command = ["quick", "--docs", "docs", "--qa", "qa.csv", "--base", str(tiny_model), "--tuned", "adapter"]
    main(command)
    told = capsys.readouterr().out
    assert "tuned" in told
    assert (company / "quick" / "report" / "index.html").is_file()
    study = yaml.safe_load((company / "quick" / "experiments" / "quick.yaml").read_text())
    assert study["generators"][1] | {} == {
        "kind": "transformers",
        "name": "tuned",
        "model": str(tiny_model),
        "max_new_tokens": 64,
        "adapter": str(company / "adapter"),
        "tuned_from": "base",
    }
    # The same command, and the same call, go on with what is there.
    main(command)
    run = ragstudy.quick("docs", "qa.csv", Models(str(tiny_model), "adapter"))
    assert {row.arm for row in run.comparisons()} == {"tuned"}


def questions(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_files_are_named_as_people_name_them_and_chats_are_read(company):
    rows = [
        {"query": "When was M-3 built?", "response": "1953", "source": name}
        for name in ("m3.html", "halls/m3.html", "m3")
    ]
    named = read_folder("d", company / "docs", questions(company / "named.jsonl", rows[:1]), test_share=0.9)
    assert named.domain.questions[0].gold_documents == ("halls/m3.html",)
    for row in rows[1:]:
        same = read_folder("d", company / "docs", questions(company / "named.jsonl", [row]), test_share=0.9)
        assert same.domain.questions[0].gold_documents == ("halls/m3.html",)
    chat = [
        {"messages": [{"role": "user", "content": "When was M-4 built?"}, {"role": "assistant", "content": "1954"}]}
    ]
    read = read_folder("d", company / "docs", questions(company / "chat.jsonl", chat), test_share=0.9)
    assert read.domain.questions[0].references == ("1954",)
    lost = read_folder("d", company / "docs", questions(company / "n.jsonl", [*rows, {**rows[0], "source": "gone.md"}]))
    assert lost.left_out["whose gold documents are not among the documents"] == 1


def test_odd_questions_are_told(company):
    rows = [
        {"question": "When was machine M-3 built?", "answer": "1953"},
        {"question": "When was machine M-3  built?", "answer": "1954"},
        {"question": "Is it true that M-5 weighs 115 kg?", "answer": "115 kg"},
        {"question": "Who founded the firm?", "answer": "Ada Holm"},
    ]
    notes = " ".join(read_folder("d", company / "docs", questions(company / "odd.jsonl", rows)).notes)
    assert "1 questions are asked more than once with different answers" in notes
    assert "1 questions hold their answer: q3" in notes
    assert "of 1 nowhere" in notes


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        ("a;b;c\n1;2;3\n", {}, "which column holds the question? Name it with --question; there are a, b, c"),
        ("q;a\nx;y\n", {"question": "Q"}, "no column 'Q'; it has q, a"),
        ("q;a\n", {}, "which column holds the question"),
    ],
)
def test_columns_that_cannot_be_guessed_are_asked_for(company, content, options, told):
    (company / "qa.csv").write_text(content)
    with pytest.raises(InputError) as error:
        init("x", company / "docs", company / "qa.csv", root=company, **options)
    assert told in str(error.value)
    assert not (company / "corpora").exists()
    assert not (company / "experiments").exists()


def test_missing_folders_and_folders_without_documents_are_named(company, tmp_path):
    with pytest.raises(InputError, match="no such folder of documents"):
        init("x", company / "gone", company / "qa.csv", root=company)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "scan.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(InputError, match="no document in it can be read") as error:
        init("x", tmp_path / "empty", company / "qa.csv", root=company)
    assert "scan.pdf" in str(error.value)


@pytest.mark.parametrize("gone", ["./adapters/ours", "/nowhere/model", "runs/a/b", "model.gguf"])
def test_a_model_that_can_only_be_a_path_is_missed_before_anything_is_asked(company, gone):
    with pytest.raises(InputError, match="no such file or folder of a model"):
        init("x", company / "docs", company / "qa.csv", Models(tuned=gone), company)
    assert not (company / "corpora").exists()


def test_servers_stand_in_the_study_with_their_address(company):
    models = Models("http://localhost:8080/v1#base", "http://localhost:8080/v1#ours")
    started = init("served", company / "docs", company / "qa.csv", models, company)
    base, tuned, _ = yaml.safe_load(Path(started.study).read_text())["generators"]
    assert (base["kind"], base["url"], base["model"]) == ("endpoint", "http://localhost:8080/v1", "base")
    assert tuned["tuned_from"] == "base"


def test_a_long_answer_is_found_by_its_words_and_a_short_one_only_where_the_question_fits():
    pages = [
        Document("a", "Pumps", "The pump P-7 stands in the old hall beside the river and is painted every spring."),
        Document("b", "Valves", "Valve V-2 weighs 4 kg. It was made in 1950."),
        Document("c", "Lamps", "Lamp L-1 weighs 4 kg."),
    ]
    locator = Locator(pages)
    assert (
        locator.find("Where is pump P-7?", ["Beside the river, in the old hall: pump P-7 stands there."]).by == "words"
    )
    assert locator.find("What does lamp L-1 weigh?", ["4 kg"]).document == "c"
    assert locator.find("How old is the director of sales?", ["4 kg"]) is None
    assert locator.find("What?", [""]) is None


LEAVES = {"hr/a.md": "The pump weighs 4 kg.", "archive/a.md": "The valve weighs 2 kg.", "c.md": "The crane weighs 9 t."}


def imported(tmp_path, rows):
    for name, text in LEAVES.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "qa.csv").write_text("\n".join(["question,answer,document", *rows]))
    found = read_folder("x", tmp_path / "docs", tmp_path / "qa.csv")
    return {one.text: one for one in found.domain.questions}, found


@pytest.mark.parametrize(
    ("cell", "gold"),
    [
        ("hr/a.md", ("hr/a.md",)),
        ("hr\\a.md", ("hr/a.md",)),
        ("./HR/A.md", ("hr/a.md",)),
        ("docs/hr/a.md", ("hr/a.md",)),
        ("hr/a.md; c.md", ("hr/a.md", "c.md")),
        ('"hr/a.md, c.md"', ("hr/a.md", "c.md")),
        ('"hr/a.md,c.md"', ("hr/a.md", "c.md")),
        ("/home/me/docs/hr/a.md", ("hr/a.md",)),
        ("C:\\\\docs\\\\hr\\\\a.md", ("hr/a.md",)),
        # Two files have this name; the one that holds the answer is meant.
        ("a.md", ("hr/a.md",)),
    ],
)
def test_documents_are_found_however_their_paths_are_written(tmp_path, cell, gold):
    questions, _ = imported(tmp_path, [f"What does the pump weigh?,4 kg,{cell}", "How heavy is the crane?,9 t,c.md"])
    assert questions["What does the pump weigh?"].gold_documents == gold


def test_a_wrong_folder_names_no_other_file(tmp_path):
    questions, found = imported(tmp_path, ["What weighs 9 t?,the crane,archive/c.md", "How heavy is it?,9 t,c.md"])
    assert list(questions) == ["How heavy is it?"]
    assert any("qa.csv:2 'archive/c.md'" in note for note in found.notes)


def test_what_is_odd_about_questions_is_named(tmp_path):
    _, found = imported(
        tmp_path,
        [
            "What does the pump weigh?,4 kg,hr/aa.md",
            "How heavy is the valve?,777 kg,archive/a.md",
            "How heavy is the crane?,9 t,c.md",
            "How heavy is the  Crane?,9 t,c.md",
            "Is the crane heavy?,Yes,c.md",
            "Which are heavy?,C4; the crane.,c.md",
        ],
    )
    assert found.left_out == {
        "that stand there before with the same answer": 1,
        "whose gold documents are not among the documents": 1,
    }
    assert "names of documents that are not there: " in " ".join(found.notes)
    assert "qa.csv:2 'hr/aa.md'; did you mean 'hr/a.md'?" in " ".join(found.notes)
    assert "2 answers have numbers of which none stands in the document named: q2, q6" in found.notes
    questions = {one.id: one for one in found.domain.questions}
    assert questions["q5"].type == "yesno"
    assert [fact.forms for fact in questions["q6"].facts] == [("C4",), ("the crane", "crane")]


def test_again_keeps_every_question_in_its_split(company, monkeypatch):
    monkeypatch.chdir(company)
    command = ["init", "wiki", "--docs", "docs", "--qa", "qa.csv"]
    missing = CliRunner().invoke(cli, [*command, "--again"])
    assert "is not there, so nothing was begun" in str(missing.exception)
    CliRunner().invoke(cli, command)
    before = {one.text: one.split for one in load_domain(company / "corpora" / "wiki").questions}
    (company / "docs" / "new.md").write_text("# New\n\nMachine N-1 is green.")
    with (company / "qa.csv").open("a", encoding="utf-8") as lines:
        lines.write("\nWhich colour has machine N-1?;green\nWhat is the weight of machine M-3?;109 kg")
    done = CliRunner().invoke(cli, [*command, "--again", "--tuned", "docs"])
    assert "questions that were there stay in their split; 2 are new" in done.output
    after = {one.text: one for one in load_domain(company / "corpora" / "wiki").questions}
    assert {text: after[text].split for text in before} == before
    # A question about a file that others ask about is in their split.
    same = next(one for text, one in after.items() if text == "When was machine M-3 built?")
    assert after["What is the weight of machine M-3?"].split == same.split


@pytest.mark.parametrize("command", [["init", "wiki"], ["quick"]])
def test_without_questions_it_says_what_is_there_and_how_to_get_some(company, monkeypatch, command):
    monkeypatch.chdir(company)
    done = CliRunner().invoke(cli, [*command, "--docs", "docs"])
    assert "docs: 12 documents" in done.output
    assert isinstance(done.exception, InputError)
    assert "ragstudy corpus questions docs --model MODEL --out drafts.csv" in str(done.exception)
    assert not (company / "corpora").exists()
    assert not (company / "quick").exists()
