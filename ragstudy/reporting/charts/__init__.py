"""The charts of a report."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ragstudy.reporting.charts.causes import cost, failure_shifts, forgetting, length, retrieval, wrong_passages
from ragstudy.reporting.charts.drawing import VERDICT_COLOURS, Chart, png, svg
from ragstudy.reporting.charts.effects import dose, every_context, forest, question_by_question
from ragstudy.reporting.run_files import about
from ragstudy.scoring.measures import better_sign

if TYPE_CHECKING:
    from ragstudy.reporting.run_files import RunFiles

__all__ = ["VERDICT_COLOURS", "Chart", "charts_of", "png", "svg"]


def charts_of(files: RunFiles, domain: str) -> list[Chart]:
    """The charts of a domain that have something to show.

    Args:
        files: of the run.
        domain: name of the domain.
    """
    results, headline = files.results, files.headline
    measures = files.verdict_measures
    main = measures[0] if measures else ""
    sign = better_sign(main)
    rows = [row for row in about(results.comparisons, domain, headline) if row.decision]
    drawn = [
        forest(rows, results.settings.margin),
        dose(rows),
        every_context(about(results.arm_means, domain), measures),
        question_by_question(_pairs(files, domain, main), main, _links(files, domain), sign),
        failure_shifts(about(results.failure_points, domain, headline)),
        retrieval(about(results.retrieval, domain)),
        length(about(results.answer_style, domain, headline)),
        wrong_passages(about(results.context_use, domain)),
        forgetting(about(results.forgetting, domain), rows, main),
        cost(_costs(files, domain, main), main),
    ]
    return [chart for chart in drawn if chart is not None]


def _links(files: RunFiles, domain: str) -> dict[str, str]:
    """For each arm the part of the address that opens its answers."""
    return {arm.name: urlencode({"arm": arm.name, "prompts": files.headline}) for arm in files.layout.arms_on(domain)}


def _mean(values: list[float]) -> float:
    # Three times .8 is .8, not a little more.
    return round(math.fsum(values) / len(values), 9)


def _pairs(files: RunFiles, domain: str, measure: str) -> dict[str, list[tuple[float, float]]]:
    """For each tuned arm the (base, mean over its trainings) score of every question that all have one for."""
    arms = {arm.name: arm for arm in files.layout.arms_on(domain)}
    asked = next(one.questions for one in files.layout.domains if one.name == domain)
    pairs: dict[str, list[tuple[float, float]]] = {}
    for arm in arms.values():
        if arm.base is None or arm.base not in arms:
            continue
        for question in asked:
            names = (*arms[arm.base].generators, *arm.generators)
            cells = [files.values.get((domain, name, files.headline, question), {}).get(measure) for name in names]
            scored = [value for value in cells if value is not None]
            if len(scored) == len(cells):
                n_base = len(arms[arm.base].generators)
                pairs.setdefault(arm.name, []).append((_mean(scored[:n_base]), _mean(scored[n_base:])))
    return pairs


def _costs(files: RunFiles, domain: str, measure: str) -> dict[str, tuple[float, float]]:
    """For each arm the mean number of generated tokens of its answers, and its mean score."""
    tokens: dict[str, list[float]] = defaultdict(list)
    arm_of = files.layout.arm_of
    for (of, generator, contexts, _), answer in files.answers.items():
        if of == domain and contexts == files.headline and answer.stopped != "error":
            tokens[arm_of[generator]].append(answer.n_tokens)
    means = about(files.results.arm_means, domain, files.headline)
    scores = {row.arm: row.mean for row in means if row.measure == measure and not math.isnan(row.mean)}
    return {arm: (_mean(n), scores[arm]) for arm, n in tokens.items() if arm in scores}
