"""Every generator that the how-to shows is one that a study takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from conftest import study_content

from ragstudy.specs import kind_of, parse_study

PAGE = Path(__file__).parents[2] / "docs" / "generators.md"
BLOCKS = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.mark.parametrize("generators", BLOCKS, ids=lambda block: block[0]["name"])
def test_it_is_read_as_it_is_shown(lamps, generators):
    names = {one["name"] for one in generators}
    content = study_content(lamps, contexts=["none"])
    # The base of a tuned version may stand in another block.
    bases = {one["tuned_from"] for one in generators if one.get("tuned_from")} - names
    content["generators"] = [*generators, *({"kind": "extractive", "name": name} for name in sorted(bases))]
    study = parse_study(content, "study.yaml")
    assert {kind_of(one).name for one in study.generators} >= {one["kind"] for one in generators}


def test_every_kind_is_shown():
    shown = {one["kind"] for block in BLOCKS for one in block}
    assert shown >= {"transformers", "endpoint", "llama_index", "recorded", "custom"}
