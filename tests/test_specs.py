"""Studies are validated as a whole, with every problem named."""

from __future__ import annotations

import pytest
import yaml
from conftest import study_content

from ragstudy.errors import InputError
from ragstudy.specs import headline_context, load_study, parse_study


def problems_of(content: dict) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        parse_study(content, "study.yaml")
    return caught.value.problems


def test_a_domain_may_be_just_a_path_and_is_called_after_its_folder(tmp_path):
    spec = parse_study(study_content(tmp_path / "handbook"), "study.yaml")
    assert spec.domains[0].name == "handbook"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"retreival": {}}, "study.yaml: retreival: unknown key; did you mean 'retrieval'?"),
        ({"retrieval": {"topk": 3}}, "study.yaml: retrieval.topk: unknown key; did you mean 'top_k'?"),
        ({"retrieval": {"top_k": 0}}, "study.yaml: retrieval.top_k: 0 is wrong"),
        ({"retrieval": {"chunk_tokens": 16, "chunk_overlap": 16}}, "chunk_overlap is 16; it must be less"),
        ({"generators": [{"kind": "transfomers", "name": "x"}]}, "did you mean 'transformers'?"),
        ({"generators": [{"name": "x"}]}, "generators.0.kind: missing"),
        ({"generators": [{"kind": "transformers", "name": "x"}]}, "generators.0.model: missing"),
        ({"generators": [{"kind": "extractive", "name": "x", "n_sentence": 2}]}, "did you mean 'n_sentences'?"),
        ({"finetuning": [{"base": "bass"}]}, "'bass' is no generator of kind 'transformers'"),
        ({"contexts": ["retrieved", "oracel"]}, "contexts.1: 'oracel' is no context; did you mean 'oracle'?"),
        ({"statistics": {"verdict_measures": ["token_f1"]}}, "'token_f1' is not among the study's measures"),
        (
            {"generators": [{"kind": "endpoint", "name": "x", "model": "m", "url": "http://u:k@h/v1"}]},
            "holds a user name",
        ),
        ({"domains": []}, "study.yaml: domains:"),
        ({"name": "a b"}, "study.yaml: name: 'a b' is wrong"),
    ],
)
def test_wrong_keys_and_values_are_named_with_place_and_cure(tmp_path, change, message):
    assert any(message in one for one in problems_of({**study_content(tmp_path), **change}))


def test_all_problems_come_in_one_error(tmp_path):
    content = study_content(tmp_path, retreival={}, seed="x", contexts=[])
    assert len(problems_of(content)) == 3


def test_names_that_stand_twice_and_unknown_parents_are_refused(tmp_path):
    generators = [
        {"kind": "extractive", "name": "a"},
        {"kind": "extractive", "name": "a"},
        {"kind": "scripted", "name": "b", "tuned_from": "c"},
    ]
    found = problems_of(study_content(tmp_path, generators=generators))
    assert any("'a' stands twice" in one for one in found)
    assert any("tuned_from: 'c'" in one for one in found)


def test_training_recipes_that_stand_twice_or_start_from_an_adapter_are_refused(tmp_path):
    base = {"kind": "transformers", "name": "m", "model": "pocket"}
    twice = [{"base": "m", "sizes": [5], "formats": ["retrieved"]}] * 2
    found = problems_of(study_content(tmp_path, generators=[base], finetuning=twice))
    assert found == (
        "study.yaml: finetuning: 'm+retrieved-5' stands twice; names must differ; give one of the entries a name",
    )
    adapted = {**base, "adapter": "owner/adapter"}
    found = problems_of(study_content(tmp_path, generators=[adapted], finetuning=twice[:1]))
    assert "has an adapter of its own" in found[0]


def test_overrides_change_nested_values_and_list_items(study_file):
    spec = load_study(study_file, ("retrieval.top_k=2", "generators.0.default=blue", "statistics.margin=0.1"))
    assert (spec.retrieval.top_k, spec.generators[0].default, spec.statistics.margin) == (2, "blue", 0.1)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("retrieval.top_k", "expected key=value"),
        ("retrieval.topk=3", "did you mean 'top_k'"),
        ("generators.9.default=x", "no position in a list of 3"),
        ("name.x=1", "holds a plain value"),
    ],
)
def test_wrong_overrides_are_named(study_file, override, message):
    with pytest.raises(InputError, match=message):
        load_study(study_file, (override,))


def test_paths_start_from_the_studys_file(tmp_path, monkeypatch):
    folder = tmp_path / "experiments"
    folder.mkdir()
    content = study_content(tmp_path, domains=["../corpora/lamps"])
    (folder / "s.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.chdir(tmp_path)
    assert load_study(folder / "s.yaml").domains[0].path == "corpora/lamps"


@pytest.mark.parametrize(("text", "message"), [("a: [", "not readable as YAML"), ("- a", "expected a mapping")])
def test_files_that_hold_no_study_are_named(tmp_path, text, message):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_study(path)


def test_a_missing_file_gets_the_nearest_name(study_file):
    with pytest.raises(InputError, match="did you mean 'study'"):
        load_study(study_file.with_name("studdy.yaml"))


def test_shipped_experiments_are_valid(root):
    found = sorted((root / "experiments").glob("*.yaml"))
    assert {path.stem for path in found} >= {"quickstart", "fine_failing", "fine_failing_small"}
    for path in found:
        load_study(path)


@pytest.mark.parametrize(
    ("contexts", "main"),
    [
        (["none", "retrieved@5", "retrieved"], "retrieved"),
        (["none", "retrieved@5", "retrieved@3"], "retrieved@3"),
        (["counterfactual", "oracle"], "oracle"),
        (["distractors_only", "none"], "none"),
        (["counterfactual"], "counterfactual"),
    ],
)
def test_the_headline_context_does_not_hang_on_the_order(contexts, main):
    assert headline_context(contexts) == headline_context(contexts[::-1]) == main
