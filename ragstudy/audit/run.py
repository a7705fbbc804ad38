"""Auditing scorers against human labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.audit.agreement import Agreement, Resampling
from ragstudy.audit.scores import PREFERENCES, STORED, ItemScores
from ragstudy.audit_records import AuditResult, ScorerAgreement
from ragstudy.errors import InputError
from ragstudy.files import SCHEMA_VERSION
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import learned_domains
from ragstudy.scoring.judges.measure import split_name
from ragstudy.scoring.measures import Resources, make_measure
from ragstudy.scoring.words import WordWeights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ragstudy.audit.labels import HumanLabels
    from ragstudy.specs import JudgeSpec

_CLAIM_MEASURES = ("accuracy", "completeness")
_THRESHOLD = 0.5


def audit(  # noqa: PLR0913 - what an audit is
    labels: HumanLabels,
    scorers: Sequence[str],
    judges: Sequence[JudgeSpec] = (),
    *,
    folder: Path | None = None,
    resampling: Resampling | None = None,
    retest: bool = False,
    likelihood_model: str = "auto",
    done: Callable[[], object] = lambda: None,
) -> AuditResult:
    """Agreement of scorers with people.

    Args:
        labels: what people said.
        scorers: names of measures; of pairs, also `JUDGE:prefer.accuracy`, `JUDGE:prefer.completeness`, and
            `stored` for scores that came with the labels.
        judges: that the names may name.
        folder: where the judges' replies are kept.
        resampling: bootstrap over questions; 1,000 draws by default.
        retest: whether judges are asked a second time, for how far they agree with themselves.
        likelihood_model: that helps to score long answers: 'auto', 'none', or a model as a generator names it.
        done: called after each scored answer.

    Raises:
        InputError: a scorer's name is wrong, or a judge's server refuses every request.
        UnavailableError: a model or package is missing.
    """
    _check_names(labels, scorers, [judge.name for judge in judges])
    bootstrap = resampling or Resampling()
    scores = ItemScores(labels, judges, folder, done, likelihood_source(likelihood_model))
    agreement = Agreement(labels, bootstrap, _THRESHOLD)
    rows = [_row(scores, agreement, name, axis, retest=retest) for name in scorers for axis in agreement.axes]
    return AuditResult(
        schema_version=SCHEMA_VERSION,
        labels=labels.source,
        kind="pairs" if labels.pairs else "verdicts",
        n_items=len(labels.pairs or labels.answers),
        n_labels=sum(agreement.n_labels(axis) for axis in agreement.axes),
        n_questions=len(set(agreement.groups)),
        n_left_out=labels.n_left_out,
        n_resamples=bootstrap.n_resamples,
        threshold=_THRESHOLD,
        cautions=_cautions(labels, scorers),
        annotators=agreement.of_annotators(),
        scorers=rows,
    )


def _row(scores: ItemScores, agreement: Agreement, scorer: str, axis: str, *, retest: bool) -> ScorerAgreement:
    values, by_order = scores.of(scorer, axis)
    again = scores.of(scorer, axis, repeat=1)[0] if retest and scores.can_be_asked_again(scorer) else None
    return agreement.of_scorer(scorer, axis, values, by_order, again)


def _check_names(labels: HumanLabels, scorers: Sequence[str], judges: Sequence[str]) -> None:
    """Refuse what cannot be scored before anything is asked.

    Raises:
        InputError: a name is wrong, or does not go with these labels; every problem is named.
    """
    problems: list[str] = []
    for scorer in scorers:
        judge, _, method = scorer.partition(":")
        if method in PREFERENCES and judge in judges:
            if not labels.pairs:
                problems.append(f"scorer {scorer!r}: compares two answers, and these labels are about one at a time")
        elif scorer == STORED:
            if not any(pair.stored for pair in labels.pairs):
                problems.append(f"scorer {STORED!r}: no scores came with the labels; name their file with --stored")
        else:
            try:
                if split_name(scorer, judges) is None:
                    make_measure(scorer, Resources(WordWeights([]), scoring_embedder))
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)


def _cautions(labels: HumanLabels, scorers: Sequence[str]) -> list[str]:
    """What a reader must know: coefficients that were learned from labels of the same domains."""
    domains = {pair.domain for pair in labels.pairs} | {one.domain for one in labels.answers}
    shared = sorted(domains & learned_domains())
    mine = [scorer for scorer in scorers if scorer in _CLAIM_MEASURES]
    if not shared or not mine:
        return []
    caution = (
        f"The coefficients of {' and '.join(mine)} were learned from labels of {', '.join(shared)}, so here they agree "
        "better than on labels they have not seen; docs/results/scorer.md has what they reach then."
    )
    return [caution]
