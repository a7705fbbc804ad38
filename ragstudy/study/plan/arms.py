"""The arms of a study: what is compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ragstudy.study.layout import Arm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.specs import StudySpec
    from ragstudy.study.plan.jobs import TrainingJob


def arms_of(spec: StudySpec, jobs: Sequence[TrainingJob]) -> tuple[Arm, ...]:
    """The declared generators, and the seeds of each recipe together; those of transfer once per pair of domains.

    Args:
        spec: of the study.
        jobs: of all its domains.
    """
    declared = [Arm(one.name, one.name, (one.name,), one.tuned_from) for one in spec.generators]
    declared.sort(key=lambda arm: (arm.base is not None, arm.name))
    replicates: dict[tuple[str, str], list[TrainingJob]] = {}
    for job in jobs:
        replicates.setdefault((str(job.arm), job.domain), []).append(job)
    tuned: dict[str, Arm] = {}
    for (name, _), mine in replicates.items():
        tuned.setdefault(name, _arm(mine))
    moved = [
        _moved(mine, home, domain.name)
        for (_, home), mine in replicates.items()
        for domain in spec.domains
        if domain.name != home and mine[0].spec.transfer
    ]
    return (*declared, *tuned.values(), *moved)


def _arm(jobs: Sequence[TrainingJob]) -> Arm:
    job = jobs[0]
    names = tuple(one.name for one in jobs)
    return Arm(
        name=str(job.arm),
        generator=job.base.name,
        generators=names,
        base=job.base.name,
        format=job.format,
        size=job.size,
        series=job.arm.series,
        training=str(job.at(0).arm),
        n_epochs=job.variant.checkpoint or job.spec.epochs,
        shuffled=job.variant.shuffled,
        homes=names,
    )


def _moved(jobs: Sequence[TrainingJob], home: str, domain: str) -> Arm:
    return replace(
        _arm(jobs),
        name=str(jobs[0].arm.moved_from(home)),
        generators=tuple(job.name_on(domain) for job in jobs),
        trained_on=home,
        only_on=domain,
    )
