"""Whose answers a training learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.specs import GOLD, SELF_DISTILLED

if TYPE_CHECKING:
    from ragstudy.study.plan.jobs import TrainingJob


def labeller_of(job: TrainingJob) -> str:
    """Name of the generator whose answers a job learns; '' for the domain's references.

    Args:
        job: of the study.
    """
    labels = job.variant.labels
    if labels == GOLD:
        return ""
    return job.base.name if labels == SELF_DISTILLED else labels.partition(":")[2]


def sampled_use(job: TrainingJob) -> str:
    """How the sampled answers of a job's filter are filed.

    Args:
        job: with a filter of what its base knows.
    """
    return f"samples-{job.spec.n_samples}"
