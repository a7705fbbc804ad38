"""Trainings by the service of an endpoint: what there is to train, and having it trained.

Every id is written down as soon as the service has given it, and a training is looked for at the service before it is
started, so that a command that was stopped goes on waiting and none is paid for twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, UnavailableError
from ragstudy.finetuning.hosted import (
    FineTuningService,
    HostedTraining,
    NoListError,
    NotThereError,
    ServiceBusyError,
)
from ragstudy.specs import EndpointSpec, kind_of
from ragstudy.study.execute.adapters import AdapterTrainer
from ragstudy.study.execute.hosted_trainings import HostedTrainings
from ragstudy.study.execute.retrieve import retrieve
from ragstudy.study.plan.labels import labeller_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.plan.model import Plan
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder

# Of English text, over the tokenizers of services.
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Wanted:
    """One training that a service is to do.

    Attributes:
        job: of the study; others with the same pairs and settings share it.
        fingerprint: of the training.
        pairs: user message and answer to learn, in their order.
    """

    job: TrainingJob
    fingerprint: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def called(self) -> str:
        """Its domain and name."""
        return f"{self.job.domain}/{self.job.name}"

    @property
    def n_tokens(self) -> int:
        """About how many tokens it trains on, over all epochs."""
        characters = sum(len(user) + len(said) for user, said in self.pairs)
        return round(self.job.spec.epochs * characters / _CHARACTERS_PER_TOKEN)


@dataclass(frozen=True)
class HostedPlan:
    """What the services of a study have to train.

    Attributes:
        there: trainings that are done, `domain/name` each.
        under_way: those that were started before and are not known to have ended.
        new: those that would be started now.
    """

    there: tuple[str, ...]
    under_way: tuple[Wanted, ...]
    new: tuple[Wanted, ...]

    @property
    def n_tokens(self) -> int:
        """About how many tokens the new ones train on, over all epochs."""
        return sum(one.n_tokens for one in self.new)


def paid_labellers(plan: Plan) -> list[str]:
    """The generators behind endpoints that label training prompts, which may cost money too.

    Args:
        plan: of the study.
    """
    names = dict.fromkeys(name for job in plan.jobs if (name := labeller_of(job)))
    return [name for name in names if kind_of(plan.generator(name)).sends_requests]


def hosted_plan(plan: Plan, folder: RunFolder, progress: ProgressReporter) -> HostedPlan:
    """What there is to train; retrieval and labels, which the pairs may need, are made and kept in the run folder.

    Args:
        plan: of the study.
        folder: of the run.
        progress: is told what is done.

    Raises:
        InputError: the study has nothing that a service trains.
        UnavailableError: labels are missing, so that the pairs are not known yet.
    """
    jobs = [job for job in plan.jobs if job.is_hosted]
    if not jobs:
        msg = f"study {plan.spec.name!r} has no `finetuning` of method 'hosted', so no service trains anything for it"
        raise InputError(msg)
    with folder.locked():
        retrieved, _ = retrieve(plan, folder, progress)
        trainer = AdapterTrainer(plan, folder, retrieved, progress)
        trainer.label()
        if trainer.failed_label:
            msg = f"labels: not all prompts are answered ({trainer.failed_label}); run the command again"
            raise UnavailableError(msg)
        every: dict[str, Wanted] = {}
        for job in jobs:
            pairs = tuple((pair.prompt.text, pair.answer) for pair in trainer.pairs(job))
            every.setdefault(trainer.fingerprint(job), Wanted(job, trainer.fingerprint(job), pairs))
    known = HostedTrainings(folder)
    there = [one for one in every.values() if known.model(one.fingerprint)]
    started = [one for one in every.values() if one not in there and known.known(one.fingerprint).get("training")]
    new = [one for one in every.values() if one not in there and one not in started]
    return HostedPlan(tuple(one.called for one in there), tuple(started), tuple(new))


def train_hosted(
    wanted: Sequence[Wanted],
    folder: RunFolder,
    progress: ProgressReporter,
    wait_seconds: float = 20.0,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Start what is not started, and wait until all have ended; a run then uses the models that were made.

    Args:
        wanted: trainings, under way or new.
        folder: of the run.
        progress: is told of every change.
        wait_seconds: between two looks at the service.
        sleep: waits.

    Returns:
        Why a training failed, by its domain and name; these are started anew the next time.

    Raises:
        UnavailableError: the service does not answer, or refuses; what has been started goes on there.
    """
    with folder.locked():
        waiting = [_Waiting(one, HostedTrainings(folder), progress) for one in wanted]
        while open_ones := [one for one in waiting if not one.has_ended]:
            for one in open_ones:
                one.move()
            if all(one.has_ended for one in waiting):
                break
            if not any(one.is_started for one in open_ones):
                raise UnavailableError(next(one.refused for one in open_ones if not one.has_ended))
            sleep(wait_seconds)
        return {one.wanted.called: one.failed for one in waiting if one.failed}


class _Waiting:
    """One training from its start to its end."""

    def __init__(self, wanted: Wanted, trainings: HostedTrainings, progress: ProgressReporter) -> None:
        base = wanted.job.base
        if not isinstance(base, EndpointSpec):
            msg = f"{base.name!r} is behind no endpoint"
            raise TypeError(msg)
        self.wanted, self._trainings, self._progress = wanted, trainings, progress
        self._service = FineTuningService(base)
        self._state = ""
        self.refused = self.failed = ""
        self.has_ended = False

    @property
    def _known(self) -> dict[str, str]:
        return self._trainings.known(self.wanted.fingerprint)

    @property
    def is_started(self) -> bool:
        """Whether the service has taken it."""
        return bool(self._known.get("training"))

    def move(self) -> None:
        """Start it, or look how it is; another command may have done so since this one was planned."""
        if self._known.get("model"):
            self.has_ended = True
        elif training := self._known.get("training"):
            try:
                self._look(self._service.look(training))
            except NotThereError as error:
                self._fail(f"{error}; to start it anew, delete {self._trainings.path(self.wanted.fingerprint)}")
        else:
            self._start()

    def _start(self) -> None:
        found = self._found()
        if found is None:
            file = self._known.get("file") or self._upload()
            try:
                found = self._begin(file)
            except NotThereError:
                # Services keep files for a while only.
                found = self._begin(self._upload())
        if found is not None:
            self._trainings.keep(self.wanted.fingerprint, training=found.id)
            self._look(found)

    def _begin(self, file: str) -> HostedTraining | None:
        job = self.wanted.job
        try:
            training = self._service.start(file, job.spec, job.seed, self.wanted.fingerprint)
        except ServiceBusyError as busy:
            self.refused = str(busy)
            return None
        return HostedTraining(training, "waiting")

    def _found(self) -> HostedTraining | None:
        """The same training at the service, which a command left that was stopped before it could write it down."""
        file = self._known.get("file", "")
        try:
            return self._service.find(self.wanted.fingerprint, file)
        except NoListError as error:
            if not file:
                return None
            path = self._trainings.path(self.wanted.fingerprint)
            msg = (
                f"{self.wanted.called}: it is not known whether it has been started ({error}); look at the service, "
                f'and write "training": its id into {path}, or delete that file to start it'
            )
            raise UnavailableError(msg) from error

    def _upload(self) -> str:
        file = self._service.upload(self.wanted.pairs)
        self._trainings.keep(self.wanted.fingerprint, called=self.wanted.called, file=file)
        return file

    def _look(self, now: HostedTraining) -> None:
        if now.state != self._state:
            self._progress.log(f"tuning {self.wanted.called}: {now.state} at the service ({now.id})")
        self._state = now.state
        if now.model and now.state == "succeeded":
            self._trainings.keep(self.wanted.fingerprint, model=now.model, n_trained_tokens=now.n_tokens)
            self.has_ended = True
        elif now.state in ("failed", "cancelled"):
            # Forgotten here: the next time it starts anew.
            self._trainings.keep(self.wanted.fingerprint, training=None, file=None)
            self._fail(now.reason or f"the service says that it is {now.state}")

    def _fail(self, why: str) -> None:
        self.failed, self.has_ended = why, True
