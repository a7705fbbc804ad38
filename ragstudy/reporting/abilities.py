"""What a generator can do, by context: a table per domain, from the files of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.reporting.numbers import rate, share
from ragstudy.statistics.means import mean_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Question
    from ragstudy.study.store import RunFolder

_HEAD = (
    "| generator | context | n | accuracy | completeness | declines what has an answer | n | declines what has none |\n"
    "|---|---|---|---|---|---|---|---|\n"
)
_USES = ("follows", "sticks", "neither")
_N_RESAMPLES = 2000
_CONFIDENCE = 0.95

Values = dict[tuple[str, str, str, str], dict[str, float | None]]


def abilities(folder: RunFolder, more: Sequence[str] = ()) -> str:
    """Markdown: accuracy, completeness and abstention of every generator in every context.

    Accuracy and completeness are over questions that have an answer, so that declining everything does not pass
    for accuracy; brackets hold 95 % intervals from a bootstrap over source documents.

    Args:
        folder: of the run.
        more: sentences that stand before the tables.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    folder.check()
    study = folder.manifest()["study"]
    questions = folder.questions()
    values: Values = {}
    for score in folder.scores():
        key = (score.domain, score.generator, score.contexts, score.measure)
        values.setdefault(key, {})[score.question] = score.value
    parts = [f"# {study['title'] or study['name']}\n", *(f"\n{sentence}\n" for sentence in more)]
    for domain in study["domains"]:
        mine = [question for (name, _), question in questions.items() if name == domain["name"]]
        parts.append(f"\n## {domain['name']}\n\n{_HEAD}{''.join(_rows(domain['name'], study, mine, values))}")
        parts.append(_uses([row for row in folder.comparisons()["context_use"] if row["domain"] == domain["name"]]))
    return "".join(parts)


def _rows(domain: str, study: dict[str, Any], questions: list[Question], values: Values) -> list[str]:
    return [
        _row((domain, generator["name"], contexts), questions, values)
        for generator in study["generators"]
        for contexts in study["contexts"]
        if not contexts.startswith("counterfactual")
    ]


def _uses(rows: list[dict[str, Any]]) -> str:
    """What the generators make of passages with wrong values, as a table."""
    if not rows:
        return ""
    head = "\n| generator | context | n | follows the passages | sticks to the true value | neither |\n"
    cells = [[row["arm"], row["contexts"], str(row["n"]), *(rate(row[use]) for use in _USES)] for row in rows]
    return head + "|---|---|---|---|---|---|\n" + "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _row(cell: tuple[str, str, str], questions: list[Question], values: Values) -> str:
    answerable = [question for question in questions if question.answerable]
    others = [question for question in questions if not question.answerable]
    found = {name: values.get((*cell, name), {}) for name in ("accuracy", "completeness", "abstention")}
    means = [_mean(answerable, found[name]) for name in found]
    columns = [*cell[1:], str(len(answerable)), *means, str(len(others)), _mean(others, found["abstention"])]
    return f"| {' | '.join(columns)} |\n"


def _mean(asked: Sequence[Question], found: dict[str, float | None]) -> str:
    """A mean with its interval, and how many answers had no score."""
    given = [(question.group, found.get(question.id)) for question in asked]
    scored = [(group, value) for group, value in given if value is not None]
    if not scored:
        return "-"
    column = np.asarray([[value] for _, value in scored], dtype=np.float64)
    (found_mean,) = mean_intervals(
        column,
        [group for group, _ in scored],
        confidence=_CONFIDENCE,
        n_resamples=_N_RESAMPLES,
        seed=1,
        bounds=(0.0, 1.0),
    )
    # Of a single group nothing is known about others.
    ends = [
        end if end is not None else at_most for end, at_most in ((found_mean["low"], 0.0), (found_mean["high"], 1.0))
    ]
    text = f"{share(found_mean['value'])} [{share(ends[0])}, {share(ends[1])}]"
    missing = len(given) - len(scored)
    return f"{text} ({missing} not scored)" if missing else text
