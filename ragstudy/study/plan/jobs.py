"""The adapters that a study trains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import fingerprint
from ragstudy.ids import AdapterId, ArmId
from ragstudy.specs import PLAIN, EndpointSpec, TransformersSpec, Variant, arm_suffix, variants_of

if TYPE_CHECKING:
    from ragstudy.specs import FineTuneSpec, Format, StudySpec

# Settings that decide what a job is called or which jobs there are, not what its training does.
_NOT_TRAINING = {
    *("name", "sizes", "formats", "seeds", "labels", "pairs", "shuffled", "checkpoints", "transfer"),
    *("after", "after_domain"),
}
# What only a training by a service has.
_HOSTED = {"learning_rate_multiplier"}


@dataclass(frozen=True)
class TrainingJob:
    """One adapter to train.

    Attributes:
        domain: name of the domain whose questions it is trained on.
        spec: settings of the training.
        base: the generator that is tuned.
        format: what a training prompt holds.
        size: number of training pairs.
        seed: of the subset, the order and the adapter's initial weights.
        variant: whose answers are learned on which pairs, and the epoch at whose end the adapter is kept.
        first: the job whose adapter training goes on from, or None.
    """

    domain: str
    spec: FineTuneSpec
    base: TransformersSpec | EndpointSpec
    format: Format
    size: int
    seed: int
    variant: Variant = PLAIN
    first: TrainingJob | None = None

    @property
    def arm(self) -> ArmId:
        """The arm it belongs to; its seeds are replicates."""
        return ArmId(self.base.name, self.format, self.size, arm_suffix(self.spec, self.variant))

    @property
    def adapter(self) -> AdapterId:
        """The adapter it trains."""
        return AdapterId(self.arm, self.seed)

    @property
    def name(self) -> str:
        """How its adapter, and its answers on its own domain, are filed."""
        return str(self.adapter)

    @property
    def is_hosted(self) -> bool:
        """Whether the service of an endpoint trains it."""
        return self.spec.method == "hosted"

    @property
    def rounds_before(self) -> tuple[TrainingJob, ...]:
        """The jobs whose result it goes on from, the latest first."""
        return (self.first, *self.first.rounds_before) if self.first else ()

    @property
    def n_before(self) -> int:
        """Training pairs of its domain that earlier rounds have used up."""
        return sum(one.size for one in self.rounds_before if one.domain == self.domain)

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for jobs that end in the same adapter, whatever they are called."""
        told = self.spec.model_dump(exclude=_NOT_TRAINING if self.is_hosted else {*_NOT_TRAINING, *_HOSTED})
        settings = sorted((key, str(value)) for key, value in told.items())
        first = self.first.same if self.first else None
        return (self.domain, self.base.name, self.format, self.size, self.seed, self.variant, tuple(settings), first)

    @property
    def training_key(self) -> str:
        """Equal for jobs of the same training, whatever they are called and at whatever epoch they are kept."""
        return fingerprint(str(self.at(0).same))

    def at(self, checkpoint: int) -> TrainingJob:
        """The same training, at the end of another epoch.

        Args:
            checkpoint: number of the epoch; 0 for the last.
        """
        return replace(self, variant=self.variant._replace(checkpoint=checkpoint))

    def name_on(self, domain: str) -> str:
        """How its answers are filed on a domain, which may be another one than it was trained on.

        Args:
            domain: name of the domain that is asked about.
        """
        return self.name if domain == self.domain else str(AdapterId(self.arm.moved_from(self.domain), self.seed))

    def answers(self, domain: str) -> bool:
        """Whether it is asked on a domain.

        Args:
            domain: name of the domain.
        """
        return domain == self.domain or self.spec.transfer


def jobs_on(spec: StudySpec, domain: str) -> list[TrainingJob]:
    """The jobs of a study on a domain, in the order of its entries.

    Args:
        spec: of the study.
        domain: name of the domain.

    Raises:
        InputError: the base of an entry cannot be tuned.
    """
    return [job for position in range(len(spec.finetuning)) for job in _jobs_of(spec, position, domain)]


def _jobs_of(spec: StudySpec, position: int, domain: str) -> list[TrainingJob]:
    """The jobs of one entry on a domain."""
    tuned = spec.finetuning[position]
    base = _base(spec, tuned.base)
    first: dict[int, TrainingJob] = {}
    if tuned.after:
        names = [(one.name, one.base) for one in spec.finetuning[:position]]
        before = _jobs_of(spec, names.index((tuned.after, tuned.base)), tuned.after_domain or domain)
        first = {job.seed: job for job in before if not (job.variant.checkpoint or job.variant.shuffled)}
    return [
        TrainingJob(domain, tuned, base, form, size, seed, variant, first.get(seed))
        for form in tuned.formats
        for size in tuned.sizes
        for variant in variants_of(tuned)
        for seed in tuned.seeds
    ]


def _base(spec: StudySpec, name: str) -> TransformersSpec | EndpointSpec:
    found = next(one for one in spec.generators if one.name == name)
    if not isinstance(found, TransformersSpec | EndpointSpec):
        msg = f"finetuning: {name!r} is no generator of kind 'transformers' or 'endpoint'"
        raise InputError(msg)
    return found


def place_of(job: TrainingJob) -> tuple[object, ...]:
    """Where a job stands among others: rounds after what they go on from, then by what it is.

    Args:
        job: of a study.
    """
    variant = job.variant
    return (
        len(job.rounds_before),
        job.base.name,
        job.format,
        variant.labels,
        variant.pairs,
        job.spec.name,
        variant.checkpoint,
        variant.shuffled,
        job.size,
        job.seed,
    )
