"""A company's folder, from files to a verdict: `init` and `run` over all of it, `quick` with a real model."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import pytest
import yaml
from peft import LoraConfig, get_peft_model

import ragstudy
from ragstudy.cli.main import main
from ragstudy.generation.locate import model_folder
from ragstudy.generation.packaged import PACKAGED
from ragstudy.starting import Models

FILES = Path(__file__).parents[2] / "corpora" / "company_files"
MODEL = PACKAGED["smollm2-135m-instruct"]


def rows():
    with (FILES / "questions.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_init_and_run_go_from_folder_to_verdict(tmp_path, monkeypatch, tiny_model, capsys):
    monkeypatch.chdir(tmp_path)
    documents, questions = str(FILES / "documents"), str(FILES / "questions.csv")
    main(["init", "tarnholm", "--docs", documents, "--qa", questions, "--base", str(tiny_model)])
    assert "corpora/tarnholm: 44 documents" in capsys.readouterr().out
    study = Path("experiments/tarnholm.yaml")
    content = yaml.safe_load(study.read_text())
    # One training of the four, so that it takes a minute.
    content["finetuning"][0] |= {"formats": ["retrieved"], "sizes": [40], "seeds": [1], "epochs": 1}
    study.write_text(yaml.safe_dump(content))
    main(["run", str(study), "--out", "reports/tarnholm"])
    told = capsys.readouterr().out
    assert "base+retrieved-40" in told
    results = ragstudy.load_run("reports/tarnholm").results()
    [about] = results.domains
    assert about.n_test > 60
    assert about.n_test_groups > 10
    # The default search finds most of what holds the answers among 44 documents.
    recall = {one.k: one.recall for one in results.retrieval}
    assert recall[5] > 0.85
    report = Path("reports/tarnholm/tarnholm.html").read_text(encoding="utf-8")
    assert "Held against people" in report or "is not known for references" in report


def trained_elsewhere(folder, to):
    """An adapter that peft and a loop of plain PyTorch made, without this package."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16), LoraConfig(r=4))
    optimiser = torch.optim.AdamW((one for one in model.parameters() if one.requires_grad), lr=1e-3)
    model.train()
    for row in rows()[:4]:
        chat = [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["answer"]}]
        ids = tokenizer(tokenizer.apply_chat_template(chat, tokenize=False), return_tensors="pt").input_ids
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.save_pretrained(to)


def test_quick_gives_a_verdict_on_an_adapter_made_elsewhere(tmp_path, monkeypatch, capsys):
    if MODEL.path() is None:
        pytest.skip(f"the package {MODEL.distribution} is not installed")
    folder = model_folder(MODEL.name)
    monkeypatch.chdir(tmp_path)
    trained_elsewhere(folder, tmp_path / "adapter")
    with Path("some.csv").open("w", encoding="utf-8", newline="") as lines:
        table = csv.DictWriter(lines, ["question", "answer", "document"])
        table.writeheader()
        # One of every eleventh document, so that there are several sources.
        table.writerows(rows()[::11])
    main(["quick", "--docs", str(FILES / "documents"), "--qa", "some.csv", "--base", MODEL.name, "--tuned", "adapter"])
    told = capsys.readouterr().out
    assert "tuned" in told
    run = ragstudy.quick(str(FILES / "documents"), "some.csv", Models(MODEL.name, "adapter"))
    found = {(row.contexts, row.measure): row for row in run.comparisons() if row.decision}
    assert set(found) == set(product(("retrieved", "none"), ("accuracy", "completeness")))
    assert all(row.verdict == "undecided" and row.decision.about == "model" for row in found.values())
    # With the passages a real model finds some of what it cannot know.
    means = {(row.contexts, row.arm): row.mean for row in run.results().arm_means if row.measure == "completeness"}
    assert means["retrieved", "base"] > means["none", "base"]
