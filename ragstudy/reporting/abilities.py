"""What a generator can do, by context: a table per domain, from the files of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.formatting import rate, share
from ragstudy.specs import parse_context
from ragstudy.statistics import AnalysisSettings
from ragstudy.statistics.means import mean_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Question
    from ragstudy.results import ContextUse
    from ragstudy.study.layout import Layout
    from ragstudy.study.run_folder import RunFolder

_HEAD = (
    "| generator | context | n | accuracy | completeness | declines what has an answer | n | declines what has none |\n"
    "|---|---|---|---|---|---|---|---|\n"
)
_SETTINGS = AnalysisSettings(n_resamples=2000)

Values = dict[tuple[str, str, str, str], dict[str, float | None]]


def abilities(folder: RunFolder, more: Sequence[str] = ()) -> str:
    """Markdown: accuracy, completeness and abstention of every generator in every context.

    Accuracy and completeness are over questions that have an answer, so that declining everything does not pass
    for accuracy; brackets hold 95 % intervals from a bootstrap over source documents.

    Args:
        folder: the run folder.
        more: sentences that stand before the tables.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    folder.check()
    layout, questions = folder.known_layout(), folder.questions()
    values: Values = {}
    for score in folder.scores():
        key = (score.domain, score.generator, score.contexts, score.measure)
        values.setdefault(key, {})[score.question] = score.value
    uses = folder.results().context_use
    parts = [f"# {layout.title or layout.study}\n", *(f"\n{sentence}\n" for sentence in more)]
    for domain in layout.domains:
        mine = [questions[domain.name, name] for name in domain.questions]
        parts.append(f"\n## {domain.name}\n\n{_HEAD}{''.join(_rows(domain.name, layout, mine, values))}")
        parts.append(_uses([row for row in uses if row.domain == domain.name]))
    return "".join(parts)


def _rows(domain: str, layout: Layout, questions: list[Question], values: Values) -> list[str]:
    return [
        _row((domain, generator, contexts), questions, values)
        for generator, contexts in layout.answer_sets(domain)
        if parse_context(contexts).entry.is_compared
    ]


def _uses(rows: Sequence[ContextUse]) -> str:
    """What the generators make of passages with wrong values, as a table."""
    if not rows:
        return ""
    head = "\n| generator | context | n | follows the passages | true value from the weights | neither |\n"
    lines = [
        [row.arm, row.contexts, str(row.n), rate(row.context_faithful), rate(row.parametric), rate(row.neither)]
        for row in rows
    ]
    return head + "|---|---|---|---|---|---|\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


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
    (mean,) = mean_intervals(column, [group for group, _ in scored], _SETTINGS, (0.0, 1.0))
    # Of a single group nothing is known about others.
    low, high = (at_most if math.isnan(end) else end for end, at_most in ((mean.low, 0.0), (mean.high, 1.0)))
    text = f"{share(mean.value)} [{share(low)}, {share(high)}]"
    missing = len(given) - len(scored)
    return f"{text} ({missing} not scored)" if missing else text
