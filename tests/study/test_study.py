"""Whole studies: what is made, what is reused, what fails, what is written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from conftest import compared, make_domain, report_text, study_content

import ragstudy
from ragstudy.errors import InputError
from ragstudy.formatting import to_decide
from ragstudy.records import Passage
from ragstudy.reporting import write_reports
from ragstudy.results import Decision, table_row
from ragstudy.specs import parse_study
from ragstudy.study.analyse.compare import Comparer
from ragstudy.study.analyse.tables import domains_of
from ragstudy.study.execute.retrieved import Retrieved
from ragstudy.study.execute.training_pairs import LabelBook, Labelling
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder


def study(domain, **changes):
    return parse_study(study_content(domain, **changes), "study.yaml")


def run(spec, out):
    return run_study(make_plan(spec), out)


def tuned_study(domain, model, **changes):
    """A study that trains two tiny adapters."""
    content = {
        "generators": [
            {"kind": "transformers", "name": "tiny", "model": str(model), "max_new_tokens": 4, "batch_size": 4}
        ],
        "finetuning": [
            {
                "base": "tiny",
                "formats": ["closed_book", "retrieved"],
                "sizes": [4],
                "seeds": [1],
                "epochs": 1,
                "rank": 2,
            }
        ],
        **changes,
    }
    return study(domain, **content)


def labelling_of(plan, folder, retrieved=None):
    retrieved = retrieved or Retrieved("f", {}, {})
    return Labelling(plan, plan.domains[0], retrieved, LabelBook(RunFolder(folder)), {})


def test_a_study_leaves_every_documented_file_and_the_right_numbers(lamps, tmp_path):
    outcome = run(study(lamps), tmp_path / "run")
    assert outcome.made["answers"] == 3 * 2 * 6
    assert {p.name for p in (tmp_path / "run").iterdir()} == {
        "answers.jsonl",
        "ceilings.json",
        "comparisons.json",
        "failure_points.jsonl",
        "indexes",
        "layout.json",
        "looks.jsonl",
        "manifest.json",
        "questions.jsonl",
        "retrievals.jsonl",
        "scores.jsonl",
        "state.json",
        "study.yaml",
    }
    rows = [table_row(row) for row in ragstudy.load_run(tmp_path / "run").comparisons()]
    row = next(r for r in rows if r["measure"] == "accuracy" and r["contexts"] == "retrieved")
    # The first of six test lamps is red: the base says so every time, the tuned one never.
    assert (row["base_mean"], row["tuned_mean"]) == (pytest.approx(1 / 6), 0.0)
    assert row["difference"] == pytest.approx(-1 / 6)
    assert (row["n"], row["n_better"], row["n_worse"]) == (6, 0, 1)
    assert row["verdict"] == "undecided"


def test_the_same_study_twice_gives_the_same_bytes(lamps, tmp_path):
    for name in ("a", "b"):
        run(study(lamps), tmp_path / name)
    for name in ("answers.jsonl", "comparisons.json", "scores.jsonl", "retrievals.jsonl"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_unchanged_rerun_makes_nothing_and_touches_nothing(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*")}
    outcome = run(study(lamps), tmp_path / "run")
    assert not outcome.anything_made
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*")} == before


def test_adding_a_generator_makes_only_its_own_answers(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    content = study_content(lamps)
    more = [*content["generators"], {"kind": "scripted", "name": "more"}]
    outcome = run(study(lamps, generators=more), tmp_path / "run")
    assert outcome.made["answers"] == 2 * 6
    assert outcome.made["retrievals"] == 0
    fresh = tmp_path / "fresh"
    run(study(lamps, generators=more), fresh)
    assert (fresh / "answers.jsonl").read_bytes() == (tmp_path / "run" / "answers.jsonl").read_bytes()


def test_a_changed_generator_answers_again_and_its_old_answers_go(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    content = study_content(lamps)
    content["generators"][0]["default"] = "blue"
    outcome = run(parse_study(content, "s"), tmp_path / "run")
    assert outcome.made["answers"] == 12
    answers = RunFolder(tmp_path / "run").answers()
    assert {a.text for a in answers if a.generator == "base"} == {"blue"}
    assert len(answers) == 36


def test_answers_that_a_plan_does_not_ask_for_are_kept_and_used_again(lamps, tmp_path):
    out = tmp_path / "run"
    run(study(lamps), out)
    fewer = study(lamps, generators=study_content(lamps)["generators"][:1])
    assert run(fewer, out).made["answers"] == 0
    assert len(RunFolder(out).answers()) == 12
    assert len(RunFolder(out).unasked_answers()) == 24
    assert run(study(lamps), out).made["answers"] == 0
    assert not (out / "unasked_answers.jsonl").exists()
    fresh = tmp_path / "fresh"
    run(study(lamps), fresh)
    assert (fresh / "answers.jsonl").read_bytes() == (out / "answers.jsonl").read_bytes()


def test_generators_in_another_order_answer_nothing_anew_and_give_the_same_bytes_as_a_fresh_run(lamps, tmp_path):
    out = tmp_path / "run"
    run(study(lamps), out)
    turned = study(lamps, generators=study_content(lamps)["generators"][::-1])
    assert run(turned, out).made["answers"] == 0
    run(turned, tmp_path / "fresh")
    assert (tmp_path / "fresh" / "answers.jsonl").read_bytes() == (out / "answers.jsonl").read_bytes()


def test_a_run_that_fails_on_its_second_domain_leaves_the_first_as_it_was(lamps, tmp_path):
    small = make_domain(tmp_path / "small", n=12)
    out = tmp_path / "run"
    spec = study(lamps, domains=[str(lamps), str(small)])
    run(spec, out)
    before = (out / "answers.jsonl").read_bytes()
    big = spec.model_copy(update={"retrieval": spec.retrieval.model_copy(update={"top_k": 13})})
    with pytest.raises(InputError, match="top_k is 13"):
        run(big, out)
    coarse = spec.retrieval.model_copy(update={"chunk_tokens": 9, "chunk_overlap": 0})
    run(spec.model_copy(update={"retrieval": coarse}), out)
    back = run(spec, out)
    assert back.made["retrievals"] == 1
    assert (out / "answers.jsonl").read_bytes() == before


def test_a_domain_that_was_away_comes_back(lamps, tmp_path):
    other = make_domain(tmp_path / "other")
    out = tmp_path / "run"
    both = study(lamps, domains=[str(lamps), str(other)])
    run(both, out)
    run(study(lamps, domains=[{"path": str(lamps), "n_test": 3}]), out)
    outcome = run(both, out)
    assert outcome.made["answers"] == 0
    assert len(RunFolder(out).answers()) == 72


def test_keys_and_objects_are_checked_before_the_first_work(lamps, tmp_path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    generators = [
        *study_content(lamps)["generators"],
        {"kind": "endpoint", "name": "far", "model": "m", "key_variable": "NO_SUCH_KEY"},
        {"kind": "custom", "name": "own", "object": "nowhere:Thing"},
    ]
    with pytest.raises(InputError) as caught:
        run(study(lamps, generators=generators), tmp_path / "run")
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "run").exists()


def test_a_changed_title_reaches_the_page(lamps, tmp_path):
    ragstudy.run_study(study(lamps, title="One"), tmp_path / "run")
    ragstudy.run_study(study(lamps, title="Two & more"), tmp_path / "run")
    assert "Two &amp; more" in (tmp_path / "run" / "index.html").read_text()


def test_a_run_folder_that_names_other_folders_is_not_reported(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    path = tmp_path / "run" / "comparisons.json"
    path.write_text(path.read_text().replace('"domain": "lamps"', '"domain": "../evil"'))
    with pytest.raises(InputError, match="no name of a domain"):
        write_reports(RunFolder(tmp_path / "run"))


def test_model_texts_make_no_links_or_pictures_in_markdown(lamps, tmp_path):
    content = study_content(lamps)
    content["generators"][2]["default"] = "![x](http://example.org/x.png) [y](http://example.org)"
    run(parse_study(content, "s"), tmp_path / "run")
    write_reports(RunFolder(tmp_path / "run"))
    text = (tmp_path / "run" / "lamps.md").read_text()
    assert "http://example.org" in text
    assert "](http" not in text.replace("\\]", "")


def test_the_headline_context_is_retrieved_wherever_it_stands(lamps, tmp_path):
    run(study(lamps, contexts=["none", "retrieved"]), tmp_path / "run")
    page = report_text(RunFolder(tmp_path / "run"))
    assert "</abbr> of kind “retrieved”" in page


def test_changed_statistics_compare_again_and_answer_nothing(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    outcome = run(study(lamps, statistics={"n_resamples": 300, "margin": 0.1}), tmp_path / "run")
    assert {stage: n for stage, n in outcome.made.items() if n} == {"comparisons": 1}


def test_two_runs_do_not_write_to_one_folder(lamps, tmp_path):
    with RunFolder(tmp_path / "run").locked(), pytest.raises(InputError, match="another run is writing"):
        run(study(lamps), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    run(study(lamps), tmp_path / "run")
    assert not list(tmp_path.glob(".*lock"))


def test_a_run_that_wrote_nothing_leaves_no_folder(lamps, tmp_path):
    with RunFolder(tmp_path / "reports" / "run").locked():
        pass
    assert not (tmp_path / "reports").exists()


def test_a_killed_run_goes_on_where_it_was(lamps, tmp_path):
    run(study(lamps), tmp_path / "whole")
    run(study(lamps), tmp_path / "killed")
    path = tmp_path / "killed" / "answers.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:20]) + lines[20][:30])
    outcome = run(study(lamps), tmp_path / "killed")
    assert outcome.made["answers"] == 36 - 20
    assert path.read_bytes() == (tmp_path / "whole" / "answers.jsonl").read_bytes()


def test_a_failed_answer_is_recorded_counted_unscored_and_tried_again(lamps, tmp_path):
    content = study_content(lamps)
    content["generators"][0]["fails_on"] = ["What is the colour of lampa?"]
    outcome = run(parse_study(content, "s"), tmp_path / "run")
    assert outcome.n_failed == 2
    folder = RunFolder(tmp_path / "run")
    failed = [a for a in folder.answers() if a.stopped == "error"]
    assert [a.error for a in failed] == ["scripted failure"] * 2
    scores = [s for s in folder.scores() if s.question == "q00" and s.generator == "base"]
    assert all(s.value is None and s.reason == "no answer: scripted failure" for s in scores)
    rows = compared(folder)
    arm = next(a for a in rows["arm_means"] if a["arm"] == "base" and a["measure"] == "accuracy")
    assert (arm["n_scored"], arm["n_unscored"]) == (5, 1)
    row = next(r for r in rows["comparisons"] if r["measure"] == "accuracy")
    assert (row["n"], row["n_left_out"]) == (5, 1)
    assert any("left out" in caveat for caveat in row["caveats"])
    again = run(parse_study(content, "s"), tmp_path / "run")
    assert again.made["answers"] == 2


def test_adapters_are_trained_once_and_again_only_when_something_changed(lamps, tiny_model, tmp_path):
    out = tmp_path / "run"
    first = run(tuned_study(lamps, tiny_model), out)
    assert first.made["adapters"] == 2
    record = json.loads((out / "adapters/lamps/tiny+retrieved-4@1/record.json").read_text())
    assert (record["size"], len(record["questions"]), len(record["losses"])) == (4, 4, 1)
    assert record["n_that_lost_passages"] == 0
    assert not list((out / "adapters/lamps").glob("*.unfinished"))
    assert run(tuned_study(lamps, tiny_model), out).made["adapters"] == 0
    # One more size trains one more adapter per format; nothing else is made anew.
    more = tuned_study(lamps, tiny_model).finetuning[0].model_copy(update={"sizes": (4, 6)})
    spec = tuned_study(lamps, tiny_model).model_copy(update={"finetuning": (more,)})
    grown = run(spec, out)
    assert (grown.made["adapters"], grown.made["answers"]) == (2, 2 * 2 * 6)
    changed = more.model_copy(update={"learning_rate": 1e-3})
    assert run(spec.model_copy(update={"finetuning": (changed,)}), out).made["adapters"] == 4


def test_two_runs_of_a_tuned_study_are_the_same_bytes(lamps, tiny_model, tmp_path):
    for name in ("a", "b"):
        run(tuned_study(lamps, tiny_model), tmp_path / name)
    for name in ("answers.jsonl", "comparisons.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_training_prompts_are_the_studys_own_and_closed_book_shows_no_passage(lamps, tiny_model, tmp_path):
    plan = make_plan(tuned_study(lamps, tiny_model))
    closed, retrieved_job = plan.jobs
    question = labelling_of(plan, tmp_path).pairs(closed)[0].question
    assert question.split == "train"
    passages = {"p1": Passage("p1", "d", "T", "text")}
    from ragstudy.records import Retrieval

    found = Retrieved("f", passages, {question.id: Retrieval("lamps", question.id, ("p1",), (0.5,), ((),), 0)})
    labelling = labelling_of(plan, tmp_path, found)
    assert labelling.training_prompt(closed, question).passages == ()
    assert labelling.training_prompt(retrieved_job, question).passages == (passages["p1"],)


def test_seeds_are_replicates_of_one_arm(lamps, tiny_model, tmp_path):
    tuned = tuned_study(lamps, tiny_model)
    spec = tuned.model_copy(
        update={"finetuning": (tuned.finetuning[0].model_copy(update={"seeds": (1, 2), "formats": ("closed_book",)}),)}
    )
    run(spec, tmp_path / "run")
    rows = compared(RunFolder(tmp_path / "run"))
    arm = next(a for a in rows["arm_means"] if a["arm"] == "tiny+closed_book-4" and a["measure"] == "answer_words")
    assert len(arm["seed_means"]) == 2
    assert all(r["n_seeds"] == 2 for r in rows["comparisons"])


def test_trainings_tell_each_other_within_a_context_and_a_measure(lamps, tiny_model):
    tuned = tuned_study(lamps, tiny_model)
    entry = tuned.finetuning[0].model_copy(update={"seeds": (1, 2), "epochs": 2, "checkpoints": (1,)})
    again = entry.model_copy(update={"name": "again", "formats": ("closed_book",), "checkpoints": ()})
    plan = make_plan(tuned.model_copy(update={"finetuning": (entry, again), "contexts": ("retrieved", "none")}))
    questions = {("lamps", question.id): question for question in plan.domains[0].test}
    (domain,) = domains_of(plan.layout, questions)
    comparer = Comparer(domain, None, plan.contexts, plan.spec.measures, ("accuracy",), None)
    pairings = comparer.pairings()
    by_name = {
        (one.contexts, one.measure, one.arm.name): pool
        for one, pool in zip(pairings, comparer.pools(pairings), strict=True)
    }
    pools = {(contexts, measure): pool for (contexts, measure, _), (pool, _) in by_name.items()}
    assert len(set(pools.values())) == len(pools) >= 4
    arms = {arm: trainings for (_, _, arm), (_, trainings) in by_name.items()}
    closed = arms["tiny+closed_book-4-epoch1"]
    assert closed == arms["tiny+closed_book-4"] == arms["tiny+closed_book-4-again"] != arms["tiny+retrieved-4"], arms


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"retrieval": {"embedder": "ragstudy.testing:HashEmbedder", "top_k": 99}},
            "top_k is 99, but the corpus has only 12",
        ),
        ({"measures": ["accuracy", "completeness", "acuracy"]}, "did you mean 'accuracy'?"),
        ({"measures": ["accuracy", "completeness", "ragas:rouge"]}, "'ragas:rouge' is no measure"),
        (
            {"measures": ["answer_words"], "statistics": {"verdict_measures": ["answer_words"]}},
            "'answer_words' has no better direction",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(lamps, tmp_path, changes, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        run(study(lamps, **changes), tmp_path / "run")
    assert not (tmp_path / "run" / "answers.jsonl").exists()
    assert not (tmp_path / "run" / "indexes").exists()


def test_a_training_size_larger_than_the_training_set_is_refused(lamps, tiny_model, tmp_path):
    spec = tuned_study(lamps, tiny_model)
    big = spec.finetuning[0].model_copy(update={"sizes": (4, 200)})
    with pytest.raises(InputError, match=r"finetuning.0.sizes: 200 is larger than the training set of domain 'lamps'"):
        make_plan(spec.model_copy(update={"finetuning": (big,)}))


def test_problems_of_several_domains_come_together(tmp_path):
    first = make_domain(tmp_path / "one")
    (first / "questions.jsonl").write_text("")
    spec = study(first, domains=[str(first), str(tmp_path / "two")])
    with pytest.raises(InputError) as caught:
        make_plan(spec)
    assert len(caught.value.problems) == 2


def test_test_questions_are_drawn_with_the_studys_seed(lamps):
    spec = study(lamps, domains=[{"path": str(lamps), "n_test": 3}])
    drawn = [q.id for q in make_plan(spec).domains[0].test]
    assert len(drawn) == 3
    assert drawn == [q.id for q in make_plan(spec).domains[0].test]
    others = [make_plan(spec.model_copy(update={"seed": seed})).domains[0].test for seed in range(2, 6)]
    assert any([q.id for q in other] != drawn for other in others)
    with pytest.raises(InputError, match="n_test is 7, but the domain has 6"):
        make_plan(study(lamps, domains=[{"path": str(lamps), "n_test": 7}]))


def test_a_generator_that_breaks_its_promise_stops_the_run(lamps, tmp_path, monkeypatch):
    from ragstudy.generation.extractive import ExtractiveGenerator

    monkeypatch.setattr(ExtractiveGenerator, "generate", lambda _self, _prompts: [])
    with pytest.raises(RuntimeError, match="gave 0 completions for 6 prompts"):
        run(study(lamps), tmp_path / "run")


def test_a_generator_that_breaks_has_failed_answers_with_the_reason(lamps, tmp_path, monkeypatch):
    from ragstudy.generation.extractive import ExtractiveGenerator

    def broken(_self, _prompts):
        msg = "disk full"
        raise OSError(msg)

    monkeypatch.setattr(ExtractiveGenerator, "generate", broken)
    outcome = run(study(lamps), tmp_path / "run")
    assert outcome.n_failed == 12
    assert {a.error for a in RunFolder(tmp_path / "run").answers() if a.stopped == "error"} == {"OSError: disk full"}


def test_the_manifest_says_where_a_run_comes_from(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    manifest = RunFolder(tmp_path / "run").manifest()
    assert manifest.schema_version == 2
    assert set(manifest.seconds) >= {"retrieve", "answer", "score", "compare"}
    assert manifest.versions["faiss-cpu"]
    assert manifest.data["lamps"]
    assert manifest.study["name"] == "lamps-study"
    # Its paths start from the run folder, so that it runs again as it lies there.
    assert ragstudy.load_study(tmp_path / "run" / "study.yaml").retrieval == study(lamps).retrieval
    assert ragstudy.check_study(ragstudy.load_study(tmp_path / "run" / "study.yaml")).n_answers == 36


def test_an_estimate_counts_the_work_and_the_requests(lamps, tiny_model):
    from ragstudy.study.plan.estimate import estimate, n_parameters

    spec = tuned_study(lamps, tiny_model)
    remote = {"kind": "endpoint", "name": "remote", "model": "m", "max_calls": 9, "prices": [1000.0, 100000.0]}
    content = {**spec.model_dump(mode="json"), "generators": [*spec.model_dump(mode="json")["generators"], remote]}
    guess = estimate(make_plan(parse_study(content, "s")))
    [sentence] = guess.endpoints
    assert sentence.startswith("remote: 12 requests, which may cost money: about 3")
    assert sentence.endswith("at 1000 and 100000 a million tokens (budget 9, which is too small)")
    assert guess.seconds["tune"] > 0
    assert sentence in str(guess)
    assert n_parameters(str(tiny_model)) > 600 * 32


def test_an_estimate_names_the_models_that_it_leaves_out(lamps):
    from ragstudy.study.plan.estimate import estimate

    content = study_content(lamps)
    content["generators"] = [{"kind": "transformers", "name": "far", "model": "nobody/not-here"}]
    content["finetuning"] = [{"base": "far", "sizes": [4], "formats": ["closed_book"]}]
    guess = estimate(make_plan(parse_study(content, "s")))
    assert set(guess.seconds) == {"retrieve"}
    assert "and the time of far, of a size not known until it is here" in str(guess)


def test_reports_come_from_the_files_alone_and_are_the_same_bytes(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    moved = tmp_path / "moved"
    (tmp_path / "run").rename(moved)
    for path in lamps.iterdir():
        path.unlink()
    first = write_reports(RunFolder(moved)).read_bytes()
    assert write_reports(RunFolder(moved)).read_bytes() == first
    assert (moved / "lamps.md").is_file()


def test_texts_of_questions_and_answers_are_escaped_in_the_page(lamps, tmp_path):
    content = study_content(lamps)
    attack = "<script>alert('x')</script> | `x`"
    content["generators"][2]["default"] = attack
    run(parse_study(content, "s"), tmp_path / "run")
    page = report_text(RunFolder(tmp_path / "run"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "<script" not in (tmp_path / "run" / "lamps.md").read_text()


def test_a_study_without_a_tuned_arm_still_reports(lamps, tmp_path):
    content = study_content(lamps, generators=[{"kind": "extractive", "name": "only"}])
    run(parse_study(content, "s"), tmp_path / "run")
    page = report_text(RunFolder(tmp_path / "run"))
    assert "No tuned arm is compared with a base" in page


def test_comparisons_of_another_version_are_refused_with_the_command_that_compares_anew(lamps, tmp_path):
    run(study(lamps), tmp_path / "run")
    path = tmp_path / "run" / "comparisons.json"
    path.write_text(path.read_text().replace('"comparing_version": ', '"comparing_version": -'))
    with pytest.raises(InputError, match="compares anew what is there") as error:
        write_reports(RunFolder(tmp_path / "run"))
    assert str(tmp_path / "run" / "study.yaml") in str(error.value)


@pytest.mark.parametrize("content", [None, '{"schema_version": 99}'])
def test_a_folder_without_a_readable_run_is_refused(tmp_path, content):
    if content:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"no run in this folder|schema_version is 99"):
        ragstudy.load_run(tmp_path)


def test_results_are_a_data_frame(lamps, tmp_path):
    result = ragstudy.run_study(study(lamps), tmp_path / "run")
    frame = result.to_pandas()
    assert {"domain", "arm", "difference", "low", "high", "verdict"} <= set(frame.columns)
    assert len(frame) == 2 * 5
    assert len(result.scores()) == 36 * 5
    assert len(result.answers()) == 36
    assert len(result.arms()) == 3 * 2 * 5


def test_a_base_at_the_floor_or_the_ceiling_is_said_so(lamps, tmp_path):
    content = study_content(lamps)
    content["generators"][0]["default"] = "violet"
    run(parse_study(content, "s"), tmp_path / "floor")
    rows = [table_row(row) for row in ragstudy.load_run(tmp_path / "floor").comparisons()]
    row = next(r for r in rows if r["measure"] == "accuracy" and r["contexts"] == "retrieved")
    assert row["base_mean"] == 0.0
    assert any("nothing to lose" in caveat for caveat in row["caveats"])
    assert not any("nothing to gain" in caveat for caveat in row["caveats"])


def test_a_sham_learns_the_answers_of_other_questions_of_the_same_type(lamps, tiny_model, tmp_path):
    content = {
        "generators": [
            {"kind": "transformers", "name": "tiny", "model": str(tiny_model), "max_new_tokens": 4, "batch_size": 4}
        ],
        "finetuning": [
            {"base": "tiny", "formats": ["closed_book"], "sizes": [4], "epochs": 1, "rank": 2, "sham": True}
        ],
    }
    plan = make_plan(study(lamps, **content))
    assert [arm.name for arm in plan.arms] == ["tiny", "tiny+closed_book-4", "tiny+closed_book-4-shuffled"]
    plain, control = plan.jobs
    labelling = labelling_of(plan, tmp_path)
    pairs = labelling.pairs(plain)
    assert [pair.question for pair in labelling.pairs(control)] == [pair.question for pair in pairs]
    learned, shuffled = ([pair.answer for pair in labelling.pairs(job)] for job in (plain, control))
    assert learned == [pair.question.references[0] for pair in pairs]
    assert sorted(shuffled) == sorted(learned)
    assert all(one != other for one, other in zip(learned, shuffled, strict=True))
    run_study(plan, tmp_path / "run")
    records = [json.loads(p.read_text()) for p in (tmp_path / "run" / "adapters").rglob("record.json")]
    assert len({record["pairs_hash"] for record in records}) == 2


def test_what_passages_bring_is_compared_before_and_after_tuning(lamps, tmp_path):
    """By hand: the base is right with passages only, the tuned one always; so passages bring it 1 less."""
    questions = [json.loads(line) for line in (lamps / "questions.jsonl").read_text().splitlines()]
    right = {q["text"]: q["references"][0] for q in questions}
    content = study_content(lamps, contexts=["retrieved", "none"])
    content["generators"] = [
        {"kind": "extractive", "name": "base"},
        {"kind": "scripted", "name": "ours", "answers": right, "tuned_from": "base"},
    ]
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    results = compared(RunFolder(tmp_path / "run"))
    means = {(r["arm"], r["contexts"]): r["mean"] for r in results["arm_means"] if r["measure"] == "completeness"}
    (row,) = [r for r in results["interactions"] if r["measure"] == "completeness"]
    wanted = (means["ours", "retrieved"] - means["ours", "none"]) - (means["base", "retrieved"] - means["base", "none"])
    assert row["difference"] == pytest.approx(wanted)
    assert row["difference"] < -0.5
    assert "passages bring" in report_text(RunFolder(tmp_path / "run"))


@pytest.mark.parametrize(
    ("even", "questions", "trainings", "text"),
    [
        (3, 7, None, "would take about 3 to 7 more questions"),
        (7, 7, None, "would take about 7 more questions"),
        (None, 703, None, "would take about 710 more questions"),
        (9105, 23421, None, "would take about 9,200 to 24,000 more questions"),
        (None, None, 4, "would take about 4 more trainings of each recipe"),
        (None, None, None, "takes more than can be planned from this"),
    ],
)
def test_undecided_rows_say_what_would_decide_them(even, questions, trainings, text):
    decision = Decision("undecided", "recipe", questions, even, None, trainings, [])
    assert to_decide(decision) == text
    assert to_decide(replace(decision, verdict="helps")) == ""


@pytest.mark.parametrize(
    ("caveat", "text"),
    [
        ("depends on answers that were not scored (15 % of the arm's)", "takes the answers that have no score"),
        (
            "within what the scorer's errors make: answers of 5 words",
            "takes a judge, or an audit of the scorer on answers like these",
        ),
    ],
)
def test_where_no_questions_would_decide_it_says_what_would(caveat, text):
    assert to_decide(Decision("undecided", "recipe", None, None, None, None, ["only 19 groups", caveat])) == text


def test_a_row_that_too_few_sources_leave_undecided_says_so(lamps, tmp_path):
    """Six sources of which five change: of 32 patterns of signs two are as extreme, so p is .06 at least."""
    questions = [json.loads(line) for line in (lamps / "questions.jsonl").read_text().splitlines()]
    right = {q["text"]: q["references"][0] for q in questions}
    content = study_content(lamps, contexts=["retrieved"])
    content["generators"] = [
        {"kind": "scripted", "name": "base", "answers": right},
        {
            "kind": "scripted",
            "name": "tuned",
            "answers": dict([*right.items()][:1]),
            "default": "purple",
            "tuned_from": "base",
        },
    ]
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    rows = [row for row in compared(RunFolder(tmp_path / "run"))["comparisons"] if "verdict" in row]
    assert {row["verdict"] for row in rows} == {"undecided"}
    assert all(any(one.startswith("too few sources: had all 6 agreed") for one in row["caveats"]) for row in rows)


def test_every_source_lost_is_a_loss_even_of_six(lamps, tmp_path):
    """p is 2/64, and measures that say the same cost nothing."""
    questions = [json.loads(line) for line in (lamps / "questions.jsonl").read_text().splitlines()]
    content = study_content(lamps, contexts=["retrieved"])
    content["generators"] = [
        {"kind": "scripted", "name": "base", "answers": {q["text"]: q["references"][0] for q in questions}},
        {"kind": "scripted", "name": "tuned", "default": "purple", "tuned_from": "base"},
    ]
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    rows = [row for row in compared(RunFolder(tmp_path / "run"))["comparisons"] if "verdict" in row]
    assert {row["verdict"] for row in rows} == {"hurts"}
