"""The ability report: one generator in every context."""

from __future__ import annotations

import math

import pytest
import torch
from conftest import make_domain, study_content, write_rows

from ragstudy.cli.main import main
from ragstudy.errors import InputError
from ragstudy.files import read_lines
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.likelihood import perplexity
from ragstudy.prompting import fit, make_prompt
from ragstudy.records import Passage
from ragstudy.reporting.abilities import abilities
from ragstudy.specs import TransformersSpec, parse_study
from ragstudy.study.plan.abilities import abilities_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.progress import NullReporter
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


def test_accuracy_is_over_questions_with_an_answer_and_declining_is_counted_apart(tmp_path):
    folder = make_domain(tmp_path / "lamps")
    rows = [row for _, row in read_lines(folder / "questions.jsonl")]
    rows[1] |= {"type": "unanswerable", "references": [], "facts": [], "gold_documents": []}
    write_rows(folder / "questions.jsonl", rows)
    spec = parse_study(study_content(folder, contexts=["oracle", "none"]), "s.yaml")
    run_study(make_plan(spec), tmp_path / "run")
    table = abilities(RunFolder(tmp_path / "run"))
    # 'red' is right for one of five lamps; 'I do not know.' declines all of them and is never accurate.
    assert "| base | oracle | 5 | .200 [.000, " in table
    # No exception among five lamps leaves room for 52 % of them (Clopper and Pearson).
    assert "| tuned | none | 5 | .000 [.000, .522] | .000 [.000, .522] | 1.000 [.478, 1.000] | 1 |" in table


def test_the_command_asks_a_model_in_every_context(lamps, tiny_model, tmp_path, capsys):
    main(["pocket", "report", str(lamps), "--model", str(tiny_model), "--questions", "2", "--out", str(tmp_path / "r")])
    table = (tmp_path / "r" / "abilities.md").read_text()
    assert table in capsys.readouterr().out
    for context in ("retrieved@5", "oracle_with_distractors:last", "distractors_only", "none"):
        assert f"| {tiny_model.name} | {context} | 2 |" in table


def test_an_ability_report_needs_a_domain(tmp_path):
    with pytest.raises(InputError, match="no domain given"):
        abilities_study("pocket", [], 10)


def test_a_second_arm_shows_examples_of_the_training_split(lamps, tiny_model, tmp_path):
    spec = abilities_study(str(tiny_model), [lamps], 2, examples=2)
    few = next(g for g in spec.generators if g.name.endswith("-2-examples"))
    assert few.tuned_from == tiny_model.name
    plan = make_plan(spec)
    from ragstudy.study.execute.answer import prompts_of
    from ragstudy.study.execute.retrieve import retrieve

    retrieved, _ = retrieve(plan, RunFolder(tmp_path / "r"), NullReporter())
    styles = (plan.style(plan.generator(name)) for name in (tiny_model.name, few.name))
    plain, shown = (
        prompts_of(plan, plan.domains[0], "retrieved", retrieved["lamps"], style).prompts for style in styles
    )
    train = {q.text: q.references[0] for q in plan.domains[0].domain.split("train")}
    for one, other in zip(plain, shown, strict=True):
        assert len(other.examples) == 2
        assert all(train[question] == answer for question, answer in other.examples)
        assert other.text.index("Example answer: ") < other.text.index("[1] ")
        assert other.text.replace(one.text.split("\n\n", 1)[1], "").count("Example question: ") == 2
        assert other.digest != one.digest


def test_a_prompt_that_does_not_fit_loses_passages_and_then_its_examples(tiny_model):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    passages = [Passage("p", "d", "", "word " * 60)]
    prompt = make_prompt("q", "Why?", passages, examples=[("How?", "So. " * 30)])
    whole, n_shown = fit(prompt, tokenizer, 2000)
    assert n_shown == 1
    less, n_shown = fit(prompt, tokenizer, len(whole) - 20)
    assert (n_shown, "Example" in tokenizer.decode(less)) == (0, True)
    least, n_shown = fit(prompt, tokenizer, 60)
    assert (n_shown, "Example" in tokenizer.decode(least)) == (0, False)


def test_more_examples_than_training_questions_are_refused(lamps, tiny_model):
    spec = abilities_study(str(tiny_model), [lamps], 2, examples=9)
    with pytest.raises(InputError, match="examples is 9, but domain 'lamps' has 6 training questions"):
        make_plan(spec)


def test_perplexity_is_that_of_the_models_own_loss(tiny_model):
    model = CausalModel(
        TransformersSpec(kind="transformers", name="m", model=str(tiny_model), dtype="float32", max_new_tokens=4)
    )
    text = "The lamp is red and stands in the second room of the house."
    ids = torch.tensor([model.tokenizer.encode(text)])
    with torch.inference_mode():
        loss = model.base(input_ids=ids, labels=ids).loss
    assert perplexity(model, [text]) == pytest.approx(float(loss.exp()), rel=1e-4)
    # Texts of other lengths are padded; the padding counts for nothing.
    short = perplexity(model, ["The lamp is red."])
    n, m = len(ids[0]) - 1, len(model.tokenizer.encode("The lamp is red.")) - 1
    wanted = math.exp((n * float(loss) + m * math.log(short)) / (n + m))
    assert perplexity(model, [text, "The lamp is red."]) == pytest.approx(wanted, rel=1e-4)
    assert perplexity(model, [""]) is None
