"""Planted effects: do intervals, verdicts and power keep their promise over many simulated studies?

    python benchmarks/simulation.py [--studies 500]

Each study asks 300 questions from about 150 documents with one to three facts each, and compares arms with a base
through the analysis that every real study gets (paired cluster bootstrap, permutation, Holm, verdict).
"""

from __future__ import annotations

import argparse
import time

from ragstudy.statistics.simulation import Design, simulate

DESIGNS = {
    "no effect, 6 arms": Design((0.0,) * 6),
    "mixed effects": Design((-0.10, -0.05, -0.03, 0.0, 0.03, 0.05, 0.10)),
    "100 questions": Design((-0.10, 0.0, 0.10), n_questions=100),
    "large groups of 10": Design((-0.10, -0.05, 0.0, 0.05, 0.10), per_group=10.0),
    "a base that is nearly always right": Design((-0.10, -0.05, 0.0), base=0.9),
    "3 trainings that do not differ": Design((-0.10, 0.0, 0.05), n_seeds=3),
    "3 trainings that differ somewhat": Design((-0.10, 0.0, 0.05), n_seeds=3, seed_spreads=(0.15,)),
    "3 trainings that differ much": Design((-0.10, 0.0, 0.05), n_seeds=3, seed_spreads=(0.4,)),
    "5 trainings that differ much": Design((-0.10, 0.0, 0.05), n_seeds=5, seed_spreads=(0.4,)),
    "6 arms of 3 trainings that differ alike": Design(
        (-0.20, -0.10, -0.05, 0.0, 0.0, 0.05), n_seeds=3, seed_spreads=(0.15,)
    ),
    "6 arms of 3 trainings, one of which differs much": Design(
        (-0.10, -0.05, 0.0, 0.0, 0.05, 0.0), n_seeds=3, seed_spreads=(0.1, 0.1, 0.1, 0.1, 0.1, 0.4)
    ),
    "6 arms of 3 trainings, half of which differ more": Design(
        (-0.10, 0.0, 0.05, -0.10, 0.0, 0.05), n_seeds=3, seed_spreads=(0.1, 0.1, 0.1, 0.3, 0.3, 0.3)
    ),
    "yes or no scores, one question a document": Design((-0.10, 0.0, 0.10), n_facts=1, per_group=0.5),
}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=1000)
    given = parser.parse_args()
    print(
        "| design | true effect | mean found | interval holds it | excludes 0 | power predicted | helps or hurts | "
        "studies with a false verdict |\n|---|---|---|---|---|---|---|---|"
    )
    started = time.perf_counter()
    for name, design in DESIGNS.items():
        found = simulate(design, given.studies, 1, given.resamples)
        for i, effect in enumerate(design.effects):
            cells = [
                name if i == 0 else "",
                f"{effect:+.2f}",
                f"{found.means[i]:+.3f}",
                f"{found.coverage[i]:.3f}",
                f"{found.power[i]:.3f}",
                f"{found.predicted_power[i]:.3f}",
                f"{found.decided[i]:.3f}",
                f"{found.false_studies:.3f}" if i == 0 else "",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n{given.studies} studies of each design, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
