"""An importer of one's own: lines of `question = answer`."""

from __future__ import annotations

from pathlib import Path

from ragstudy import domains
from ragstudy.cli.main import main
from ragstudy.corpus.importers.imported import Collection, split_by_group
from ragstudy.corpus.importers.kind import ImporterKind, Option
from ragstudy.records import Question


def read(name, path, mark):
    collection = Collection()
    for number, line in enumerate(path.read_text().splitlines()):
        asked, answer = (part.strip() for part in line.split(mark))
        gold = collection.add_document(f"{asked} {answer}", "", "line")
        collection.add_question(Question(f"q{number}", asked, (answer,), (), (gold,), group=gold))
    split_by_group(collection, 0.5, 1)
    return collection.finish(name, "Lines", "group")


LINES = ImporterKind(
    "lines",
    "Lines of questions and answers.",
    read,
    (Option("path", "The file.", Path, required=True, is_argument=True), Option("mark", "Between both.", default="=")),
    "One's own lines.",
)


def test_an_importer_of_ones_own_is_a_command_and_a_function(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Who is it? : Ada\nWhere is it? : Oslo\nWhen was it? : 1999\nWhy is it? : fun\n")
    main(
        [
            "corpus",
            "import",
            "test_own_importer:LINES",
            str(tmp_path / "a.txt"),
            "--mark",
            ":",
            "--out",
            str(tmp_path / "x"),
        ]
    )
    assert "4 documents" in capsys.readouterr().out
    domains.import_domain("test_own_importer:LINES", tmp_path / "y", path=tmp_path / "a.txt", mark=":")
    assert domains.load_domain(tmp_path / "x").questions == domains.load_domain(tmp_path / "y").questions
