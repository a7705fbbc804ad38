"""Findings: one arm, and the records that make each rule speak, at its threshold and just below it."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import pytest

from ragstudy.results import (
    AgainstBest,
    AgainstShuffled,
    AnswerStyle,
    BetweenContexts,
    ComparisonRow,
    ContextUse,
    Decision,
    DomainSummary,
    FailureShares,
    Interaction,
    ModelTestMean,
    ReportedSettings,
    Results,
)
from ragstudy.statistics import Comparison, Interval
from ragstudy.statistics.seeds import SeedSpread
from ragstudy.study.analyse.causes import CAUSES, CHANGE_OF_CITING, CHANGE_OF_LENGTH
from ragstudy.study.analyse.cautions import CAUTIONS, LEAST_LOSS_ELSEWHERE
from ragstudy.study.analyse.failure_points import OF_RETRIEVAL, POINTS
from ragstudy.study.analyse.findings import find
from ragstudy.study.analyse.series import series_of

ARM = "m+closed_book-200"
ZERO = Interval(0.0, -0.01, 0.01)


def about(value, half=0.02):
    return Interval(value, value - half, value + half)


def effect(difference, half=0.05, **changes):
    made = Comparison(
        n=100,
        n_clusters=50,
        difference=difference,
        low=difference - half,
        high=difference + half,
        single_low=difference - half,
        single_high=difference + half,
        equivalence_low=difference - half,
        equivalence_high=difference + half,
        equivalence_p=0.001,
        interval_method="bootstrap",
        standard_error=0.02,
        spread=SeedSpread(3, prior_df=2.0),
        p=0.001,
        p_adjusted=0.001,
        in_family=True,
        n_in_family=1,
        smallest_p=0.0001,
        joint_confidence=0.96,
        smallest_detectable=0.06,
    )
    return replace(made, **changes)


def row(arm=ARM, difference=-0.2, verdict=None, found=None, **changes):
    called = verdict or ("hurts" if difference < -0.05 else "helps" if difference > 0.05 else "undecided")
    made = ComparisonRow(
        domain="d",
        arm=arm,
        base="m",
        format="closed_book",
        size=200,
        series="m+closed_book",
        training=arm,
        n_epochs=3,
        shuffled=False,
        trained_on="",
        contexts="retrieved",
        measure="accuracy",
        base_mean=0.7,
        tuned_mean=0.7 + difference,
        n_left_out=0,
        n_better=10,
        n_worse=30,
        n_pairs=200,
        effect=found or effect(difference),
        unscored=None,
        length_bias=None,
        decision=Decision(called, "recipe", None, None, None, None, []),
    )
    return replace(made, **changes)


def results(rows, **more):
    kinds = (
        *("retrieval", "arm_means", "interactions", "between_contexts", "against_shuffled", "against_best"),
        *("corrections", "context_use"),
        *("failure_points", "answer_style", "forgetting", "passage_ablation", "findings"),
    )
    empty = {kind: [] for kind in kinds}
    settings = ReportedSettings(0.03, 0.95, 0.8, 100, 1, 1, 0.96, ["accuracy"])
    summary = DomainSummary("d", "", 1, 1, 100, 50, 0, {})
    made = {"settings": settings, "domains": [summary], "comparisons": rows, "series": series_of(rows)}
    return Results(
        **{
            "schema_version": 2,
            "comparing_version": 1,
            "study": "s",
            "headline_context": "retrieved",
            **empty,
            **made,
            **more,
        }
    )


def told(rows, **more):
    findings = find(results(rows, **more))
    assert all(one.text and "None" not in one.text and "nan" not in one.text for one in findings)
    return {one.rule: one for one in findings}


def test_the_change_and_the_next_step_are_always_told():
    rules = told([row(), row("m+raft-200", 0.1, series="m+raft")])
    assert rules["effect"].arm == ARM
    assert rules["effect"].numbers["n_hurts"] == 1
    assert (rules["best_helps"].arm, rules["best_helps"].role) == ("m+raft-200", "next")
    assert "none" in told([row()])
    assert "best_is_level" in told([row(difference=0.01)])
    # One that helps for certain goes before one that may help more; without an interval nothing is called worse.
    maybe = row("m+oracle-200", 0.1, "undecided", effect(0.1, 0.12), series="m+oracle")
    assert told([row("m+raft-200", 0.06, series="m+raft"), maybe])["best_helps"].arm == "m+raft-200"
    unknown = effect(-0.2, low=math.nan, high=math.nan)
    assert "best_is_level" in {one.rule for one in find(results([row(verdict="undecided", found=unknown)]))}


def test_only_when_every_arm_is_level_it_says_so():
    level = row(difference=0.001, verdict="no meaningful difference")
    unsure = row("m+raft-200", 0.0, "undecided", effect(0.0, 0.2), series="m+raft")
    assert find(results([level, unsure]))[0].text.startswith("No arm helps or hurts accuracy")
    alone = find(results([level]))
    assert alone[0].text.startswith("No tuned arm moves accuracy by more than the margin")


def test_an_arm_tuned_on_another_domain_or_on_shuffled_labels_is_not_the_one_explained():
    moved = row("m+closed_book-200-from-e", -0.5, trained_on="e")
    control = row("m+closed_book-200-shuffled", -0.6, shuffled=True)
    assert told([row(), moved, control])["effect"].arm == ARM


def uses(faithful, parametric, *, before=(0.9, 0.0)):
    shift = about(faithful - before[0])
    base = ContextUse("d", "counterfactual", "m", 50, 0, about(before[0]), about(before[1]), ZERO, None)
    return [
        base,
        replace(
            base,
            arm=ARM,
            context_faithful=about(faithful),
            parametric=about(parametric),
            faithful_difference=shift,
            parametric_difference=about(parametric - before[1]),
        ),
    ]


def test_without_an_effect_no_cause_is_given():
    findings = told([row(difference=0.01)], context_use=uses(0.3, 0.6))
    assert not [one for one in findings.values() if one.role == "cause"]


@pytest.mark.parametrize(
    ("faithful", "parametric", "rule"),
    [
        (0.4, 0.021, "from_weights"),
        # The interval of the rise reaches zero.
        (0.4, 0.019, "follows_less"),
        # The interval reaches zero.
        (0.89, 0.6, None),
    ],
)
def test_following_changed_passages_less_is_a_cause(faithful, parametric, rule):
    spoken = {"from_weights", "follows_less"} & set(told([row()], context_use=uses(faithful, parametric)))
    assert spoken == ({rule} if rule else set())


def less_in_oracle(difference, half=0.05):
    return {"between_contexts": [BetweenContexts("d", ARM, "oracle", "accuracy", effect(difference, half))]}


@pytest.mark.parametrize(("oracle", "rule"), [(-0.2, "reads_worse"), (-0.051, "reads_worse"), (-0.04, "chooses_worse")])
def test_gold_passages_alone_tell_reading_from_choosing(oracle, rule):
    rows = [row(), row(difference=oracle, contexts="oracle")]
    assert {"reads_worse", "chooses_worse"} & set(told(rows, **less_in_oracle(oracle + 0.2))) == {rule}


def test_a_smaller_loss_with_gold_passages_that_may_be_chance_is_neither_reading_nor_choosing():
    unsure = row(difference=-0.11, verdict="undecided", found=effect(-0.11, 0.2), contexts="oracle")
    assert not {"reads_worse", "chooses_worse"} & set(told([row(), unsure], **less_in_oracle(0.09, 0.1)))
    assert not {"reads_worse", "chooses_worse"} & set(told([row(), unsure]))


def style(contexts="retrieved", cites=0.0, words=0.0, declines=0.0, before=10.0):
    shifts = {"cites passages": about(cites), "words": about(words), "declines": about(declines)}
    features = {"cites passages": about(0.5), "words": about(before + words), "declines": about(0.1)}
    return AnswerStyle("d", contexts, ARM, 9.0, features, "m", shifts)


@pytest.mark.parametrize(
    ("changed", "rule", "speaks"),
    [
        ({"cites": -CHANGE_OF_CITING}, "cites", True),
        ({"cites": CHANGE_OF_CITING - 0.001}, "cites", False),
        ({"words": CHANGE_OF_LENGTH * 10}, "length", True),
        ({"words": CHANGE_OF_LENGTH * 10 - 0.001}, "length", False),
        ({"declines": -0.5, "contexts": "distractors_only"}, "declines_less", True),
        ({"declines": -0.01, "contexts": "distractors_only"}, "declines_less", False),
        ({"declines": -0.5}, "declines_less", False),
    ],
)
def test_style_is_a_cause_from_its_threshold_on(changed, rule, speaks):
    assert (rule in told([row()], answer_style=[style(**changed)])) is speaks


def failing(shifts, points=None, arm=ARM):
    shares = {point: about((points or {}).get(point, 0.0)) for point in POINTS}
    moved = {point: about(shifts.get(point, 0.0)) for point in POINTS}
    given = points or {}
    before = sum(given.get(point, 0.0) for point in OF_RETRIEVAL)
    sides = about(before - (1 - given.get("right", 0.0) - before), half=0.1)
    return FailureShares("d", "retrieved", arm, 100, shares, sides, "m", moved)


def test_the_failure_point_that_moved_most_with_the_effect_is_named():
    found = told([row()], failure_points=[failing({"not extracted": 0.2, "incomplete": -0.3, "wrong format": 0.1})])
    assert found["failure_point"].numbers["point"] == "not extracted"
    better = told([row(difference=0.2)], failure_points=[failing({"not extracted": 0.2, "incomplete": -0.3})])
    assert better["failure_point"].numbers["point"] == "incomplete"
    assert "failure_point" not in told([row()], failure_points=[failing({"not extracted": 0.01})])
    # What retrieval decides is no cause of tuning's.
    assert "failure_point" not in told([row()], failure_points=[failing({"missing content": 0.4})])


@pytest.mark.parametrize(
    ("control", "against", "half", "rule"),
    [
        (-0.22, 0.01, 0.019, "shuffled_as_much"),
        # Not told from each other is not the same as alike.
        (-0.22, 0.02, 0.05, None),
        (0.0, -0.2, 0.05, "shuffled_differs"),
        (-0.02, 0.0, 0.01, None),
    ],
)
def test_shuffled_labels_tell_form_from_content_where_they_can(control, against, half, rule):
    other = row("m+closed_book-200-shuffled", control, series="m+closed_book-shuffled", shuffled=True)
    pair = AgainstShuffled("d", ARM, other.arm, "retrieved", "accuracy", effect(against, half))
    spoken = {"shuffled_as_much", "shuffled_differs"} & set(told([row(), other], against_shuffled=[pair]))
    assert spoken == ({rule} if rule else set())


def ablation(value, half=0.1):
    mean = about(1.0)
    return ModelTestMean("d", ARM, "passage_ablation", "drop", 40, mean, "m", 1.0 - value, about(value, half))


@pytest.mark.parametrize(("value", "half", "speaks"), [(-0.3, 0.1, True), (-0.05, 0.1, False), (0.3, 0.1, False)])
def test_depending_less_on_passages_is_a_cause(value, half, speaks):
    assert ("depends_less" in told([row()], passage_ablation=[ablation(value, half)])) is speaks


def forgotten(value, measure="accuracy", half=0.01, test="arc"):
    mean = about(0.5 + value, half)
    return ModelTestMean("d", ARM, test, measure, 200, mean, "m", 0.5, about(value, half))


@pytest.mark.parametrize(
    ("rows", "test"),
    [
        ([forgotten(-LEAST_LOSS_ELSEWHERE)], "arc"),
        ([forgotten(-LEAST_LOSS_ELSEWHERE + 0.0001)], None),
        ([forgotten(0.3)], None),
        ([forgotten(0.3, "loss", test="text")], "text"),
        ([forgotten(-0.3, "loss", test="text")], None),
        ([forgotten(-0.3, "log_likelihood")], None),
        ([forgotten(-0.05, half=0.06)], None),
        # The one that is surest, in widths of its interval.
        ([forgotten(-0.4, half=0.3, test="rough"), forgotten(-0.1, half=0.01, test="fine")], "fine"),
    ],
)
def test_what_is_lost_elsewhere_is_a_caution(rows, test):
    found = told([row()], forgetting=rows).get("forgets")
    assert (found.numbers["test"] if found else None) == test


def test_a_loss_is_told_as_perplexity():
    found = told([row()], forgetting=[forgotten(0.3, "loss")])["forgets"]
    assert found.numbers["base_mean"] == pytest.approx(math.exp(0.5))
    assert found.numbers["mean"] == pytest.approx(math.exp(0.8))


@pytest.mark.parametrize(("seed_variance", "speaks"), [(0.0004, True), (0.00039, False), (0.0, False)])
def test_the_spread_of_trainings_is_told_where_it_is_most_of_the_error(seed_variance, speaks):
    spread = SeedSpread(3, var_seed_means=3 * seed_variance)
    found = told([row(found=effect(-0.2, spread=spread))])
    assert ("seeds" in found) is speaks


def test_dose_and_retrieval_are_cautions():
    rows = [row(), row("m+closed_book-500", -0.3, size=500, n_pairs=500)]
    assert told(rows)["dose"].numbers["sizes"] == [200, 500]
    assert "dose" not in told(rows[:1])
    base = failing({}, {"right": 0.5, "missed by the ranking": 0.31}, arm="m")
    assert told([row()], failure_points=[base])["retrieval_first"].numbers["before"] == pytest.approx(0.31)
    # More than half of the failures, which may be chance.
    less = failing({}, {"right": 0.5, "missed by the ranking": 0.29}, arm="m")
    assert "retrieval_first" not in told([row()], failure_points=[less])


@pytest.mark.parametrize(("change", "speaks"), [(-0.3, True), (0.3, True), (0.04, False)])
def test_what_passages_bring_is_a_cause_where_it_changed(change, speaks):
    interaction = Interaction("d", ARM, "m", "retrieved", "accuracy", 0.3, 0.6, effect(change))
    found = told([row()], interactions=[interaction])
    assert ("passages_bring" in found) is speaks


def test_every_rule_speaks_in_some_test_and_about_its_own_domain_only():
    """Rows of another domain say nothing of this one."""
    elsewhere = [replace(one, domain="e") for one in (forgotten(-0.4), forgotten(0.4, "loss"))]
    assert "forgets" not in told([row()], forgetting=elsewhere)
    assert len(CAUSES) == 9
    assert len(CAUTIONS) == 4


def in_full(case, findings):
    """What a reader and a program get of findings, as lines."""
    lines = [f"# {case}"]
    for one in findings:
        numbers = {name: round(value, 6) if isinstance(value, float) else value for name, value in one.numbers.items()}
        lines += [f"{one.rule} ({one.role}) of {one.arm}, {one.measure}: {one.text}", f"    {numbers}"]
    return lines


def cases():
    """One set of results for every rule."""
    yield "nothing else", [row()], {}
    yield "another arm helps", [row(), row("m+raft-200", 0.1, series="m+raft")], {}
    two = [row("m+raft-200", 0.1, series="m+raft"), row("m+oracle-200", 0.09, series="m+oracle"), row()]
    level_with_best = AgainstBest("d", "m+raft-200", "m+oracle-200", "retrieved", "accuracy", effect(-0.01))
    yield "two that help, not told from each other", two, {"against_best": [level_with_best]}
    yield "only one, and it helps", [row(difference=0.2)], {}
    yield "level", [row(difference=0.001, verdict="no meaningful difference")], {}
    yield "undecided", [row(difference=0.01)], {}
    level = row(difference=0.001, verdict="no meaningful difference")
    yield "level and undecided", [level, row("m+raft-200", 0.0, "undecided", effect(0.0, 0.2), series="m+raft")], {}
    yield "from its weights", [row()], {"context_use": uses(0.4, 0.3)}
    yield "follows less", [row()], {"context_use": uses(0.4, 0.01)}
    yield "reads worse", [row(), row(difference=-0.2, contexts="oracle")], {}
    yield "chooses worse", [row(), row(difference=-0.04, contexts="oracle")], less_in_oracle(0.16)
    changed = style(cites=-0.4, words=-5.0)
    yield "style", [row()], {"answer_style": [changed, style("distractors_only", declines=-0.5)]}
    longer = style(cites=0.4, words=5.0)
    yield "style, longer", [row(difference=0.2)], {"answer_style": [longer]}
    yield "failure point", [row()], {"failure_points": [failing({"not extracted": 0.2, "incomplete": 0.1})]}
    gains = Interaction("d", ARM, "m", "retrieved", "accuracy", 0.1, 0.3, effect(-0.2))
    yield "what passages bring", [row()], {"interactions": [gains]}
    sizes = [row(f"m+closed_book-{size}", -0.2, size=size, n_pairs=size) for size in (50, 200, 500)]
    yield "dose", sizes, {}
    noisy = effect(-0.2, spread=SeedSpread(3, var_seed_means=0.0012))
    yield "trainings differ", [row(found=noisy)], {}
    for case, control, against, half in (("as much shuffled", -0.22, 0.0, 0.02), ("content counts", 0.0, -0.2, 0.05)):
        other = row("m+closed_book-200-shuffled", control, series="m+closed_book-shuffled", shuffled=True)
        pair = AgainstShuffled("d", ARM, other.arm, "retrieved", "accuracy", effect(against, half))
        yield case, [row(), other], {"against_shuffled": [pair]}
    yield "depends less on passages", [row()], {"passage_ablation": [ablation(-0.3)]}
    yield "forgets choices", [row()], {"forgetting": [forgotten(-0.1)]}
    yield "forgets text", [row()], {"forgetting": [forgotten(0.3, "loss", test="text")]}
    base = failing({}, {"right": 0.4, "missed by the ranking": 0.3, "cut from the context": 0.1}, arm="m")
    yield "retrieval first", [row()], {"failure_points": [base]}


def test_every_finding_in_full(root):
    lines = []
    for case, rows, more in cases():
        lines += in_full(case, find(results(rows, **more)))
    expected = root / "tests" / "study" / "findings.txt"
    if os.environ.get("UPDATE_EXPECTED"):
        expected.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == expected.read_text(encoding="utf-8").splitlines()
