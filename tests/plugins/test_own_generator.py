"""A kind of generator of one's own: one file, named in the study."""

from __future__ import annotations

from typing import Literal

from conftest import study_content

from ragstudy.records import Completion
from ragstudy.specs import GeneratorKind, GeneratorSpec, parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


class EchoSpec(GeneratorSpec):
    kind: Literal["test_own_generator:ECHO"]
    mark: str = "!"


class Echo:
    def __init__(self, mark):
        self.mark = mark

    def generate(self, prompts):
        return [Completion(f"{prompt.question}{self.mark}", n_passages=len(prompt.passages)) for prompt in prompts]


ECHO = GeneratorKind("echo", EchoSpec, lambda spec: Echo(spec.mark))


def test_a_kind_of_generator_of_ones_own_answers_a_study(lamps, tmp_path):
    echo = {"kind": "test_own_generator:ECHO", "name": "mine", "mark": "?"}
    run_study(make_plan(parse_study(study_content(lamps, generators=[echo]), "s.yaml")), tmp_path / "run")
    assert all(answer.text.endswith("??") for answer in RunFolder(tmp_path / "run").answers())
