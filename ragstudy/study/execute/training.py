"""The fine-tuning stage: one training per recipe, domain and seed, with the adapters of its epochs."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ragstudy.files import fingerprint, read_json, write_json
from ragstudy.finetuning.hosted import hosted_settings
from ragstudy.finetuning.pairs import encode
from ragstudy.finetuning.unfinished import UnfinishedTraining
from ragstudy.generation.make import generator_fingerprint
from ragstudy.hardware import give_memory_back
from ragstudy.specs import EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ragstudy.finetuning.pairs import Example
    from ragstudy.finetuning.training import Trained
    from ragstudy.generation.causal import CausalModel
    from ragstudy.study.execute.training_pairs import Labelling
    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder


# What decides which pairs there are; the pairs themselves are in the fingerprint.
_IN_THE_PAIRS = {
    *("base", "name", "formats", "sizes", "seeds", "shuffled", "raft_gold", "raft_distractors"),
    *("labels", "agreement", "pairs", "n_samples", "after", "after_domain", "transfer", "checkpoints"),
}


_UNFINISHED, _STATE = ".unfinished", "state.safetensors"


@dataclass(frozen=True)
class Training:
    """One training: a job with its data, and the jobs that are checkpoints of it.

    Attributes:
        job: the adapter at the end of the last epoch.
        jobs: it, and those at the end of earlier epochs.
        wanted: fingerprint of each of these, in their order.
        labelling: of the job's domain.
        first: folder of the adapter to go on from, or None.
    """

    job: TrainingJob
    jobs: tuple[TrainingJob, ...]
    wanted: tuple[str, ...]
    labelling: Labelling
    first: Path | None

    @property
    def epochs(self) -> list[int]:
        """At the end of which epoch each of the jobs stands."""
        return [one.variant.checkpoint or one.spec.epochs for one in self.jobs]


def job_fingerprint(job: TrainingJob, labelling: Labelling, of: Callable[[TrainingJob], str]) -> str:
    """Changes with the base's weights, the settings and every training prompt and answer.

    Args:
        job: the training.
        labelling: of its domain.
        of: the fingerprint of another job that it is a part of or goes on from.
    """
    if job.variant.checkpoint:
        return fingerprint(of(job.at(0)), job.variant.checkpoint)
    settings = _settings(job)
    if settings["method"] == "lora":
        del settings["method"]
    pairs = [(pair.prompt.digest, pair.answer) for pair in labelling.pairs(job)]
    whole = fingerprint(_weights_fingerprint(job), settings, job.seed, pairs)
    return fingerprint(whole, of(job.first)) if job.first else whole


def _weights_fingerprint(job: TrainingJob) -> str:
    """Of the base's weights and precision; how it generates does not touch training."""
    if isinstance(job.base, EndpointSpec):
        return fingerprint(job.base.url, job.base.model)
    return generator_fingerprint(job.base.model_copy(update={"max_new_tokens": 1, "instruction": None}))


def described(job: TrainingJob, wanted: str) -> dict[str, Any]:
    """What a training is, as the record beside its adapter keeps it.

    Args:
        job: the training.
        wanted: its fingerprint.
    """
    return {
        "fingerprint": wanted,
        "domain": job.domain,
        "base": job.base.model,
        "format": job.format,
        "size": job.size,
        "seed": job.seed,
        "labels": job.variant.labels,
        "pairs": job.variant.pairs,
        "shuffled": job.variant.shuffled,
        "epoch": job.variant.checkpoint or job.spec.epochs,
        "after": f"{job.first.domain}/{job.first.name}" if job.first else None,
        "settings": _settings(job),
    }


def _settings(job: TrainingJob) -> dict[str, Any]:
    """What a training does with its pairs; what a service is not told is its own choice."""
    if job.is_hosted:
        return {"method": job.spec.method, **hosted_settings(job.spec)}
    return job.spec.model_dump(mode="json", exclude={*_IN_THE_PAIRS, "learning_rate_multiplier"})


def is_trained(folder: Path, wanted: str) -> bool:
    """Whether a finished adapter with this fingerprint lies in a folder.

    Args:
        folder: of the adapter.
        wanted: fingerprint of the training.
    """
    record = folder / "record.json"
    return record.is_file() and read_json(record).get("fingerprint") == wanted


def weights_fingerprint(folder: Path, wanted: str) -> str:
    """The fingerprint of a finished adapter: of its training, and of its weights too where these came from elsewhere.

    Training here always makes the same weights of the same data; elsewhere anything may have been done.

    Args:
        folder: of the adapter.
        wanted: fingerprint of the training.
    """
    weights = read_json(folder / "record.json").get("weights")
    return fingerprint(wanted, weights) if weights else wanted


def adapters_by_fingerprint(folder: RunFolder) -> dict[str, Path]:
    """Where finished adapters lie, whatever their arm is called.

    Args:
        folder: the run folder.
    """
    records = sorted((folder.path / "adapters").glob("*/*/record.json"))
    records = [record for record in records if record.parent.suffix != _UNFINISHED]
    return {read_json(record).get("fingerprint", ""): record.parent for record in records}


def share(there: Path, place: Path) -> None:
    """Put an adapter that another arm has trained in place, without writing its weights again.

    Args:
        there: where it lies.
        place: where it is to lie too.
    """
    unfinished = _unfinished(place)
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(there, unfinished, copy_function=_link)
    _put(unfinished, place)


def put_in(adapter: Path, place: Path, record: dict[str, Any]) -> None:
    """Put a copy of an adapter from elsewhere in place, with its record.

    Args:
        adapter: its folder.
        place: where it is to lie.
        record: what it is.
    """
    unfinished = _unfinished(place)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy2(adapter / name, unfinished / name)
    write_json(unfinished / "record.json", record)
    _put(unfinished, place)


def keep_hosted(place: Path, record: dict[str, Any], model: str) -> None:
    """Put the record of a training by a service in place; the model it made stays there.

    Args:
        place: where it is to lie.
        record: what it is.
        model: name of the model that the service made.
    """
    unfinished = _unfinished(place)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_json(unfinished / "record.json", {**record, "model": model, "weights": model})
    _put(unfinished, place)


def hosted_model(place: Path) -> str:
    """Name of the model that a service made.

    Args:
        place: where its record lies.
    """
    return str(read_json(place / "record.json")["model"])


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _unfinished(place: Path) -> Path:
    """Where a training keeps what it needs until it is finished."""
    return place.with_name(f"{place.name}{_UNFINISHED}")


def _put(unfinished: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    unfinished.rename(place)


def tune(training: Training, model: CausalModel, folder: RunFolder, progress: ProgressReporter) -> None:
    """Train, and put each adapter in place of an older one when it is finished and has its record.

    Args:
        training: with its pairs.
        model: whose base is tuned.
        folder: of the run; keeps the adapters.
        progress: is told what is done.
    """
    job = training.job
    places = [folder.adapter_folder(job.domain, one.name) for one in training.jobs]
    unfinished = _unfinished_training(training, places)
    pairs = training.labelling.pairs(job)
    longest = min(job.spec.max_tokens, model.context)
    examples = [encode(pair.prompt, pair.answer, model.tokenizer, longest) for pair in pairs]
    trained = _trained(training, model, examples, [_unfinished(place) for place in places], progress, unfinished)
    unfinished.forget()
    give_memory_back()
    n_cut = sum(one.n_passages < len(pair.prompt.passages) for pair, one in zip(pairs, examples, strict=True))
    for one, wanted, place in zip(training.jobs, training.wanted, places, strict=True):
        write_json(_unfinished(place) / "record.json", _record(one, wanted, examples, n_cut, asdict(trained)))
        _put(_unfinished(place), place)


def _unfinished_training(training: Training, places: Sequence[Path]) -> UnfinishedTraining:
    """The state of the same training that was stopped, or a new one in empty folders."""
    from ragstudy.finetuning.training import steps_of

    unfinished = UnfinishedTraining(_unfinished(places[0]) / _STATE, training.wanted[0])
    job, n_steps = training.job, unfinished.counted().n_steps
    per_epoch = steps_of(len(training.labelling.pairs(job)), job.spec) // job.spec.epochs
    written = (
        any(one.name != _STATE for one in _unfinished(place).glob("*.safetensors"))
        for place, epoch in zip(places, training.epochs, strict=True)
        if epoch * per_epoch <= n_steps
    )
    if not (n_steps and all(written)):
        for place in places:
            shutil.rmtree(_unfinished(place), ignore_errors=True)
    return unfinished


def _trained(  # noqa: PLR0913 - a training with what it needs
    training: Training,
    model: CausalModel,
    examples: list[Example],
    places: list[Path],
    progress: ProgressReporter,
    unfinished: UnfinishedTraining,
) -> Trained:
    """Train and write the weights of every epoch that is kept."""
    from ragstudy.finetuning.training import steps_of, train

    job = training.job
    model.release_adapters()
    with progress.task(f"tuning {job.domain} {job.name}", steps_of(len(examples), job.spec)) as task:

        def on_step(_step: int, _n: int, loss: float) -> None:
            task.advance(1, f"loss {loss:.3f}")

        folders = dict(zip(training.epochs, places, strict=True))
        if n_before := unfinished.counted().n_steps:
            task.advance(n_before, f"goes on after step {n_before}")
        trained = train(model.base, examples, job.spec, job.seed, folders, on_step, training.first, unfinished)
    if job.spec.method == "full":
        for place in places:
            model.tokenizer.save_pretrained(place)
    return trained


def _record(
    job: TrainingJob, wanted: str, examples: list[Example], n_cut: int, trained: dict[str, Any]
) -> dict[str, Any]:
    losses = trained.pop("losses")
    return {
        **described(job, wanted),
        "questions": [example.question for example in examples],
        "pairs_hash": fingerprint([(example.ids, example.labels) for example in examples]),
        "n_that_lost_passages": n_cut,
        **{key: round(value, 3) if isinstance(value, float) else value for key, value in trained.items()},
        "losses": [round(loss, 5) for loss in losses],
    }
