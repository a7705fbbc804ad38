"""The command line: what it prints, what it refuses, what it does not import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import study_content

from ragstudy.cli.main import main


def call(capsys, *arguments) -> tuple[int, str, str]:
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = int(stop.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_help_imports_nothing_heavy():
    program = (
        "import sys\n"
        "from ragstudy.cli.main import main\n"
        "main(['--help'])\n"
        "heavy = {'torch', 'transformers', 'numpy', 'pandas', 'pydantic', 'faiss', 'ragas', 'scipy', 'rich', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ragstudy run experiments/quickstart.yaml" in done.stdout


def test_run_ends_with_verdicts_and_the_path_of_the_report(study_file, tmp_path, capsys):
    out = tmp_path / "run"
    code, printed, _ = call(capsys, "run", study_file, "--out", out, "statistics.margin=0.05")
    assert code == 0
    assert "Not decided yet: keep base" in printed
    assert f"report: {out / 'index.html'}" in printed
    assert (out / "index.html").is_file()
    code, printed, _ = call(capsys, "run", study_file, "--out", out, "statistics.margin=0.05")
    assert "nothing anew" in printed


def test_check_shows_the_plan_and_runs_nothing(study_file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, _ = call(capsys, "check", study_file)
    assert code == 0
    assert "36 answers to produce" in printed
    assert not (tmp_path / "reports").exists()


def test_report_and_results(study_file, tmp_path, capsys):
    out = tmp_path / "run"
    call(capsys, "run", study_file, "--out", out, "--quiet")
    (out / "index.html").unlink()
    assert call(capsys, "report", out)[1].strip() == str(out / "index.html")
    _, table, _ = call(capsys, "results", out)
    assert table.splitlines()[0].startswith("domain,arm,base")
    _, text, _ = call(capsys, "results", out, "--format", "json", "--table", "arms")
    assert len(json.loads(text)) == 30
    _, latex, _ = call(capsys, "results", out, "--format", "latex")
    assert "\\toprule" in latex
    assert "answer\\_words" not in latex
    path = tmp_path / "scores.parquet"
    assert call(capsys, "results", out, "--format", "parquet", "--table", "scores", "--out", path)[0] == 0
    import pandas as pd

    assert len(pd.read_parquet(path)) == 180
    assert call(capsys, "results", out, "--out", tmp_path / "t.csv")[0] == 0
    assert (tmp_path / "t.csv").read_text() == table


def test_corpus_commands(lamps, tmp_path, capsys):
    _, printed, _ = call(capsys, "corpus", "list", lamps.parent)
    assert "12 documents, 6 training and 6 test questions" in printed
    assert call(capsys, "corpus", "check", lamps)[1].endswith("no problems\n")
    (tmp_path / "qa.csv").write_text("question,answer,P\nWhich colour?,red,It is red.\nWhich size?,big,It is big.\n")
    out = tmp_path / "corpora" / "mine"
    code, printed, _ = call(capsys, "corpus", "import", "table", tmp_path / "qa.csv", "--context", "P", "--out", out)
    assert code == 0
    assert "2 documents" in printed
    assert "qa.csv" in (out / "SOURCE.md").read_text()
    made = tmp_path / "corpora" / "handbook"
    call(capsys, "corpus", "invent", "handbook", "--documents", "8", "--questions", "20", "--out", made)
    assert call(capsys, "corpus", "check", made)[0] == 0


def wrong(study_file, tmp_path, name):
    """The arguments of a wrong call."""
    content = yaml.safe_load(study_file.read_text())
    lamps = content["domains"][0]
    (tmp_path / "t.csv").write_text("question,answer,P\nx?,a,b\n")
    (tmp_path / "noweights").mkdir(exist_ok=True)
    (tmp_path / "noweights" / "config.json").write_text("{}")
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    for file, text in (("domain.yaml", "title: x"), ("documents.jsonl", ""), ("questions.jsonl", "")):
        (empty / file).write_text(text)
    model = [{"kind": "transformers", "name": "m", "model": str(tmp_path / "noweights")}]
    studies = {
        "unknown key": study_content(lamps, retreival={}),
        "missing domain": study_content(f"{lamps}x"),
        "empty corpus": study_content(empty),
        "no weights": study_content(lamps, generators=model),
        "top_k": study_content(lamps, retrieval={"embedder": "ragstudy.testing:HashEmbedder", "top_k": 40}),
    }
    if name in studies:
        path = tmp_path / "wrong.yaml"
        path.write_text(yaml.safe_dump(studies[name]))
        return ["run", path, "--out", tmp_path / "run"]
    return {
        "missing file": ["run", tmp_path / "nowhere.yaml"],
        "csv column": [
            "corpus",
            "import",
            "table",
            tmp_path / "t.csv",
            "--question",
            "Q",
            "--context",
            "P",
            "--out",
            tmp_path / "o",
        ],
        "unknown command": ["rnu"],
        "unknown option": ["run", study_file, "--outt", "x"],
        "no run": ["report", tmp_path],
        "unknown set": ["corpus", "fetch", "quasper"],
        "parquet to a terminal": ["results", tmp_path, "--format", "parquet"],
        "unknown domain": ["corpus", "invent", "handbok", "--out", tmp_path / "o"],
        "existing domain": ["corpus", "invent", "handbook", "--out", lamps],
        "share": ["corpus", "import", "squad", tmp_path / "t.csv", "--out", tmp_path / "o", "--test-share", "1.5"],
        "out is a file": ["run", study_file, "--out", study_file],
        "no domains": ["corpus", "list", tmp_path / "empty" / "sub"],
        "too many questions": [
            "corpus",
            "invent",
            "handbook",
            "--documents",
            "4",
            "--questions",
            "5000",
            "--out",
            tmp_path / "o",
        ],
    }[name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unknown key", "retreival: unknown key; did you mean 'retrieval'?"),
        ("missing domain", "makes such a folder); did you mean 'lamps'?"),
        ("empty corpus", "the corpus is empty; expected at least one document"),
        ("no weights", "no *.safetensors in it (found no weights at all)"),
        ("top_k", "retrieval.top_k is 40, but the corpus has only 12 passages; lower retrieval.top_k"),
        ("missing file", "nowhere.yaml: no such file; expected a study in YAML"),
        ("csv column", "no column 'Q'"),
        ("unknown command", "no such command 'rnu'; did you mean 'run'?"),
        ("unknown option", "--outt"),
        ("no run", "no run in this folder"),
        ("unknown set", "no public set 'quasper'; did you mean 'qasper'?"),
        ("parquet to a terminal", "no run in this folder"),
        ("unknown domain", "did you mean 'handbook'?"),
        ("no domains", "no domains in it"),
        ("existing domain", "a domain is there already"),
        ("share", "1.5 is not in the range"),
        ("out is a file", "error: "),
        ("too many questions", "ask for fewer"),
    ],
)
def test_wrong_input_gets_one_message_code_2_and_leaves_nothing(study_file, tmp_path, capsys, name, message):
    arguments = wrong(study_file, tmp_path, name)
    before = sorted(tmp_path.rglob("*"))
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    left = [p for p in sorted(tmp_path.rglob("*")) if p not in before]
    assert left == []


def test_fetching_without_a_hub_says_which_file_to_get_and_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "corpus", "fetch", "qasper")
    assert code == 2
    assert "qasper-train-dev-v0.3.tgz" in err
    assert "ragstudy corpus import qasper" in err


def test_the_public_surface_is_what_all_names():
    import ragstudy

    assert all(getattr(ragstudy, name) is not None for name in ragstudy.__all__)
    with pytest.raises(AttributeError, match="no attribute 'run'"):
        _ = ragstudy.nothing if hasattr(ragstudy, "nothing") else ragstudy.__getattr__("run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\ndomains:\n\t- a\n", ":3: begins with a tab, which YAML does not allow; indent with spaces"),
        ("", "found an empty file"),
        (
            "name: x\ndomains: [lamps]\ngenerators: [{kind: transformers, name: ours, model: ./models/nope}]\n",
            "models/nope': no such folder",
        ),
    ],
)
def test_slips_in_a_study_are_named_with_their_cure(lamps, tmp_path, capsys, text, said):
    path = lamps.parent / "slip.yaml"
    path.write_text(text)
    code, _, err = call(capsys, "check", path)
    assert code == 2
    assert said in err


def test_options_for_several_files_take_all_that_a_shell_makes_of_a_pattern(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("train-1", "train-2", "test-1"):
        Path(f"{name}.jsonl").write_text("{}\n")
    seen = []
    monkeypatch.setattr("ragstudy.domains.import_domain", lambda name, _, **options: seen.append((name, options)))
    monkeypatch.setattr("ragstudy.cli.corpus._tell", lambda *_: None)
    for train in (["train-1.jsonl", "train-2.jsonl"], ["train-*.jsonl"], ["train-1.jsonl", "--train", "train-2.jsonl"]):
        main(["corpus", "import", "nq", "--train", *train, "--test", "test-1.jsonl", "--out", "corpora/x"])
    for name, options in seen:
        assert name == "nq"
        assert list(map(str, options["train"])) == ["train-1.jsonl", "train-2.jsonl"]
        assert list(map(str, options["test"])) == ["test-1.jsonl"]
    assert len(seen) == 3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_commands(shell, monkeypatch, capsys):
    monkeypatch.setenv("_RAGSTUDY_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit):
        main(["ignored"])
    assert "_RAGSTUDY_COMPLETE" in capsys.readouterr().out
