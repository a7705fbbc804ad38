"""The tables that `ragstudy plan` prints."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ragstudy.formatting import share
from ragstudy.statistics.planning import Assumed, questions_for
from ragstudy.study.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.results import ComparisonRow
    from ragstudy.statistics.settings import AnalysisSettings

USUAL_EFFECTS = (0.02, 0.03, 0.05, 0.08, 0.10, 0.15)


def assumed_like(path: Path, given: Assumed) -> Assumed:
    """What a finished run found of its questions and trainings, in place of what is assumed.

    Args:
        path: a run folder.
        given: what is assumed of the rest.

    Raises:
        InputError: the folder holds no results that this version reads.
    """
    rows = [row for row in RunFolder(path).results().comparisons if row.decision is not None]
    known = [row for row in rows if row.effect.standard_error > 0]
    if not known:
        return given
    per_document = statistics.median(row.effect.n / row.effect.n_clusters for row in known)
    several = [row.effect.spread.variance**0.5 for row in known if row.effect.spread.n_seeds > 1]
    return replace(
        given,
        # The errors found are of whole documents, so nothing is left for the likeness of their questions.
        question_sd=statistics.median(map(_of_one_question, known)),
        per_document=per_document,
        likeness=0.0,
        training_sd=statistics.median(several) if several else given.training_sd,
    )


def _of_one_question(row: ComparisonRow) -> float:
    return float(row.effect.standard_error * row.effect.n**0.5)


def show_plan(assumed: Assumed, effects: Sequence[float], settings: AnalysisSettings) -> None:
    """Print how many test questions each effect takes, for several numbers of trainings.

    Args:
        assumed: of the study.
        effects: true differences; 0 asks for showing that there is no meaningful difference.
        settings: error rate, power and margin.
    """
    table = Table(box=None, pad_edge=False, title="test questions needed", title_justify="left")
    trainings = sorted({1, 3, 5, assumed.n_trainings})
    for heading in ("to show", *(f"{n} training{'s' * (n > 1)}" for n in trainings), "documents"):
        table.add_column(heading, justify="left" if heading == "to show" else "right")
    for effect in effects:
        numbers = [questions_for(effect, replace(assumed, n_trainings=n), settings) for n in trainings]
        most = max((n for n in numbers if n is not None), default=None)
        documents = "" if most is None else f"{-(-most // assumed.per_document):,.0f}"
        what = f"a difference of {share(effect)}" if effect else f"none beyond ±{share(settings.margin)}"
        table.add_row(what, *("none would do" if n is None else f"{n:,}" for n in numbers), documents)
    console = Console()
    console.print(table)
    console.print(
        f"With power {share(settings.power)}, {assumed.n_comparisons} comparisons with a verdict, "
        f"{assumed.n_recipes} recipes, {assumed.per_document:.3g} questions a document (correlation "
        f"{assumed.likeness:.2g}), a standard deviation of {assumed.question_sd:.2g} of one question's difference and "
        f"of {assumed.training_sd:.2g} between trainings. "
        "One training tells about one adapter only.",
        highlight=False,
    )
