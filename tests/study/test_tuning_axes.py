"""Training axes: labels, filters, rounds, checkpoints, methods, transfer, and what arms share."""

from __future__ import annotations

import json

import pytest
import torch
from conftest import compared, make_domain, study_content

from ragstudy.errors import InputError, UnavailableError
from ragstudy.finetuning.pairs import nested_order
from ragstudy.records import Labelled, Retrieval
from ragstudy.specs import kind_of, parse_study
from ragstudy.study.execute.retrieved import Retrieved
from ragstudy.study.execute.training_pairs import LabelBook, Labelling
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

TINY = {"epochs": 1, "rank": 2, "sizes": [4], "formats": ["closed_book"]}


def content_of(domain, model, *entries, more=(), **changes):
    tiny = {"kind": "transformers", "name": "tiny", "model": str(model), "max_new_tokens": 4, "batch_size": 4}
    made = study_content(domain, contexts=["none"], **changes)
    made["generators"] = [tiny, *more]
    made["finetuning"] = [{"base": "tiny", **TINY, **entry} for entry in entries]
    return made


def run(content, out):
    plan = make_plan(parse_study(content, "study.yaml"))
    return plan, run_study(plan, out)


def records(folder):
    found = {path.parent.name: json.loads(path.read_text()) for path in (folder / "adapters").rglob("record.json")}
    return dict(sorted(found.items()))


def answers_of(folder, generator, domain="lamps"):
    return [a.text for a in RunFolder(folder).answers() if (a.generator, a.domain) == (generator, domain)]


def test_a_teachers_answers_are_learned_and_asked_for_once(lamps, tiny_model, tmp_path):
    teacher = {"kind": "scripted", "name": "sage", "default": "It is red."}
    entries = [{"labels": ["gold", "teacher:sage"]}, {"name": "again", "labels": ["teacher:sage"]}]
    _, outcome = run(content_of(lamps, tiny_model, *entries, more=[teacher]), tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "labels.jsonl").read_text().splitlines()]
    assert {row["texts"][0] for row in rows} == {"It is red."}
    # Six training questions, each asked once although two arms learn from it.
    assert len(rows) == len({row["question"] for row in rows}) == outcome.made["labels"] == 6
    found = records(tmp_path / "run")
    assert found["tiny+closed_book-4@1"]["pairs_hash"] != found["tiny+closed_book-4-by_sage@1"]["pairs_hash"]
    assert (
        found["tiny+closed_book-4-by_sage@1"]["fingerprint"]
        == found["tiny+closed_book-4-by_sage-again@1"]["fingerprint"]
    )


def test_arms_of_the_same_training_share_the_adapter_and_its_answers_and_the_manifest_counts_them(
    lamps, tiny_model, tmp_path
):
    content = content_of(lamps, tiny_model, {}, {"name": "again"})
    content["contexts"] = ["retrieved", "retrieved@3", "none"]
    _, outcome = run(content, tmp_path / "run")
    manifest = RunFolder(tmp_path / "run").manifest()
    assert outcome.made["adapters"] == 1
    assert manifest.shared == {"adapters": 1, "answers": 2 * 6 + 6 + 6 + 6}
    # The base and one adapter, each with passages and without.
    assert outcome.made["answers"] == 2 * 2 * 6
    assert len(RunFolder(tmp_path / "run").answers()) == 3 * 3 * 6
    assert not run(content, tmp_path / "run")[1].anything_made


def test_own_answers_are_learned_where_they_agree_with_the_references(lamps, tiny_model, tmp_path):
    plan = make_plan(parse_study(content_of(lamps, tiny_model, {"labels": ["self_distilled"], "sizes": [3]}), "s"))
    (job,), domain, book = plan.jobs, plan.domains[0], LabelBook(RunFolder(tmp_path / "run"))
    order = nested_order(domain.domain.split("train"), job.seed)
    found = {q.id: Retrieval("lamps", q.id, (), (), (), 1) for q in order}
    labelling = Labelling(plan, domain, Retrieved("f", {}, found), book, {"tiny": "print"})
    wrong = {order[0].id, order[3].id}
    while missing := labelling.missing(job):
        texts = ["purple" if p.key in wrong else f"{domain.by_id[p.key].references[0]} Surely." for p in missing]
        book.add(
            [
                Labelled("lamps", "tiny", "answer", prompt.key, prompt.digest, "print", (text,))
                for prompt, text in zip(missing, texts, strict=True)
            ]
        )
    pairs = labelling.pairs(job)
    assert [pair.question.id for pair in pairs] == [q.id for q in order if q.id not in wrong][:3]
    assert all(pair.answer.endswith("Surely.") for pair in pairs)


def test_an_arm_without_pairs_says_so(lamps, tiny_model, tmp_path):
    with pytest.raises(InputError, match="no training pair is left on domain 'lamps'"):
        run(content_of(lamps, tiny_model, {"labels": ["self_distilled"]}), tmp_path / "none")


def test_a_filter_asks_without_passages_and_what_is_not_known_is_unknown(lamps, tiny_model, tmp_path):
    run(content_of(lamps, tiny_model, {"pairs": ["unknown"], "n_samples": 2}), tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "labels.jsonl").read_text().splitlines()]
    assert {row["use"] for row in rows} == {"samples-2"}
    assert all(len(row["texts"]) == 2 for row in rows)
    assert len(rows) == 6
    with pytest.raises(InputError, match="pairs known"):
        run(content_of(lamps, tiny_model, {"pairs": ["known"], "n_samples": 2}), tmp_path / "run")
    # The samples are not drawn again.
    assert len((tmp_path / "run" / "labels.jsonl").read_text().splitlines()) == 6


def test_a_second_round_goes_on_from_the_first_with_the_pairs_that_follow(lamps, tiny_model, tmp_path):
    first = {"name": "one", "sizes": [3]}
    second = {"name": "two", "after": "one", "sizes": [3], "epochs": 2}
    alone = {"name": "alone", "sizes": [3], "epochs": 2}
    run(content_of(lamps, tiny_model, first, second, alone), tmp_path / "run")
    found = records(tmp_path / "run")
    one, two = found["tiny+closed_book-3-one@1"], found["tiny+closed_book-3-two@1"]
    assert not set(one["questions"]) & set(two["questions"])
    assert two["after"] == "lamps/tiny+closed_book-3-one@1"
    assert len(two["losses"]) == 2
    assert found["tiny+closed_book-3-alone@1"]["questions"] == one["questions"]


def test_a_second_data_set_goes_on_top_of_another_domains_adapter(lamps, tiny_model, tmp_path):
    make_domain(tmp_path / "lights", n=10, n_test=4)
    first = {"name": "one", "sizes": [3]}
    second = {"name": "two", "after": "one", "after_domain": "lights", "sizes": [3]}
    third = {"name": "three", "after": "two", "after_domain": "lamps", "sizes": [3]}
    domains = [str(lamps), str(tmp_path / "lights")]
    _, outcome = run(content_of(lamps, tiny_model, first, second, third, domains=domains), tmp_path / "run")
    assert outcome.made["adapters"] == 6

    def record(domain, name):
        path = tmp_path / "run" / "adapters" / domain / f"tiny+closed_book-3-{name}@1" / "record.json"
        return json.loads(path.read_text())

    assert record("lamps", "two")["after"] == record("lights", "two")["after"] == "lights/tiny+closed_book-3-one@1"
    assert record("lamps", "three")["after"] == "lamps/tiny+closed_book-3-two@1"
    # The first round was on other questions, so none are used up; on its own domain they are.
    assert record("lamps", "two")["questions"] == record("lamps", "one")["questions"]
    assert not set(record("lights", "two")["questions"]) & set(record("lights", "one")["questions"])
    # Its last round but one was on the other domain, and the one before that on this one.
    assert record("lights", "three")["questions"] == record("lights", "two")["questions"]


def test_checkpoints_are_one_training(lamps, tiny_model, tmp_path):
    entry = {"epochs": 3, "checkpoints": [1, 2], "sizes": [4]}
    plan, outcome = run(content_of(lamps, tiny_model, entry), tmp_path / "run")
    assert [arm.name for arm in plan.arms] == [
        "tiny",
        "tiny+closed_book-4",
        "tiny+closed_book-4-epoch1",
        "tiny+closed_book-4-epoch2",
    ]
    found = records(tmp_path / "run")
    assert {record["epoch"] for record in found.values()} == {1, 2, 3}
    assert len({tuple(record["losses"]) for record in found.values()}) == 1
    assert outcome.made["adapters"] == 3
    weights = {p.parent.name: p.read_bytes() for p in (tmp_path / "run").rglob("adapter_model.safetensors")}
    assert len(set(weights.values())) == 3
    (series,) = [
        row
        for row in compared(RunFolder(tmp_path / "run"))["series"]
        if row["axis"] == "epochs" and row["measure"] == "accuracy"
    ]
    assert [point["at"] for point in series["points"]] == [1, 2, 3]


def test_all_weights_are_trained_on_a_copy(lamps, tiny_model, tmp_path):
    from safetensors.torch import load_file

    entry = {"method": "full", "learning_rate": 1.0e-2}
    run(content_of(lamps, tiny_model, entry), tmp_path / "run")
    folder = tmp_path / "run" / "adapters" / "lamps" / "tiny+closed_book-4@1"
    before, after = load_file(tiny_model / "model.safetensors"), load_file(folder / "model.safetensors")
    assert before.keys() == after.keys()
    assert any(not before[name].float().equal(after[name].float()) for name in before)
    alone, _ = run(content_of(lamps, tiny_model), tmp_path / "alone")
    assert answers_of(tmp_path / "alone", alone.arms[0].name) == answers_of(tmp_path / "run", "tiny")


def test_adapters_of_one_domain_answer_the_others(lamps, tiny_model, tmp_path):
    make_domain(tmp_path / "lights", n=10, n_test=4)
    content = content_of(lamps, tiny_model, {"transfer": True}, domains=[str(lamps), str(tmp_path / "lights")])
    plan, outcome = run(content, tmp_path / "run")
    assert [arm.name for arm in plan.arms] == [
        "tiny",
        "tiny+closed_book-4",
        "tiny+closed_book-4-from-lamps",
        "tiny+closed_book-4-from-lights",
    ]
    assert outcome.made["adapters"] == 2
    assert len(answers_of(tmp_path / "run", "tiny+closed_book-4-from-lamps@1", "lights")) == 4
    assert not answers_of(tmp_path / "run", "tiny+closed_book-4-from-lamps@1", "lamps")
    rows = compared(RunFolder(tmp_path / "run"))["comparisons"]
    moved = {(row["domain"], row["trained_on"]) for row in rows if row["trained_on"]}
    assert moved == {("lamps", "lights"), ("lights", "lamps")}


def test_a_variant_of_the_prompt_is_an_arm(lamps, tmp_path):
    content = study_content(lamps)
    plain = {"kind": "endpoint", "name": "plain", "model": "m", "key_variable": None, "url": "http://localhost:9/v1"}
    content["generators"] = [plain, {**plain, "name": "careful", "instruction": "Think.", "tuned_from": "plain"}]
    plan = make_plan(parse_study(content, "study.yaml"))
    assert plan.style(plan.generator("plain")).instruction.startswith("Answer the question using the passages")
    assert plan.style(plan.generator("careful"))[:2] == ("Think.", "Think.")
    assert [(arm.name, arm.base) for arm in plan.arms] == [("plain", None), ("careful", "plain")]


def test_arms_written_in_another_order_give_the_same_bytes(lamps, tiny_model, tmp_path):
    entries = [{"formats": ["closed_book", "retrieved"], "sizes": [2, 4], "seeds": [1, 2]}, {"name": "b", "sizes": [3]}]
    turned = [{"name": "b", "sizes": [3]}, {"formats": ["retrieved", "closed_book"], "sizes": [4, 2], "seeds": [2, 1]}]
    more = [{"kind": "scripted", "name": "ours", "tuned_from": "tiny"}, {"kind": "extractive", "name": "control"}]
    first, second = (
        content_of(lamps, tiny_model, *mine, more=extra) for mine, extra in ((entries, more), (turned, more[::-1]))
    )
    first["contexts"], second["contexts"] = ["retrieved", "none"], ["none", "retrieved"]
    second["generators"].reverse()
    run(first, tmp_path / "a")
    run(second, tmp_path / "b")
    for name in ("answers.jsonl", "scores.jsonl", "comparisons.json", "failure_points.jsonl"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"labels": ["distilled"]}, "did you mean 'self_distilled'"),
        ({"labels": ["teacher:sgae"]}, "'sgae' is no generator of this study; did you mean 'sage'"),
        ({"labels": ["teacher:tiny"]}, "its own teacher"),
        ({"checkpoints": [1]}, "1 is not before the last epoch, which is 1"),
        ({"transfer": True}, "there is no other domain"),
        ({"after": "one"}, "'one' is no name of an earlier entry"),
        ({"after": "one", "after_domain": "lamp"}, "'lamp' is no domain of this study; did you mean 'lamps'"),
        ({"after_domain": "lamps"}, "where the adapters of `after` come from"),
        ({"method": "qlora"}, "write `bits: 4` at generator 'tiny'"),
        ({"shuffled": True, "labels": ["self_distilled"]}, "shuffled: is made of 'gold' labels"),
        ({"raft_distractors": 2}, "is of format 'raft'"),
    ],
)
def test_combinations_that_mean_nothing_are_refused_with_the_reason(lamps, tiny_model, entry, message):
    sage = {"kind": "scripted", "name": "sage"}
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        parse_study(content_of(lamps, tiny_model, entry, more=[sage]), "study.yaml")


@pytest.mark.parametrize("bits", [4, 8])
def test_weights_of_few_bits_answer_on_a_gpu_and_only_those_of_four_are_trained(lamps, tiny_model, bits):
    content = content_of(lamps, tiny_model, {})
    content["generators"][0]["bits"] = bits
    with pytest.raises(InputError, match=f"has `bits: {bits}`, (on which only 'qlora' can|which answers and is not)"):
        parse_study(content, "study.yaml")
    del content["finetuning"]
    spec = parse_study(content, "study.yaml").generators[0]
    if not torch.cuda.is_available():
        with pytest.raises(UnavailableError, match=f"`bits: {bits}` needs a CUDA GPU"):
            kind_of(spec).check_ready(spec)


def test_a_second_data_set_may_not_be_the_first_under_another_name(lamps, tiny_model):
    domains = [str(lamps), {"path": str(lamps), "name": "again"}]
    second = {"name": "two", "after": "one", "after_domain": "lamps"}
    with pytest.raises(InputError, match="'lamps' and 'again' are one folder"):
        parse_study(content_of(lamps, tiny_model, {"name": "one"}, second, domains=domains), "study.yaml")


def test_a_round_needs_pairs_that_are_left(lamps, tiny_model):
    content = content_of(lamps, tiny_model, {"name": "one"}, {"name": "two", "after": "one"})
    with pytest.raises(InputError, match="goes on with 4 pairs after 4, but domain 'lamps' has only 6"):
        make_plan(parse_study(content, "study.yaml"))


def test_rounds_must_fit_together(lamps, tiny_model):
    one = {"name": "one", "sizes": [1, 2]}
    two = {"name": "two", "after": "one", "rank": 4, "seeds": [2], "sizes": [1]}
    with pytest.raises(InputError) as error:
        parse_study(content_of(lamps, tiny_model, one, two), "study.yaml")
    told = " ".join(error.value.problems)
    assert "has several recipes" in told
    assert "has no seed 2" in told
    assert "another rank" in told


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"name": "one"}, {"name": "one", "formats": ["retrieved"]}], "is the name of several entries"),
        ([{"name": "one", "sham": "only"}], "shuffled answers only"),
    ],
)
def test_what_a_round_goes_on_from_is_never_guessed(lamps, tiny_model, entries, message):
    with pytest.raises(InputError, match=message):
        parse_study(content_of(lamps, tiny_model, *entries, {"name": "two", "after": "one"}), "study.yaml")


def test_a_round_after_an_entry_with_shams_goes_on_from_the_true_one(lamps, tiny_model):
    entries = [{"name": "one", "sham": True, "sizes": [2]}, {"name": "two", "after": "one", "sizes": [2]}]
    plan = make_plan(parse_study(content_of(lamps, tiny_model, *entries), "study.yaml"))
    (second,) = [job for job in plan.jobs if job.first]
    assert second.first.arm.__str__() == "tiny+closed_book-2-one"


def test_two_entries_may_not_share_an_arm_through_different_seeds(lamps, tiny_model):
    with pytest.raises(InputError, match=r"'tiny\+closed_book-4' stands twice"):
        parse_study(content_of(lamps, tiny_model, {"seeds": [1]}, {"seeds": [2], "epochs": 2}), "study.yaml")


def test_trainings_that_keep_different_checkpoints_serve_each_other(lamps, tiny_model, tmp_path):
    some = {"name": "x", "epochs": 3, "checkpoints": [1]}
    more = {"name": "y", "epochs": 3, "checkpoints": [1, 2]}
    _, outcome = run(content_of(lamps, tiny_model, some, more), tmp_path / "run")
    assert outcome.made["adapters"] == 3
    assert RunFolder(tmp_path / "run").manifest().shared["adapters"] == 2


def test_an_unfinished_copy_of_an_adapter_is_not_taken_for_one(lamps, tiny_model, tmp_path):
    run(content_of(lamps, tiny_model, {}), tmp_path / "run")
    adapters = tmp_path / "run" / "adapters" / "lamps"
    (adapters / "tiny+closed_book-4@1").rename(adapters / "tiny+closed_book-4-again@1.unfinished")
    _, outcome = run(content_of(lamps, tiny_model, {"name": "again"}), tmp_path / "run")
    assert outcome.made["adapters"] == 1


def test_an_arm_of_fewer_pairs_than_its_name_says_has_a_caveat(lamps, tiny_model, tmp_path):
    run(content_of(lamps, tiny_model, {"pairs": ["unknown"], "n_samples": 1, "sizes": [6]}), tmp_path / "run")
    rows = compared(RunFolder(tmp_path / "run"))["comparisons"]
    assert {row["n_pairs"] for row in rows} == {6}
    teacher = {
        "kind": "scripted",
        "name": "sage",
        "default": "It is red.",
        "fails_on": ["What is the colour of lampk?"],
    }
    run(content_of(lamps, tiny_model, {"labels": ["teacher:sage"], "sizes": [6]}, more=[teacher]), tmp_path / "few")
    row = next(r for r in compared(RunFolder(tmp_path / "few"))["comparisons"] if "verdict" in r)
    assert row["n_pairs"] == 5
    assert any("trained on 5 pairs" in caveat for caveat in row["caveats"])


def test_a_design_fills_in_what_is_not_written(lamps, tiny_model):
    tiny = {"kind": "transformers", "name": "tiny", "model": str(tiny_model)}
    content = {**study_content(lamps), "design": {"name": "full", "sizes": [2, 4]}, "generators": [tiny]}
    del content["measures"]
    study = parse_study(content, "study.yaml")
    assert study.design == "full"
    assert {size for entry in study.finetuning for size in entry.sizes} == {2, 4}
    assert {entry.base for entry in study.finetuning} == {"tiny"}
    assert [g.name for g in study.generators] == ["tiny", "tiny-3-examples", "extractive"]
    assert "counterfactual" in study.contexts
    written = parse_study(study.model_dump(mode="json"), "study.yaml")
    assert written == study
    own = parse_study({**content, "contexts": ["none"]}, "study.yaml")
    assert own.contexts == ("none",)
    with pytest.raises(InputError, match="did you mean 'fine_failing'"):
        parse_study({**content, "design": "fine_faling"}, "study.yaml")


def test_a_new_arm_leaves_the_adapters_that_are_there(lamps, tiny_model, tmp_path):
    run(content_of(lamps, tiny_model, {"formats": ["retrieved"], "sizes": [2]}), tmp_path / "run")
    entries = [{"formats": ["retrieved"], "sizes": [2, 4], "seeds": [1, 2]}]
    _, outcome = run(content_of(lamps, tiny_model, *entries), tmp_path / "run")
    assert outcome.made["adapters"] == 3
    assert outcome.made["retrievals"] == 0


def test_a_design_leaves_models_that_are_tuned_already_as_they_are(lamps, tiny_model):
    content = study_content(lamps)
    tiny = {"kind": "transformers", "name": "tiny", "model": str(tiny_model)}
    content["generators"] = [tiny, {**tiny, "name": "ours", "tuned_from": "tiny"}]
    content.pop("contexts", None)
    content["design"] = {"name": "fine_failing", "sizes": [2]}
    spec = parse_study(content, "study.yaml")
    assert {tuned.base for tuned in spec.finetuning} == {"tiny"}
