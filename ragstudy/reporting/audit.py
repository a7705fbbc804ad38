"""An audit as Markdown and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.files import plain, write_json, write_text
from ragstudy.formatting import rate
from ragstudy.reporting.write import environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.audit_records import AuditResult, ScorerAgreement

_NAMES = {
    "pearson": "Pearson",
    "spearman": "Spearman",
    "kendall": "Kendall",
    "weighted_kappa": "weighted kappa",
    "given_length": "Pearson given length",
    "accuracy": "agreement",
    "roc_auc": "ROC AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}
# What a reader looks for first, by kind of labels.
_FIRST = {"pairs": ("pearson", "spearman"), "verdicts": ("accuracy", "roc_auc", "sensitivity", "specificity")}
_BY_LENGTH = ("sensitivity_short", "sensitivity_long", "specificity_short", "specificity_long")
_ABOUT = {
    "pairs": (
        "A scorer's difference between the two answers is related to the label from -2 to 2, one row a label. Weighted "
        "kappa (quadratic) is over first better, equal, second better, where scores within .05 are equal. Sensitivity: "
        "share of the pairs whose second answer people find better where the scorer does too, equal ones counted half; "
        "specificity the same for the first."
    ),
    "verdicts": (
        "A score of .5 or more calls an answer right. Sensitivity: share of the right answers that the scorer calls "
        "right; specificity: share of the wrong ones that it calls wrong; agreement: share of all on which it and "
        "people agree; kappa is of the same calls."
    ),
}


@dataclass(frozen=True)
class _Table:
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _View:
    summary: str
    tables: list[_Table]


def write_audit(audit: AuditResult, folder: Path) -> Path:
    """Write `audit.json`, `audit.md` and `index.html`; returns the path of the page.

    Args:
        audit: of scorers against people.
        folder: to write.
    """
    write_json(folder / "audit.json", plain(audit))
    write_text(folder / "audit.md", audit_markdown(audit))
    page = folder / "index.html"
    write_text(page, environment(escape=True).get_template("audit.html").render(audit=_view(audit)))
    return page


def audit_markdown(audit: AuditResult) -> str:
    """The audit as Markdown.

    Args:
        audit: of scorers against people.
    """
    return environment(escape=False).get_template("audit.md").render(audit=_view(audit))


def _view(audit: AuditResult) -> _View:
    left_out = f", {audit.n_left_out} rows without a label left out" if audit.n_left_out else ""
    items = "pairs of answers" if audit.kind == "pairs" else "answers"
    summary = (
        f"{audit.labels}: {audit.n_labels} labels of {audit.n_items} {items} to "
        f"{audit.n_questions} questions{left_out}. Brackets: 95 % intervals from a bootstrap over questions, "
        f"{audit.n_resamples} resamples. {_ABOUT[audit.kind]}"
    )
    tables = [_agreement(audit, axis) for axis in dict.fromkeys(row.axis for row in audit.scorers)]
    rows = audit.scorers
    tables += [table for table in (_lengths(rows), _retests(rows), _orders(rows)) if table.rows]
    return _View(summary, tables)


def _agreement(audit: AuditResult, axis: str) -> _Table:
    mine = [row for row in audit.scorers if row.axis == axis]
    first = _FIRST[audit.kind]
    every = (*first, *(name for name in _NAMES if name not in first))
    shown = [name for name in every if getattr(mine[0], name) is not None]
    rows = [(row.scorer, str(row.n), *(rate(getattr(row, name)) for name in shown)) for row in mine]
    rows += [
        ("one annotator against another", str(row.n), *(rate(getattr(row, name, None)) for name in shown))
        for row in audit.annotators
        if row.axis == axis
    ]
    unscored = [f"{row.scorer}: {row.n_unscored} not scored" for row in mine if row.n_unscored]
    unscored += audit.cautions
    return _Table(axis.capitalize(), ("scorer", "labels", *(_NAMES[name] for name in shown)), rows, tuple(unscored))


def _lengths(rows: Sequence[ScorerAgreement]) -> _Table:
    mine = [row for row in rows if row.median_words is not None]
    notes: tuple[str, ...] = ()
    if mine:
        notes = (f"Short answers have at most {mine[0].median_words:.0f} words, as half of all do.",)
    return _Table(
        "Short and long answers",
        ("scorer", *(name.replace("_", ", ") for name in _BY_LENGTH)),
        [(row.scorer, *(rate(getattr(row, name)) for name in _BY_LENGTH)) for row in mine],
        notes,
    )


def _retests(rows: Sequence[ScorerAgreement]) -> _Table:
    return _Table(
        "The same judge asked twice",
        ("scorer", "axis", "Pearson", "same score"),
        [(row.scorer, row.axis, rate(row.retest.pearson), rate(row.retest.same)) for row in rows if row.retest],
    )


def _orders(rows: Sequence[ScorerAgreement]) -> _Table:
    return _Table(
        "The two answers in either order",
        ("scorer", "axis", "verdict turns round", "position bias for the second (-2 to 2)"),
        [(row.scorer, row.axis, rate(row.order.turned), rate(row.order.for_second)) for row in rows if row.order],
    )
