"""The schemas in docs/schemas are those of the code, and the files of a run keep to them."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml
from conftest import study_content

from ragstudy.errors import InputError
from ragstudy.schemas import FILES, schema_of
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study


@pytest.mark.parametrize("file", FILES)
def test_the_written_schema_is_that_of_the_code(root, file):
    written = json.loads((root / "docs" / "schemas" / f"{file}.schema.json").read_text(encoding="utf-8"))
    assert written == schema_of(file), "run: python -m ragstudy.schemas docs/schemas"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    from conftest import make_domain

    folder = tmp_path_factory.mktemp("schemas")
    content = study_content(make_domain(folder / "lamps"), contexts=["retrieved", "none", "counterfactual"])
    run_study(make_plan(parse_study(content, "s.yaml")), folder / "run")
    return folder / "run"


def test_every_file_of_a_run_keeps_to_its_schema(finished):
    checked = set()
    for path in finished.rglob("*.json*"):
        if path.name == "index.json":
            continue
        lines = path.read_text(encoding="utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        validator = jsonschema.Draft202012Validator(schema_of(path.name))
        for line in lines:
            validator.validate(json.loads(line))
        checked.add(path.name)
    assert checked >= {
        "answers.jsonl",
        "comparisons.json",
        "layout.json",
        "manifest.json",
        "questions.jsonl",
        "words.json",
    }


def test_the_schema_of_a_study_takes_every_study_that_ragstudy_takes(root, finished):
    validator = jsonschema.Draft202012Validator(schema_of("study.yaml"))
    written = [*(root / "experiments").glob("*.yaml"), finished / "study.yaml"]
    assert len(written) > 10
    for path in written:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert [(path.name, list(error.path), error.message) for error in validator.iter_errors(content)] == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"generators": [{"kind": "extractive", "name": "a", "modle": "x"}]}, ["generators", 0]),
        ({"generators": [{"kind": "transformers", "name": "a"}]}, ["generators", 0]),
        ({"design": "fine_faling"}, ["design"]),
        ({"contexts": []}, ["contexts"]),
        ({"retrieval": {"topk": 3}}, ["retrieval"]),
        ({"statistics": {"margin": 2}}, ["statistics", "margin"]),
    ],
)
def test_the_schema_of_a_study_refuses_what_ragstudy_refuses(lamps, change, place):
    content = {**study_content(lamps), **change}
    found = jsonschema.Draft202012Validator(schema_of("study.yaml")).iter_errors(content)
    assert [list(error.path) for error in found] == [place]
    with pytest.raises(InputError):
        parse_study(content, "s.yaml")


def test_every_property_is_described():
    undescribed = [
        (file, name)
        for file in FILES
        for part in (schema_of(file), *schema_of(file).get("$defs", {}).values())
        for name, value in part.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert undescribed == []
