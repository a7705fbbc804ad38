"""Domains load, round-trip, and name everything that is wrong with them."""

from __future__ import annotations

import json

import pytest
from conftest import make_domain, write_rows

from ragstudy.corpus import Domain, load_domain, write_domain
from ragstudy.corpus.checks import near_duplicates
from ragstudy.errors import InputError
from ragstudy.records import Question


def change(folder, **values):
    """Change the first question's row."""
    path = folder / "questions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0].update(values)
    write_rows(path, rows)


def problems_of(folder) -> str:
    with pytest.raises(InputError) as caught:
        load_domain(folder)
    return "\n".join(caught.value.problems)


def test_a_domain_loads_with_its_splits(lamps):
    domain = load_domain(lamps)
    assert (len(domain.documents), len(domain.split("train")), len(domain.split("test"))) == (12, 6, 6)
    assert domain.title == "Lamps"


def test_a_written_domain_is_the_same_when_read_again(lamps, tmp_path):
    domain = load_domain(lamps)
    write_domain(tmp_path / "lamps2" / "lamps", domain, "copy")
    assert load_domain(tmp_path / "lamps2" / "lamps") == domain


def test_documents_may_be_a_folder_of_markdown_and_text(lamps):
    (lamps / "documents.jsonl").unlink()
    for i in range(12):
        (lamps / "documents").mkdir(exist_ok=True)
        (lamps / "documents" / f"lamp{chr(97 + i)}").with_suffix(".md").write_text(f"# Lamp {i}\n\nIt is red.")
    path = lamps / "questions.jsonl"
    path.write_text(path.read_text().replace('"gold_documents": ["lamp', '"gold_documents": ["lamp'))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    write_rows(path, [{**row, "gold_documents": [f"{row['gold_documents'][0]}.md"]} for row in rows])
    domain = load_domain(lamps)
    assert (domain.documents[0].id, domain.documents[0].title) == ("lampa.md", "Lamp 0")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"id": "q01"}, "question id 'q01' stands 2 times"),
        ({"references": []}, "question 'q00' has no reference answer"),
        ({"gold_documents": ["lampz"]}, "names gold document 'lampz', which is not in the corpus"),
        ({"text": " "}, "questions.jsonl:1: text is ' '"),
        ({"split": "dev"}, "questions.jsonl:1: split is 'dev'; expected 'train' or 'test'"),
        ({"type": "lists"}, "questions.jsonl:1: type is 'lists'; did you mean 'list'?"),
        ({"refrences": ["x"]}, "unknown key 'refrences'; did you mean 'references'?"),
        ({"references": "red"}, "references is 'red'; expected a list"),
        ({"facts": [{"id": "f1", "forms": ["a"]}, {"id": "f1", "forms": ["b"]}]}, "fact 'f1' stands twice"),
        ({"facts": [{"id": "f1"}]}, "fact 1 is"),
        ({"group": "lampl"}, "group 'lampl' has questions in train and in test"),
        ({"text": "What is the colour of lampl", "group": "lampl"}, "nearly the same as training question 'q11'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(lamps, values, message):
    change(lamps, **values)
    assert message in problems_of(lamps)


def test_all_problems_come_in_one_message(lamps):
    change(lamps, split="dev", type="x", text="")
    assert len(problems_of(lamps).splitlines()) == 3


def test_long_lists_of_problems_are_cut_and_counted(tmp_path):
    folder = make_domain(tmp_path / "d", n=26)
    write_rows(folder / "documents.jsonl", [{"id": "other", "text": "x"}])
    assert "... and 6 more like the last one" in problems_of(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("domain.yaml", None, "domain.yaml: no such file"),
        ("domain.yaml", "titel: x", "did you mean 'title'?"),
        ("domain.yaml", "split_by: paper", "split_by: 'paper' is wrong"),
        ("questions.jsonl", None, "questions.jsonl: no such file"),
        ("questions.jsonl", "", "no questions; expected at least one"),
        ("documents.jsonl", None, "no documents; expected documents.jsonl or a folder"),
        ("documents.jsonl", "", "the corpus is empty"),
        ("documents.jsonl", '{"id": "a", "text": " "}', "document 'a' has no text"),
        ("documents.jsonl", '{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}', "document id 'a' stands 2 times"),
    ],
)
def test_missing_and_empty_files_are_named(lamps, name, content, message):
    if content is None:
        (lamps / name).unlink()
    else:
        (lamps / name).write_text(content)
    assert message in problems_of(lamps)


def test_a_missing_folder_gets_the_nearest_name(lamps):
    with pytest.raises(InputError, match="did you mean 'lamps'"):
        load_domain(lamps.with_name("lamsp"))


def question(name: str, text: str, split: str, *gold: str) -> Question:
    return Question(name, text, ("x",), (), gold, (), name, split)  # type: ignore[arg-type]


def test_the_same_words_about_different_groups_are_different_questions():
    pair = [
        question("a", "What is the seed lexicon?", "train", "p1"),
        question("b", "What is the seed lexicon?", "test", "p2"),
    ]
    assert near_duplicates(pair, by_group=True) == []
    assert near_duplicates(pair, by_group=False) == [("b", "a")]


def test_near_duplicates_are_those_that_comparing_all_pairs_finds():
    import random

    rng = random.Random(0)
    vocabulary = [f"w{i}" for i in range(30)]
    questions = [
        question(f"q{i}", " ".join(rng.sample(vocabulary, rng.choice((10, 11, 20)))), rng.choice(("train", "test")))
        for i in range(120)
    ]
    base = [q for q in questions if q.split == "train"][:20]
    questions += [question(f"d{i}", f"{q.text} extra", "test") for i, q in enumerate(base)]

    def similar(one: Question, other: Question) -> bool:
        a, b = set(one.text.split()), set(other.text.split())
        return len(a & b) >= 0.9 * len(a | b)

    train = [q for q in questions if q.split == "train"]
    expected = {q.id for q in questions if q.split == "test" and any(similar(q, t) for t in train)}
    assert {test for test, _ in near_duplicates(questions, by_group=False)} == expected
    assert len(expected) >= 10


def test_the_fingerprint_changes_with_any_text(lamps):
    domain = load_domain(lamps)
    other = Domain(domain.name, domain.title, domain.split_by, domain.documents[1:], domain.questions)
    assert domain.fingerprint != other.fingerprint
