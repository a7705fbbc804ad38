"""Trainings by the service of an endpoint: what there is to train, and having it trained.

Every training is written down as soon as the service has taken it, so that a command that was stopped goes on waiting
for it and none is paid for twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import fingerprint, object_in, write_json
from ragstudy.finetuning.hosted import FineTuningService, HostedTraining, ServiceBusyError
from ragstudy.specs import EndpointSpec
from ragstudy.study.execute.adapters import AdapterTrainer
from ragstudy.study.execute.retrieve import retrieve
from ragstudy.study.execute.training import described, is_trained, keep_hosted, unfinished_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.plan.model import Plan
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder

_STARTED = "service.json"
# Of English text, over the tokenizers of services.
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Wanted:
    """One training that a service is to do.

    Attributes:
        job: of the study.
        fingerprint: of the training.
        pairs: user message and answer to learn, in their order.
        questions: ids of the pairs' questions.
        place: where its record is to lie.
    """

    job: TrainingJob
    fingerprint: str
    pairs: tuple[tuple[str, str], ...]
    questions: tuple[str, ...]
    place: Path

    @property
    def called(self) -> str:
        """Its domain and name."""
        return f"{self.job.domain}/{self.job.name}"

    @property
    def n_tokens(self) -> int:
        """About how many tokens it trains on, over all epochs."""
        characters = sum(len(user) + len(said) for user, said in self.pairs)
        return round(self.job.spec.epochs * characters / _CHARACTERS_PER_TOKEN)

    @property
    def started(self) -> dict[str, Any]:
        """What was written down of it: the ids of its `file` and, once started, of its `training`."""
        path = unfinished_folder(self.place) / _STARTED
        known = object_in(path) if path.is_file() else {}
        return known if known.get("fingerprint") == self.fingerprint else {}

    def write_down(self, **ids: str) -> None:
        """Keep the ids that the service has given.

        Args:
            ids: by what they are of.
        """
        folder = unfinished_folder(self.place)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / _STARTED, {**self.started, "fingerprint": self.fingerprint, **ids})


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


def hosted_plan(plan: Plan, folder: RunFolder, progress: ProgressReporter) -> HostedPlan:
    """What there is to train; retrieval and labels, which the pairs may need, are made and kept in the run folder.

    Args:
        plan: of the study.
        folder: of the run.
        progress: is told what is done.

    Raises:
        InputError: the study has nothing that a service trains.
    """
    jobs = list({job.training_key: job for job in plan.jobs if job.is_hosted}.values())
    if not jobs:
        msg = f"study {plan.spec.name!r} has no `finetuning` of method 'hosted', so no service trains anything for it"
        raise InputError(msg)
    with folder.locked():
        retrieved, _ = retrieve(plan, folder, progress)
        trainer = AdapterTrainer(plan, folder, retrieved, progress)
        trainer.label()
        every = [_wanted(job, trainer, folder) for job in jobs]
    there = tuple(one.called for one in every if is_trained(one.place, one.fingerprint))
    open_ones = [one for one in every if one.called not in there]
    under_way = tuple(one for one in open_ones if "file" in one.started)
    return HostedPlan(there, under_way, tuple(one for one in open_ones if "file" not in one.started))


def _wanted(job: TrainingJob, trainer: AdapterTrainer, folder: RunFolder) -> Wanted:
    pairs = trainer.pairs(job)
    return Wanted(
        job,
        trainer.fingerprint(job),
        tuple((pair.prompt.text, pair.answer) for pair in pairs),
        tuple(pair.question.id for pair in pairs),
        folder.adapter_folder(job.domain, job.name),
    )


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
        waiting = [_Waiting(one, progress) for one in wanted]
        while open_ones := [one for one in waiting if not one.has_ended]:
            for one in open_ones:
                one.move()
            if all(one.has_ended for one in waiting):
                break
            if not any(one.is_started for one in open_ones):
                raise UnavailableError(open_ones[0].refused)
            sleep(wait_seconds)
        return {one.wanted.called: one.failed for one in waiting if one.failed}


class _Waiting:
    """One training from its start to its end."""

    def __init__(self, wanted: Wanted, progress: ProgressReporter) -> None:
        base = wanted.job.base
        if not isinstance(base, EndpointSpec):
            msg = f"{base.name!r} is behind no endpoint"
            raise TypeError(msg)
        self.wanted, self._progress = wanted, progress
        self._service = FineTuningService(base)
        self._seen: HostedTraining | None = None
        self.refused = self.failed = ""
        self.has_ended = False

    @property
    def is_started(self) -> bool:
        """Whether the service has taken it."""
        return self._seen is not None

    def move(self) -> None:
        """Start it, or look how it is."""
        if self._seen is None:
            self._start()
        else:
            self._look(self._service.look(self._seen.id))

    def _start(self) -> None:
        wanted, started = self.wanted, self.wanted.started
        if "training" in started:
            self._look(self._service.look(started["training"]))
            return
        mark = fingerprint(wanted.called, wanted.fingerprint)
        # A command that was stopped between starting a training and writing it down has left one behind.
        found = self._service.find(mark) if "file" in started else None
        if found is None:
            if "file" not in started:
                wanted.write_down(file=self._service.upload(wanted.pairs))
            try:
                training = self._service.start(wanted.started["file"], wanted.job.spec, wanted.job.seed, mark)
            except ServiceBusyError as busy:
                self.refused = str(busy)
                return
            found = HostedTraining(training, "waiting")
        wanted.write_down(training=found.id)
        self._look(found)

    def _look(self, now: HostedTraining) -> None:
        if self._seen is None or now.state != self._seen.state:
            self._progress.log(f"tuning {self.wanted.called}: {now.state} at the service ({now.id})")
        self._seen, self.has_ended = now, now.has_ended
        if now.state == "succeeded" and now.model:
            self._keep(now)
        elif now.has_ended:
            # Written down no more: the next time it starts anew.
            (unfinished_folder(self.wanted.place) / _STARTED).unlink(missing_ok=True)
            self.failed = now.reason or f"the service says that it is {now.state}"

    def _keep(self, now: HostedTraining) -> None:
        wanted = self.wanted
        record = {
            **described(wanted.job, wanted.fingerprint),
            "questions": list(wanted.questions),
            "training": now.id,
            "n_trained_tokens": now.n_tokens,
        }
        keep_hosted(wanted.place, record, now.model)
