"""The fine-tuning stage: one training per recipe, domain and seed, with the adapters of its epochs."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ragstudy.files import fingerprint, read_json, write_json
from ragstudy.finetuning.pairs import encode
from ragstudy.generation.make import generator_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ragstudy.finetuning.pairs import Example
    from ragstudy.generation.causal import CausalModel
    from ragstudy.study.labelling import Labelling
    from ragstudy.study.plan import Job
    from ragstudy.study.store import RunFolder
    from ragstudy.study.watch import Watcher


# What decides which pairs there are; the pairs themselves are in the fingerprint.
_IN_THE_PAIRS = {
    *("base", "name", "formats", "sizes", "seeds", "sham", "raft_gold", "raft_distractors"),
    *("labels", "agreement", "pairs", "n_samples", "after", "after_domain", "transfer", "checkpoints"),
}


_UNFINISHED = ".unfinished"


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

    job: Job
    jobs: tuple[Job, ...]
    wanted: tuple[str, ...]
    labelling: Labelling
    first: Path | None

    @property
    def epochs(self) -> list[int]:
        """At the end of which epoch each of the jobs stands."""
        return [one.variant.checkpoint or one.spec.epochs for one in self.jobs]


def job_fingerprint(job: Job, labelling: Labelling, of: Callable[[Job], str]) -> str:
    """Changes with the base's weights, the settings and every training prompt and answer.

    Args:
        job: the training.
        labelling: of its domain.
        of: the fingerprint of another job that it is a part of or goes on from.
    """
    if job.variant.checkpoint:
        return fingerprint(of(job.at(0)), job.variant.checkpoint)
    settings = job.spec.model_dump(mode="json", exclude=_IN_THE_PAIRS)
    if settings["method"] == "lora":
        del settings["method"]
    pairs = [(labelling.training_prompt(job, pair.question).digest, pair.answer) for pair in labelling.pairs(job)]
    whole = fingerprint(_weights_fingerprint(job), settings, job.seed, pairs)
    return fingerprint(whole, of(job.first)) if job.first else whole


def _weights_fingerprint(job: Job) -> str:
    """Of the base's weights and precision; how it generates does not touch training."""
    return generator_fingerprint(job.base.model_copy(update={"max_new_tokens": 1, "instruction": None}))


def is_trained(folder: Path, wanted: str) -> bool:
    """Whether a finished adapter with this fingerprint lies in a folder."""
    record = folder / "record.json"
    return record.is_file() and read_json(record).get("fingerprint") == wanted


def adapters_by_fingerprint(folder: RunFolder) -> dict[str, Path]:
    """Where finished adapters lie, whatever their arm is called."""
    records = sorted((folder.path / "adapters").glob("*/*/record.json"))
    records = [record for record in records if record.parent.suffix != _UNFINISHED]
    return {read_json(record).get("fingerprint", ""): record.parent for record in records}


def share(there: Path, place: Path) -> None:
    """Put an adapter that another arm has trained in place, without writing its weights again."""
    unfinished = _unfinished(place)
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(there, unfinished, copy_function=_link)
    _put(unfinished, place)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _unfinished(place: Path) -> Path:
    return place.with_name(f"{place.name}{_UNFINISHED}")


def _put(unfinished: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    unfinished.rename(place)


def tune(training: Training, model: CausalModel, folder: RunFolder, watcher: Watcher) -> None:
    """Train, and put each adapter in place of an older one when it is finished and has its record."""
    from ragstudy.finetuning.training import steps_of, train

    job, labelling = training.job, training.labelling
    places = [folder.adapter_folder(job.domain, one.generator) for one in training.jobs]
    for place in places:
        shutil.rmtree(_unfinished(place), ignore_errors=True)
    longest = min(job.spec.max_tokens, model.context)
    pairs = labelling.pairs(job)
    prompts = [labelling.training_prompt(job, pair.question) for pair in pairs]
    examples = [
        encode(prompt, pair.answer, model.tokenizer, longest) for prompt, pair in zip(prompts, pairs, strict=True)
    ]
    model.release_adapters()
    folders = {epoch: _unfinished(place) for epoch, place in zip(training.epochs, places, strict=True)}
    with watcher.task(f"tuning {job.domain} {job.generator}", steps_of(len(examples), job.spec)) as task:

        def on_step(_step: int, _n: int, loss: float) -> None:
            task.advance(1, f"loss {loss:.3f}")

        trained = train(model.base, examples, job.spec, job.seed, folders, on_step, training.first)
    if job.spec.method == "full":
        for unfinished in folders.values():
            model.tokenizer.save_pretrained(unfinished)
    n_cut = sum(
        1 for prompt, example in zip(prompts, examples, strict=True) if example.n_passages < len(prompt.passages)
    )
    for one, wanted, place in zip(training.jobs, training.wanted, places, strict=True):
        write_json(_unfinished(place) / "record.json", _record(one, wanted, examples, n_cut, asdict(trained)))
        _put(_unfinished(place), place)


def _record(job: Job, wanted: str, examples: list[Example], n_cut: int, trained: dict[str, Any]) -> dict[str, Any]:
    losses = trained.pop("losses")
    return {
        "fingerprint": wanted,
        "domain": job.domain,
        "base": job.base.model,
        "format": job.format,
        "size": job.size,
        "seed": job.seed,
        "labels": job.variant.labels,
        "pairs": job.variant.pairs,
        "sham": job.variant.sham,
        "epoch": job.variant.checkpoint or job.spec.epochs,
        "after": f"{job.first.domain}/{job.first.generator}" if job.first else None,
        "settings": job.spec.model_dump(mode="json", exclude=_IN_THE_PAIRS),
        "questions": [example.question for example in examples],
        "pairs_hash": fingerprint([(example.ids, example.labels) for example in examples]),
        "n_that_lost_passages": n_cut,
        **{key: round(value, 3) if isinstance(value, float) else value for key, value in trained.items()},
        "losses": [round(loss, 5) for loss in losses],
    }
