"""The embedded model and its recipe."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import combinations, islice
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from ragstudy.corpus import load_domain
from ragstudy.errors import InputError
from ragstudy.fiction.asking import NOT_THERE
from ragstudy.fiction.invent import SCHEMAS
from ragstudy.fiction.names import STARTS, Pool, pool_of
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.locate import EMBEDDED, locate_model
from ragstudy.pocket.batches import batch_loss, batches, encode
from ragstudy.pocket.curriculum import INSTRUCTIONS, PROSE_INSTRUCTIONS, UNKNOWN, Stage, conversations
from ragstudy.pocket.grow import grow_from
from ragstudy.pocket.recipe import RECIPES, Recipe
from ragstudy.pocket.tokenizer import ASSISTANT, END, learn_tokenizer
from ragstudy.pocket.train import Trainer, new_model, rate_factor, stage_at
from ragstudy.prompting import for_model, make_prompt
from ragstudy.records import Passage
from ragstudy.scoring.claims import judge
from ragstudy.scoring.words import WordWeights, words
from ragstudy.specs import INSTRUCTION, TransformersSpec

TINY = Recipe(hidden=32, n_layers=1, n_heads=2, inner=32, vocabulary_size=700, n_tokens=200_000, batch_tokens=768)


def talks(n: int, stage: Stage | None = None) -> list:
    return list(islice(conversations(stage or Stage(4, 50, 4), Random(2)), n))


def test_answers_stand_in_the_passages_or_are_declined():
    for talk in talks(300):
        shown = talk.opening.casefold()
        for turn in talk.turns:
            if turn.answer not in (NOT_THERE, UNKNOWN):
                told = [w for w in words(turn.answer) if any(c.isdigit() for c in w)]
                assert turn.answer.startswith("No, ") or all(number in words(shown) for number in told), turn


def test_pretraining_draws_no_name_of_the_study_pool(root):
    shipped = set()
    for name in SCHEMAS:
        for document in load_domain(root / "corpora" / name).documents:
            shipped.update(word.casefold() for word in document.title.split() if word.startswith(STARTS))
    assert len(shipped) > 1300
    assert all(pool_of(name) is Pool.STUDY for name in shipped)
    for talk in talks(400):
        assert not shipped & set(words(talk.opening)), talk.opening


def test_passages_are_about_things_with_names_alike():
    alike = talks(200, Stage(6, 60, 2, share_alike=1.0))
    plain = talks(200, Stage(6, 60, 2))

    def share_of_neighbours(some: list) -> float:
        pairs = near = 0
        for talk in some:
            titles = {line.split("] ")[1].split()[0] for line in talk.opening.splitlines() if line.startswith("[")}
            for one, other in combinations(sorted(titles), 2):
                pairs += 1
                near += one[:3] == other[:3] or one[-3:] == other[-3:]
        return near / pairs

    assert share_of_neighbours(alike) > 2 * share_of_neighbours(plain)


def test_questions_in_two_steps_and_comparisons_are_asked_far_more_often_where_a_stage_says_so():
    def n_of(some: list) -> tuple[int, int]:
        answers = [turn.answer for talk in some for turn in talk.turns]
        about = [set(re.findall(r"\[\d+\] ([^,]+),", a)) for a in answers if ", so " not in a]
        return sum(len(things) == 2 for things in about), sum(", so " in a for a in answers)

    reasoned, plain = n_of(talks(300, Stage(5, 60, 4, share_reasoned=0.5))), n_of(talks(300, Stage(5, 60, 4)))
    assert reasoned[0] > 2 * plain[0]
    assert reasoned[1] > 1.7 * plain[1]


def test_verdicts_follow_from_the_values_before_them():
    n = 0
    for talk in talks(300, Stage(5, 60, 4, share_reasoned=0.5)):
        for turn in talk.turns:
            sizes = [int(one) for one in re.findall(r": (\d+)", turn.answer)]
            if ", so " in turn.answer and len(sizes) == 2 and "than" in turn.question:
                first = turn.question.index(turn.answer.split("] ")[1].split(",")[0].removeprefix("the "))
                second = turn.question.index(turn.answer.split("] ")[2].split(",")[0].removeprefix("the "))
                asked_first = sizes[0] > sizes[1] if first < second else sizes[1] > sizes[0]
                assert (", so yes" in turn.answer) == asked_first, turn
                n += 1
    assert n > 20


def passages_of(talk) -> dict[int, str]:
    """The passages of a conversation by number."""
    parts = re.split(r"^\[(\d+)\] ", talk.opening, flags=re.MULTILINE)
    return {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_answers_name_the_passage_that_holds_them():
    n_cited = n_matched = 0
    for talk in talks(300, Stage(5, 60, 5, share_matched=0.3)):
        shown = passages_of(talk)
        for turn in talk.turns:
            for number, said in re.findall(r"\[(\d+)\] ([^\[\]]*)", turn.answer):
                if NOT_THERE.lower().rstrip(".") not in said:
                    for figure in re.findall(r"\d+", said):
                        assert figure in shown[int(number)], turn
                        n_cited += 1
            if turn.question.startswith("Which passage is about "):
                asked = turn.question.removeprefix("Which passage is about ").rstrip("?").removeprefix("the ")
                assert turn.answer.startswith("No passage") or asked in shown[int(turn.answer[1])], turn
                n_matched += 1
    assert n_cited > 100
    assert n_matched > 50


def test_answers_look_like_the_examples_before_them():
    n_with = 0
    for talk in talks(300, Stage(3, 60, 3, share_examples=0.5)):
        shown = re.findall(r"^Example answer: (.*)$", talk.opening, flags=re.MULTILINE)
        if shown:
            n_with += 1
            if shown[0].startswith("["):
                assert all(re.match(r"\[\d|No passage", turn.answer) for turn in talk.turns), talk
            else:
                assert not any(re.match(r"\[\d", turn.answer) for turn in talk.turns), talk
    assert n_with > 80


def test_an_instruction_for_whole_sentences_gets_them():
    for talk in talks(50, Stage(3, 60, 3, share_prose=1.0)):
        if talk.opening.startswith(PROSE_INSTRUCTIONS):
            for turn in talk.turns:
                assert turn.answer.endswith(".")
                assert not re.match(r"\[|[^.]*: ", turn.answer), turn


def test_the_toolkits_own_instruction_is_among_those_learned():
    assert INSTRUCTION in INSTRUCTIONS


def test_a_first_turn_is_encoded_as_the_toolkit_prompts(tiny_model):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    talk = talks(1)[0]
    ids, answers, _ = encode(talk, tokenizer)
    start = answers.index(True)
    assert tokenizer.decode(ids[:start]) == for_model(talk.opening, tokenizer)
    first = tokenizer.decode([t for t, marked in zip(ids, answers, strict=True) if marked]).split(END)[0]
    assert first == talk.turns[0].answer
    assert ids[start - 1] == tokenizer.vocab[ASSISTANT]


def test_the_learning_rate_warms_up_stays_and_falls_to_zero():
    recipe = Recipe(n_tokens=1000)
    assert rate_factor(recipe, 0) == pytest.approx(0.02)
    assert rate_factor(recipe, 500) == 1.0
    assert rate_factor(recipe, 775) == pytest.approx(0.5)
    assert rate_factor(recipe, 1000) == 0.0


def test_the_last_tokens_have_a_slope_of_their_own():
    recipe = Recipe(n_tokens=1000, n_last_tokens=100, share_last_rate=0.4)
    assert rate_factor(recipe, 999) < 0.01
    assert [rate_factor(recipe, n) for n in (1000, 1050, 1100)] == pytest.approx([0.4, 0.2, 0.0])
    assert recipe.n_all_tokens == 1100
    assert rate_factor(replace(recipe, n_last_tokens=0), 1000) == 0.0


def test_the_token_that_says_yes_or_no_is_marked_and_can_weigh_more():
    tokenizer = AutoTokenizer.from_pretrained(locate_model("pocket"))
    n = 0
    for talk in talks(150, Stage(4, 50, 4, share_reasoned=0.5, share_prose=0.3)):
        row = encode(talk, tokenizer)
        marked = [
            tokenizer.decode([token]) for token, is_verdict in zip(row.ids, row.verdicts, strict=True) if is_verdict
        ]
        said = [t for t in talk.turns if re.search(r", so (yes|no)\.$|^(Yes|No)[,.]", t.answer)]
        assert len(marked) == len(said)
        assert set(marked) <= {" yes", " no", "Y", "N"}
        assert all(answer for answer, is_verdict in zip(row.answers, row.verdicts, strict=True) if is_verdict)
        n += len(marked)
    assert n > 50
    recipe = replace(TINY, vocabulary_size=6144)
    model = new_model(recipe, tokenizer)
    batch = next(b for b in batches(recipe, tokenizer, 1, Stage(2, 25, 3, share_reasoned=0.9)) if b.verdicts.any())
    losses = [batch_loss(model, batch, recipe, torch.Generator().manual_seed(1), weight)[0] for weight in (1.0, 10.0)]
    assert losses[0] != losses[1]


def test_stages_grow_harder():
    recipe = Recipe(n_tokens=100)
    stages = [stage_at(recipe, n) for n in (0, 15, 30, 60)]
    assert [s.max_passages for s in stages] == [2, 3, 4, 6]
    assert [s.share_alike for s in stages] == sorted(s.share_alike for s in stages)
    assert [s.share_copied for s in stages] == sorted((s.share_copied for s in stages), reverse=True)


def test_the_same_round_has_the_same_batches_of_like_length(tiny_model):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    first, second = (list(batches(TINY, tokenizer, 3, Stage(2, 25, 3))) for _ in range(2))
    assert all((a.ids == b.ids).all() for a, b in zip(first, second, strict=True))
    assert all((one.answers <= one.text).all() for one in first)
    assert all(one.ids.numel() <= TINY.batch_tokens for one in first)


def curve(folder) -> list[float]:
    return [json.loads(line)["answer_loss"] for line in (folder / "curve.jsonl").read_text().splitlines()]


def test_a_short_training_learns_resumes_and_repeats_itself(tmp_path):
    whole = Trainer(TINY, tmp_path / "whole")
    whole.run()
    losses = curve(tmp_path / "whole")
    assert len(losses) >= 3
    assert losses[-1] < losses[0] - 1
    # Stopped after two rounds, then gone on with: the same curve.
    part = Trainer(TINY, tmp_path / "part")
    for _ in range(2):
        part._round()
    part._save()
    Trainer(TINY, tmp_path / "part").run()
    assert curve(tmp_path / "part") == losses
    made = CausalModel(TransformersSpec(name="m", model=str(tmp_path / "whole" / "model"), max_new_tokens=4))
    assert len(made.generate([make_prompt("q", "Why?", [])])) == 1
    names = {p.name for p in (tmp_path / "whole" / "model").iterdir()}
    assert "model.safetensors" in names
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in names)


def test_a_grown_model_writes_what_the_smaller_one_writes_until_it_is_trained(tmp_path):
    Trainer(replace(TINY, n_tokens=1), tmp_path / "small").run()
    saved = tmp_path / "small" / "model"
    before = AutoModelForCausalLM.from_pretrained(saved, dtype="float32")
    tokenizer = AutoTokenizer.from_pretrained(saved)
    after = new_model(replace(TINY, n_layers=3), tokenizer)
    grow_from(saved, after)
    ids = torch.arange(5, 45)[None]
    with torch.no_grad():
        assert torch.allclose(before(ids).logits, after(ids).logits, atol=1e-5)
    assert sum(p.numel() for p in after.parameters()) > sum(p.numel() for p in before.parameters())
    after(ids, labels=ids).loss.backward()
    added = after.model.layers[1].mlp.down_proj.weight
    assert not added.any()
    assert added.grad.abs().sum() > 0
    with pytest.raises(InputError, match="does not grow"):
        grow_from(saved, new_model(replace(TINY, inner=64), tokenizer))


def test_a_training_that_grows_from_a_shipped_model_starts_with_its_tokenizer_and_hardest_stage(tmp_path):
    recipe = replace(RECIPES["medium"], n_tokens=1000)
    trainer = Trainer(recipe, tmp_path)
    assert trainer.tokenizer.get_vocab() == AutoTokenizer.from_pretrained(locate_model("pocket")).get_vocab()
    assert stage_at(recipe, 0).max_passages == 6
    assert stage_at(recipe, 0).share_reasoned == 0.5
    weights = dict(trainer.model.named_parameters())
    assert torch.equal(weights["model.layers.2.mlp.up_proj.weight"], weights["model.layers.3.mlp.up_proj.weight"])
    assert not weights["model.layers.3.mlp.down_proj.weight"].any()


@pytest.fixture(scope="module", params=list(EMBEDDED))
def shipped(request) -> CausalModel:
    return CausalModel(TransformersSpec(name="pocket", model=request.param, max_new_tokens=64))


@pytest.mark.parametrize("name", list(EMBEDDED))
def test_a_shipped_model_is_standard_and_described(name):
    folder = Path(locate_model(name))
    assert json.loads((folder / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]
    card = (folder / "README.md").read_text()
    assert "ragstudy pocket train" in card
    with safe_open(folder / "model.safetensors", "pt") as weights:
        n = sum(weights.get_tensor(key).numel() for key in weights.keys())  # noqa: SIM118 - the file is no mapping
        assert {weights.get_slice(key).get_dtype() for key in weights.keys()} == {"BF16"}  # noqa: SIM118
    assert f"{n / 1e6:.1f} million parameters" in card
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".jinja", ".md", ".safetensors"}


def test_the_shipped_models_are_small_together():
    folders = [Path(locate_model(name)) for name in EMBEDDED]
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 45e6


def test_a_wrong_name_of_an_embedded_model_is_told_the_right_one():
    with pytest.raises(InputError, match="did you mean 'pocket-tiny'"):
        locate_model("pocket-tny")


def test_the_shipped_model_answers_from_its_passages_and_not_without(root, shipped):
    domain = load_domain(root / "corpora" / "handbook")
    documents = {document.id: document for document in domain.documents}
    weights = WordWeights(document.text for document in domain.documents)
    asked = [q for q in domain.split("test") if q.answerable][:60]

    def mean_accuracy(*, with_passages: bool) -> float:
        prompts = []
        for number, question in enumerate(asked):
            names = [*question.gold_documents, sorted(documents)[number + 200], sorted(documents)[number + 300]]
            shown = (
                [Passage(n, n, documents[n].title, documents[n].text) for n in sorted(names)] if with_passages else []
            )
            prompts.append(make_prompt(question.id, question.text, shown))
        answers = shipped.generate(prompts)
        judged = [judge(q, a.text, weights).accuracy for q, a in zip(asked, answers, strict=True)]
        return sum(judged) / len(judged)

    assert mean_accuracy(with_passages=True) > mean_accuracy(with_passages=False) + 0.3


def test_real_text_is_not_cut_to_pieces(shipped):
    text = "The patients received the treatment over several weeks, and their condition improved in most cases."
    assert len(shipped.tokenizer.encode(text)) < 1.8 * len(text.split())


def test_the_sizes_are_about_two_six_and_eleven_million_parameters():
    tokenizer = learn_tokenizer(600, 40, 1)
    counted = {}
    for name, recipe in RECIPES.items():
        with torch.device("meta"):
            counted[name] = sum(p.numel() for p in new_model(recipe, tokenizer).parameters()) / 1e6
    assert counted == {
        "tiny": pytest.approx(2.5, abs=0.1),
        "small": pytest.approx(6.4, abs=0.1),
        "medium": pytest.approx(11.2, abs=0.1),
    }
    # Two bytes a parameter, 45 MB in the package at most.
    assert 2 * sum(counted.values()) < 45
