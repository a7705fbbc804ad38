"""What a report says, taken from the files of a run and rounded here and nowhere else."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragstudy.reporting.findings import sentences
from ragstudy.reporting.numbers import effect, share, signed
from ragstudy.scoring.measures import MEASURES
from ragstudy.specs import main_context

if TYPE_CHECKING:
    from ragstudy.records import Answer, Question, Score
    from ragstudy.study.store import RunFolder

_N_EXAMPLES = 6


@dataclass(frozen=True)
class Example:
    """A question on which base and tuned arm differ most."""

    question: str
    reference: str
    base: str
    tuned: str
    arm: str
    change: str


@dataclass(frozen=True)
class DomainView:
    """One domain's part of a report.

    Attributes:
        name: of the domain.
        about: row of `domains` in comparisons.json.
        headline: the finding in one or two sentences.
        explanation: what changed, why, and what to try next, a sentence each.
        verdicts: comparisons with a verdict, headline context first.
        caveats: those that hold for every verdict; a row's own stand in the row.
        others: comparisons on the other measures, headline context.
        retrieval: ranking quality at several depths.
        arms: table of means: one row per arm and context.
        ceiling: what the reference answers score on the verdict measures, as text.
        interactions: whether tuning changed what passages bring.
        context_use: what arms make of counterfactual passages.
        failure_points: share of each arm's answers at every failure point.
        drift: form of each arm's answers in the headline context.
        forgetting: what tests elsewhere say, before and after tuning.
        sensitivity: how far answers hang on the gold passages.
        series: effects over training sizes and epochs.
        corrections: shares of right answers, corrected for the errors of an audited scorer.
        types: table of means by question type for the headline context and verdict measures.
        examples: questions that flipped.
    """

    name: str
    about: dict[str, Any]
    headline: list[str]
    explanation: list[str]
    verdicts: list[dict[str, Any]]
    caveats: list[str]
    others: list[dict[str, Any]]
    retrieval: list[dict[str, Any]]
    arms: list[dict[str, Any]]
    ceiling: str
    interactions: list[dict[str, Any]]
    context_use: list[dict[str, Any]]
    failure_points: list[dict[str, Any]]
    drift: list[dict[str, Any]]
    forgetting: list[dict[str, Any]]
    sensitivity: list[dict[str, Any]]
    series: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    types: list[dict[str, Any]]
    examples: list[Example]


@dataclass(frozen=True)
class RunView:
    """A whole report.

    Attributes:
        manifest: of the run.
        settings: of the statistics.
        measures: names, in the study's order.
        contexts: names, in the study's order.
        domains: their parts.
        main: the context that headlines and plots are about: retrieved passages, where the study has them.
    """

    manifest: dict[str, Any]
    settings: dict[str, Any]
    measures: list[str]
    contexts: list[str]
    domains: list[DomainView]
    main: str

    @property
    def describes(self) -> dict[str, str]:
        """One line about each measure."""
        return {name: MEASURES[name].describes if name in MEASURES else "" for name in self.measures}


def view_run(folder: RunFolder) -> RunView:
    """Everything a report shows.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    folder.check()
    manifest, compared = folder.manifest(), folder.comparisons()
    study = manifest["study"]
    measures, contexts = list(study["measures"]), list(study["contexts"])
    answers = {(a.domain, a.generator, a.contexts, a.question): a for a in folder.answers()}
    scores, questions = folder.scores(), folder.questions()
    domains = [
        _domain_view(about, compared, measures, contexts, answers, scores, questions) for about in compared["domains"]
    ]
    return RunView(manifest, compared["settings"], measures, contexts, domains, main_context(contexts))


def _domain_view(  # noqa: PLR0913 - the files of a run
    about: dict[str, Any],
    compared: dict[str, Any],
    measures: list[str],
    contexts: list[str],
    answers: dict[tuple[str, str, str, str], Answer],
    scores: list[Score],
    questions: dict[tuple[str, str], Question],
) -> DomainView:
    name = about["domain"]
    rows = [row for row in compared["comparisons"] if row["domain"] == name]
    verdicts = sorted((r for r in rows if "verdict" in r), key=lambda r: contexts.index(r["contexts"]))
    shared = shared_caveats(verdicts)
    main = main_context(contexts)
    mine = [score for score in scores if score.domain == name]

    def about_it(kind: str, contexts: str | None = None) -> list[dict[str, Any]]:
        """Rows of a kind about the domain, in one context or all."""
        found = [row for row in compared.get(kind, []) if row["domain"] == name]
        return [row for row in found if contexts is None or row["contexts"] == contexts]

    return DomainView(
        name=name,
        about=about,
        headline=headline([row for row in verdicts if row["contexts"] == main]),
        explanation=sentences(about_it("findings")),
        verdicts=[{**row, "caveats": [c for c in row["caveats"] if c not in shared]} for row in verdicts],
        caveats=shared,
        others=[row for row in rows if "verdict" not in row and row["contexts"] == main],
        retrieval=about_it("retrieval"),
        arms=_arm_table(compared["arms"], name, measures, compared["settings"]["verdict_measures"]),
        ceiling=_ceiling(about.get("reference_means", {}), compared["settings"]["verdict_measures"]),
        interactions=about_it("interactions"),
        context_use=about_it("context_use"),
        failure_points=about_it("failure_points"),
        drift=about_it("drift", main),
        forgetting=about_it("forgetting"),
        sensitivity=about_it("sensitivity"),
        series=about_it("series", main),
        corrections=about_it("corrections"),
        types=_type_table(mine, questions, compared["settings"]["verdict_measures"], main),
        examples=_examples(name, rows, main, answers, mine, questions),
    )


def shared_caveats(rows: list[dict[str, Any]]) -> list[str]:
    """Caveats that all rows have, to be said once."""
    first = rows[0]["caveats"] if rows else []
    return [caveat for caveat in first if all(caveat in row["caveats"] for row in rows)]


def headline(rows: list[dict[str, Any]]) -> list[str]:
    """Per measure a sentence: which arms help, hurt, make no difference, are undecided; with the largest effects."""
    sentences = []
    for measure in dict.fromkeys(row["measure"] for row in rows):
        mine = [row for row in rows if row["measure"] == measure]
        parts = []
        for verdict in ("hurts", "helps", "no meaningful difference", "undecided"):
            found = [row for row in mine if row["verdict"] == verdict]
            if found:
                parts.append(f"{verdict} in {len(found)} of {len(mine)} arms ({_largest(found)})")
        sentences.append(f"{measure.capitalize()}: tuning {'; '.join(parts)}.")
    return sentences


def _largest(rows: list[dict[str, Any]]) -> str:
    row = max(rows, key=lambda one: abs(one["difference"] or 0.0))
    more = "" if len(rows) == 1 else "largest: "
    return f"{more}{row['arm']} {effect(row)}"


def _arm_table(
    rows: list[dict[str, Any]], domain: str, measures: list[str], counted: list[str]
) -> list[dict[str, Any]]:
    """Means of every arm; answers are counted as not scored where they lack a score of the counted measures."""
    table: dict[tuple[str, str], dict[str, Any]] = {}
    for row in (row for row in rows if row["domain"] == domain):
        key = (row["contexts"], row["arm"])
        line = table.setdefault(key, {"arm": row["arm"], "contexts": row["contexts"], "n_unscored": 0, "means": {}})
        line["means"][row["measure"]] = row["mean"]
        if row["measure"] in counted:
            line["n_unscored"] = max(line["n_unscored"], row["n_unscored"])
        line["n_seeds"] = len(row["seed_means"])
    for line in table.values():
        line["cells"] = [share(line["means"].get(measure)) for measure in measures]
    return list(table.values())


def _ceiling(means: dict[str, float | None], measures: list[str]) -> str:
    return ", ".join(f"{measure} {share(means[measure])}" for measure in measures if means.get(measure) is not None)


def _type_table(
    scores: list[Score], questions: dict[tuple[str, str], Question], measures: list[str], contexts: str
) -> list[dict[str, Any]]:
    """Mean of each verdict measure by generator and question type."""
    sums: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for score in scores:
        if score.contexts == contexts and score.measure in measures and score.value is not None:
            kind = questions[score.domain, score.question].type
            sums[score.measure, score.generator.split("@")[0], kind].append(score.value)
    kinds = sorted({kind for _, _, kind in sums})
    arms = list(dict.fromkeys((measure, arm) for measure, arm, _ in sums))
    table = []
    for measure, arm in arms:
        cells = [sums.get((measure, arm, kind), []) for kind in kinds]
        means = [share(math.fsum(cell) / len(cell)) if cell else "-" for cell in cells]
        table.append({"measure": measure, "arm": arm, "kinds": kinds, "cells": means})
    return table


def _examples(  # noqa: PLR0913 - the files of a run
    domain: str,
    rows: list[dict[str, Any]],
    contexts: str,
    answers: dict[tuple[str, str, str, str], Answer],
    scores: list[Score],
    questions: dict[tuple[str, str], Question],
) -> list[Example]:
    """Questions whose first verdict measure changed most between base and the arm with the largest effect."""
    verdicts = [row for row in rows if row.get("verdict") and row["contexts"] == contexts]
    if not verdicts:
        return []
    measure = verdicts[0]["measure"]
    row = max((r for r in verdicts if r["measure"] == measure), key=lambda r: abs(r["difference"] or 0.0))
    tuned_name = next(
        (s.generator for s in scores if s.generator.split("@")[0] == row["arm"]),
        row["arm"],
    )
    values = {(s.generator, s.question): s.value for s in scores if s.measure == measure and s.contexts == contexts}
    changes = []
    for (name, question), value in values.items():
        before = values.get((row["base"], question))
        if name == tuned_name and value is not None and before is not None and value != before:
            changes.append((value - before, question))
    worst, best = sorted(changes)[: _N_EXAMPLES // 2], sorted(changes, reverse=True)[: _N_EXAMPLES // 2]
    chosen = [*worst, *(one for one in best if one not in worst and one[0] > 0)]
    return [
        Example(
            question=questions[domain, question].text,
            reference=(questions[domain, question].references or ("(the corpus holds no answer)",))[0],
            base=answers[domain, row["base"], contexts, question].text,
            tuned=answers[domain, tuned_name, contexts, question].text,
            arm=tuned_name,
            change=f"{measure} {signed(change)}",
        )
        for change, question in chosen
    ]
