"""Passages that are looked for within a question's group only."""

from __future__ import annotations

import json

import pytest
from conftest import make_domain, study_content, write_rows

from ragstudy.errors import InputError
from ragstudy.retrieval.retrievers import groups_of
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


def retrieved(domain, out, **retrieval):
    content = study_content(domain, contexts=["retrieved"])
    content["retrieval"] |= retrieval
    run_study(make_plan(parse_study(content, "study.yaml")), out)
    return {row.question: row for row in RunFolder(out).retrievals()}


@pytest.mark.parametrize("retriever", ["dense", "bm25", "hybrid"])
def test_a_question_finds_passages_of_its_own_group_only(lamps, tmp_path, retriever):
    everywhere = retrieved(lamps, tmp_path / "one", retriever=retriever)
    within = retrieved(lamps, tmp_path / "two", retriever=retriever, within="group")
    assert all(len(row.passages) > 1 for row in everywhere.values())
    assert {name: row.passages for name, row in within.items()} == {
        f"q{n:02d}": (f"lamp{chr(97 + n)}#1",) for n in range(6)
    }


def test_what_is_found_in_a_run_is_found_anew_when_it_is_to_be_within(lamps, tmp_path):
    before = retrieved(lamps, tmp_path / "run")
    after = retrieved(lamps, tmp_path / "run", within="group")
    assert before != after
    assert retrieved(lamps, tmp_path / "run") == before


def test_documents_of_a_group_are_called_like_it_or_begin_with_it():
    names = ["p1", "p1-3", "p1#page=2", "p1/a", "p10", "p10-1", "other"]
    assert [name for name in names if "p1" in groups_of(name)] == names[:4]


def test_a_group_without_documents_is_refused(tmp_path):
    domain = make_domain(tmp_path / "lamps")
    rows = [json.loads(line) for line in (domain / "questions.jsonl").read_text().splitlines()]
    write_rows(domain / "questions.jsonl", [row | {"group": f"manual of {row['group']}"} for row in rows])
    with pytest.raises(InputError, match=r"no document of group manual of lampa, .* and 7 more; a document of a"):
        retrieved(domain, tmp_path / "run", within="group")
