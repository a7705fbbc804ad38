"""Planted effects: do intervals, verdicts and plans keep their promise over many simulated studies?

    python benchmarks/simulation.py [--studies 1000] [--only NAME ...]

Each study's answers come from a model that the analysis does not assume (`ragstudy/statistics/simulation.py`) and go
through the comparison that every real study gets. Shares are known to +-1.96 sqrt(p (1 - p) / studies).
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.statistics import AnalysisSettings, compare_blocks, decide
from ragstudy.statistics.corrected import ErrorRates, corrected_difference
from ragstudy.statistics.effects import Found, beliefs_of
from ragstudy.statistics.planning import further
from ragstudy.statistics.simulation import N_MEASURES, Answers, Design, block_of, simulate
from ragstudy.study.analyse.missing import bounds_of
from ragstudy.study.analyse.tables import Sides

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_RESAMPLES = 1000
_MANY = np.linspace(-2, 2, 9) / np.std(np.linspace(-2, 2, 9))
NULL = (0.0,) * 6
DESIGNS = {
    "no effect, 1 training": Design(NULL),
    "no effect, 3 trainings": Design(NULL, n_seeds=3, training=0.15),
    "no effect, 2 contexts, 3 trainings": Design(NULL, n_contexts=2, n_seeds=3, training=0.15),
    "no effect, 6 contexts": Design(NULL[:4], n_contexts=6),
    "no effect, 8 documents": Design(NULL, n_documents=8, per_document=30),
    "no effect, 20 documents": Design(NULL, n_documents=20, per_document=15),
    "no effect, 30 documents, one with 40 %": Design(NULL, n_documents=30, per_document=10, share_of_largest=0.4),
    "no effect, 100 documents, one with 40 %": Design(NULL, n_documents=100, per_document=3, share_of_largest=0.4),
    "no effect, base .02": Design(NULL, base=0.02),
    "no effect, 40 documents, base .97": Design(NULL, n_documents=40, per_document=5, base=0.97),
    "mixed effects, 3 trainings": Design((-0.10, -0.05, 0.0, 0.05, 0.10), n_seeds=3, training=0.15),
    "8 documents, a loss of .4": Design((-0.4, -0.4, -0.4, -0.4, -0.4), n_documents=8, per_document=40),
}
AT_MARGIN = {
    f"at the margin, base {base}": Design((0.03, 0.03), n_documents=600, per_document=2, base=base, model_question=0.1)
    for base in (0.005, 0.02, 0.5, 0.96, 0.98)
}


def coverage(n_studies: int) -> None:
    """False calls, coverage and power."""
    print("| design | any false call | all intervals hold | each holds | called, by arm | level, by arm |")
    print("|---|---|---|---|---|---|")
    for name, design in DESIGNS.items():
        found = simulate(design, n_studies, 1, _RESAMPLES)
        print(
            f"| {name} | {found.false_calls:.3f} | {found.covered_jointly:.3f} | {min(found.covered):.3f} to "
            f"{max(found.covered):.3f} | {_list(found.called)} | {_list(found.level)} |",
            flush=True,
        )


def equivalence(n_studies: int) -> None:
    """How often a difference of exactly the margin is called no meaningful difference."""
    print("| design | called level though at the margin |\n|---|---|")
    for name, design in AT_MARGIN.items():
        found = simulate(design, n_studies, 2, _RESAMPLES)
        print(f"| {name} | {_list(found.false_equivalence)} |", flush=True)


def detectable(n_studies: int) -> None:
    """The share of studies that call an effect of the size they say is detectable."""
    print("| design | smallest detectable | called at that effect |\n|---|---|---|")
    for name, design in {
        "2 arms": Design((0.0, 0.0)),
        "10 arms, 20 comparisons": Design((0.0,) * 10),
        "2 arms, 3 trainings": Design((0.0, 0.0), n_seeds=3, training=0.1),
        "6 arms, 40 documents": Design(NULL, n_documents=40, per_document=5),
    }.items():
        least = simulate(design, max(20, n_studies // 10), 3, _RESAMPLES).called_at_detectable
        planted = replace(design, effects=(least, *design.effects[1:]))
        print(f"| {name} | {least:.3f} | {simulate(planted, n_studies, 4, _RESAMPLES).called[0]:.3f} |", flush=True)


def advised(n_studies: int) -> None:
    """Studies that ask as many more questions as they are advised: the share that is decided then."""
    print("| true effect | advised | decided afterwards | median of the advice |\n|---|---|---|---|")
    planted: dict[str, Callable[[np.random.Generator], tuple[float, ...]]] = {
        str(effect): lambda _, effect=effect: (effect, 0.0, 0.1)  # type: ignore[misc]
        for effect in (0.0, 0.02, 0.05, 0.08)
    }
    for spread in (0.05, 0.1):
        planted[f"drawn anew for each study and arm, normal, sd {spread}"] = lambda rng, spread=spread: tuple(  # type: ignore[misc]
            np.clip(rng.normal(0, spread, 3), -0.3, 0.3).tolist()
        )
    for effect, effects_of in planted.items():
        given, decided, numbers = 0, 0, []
        rng = np.random.default_rng(5)
        for number in range(n_studies):
            design = Design(effects_of(rng), n_documents=100)
            settings = AnalysisSettings(n_resamples=_RESAMPLES, seed=number)
            answers = Answers(design, number)
            first = answers.ask()
            [found] = compare_blocks([block_of(first, design)], settings)
            if decide(found[0], settings) != "undecided":
                continue
            one = found[0]
            belief = beliefs_of([Found.by(other) for other in found[::N_MEASURES]])[0]
            more = further(one.difference, one.precision, one.n, belief, settings, one.joint_confidence).questions
            if more is None:
                continue
            given += 1
            numbers.append(more)
            grown = first.with_more(answers.ask(math.ceil(more / design.per_document)))
            [later] = compare_blocks([block_of(grown, design)], settings.next_look)
            decided += decide(later[0], settings.next_look) != "undecided"
        middle = float(np.median(numbers)) if numbers else math.nan
        print(f"| {effect} | {given / n_studies:.2f} | {decided / max(1, given):.3f} | {middle:.0f} |", flush=True)


def looks(n_studies: int) -> None:
    """The chance of any false call over six looks at growing data, each half as large again."""
    print("| comparisons | any false call over six looks |\n|---|---|")
    for arms in (1, 6):
        design = Design((0.0,) * arms, n_documents=60)
        wrong = 0
        for number in range(n_studies):
            answers = Answers(design, number)
            seen = answers.ask()
            settings = AnalysisSettings(n_resamples=_RESAMPLES, seed=number)
            for look in range(1, 7):
                here = replace(settings, look=look)
                [found] = compare_blocks([block_of(seen, design)], here)
                if any(decide(one, here) in ("helps", "hurts") for one in found):
                    wrong += 1
                    break
                seen = seen.with_more(answers.ask(math.ceil(len(seen.groups) / 2 / design.per_document)))
        print(f"| {arms * N_MEASURES} | {wrong / n_studies:.3f} |", flush=True)


def missing(n_studies: int) -> None:
    """Answers that fail because they would have been wrong."""
    print("| missing | true effect | called helping | if they were left out without a word |\n|---|---|---|---|")
    for share in (0.07, 0.15):
        for effect in (0.0, 0.12):
            design = Design((effect,), n_documents=300, per_document=2, missing=share)
            called, without = np.mean([_called_with_missing(design, number) for number in range(n_studies)], axis=0)
            print(f"| {share:.0%} | {effect} | {called:.3f} | {without:.3f} |", flush=True)


def _called_with_missing(design: Design, number: int) -> tuple[bool, bool]:
    """Whether a study whose worst tuned answers have no score says that its arm helps, and would without bounds."""
    settings = AnalysisSettings(n_resamples=_RESAMPLES, seed=number)
    asked = Answers(design, number).ask()
    [found] = compare_blocks([block_of(asked, design)], settings)
    bounds = bounds_of(Sides(asked.tuned[0], asked.base[0]), asked.groups, found[0], settings)
    helps = decide(found[0], settings) == "helps"
    return helps and (bounds is None or bounds.worst.is_above_zero), helps


def corrected(n_studies: int) -> None:
    """Bias and coverage of corrected differences at several trainings and small audits."""
    print("| trainings | audited | bias | holds the truth |\n|---|---|---|---|")
    for n_seeds in (1, 2, 3, 5):
        for n_audited in (50, 400):
            values, held = _corrected_differences(n_studies, n_seeds, n_audited)
            print(f"| {n_seeds} | {n_audited} | {values:+.3f} | {held:.3f} |", flush=True)


def _corrected_differences(n_studies: int, n_seeds: int, n_audited: int) -> tuple[float, float]:
    from ragstudy.study.analyse.error_correction import mean_called

    rng, q1, q0, n = np.random.default_rng(n_seeds), 0.9, 0.8, 300
    everybody = rng.normal(size=20_000)
    values, held = [], 0
    for _ in range(n_studies):
        difficulty = rng.normal(size=n)
        base = rng.random(n) < _chance(difficulty)
        shift = 0.49 + 0.15 * rng.normal(size=n_seeds)
        # A single training says nothing of others: it is asked about itself.
        meant = shift if n_seeds == 1 else 0.49 + 0.15 * _MANY
        truth = float(np.mean(_chance(everybody[:, None] + meant) - _chance(everybody)[:, None]))
        tuned = rng.random((n, n_seeds)) < _chance(difficulty[:, None] + shift)
        calls = [np.where(right, rng.random(right.shape) < q1, rng.random(right.shape) > q0) for right in (base, tuned)]
        half = n_audited // 2
        rates = ErrorRates(rng.binomial(half, q1) / half, rng.binomial(half, q0) / half, half, half)
        difference = calls[1].astype(float) - calls[0].astype(float)[:, None]
        found = corrected_difference(*mean_called(difference, [str(i) for i in range(n)], 0.95), rates, 0.95)
        if found is not None:
            values.append(found.value - truth)
            held += found.low <= truth <= found.high
    return float(np.mean(values)), held / len(values)


def _chance(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


PARTS: dict[str, Callable[[int], None]] = {
    one.__name__: one for one in (coverage, equivalence, detectable, advised, looks, missing, corrected)
}


def main() -> None:
    """Print a table for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--only", nargs="*", choices=sorted(PARTS), default=list(PARTS))
    given = parser.parse_args()
    for name in given.only:
        started = time.perf_counter()
        print(f"\n### {name}: {PARTS[name].__doc__}\n", flush=True)
        PARTS[name](given.studies)
        print(f"\n{given.studies} studies of each row, {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
