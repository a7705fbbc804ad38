"""The comparing stage: arms joined by question, with statistics and verdicts."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.files import SCHEMA_VERSION
from ragstudy.retrieval.relevance import ranking_quality
from ragstudy.scoring.measures import MEASURES, more_is_better
from ragstudy.specs import parse_context
from ragstudy.statistics import holm
from ragstudy.statistics.compare import without_spread
from ragstudy.statistics.seeds import SeedSpread
from ragstudy.study.by_arm import compare_by_seed, plain
from ragstudy.study.correcting import LENGTH, ArmScores, correct, load_audits
from ragstudy.study.explaining import explain
from ragstudy.study.series import series
from ragstudy.study.store import COMPARING_VERSION

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.records import Retrieval, Score
    from ragstudy.specs import StatisticsSpec
    from ragstudy.statistics import Comparison
    from ragstudy.study.plan import Arm, DomainPlan, Plan

_CUTS = (1, 3, 5, 10)

Values = dict[tuple[str, str, str, str], dict[str, float | None]]


@dataclass(frozen=True)
class _Cell:
    """A comparison to be made: an arm against its base in one context on one measure."""

    arm: Arm
    base: Arm
    contexts: str
    measure: str


def compare(  # noqa: PLR0913 - the files of a run
    plan: Plan,
    scores: Sequence[Score],
    retrievals: Sequence[Retrieval],
    ceilings: Mapping[str, Mapping[str, float | None]],
    diagnoses: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    n_pairs: Mapping[tuple[str, str], int] | None = None,
) -> dict[str, Any]:
    """Everything the report needs: retrieval quality, means of every arm, comparisons with verdicts, findings.

    Args:
        plan: of the study.
        scores: of all answers.
        retrievals: of all questions.
        ceilings: mean scores of the reference answers.
        diagnoses: rows of `context_use`, `failure_points` and `drift`.
        n_pairs: by (domain of the training, name of an adapter) the pairs it was trained on, which may be fewer than
            its arm says.

    Raises:
        ValueError: two arms that are compared were not asked the same questions.
    """
    values = _by_cell(scores)
    rows: list[dict[str, Any]] = []
    for domain in plan.domains:
        rows += _compare_domain(plan, domain, values)
    arms = {arm.name: arm for arm in plan.arms}
    for row in rows:
        arm = arms[row["arm"]]
        known = [(n_pairs or {}).get((arm.trained_on or row["domain"], name), arm.size) for name in arm.homes]
        row["n_pairs"] = min(known, default=arm.size)
    _add_verdicts(plan, rows)
    compared = {
        "schema_version": SCHEMA_VERSION,
        "comparing_version": COMPARING_VERSION,
        "study": plan.spec.name,
        "settings": plan.spec.statistics.model_dump(mode="json"),
        "domains": [{**_about(domain), "reference_means": ceilings.get(domain.name, {})} for domain in plan.domains],
        "retrieval": [row for domain in plan.domains for row in _retrieval_rows(plan, domain, retrievals)],
        "arms": [row for domain in plan.domains for row in _mean_rows(plan, domain, values)],
        "comparisons": rows,
        "interactions": [row for domain in plan.domains for row in _interactions(plan, domain, values)],
        "against_sham": [row for domain in plan.domains for row in _against_shams(plan, domain, values)],
        "series": series(rows),
        "corrections": [row for domain in plan.domains for row in _corrections(plan, domain, values)],
        **{name: list(made) for name, made in (diagnoses or {}).items()},
    }
    return {**compared, "findings": explain(compared, plan.spec.contexts)}


def _interactions(plan: Plan, domain: DomainPlan, values: Values) -> list[dict[str, Any]]:
    """[(tuned, passages) - (tuned, none)] - [(base, passages) - (base, none)]: did tuning change what passages bring?

    Negative: tuning made passages worth less. Of every context with passages, where the study has `none` too.
    """
    if "none" not in plan.spec.contexts:
        return []
    cells = [
        cell
        for cell in _cells(plan, domain)
        if cell.contexts != "none" and cell.measure in plan.spec.statistics.verdict_measures
    ]
    if not cells:
        return []

    def gain(arm: Arm, cell: _Cell) -> NDArray[np.float64]:
        with_passages, without = (
            _arm_scores(domain, arm, contexts, cell.measure, values) for contexts in (cell.contexts, "none")
        )
        return with_passages - without

    by_seed = [(gain(cell.arm, cell), _mean_over_seeds(gain(cell.base, cell))) for cell in cells]
    found = _compared(plan, domain, cells, [tuned - base[:, None] for tuned, base in by_seed])
    gains = [(_mean_over_seeds(tuned), base) for tuned, base in by_seed]
    return [
        {
            "domain": domain.name,
            "arm": cell.arm.name,
            "base": cell.base.name,
            "contexts": cell.contexts,
            "measure": cell.measure,
            "tuned_gain": _mean(tuned[~np.isnan(tuned - base)]),
            "base_gain": _mean(base[~np.isnan(tuned - base)]),
            **{key: plain(value) for key, value in asdict(comparison).items()},
        }
        for cell, (tuned, base), comparison in zip(cells, gains, found, strict=True)
    ]


def _against_shams(plan: Plan, domain: DomainPlan, values: Values) -> list[dict[str, Any]]:
    """Arms minus the same training on shuffled answers, question by question and seed by seed."""
    arms = {(arm.recipe, arm.size, arm.trained_on): arm for arm in plan.arms_on(domain)}
    cells = [
        (cell, sham)
        for cell in _cells(plan, domain)
        if cell.measure in plan.spec.statistics.verdict_measures
        and not cell.arm.sham
        and (sham := arms.get((f"{cell.arm.recipe}-sham", cell.arm.size, cell.arm.trained_on)))
    ]
    if not cells:
        return []

    def of(arm: Arm, cell: _Cell) -> NDArray[np.float64]:
        return _arm_scores(domain, arm, cell.contexts, cell.measure, values)

    found = _compared(
        plan, domain, [cell for cell, _ in cells], [of(cell.arm, cell) - of(sham, cell) for cell, sham in cells]
    )
    return [
        {
            "domain": domain.name,
            "arm": cell.arm.name,
            "sham": sham.name,
            "contexts": cell.contexts,
            "measure": cell.measure,
            **{key: plain(value) for key, value in asdict(comparison).items()},
        }
        for (cell, sham), comparison in zip(cells, found, strict=True)
    ]


def _compared(
    plan: Plan, domain: DomainPlan, cells: Sequence[_Cell], differences: Sequence[NDArray[np.float64]]
) -> list[Comparison]:
    """Cells of (n questions, n seeds) differences compared."""
    groups = [question.group for question in domain.test]
    return compare_by_seed(differences, groups, plan.spec.statistics, _likes(plan, domain, cells))


def _likes(plan: Plan, domain: DomainPlan, cells: Sequence[_Cell]) -> list[tuple[Hashable, Hashable]]:
    """What cells tell each other how much trainings differ: those of one measure in one context; and their trainings.

    Epochs of one training, and arms of other names that end in the same adapters, are the same trainings.
    """
    same = {(job.domain, job.generator): job.at(0).same for job in plan.jobs}
    return [
        (
            (cell.contexts, cell.measure),
            tuple(same[cell.arm.trained_on or domain.name, home] for home in cell.arm.homes) or cell.arm.name,
        )
        for cell in cells
    ]


def _corrections(plan: Plan, domain: DomainPlan, values: Values) -> list[dict[str, Any]]:
    """Shares of right answers on audited measures, corrected for the scorer's errors."""
    audits = load_audits(plan.spec)
    groups = [question.group for question in domain.test]

    def of(arm: Arm, contexts: str, measure: str) -> ArmScores:
        found = (_mean_over_seeds(_arm_scores(domain, arm, contexts, name, values)) for name in (measure, LENGTH))
        return ArmScores(arm.name, *found)

    rows = []
    for cell in _cells(plan, domain):
        if cell.measure in audits:
            arms = [of(arm, cell.contexts, cell.measure) for arm in (cell.base, cell.arm)]
            made = correct(audits[cell.measure], arms[0], arms[1], groups, plan.spec.statistics.confidence)
            about = {"domain": domain.name, "measure": cell.measure, "contexts": cell.contexts}
            rows += [{**about, "arm": cell.arm.name, "base_arm": cell.base.name, **made}] if made else []
    return rows


def _by_cell(scores: Sequence[Score]) -> Values:
    """Values by (domain, generator, contexts, measure) and question."""
    values: Values = defaultdict(dict)
    for score in scores:
        values[score.domain, score.generator, score.contexts, score.measure][score.question] = score.value
    return values


def _about(domain: DomainPlan) -> dict[str, Any]:
    types: dict[str, int] = defaultdict(int)
    for question in domain.test:
        types[question.type] += 1
    return {
        "domain": domain.name,
        "title": domain.domain.title,
        "n_documents": len(domain.domain.documents),
        "n_train": len(domain.domain.split("train")),
        "n_test": len(domain.test),
        "n_test_groups": len({question.group for question in domain.test}),
        "n_without_gold": domain.n_without_gold,
        "test_types": dict(sorted(types.items())),
    }


def _retrieval_rows(plan: Plan, domain: DomainPlan, retrievals: Sequence[Retrieval]) -> list[dict[str, Any]]:
    asked = {question.id for question in domain.test}
    mine = [one for one in retrievals if one.domain == domain.name and one.question in asked]
    cuts = sorted({*_CUTS, plan.spec.retrieval.top_k})
    found = [quality for k in cuts if (quality := ranking_quality(mine, k)) is not None]
    return [{"domain": domain.name, **asdict(quality)} for quality in found]


def _arm_scores(domain: DomainPlan, arm: Arm, contexts: str, measure: str, values: Values) -> NDArray[np.float64]:
    """(n questions, n seeds) scores of an arm; NaN where there is none."""
    rows = []
    for question in domain.test:
        found = [values[domain.name, name, contexts, measure].get(question.id) for name in arm.generators]
        rows.append([math.nan if value is None else value for value in found])
    return np.asarray(rows, dtype=np.float64)


def _mean_over_seeds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n questions,) mean over seeds; NaN where any seed has no score, so that seeds stay balanced."""
    mean: NDArray[np.float64] = scores.mean(axis=1)
    return mean


def _mean_rows(plan: Plan, domain: DomainPlan, values: Values) -> list[dict[str, Any]]:
    rows = []
    for arm in plan.arms_on(domain):
        for contexts in plan.contexts:
            for measure in plan.spec.measures:
                scores = _arm_scores(domain, arm, contexts, measure, values)
                present = scores[~np.isnan(scores)]
                seeds = [_mean(column) for column in scores.T]
                rows.append(
                    {
                        "domain": domain.name,
                        "arm": arm.name,
                        "contexts": contexts,
                        "measure": measure,
                        "mean": _mean(present),
                        "n_scored": len(present),
                        "n_unscored": int(scores.size - len(present)),
                        "seed_means": seeds,
                    }
                )
    return rows


def _mean(values: NDArray[np.float64]) -> float | None:
    present = values[~np.isnan(values)]
    return math.fsum(present.tolist()) / len(present) if len(present) else None


def _cells(plan: Plan, domain: DomainPlan) -> list[_Cell]:
    by_name = {arm.name: arm for arm in plan.arms}
    return [
        _Cell(arm, by_name[arm.base], contexts, measure)
        for contexts in plan.contexts
        if parse_context(contexts).kind != "counterfactual"  # to follow the passage there is to score badly
        for arm in plan.arms_on(domain)
        if arm.base is not None
        for measure in plan.spec.measures
    ]


def _compare_domain(plan: Plan, domain: DomainPlan, values: Values) -> list[dict[str, Any]]:
    cells = _cells(plan, domain)
    if not cells:
        return []
    tuned, base = [], []
    for cell in cells:
        _check_same_questions(domain, cell, values)
        tuned.append(_arm_scores(domain, cell.arm, cell.contexts, cell.measure, values))
        base.append(_mean_over_seeds(_arm_scores(domain, cell.base, cell.contexts, cell.measure, values)))
    differences = [one - of_base[:, None] for one, of_base in zip(tuned, base, strict=True)]
    found = _compared(plan, domain, cells, differences)
    return [
        _row(domain, cell, comparison, _mean_over_seeds(tuned[i]), base[i])
        for i, (cell, comparison) in enumerate(zip(cells, found, strict=True))
    ]


def _check_same_questions(domain: DomainPlan, cell: _Cell, values: Values) -> None:
    asked = {question.id for question in domain.test}
    for name in (*cell.arm.generators, *cell.base.generators):
        unequal = asked ^ set(values[domain.name, name, cell.contexts, cell.measure])
        if unequal:
            shown = ", ".join(sorted(unequal)[:5])
            msg = (
                f"domain {domain.name!r}: generator {name!r} ({cell.contexts}, {cell.measure}) has scores for other "
                f"questions than the study asks; {len(unequal)} differ, e.g. {shown}"
            )
            raise ValueError(msg)


def _row(
    domain: DomainPlan, cell: _Cell, comparison: Comparison, tuned: NDArray[np.float64], base: NDArray[np.float64]
) -> dict[str, Any]:
    both = ~(np.isnan(tuned) | np.isnan(base))
    numbers = {key: plain(value) for key, value in asdict(comparison).items()}
    changed = tuned[both] - base[both]
    return {
        "domain": domain.name,
        "arm": cell.arm.name,
        "base": cell.base.name,
        "format": cell.arm.format,
        "size": cell.arm.size,
        "recipe": cell.arm.recipe,
        "training": cell.arm.training,
        "n_epochs": cell.arm.n_epochs,
        "sham": cell.arm.sham,
        "trained_on": cell.arm.trained_on,
        "contexts": cell.contexts,
        "measure": cell.measure,
        "base_mean": _mean(base[both]),
        "tuned_mean": _mean(tuned[both]),
        "n_left_out": int((~both).sum()),
        "n_better": int((changed > 0).sum()),
        "n_worse": int((changed < 0).sum()),
        **numbers,
    }


def _add_verdicts(plan: Plan, rows: list[dict[str, Any]]) -> None:
    """Holm over the verdict measures' cells of each context; the other measures get no verdict."""
    from ragstudy.statistics.power import Precision, questions_to_decide, questions_to_trust
    from ragstudy.statistics.verdicts import decide

    settings = plan.spec.statistics
    for contexts in plan.contexts:
        family = [r for r in rows if r["contexts"] == contexts and r["measure"] in settings.verdict_measures]
        adjusted = holm([math.nan if row["p"] is None else row["p"] for row in family])
        for row, p in zip(family, adjusted, strict=True):
            numbers = {key: math.nan if row[key] is None else row[key] for key in _DECIDED_BY}
            row["p_adjusted"] = plain(p)
            row["n_in_family"] = len(family)
            row["verdict"] = decide(**numbers, p_adjusted=p, margin=settings.margin, confidence=settings.confidence)
            more = None
            if row["verdict"] == "undecided":
                more = questions_to_decide(
                    numbers["difference"],
                    Precision((row["standard_error"] or 0.0) ** 2, row["n_clusters"], _spread(row)),
                    row["n"],
                    settings.margin,
                    settings.confidence,
                    settings.power,
                    len(family),
                )
                if more is None and _is_rule_of_three(row):
                    more = questions_to_trust(row["difference"], row["n"], row["n_clusters"], settings.margin)
            row["n_more_questions"] = None if more == math.inf else more
            row["needs_trainings"] = more == math.inf
            row["caveats"] = _caveats(row, settings)


def _is_rule_of_three(row: dict[str, Any]) -> bool:
    """Whether hardly any question changed, so that the interval comes from the number of groups alone."""
    high = row["equivalence_high"]
    return high is not None and math.isclose(high, without_spread(row["difference"], row["n_clusters"])[1])


def _spread(row: dict[str, Any]) -> SeedSpread:
    noise = row["seed_noise"] ** 2
    of_means = row["n_seeds"] * row["seed_error"] ** 2 + noise
    return SeedSpread(row["n_seeds"], of_means, noise, borrowed=row["seed_degrees"] - row["n_seeds"] + 1)


_DECIDED_BY = ("difference", "low", "high", "equivalence_low", "equivalence_high")
FEW_CLUSTERS = 20
_MANY_LEFT_OUT = 0.05
_FLOOR = 0.05


def _caveats(row: dict[str, Any], settings: StatisticsSpec) -> list[str]:
    caveats = []
    if row["test"] == "permutation" and row["n_in_family"] / (settings.n_resamples + 1) > 1 - settings.confidence:
        caveats.append(f"{settings.n_resamples} resamples are too few for {row['n_in_family']} cells to be decided")
    alone = row["p"] is not None and row["p"] <= round(1 - settings.confidence, 12)
    if row["verdict"] == "undecided" and alone and (row["low"] > 0 or row["high"] < 0):
        caveats.append(f"zero is outside the interval, but not after the correction for {row['n_in_family']} cells")
    if row["n_clusters"] < FEW_CLUSTERS:
        caveats.append(f"only {row['n_clusters']} independent groups: the interval is rough")
    if row["n_left_out"] > _MANY_LEFT_OUT * (row["n"] + row["n_left_out"]):
        caveats.append(f"{row['n_left_out']} questions without a score from both arms are left out")
    if row["base_mean"] is not None and row["base_mean"] < _FLOOR:
        caveats.append("the base scores near 0 here, so there was nothing to lose: no sign that tuning is harmless")
    if row["base_mean"] is not None and row["base_mean"] > 1 - _FLOOR:
        caveats.append("the base scores near 1 here, so there was nothing to gain")
    if row["n_pairs"] < row["size"]:
        caveats.append(f"trained on {row['n_pairs']} pairs: labels or filter left no more")
    if row["n_seeds"] == 1 and row["size"]:
        caveats.append("one training seed: the spread between trainings is not in the interval")
    return caveats


def verdict_measures_make_sense(measures: Sequence[str]) -> list[str]:
    """A message for every verdict measure of which neither more nor less is better, or that has no unit scale."""
    return [
        f"statistics.verdict_measures: {name!r} has no better direction or no scale from 0 to 1, so no verdict "
        "can be given on it"
        for name in measures
        if more_is_better(name) is None or (name in MEASURES and not MEASURES[name].in_unit)
    ]
