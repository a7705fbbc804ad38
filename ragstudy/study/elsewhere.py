"""Trainings that are done elsewhere: their files are handed out, and the adapters that come back are taken in.

Every training gets a folder with its pairs in the formats of other programs and `training.json`, which says what it is:
the study's fingerprint of it and the hash of its pairs. An adapter is taken in where both are still right.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError
from ragstudy.files import hash_file, object_in, write_json, write_text
from ragstudy.finetuning.recipes import ADAPTER, PAIRS, Recipe, files_of
from ragstudy.generation.adapters import base_of
from ragstudy.generation.packaged import PACKAGED
from ragstudy.study.execute.adapters import AdapterTrainer
from ragstudy.study.execute.retrieve import retrieve
from ragstudy.study.execute.training import described, is_trained, put_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.plan.model import Plan
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder

_ABOUT, _WEIGHTS = "training.json", "adapter_model.safetensors"
_PAIR_FILES = (PAIRS, "alpaca.json", "sharegpt.json")
_README = """\
{name}, domain {domain}: {n} pairs for {base}.

Train with one of llamafactory.yaml, axolotl.yaml, trl_train.py and unsloth_train.py, here or anywhere, or with any
other program and these settings; put the adapter (adapter_config.json and adapter_model.safetensors) into {adapter}/ of
this folder, and take it in:

    ragstudy training take-in STUDY FOLDER

training.json says what the pairs are. Do not change them: an adapter that learned something else is another arm.
"""


@dataclass(frozen=True)
class TakenIn:
    """What came of taking adapters in.

    Attributes:
        taken: adapters that are in the run now, `domain/name` each.
        there: those that it had already.
        missing: trainings without an adapter in the folder yet.
    """

    taken: tuple[str, ...]
    there: tuple[str, ...]
    missing: tuple[str, ...]


def hand_out(plan: Plan, folder: RunFolder, to: Path, progress: ProgressReporter) -> list[Path]:
    """Write the files of every training of a study that starts from the base; one folder each.

    Retrieval and labels, which the pairs may need, are made and kept in the run folder.

    Args:
        plan: of the study.
        folder: of the run.
        to: folder to write; must not exist, or be empty.
        progress: is told what is done.

    Raises:
        InputError: the folder holds something, the study trains nothing, or a training goes on from another.
    """
    if to.is_dir() and any(to.iterdir()):
        msg = f"{to}: holds files already; name another folder"
        raise InputError(msg)
    jobs = list(_jobs(plan))
    with folder.locked():
        trainer = _trainer(plan, folder, progress)
        # Everything is made before anything is written.
        made = [(job, [(pair.prompt.text, pair.answer) for pair in trainer.pairs(job)]) for job in jobs]
        for job, pairs in made:
            _write(job, pairs, trainer, to / job.domain / job.name)
    return [to / job.domain / job.name for job in jobs]


def take_in(plan: Plan, folder: RunFolder, handed_out: Path, progress: ProgressReporter) -> TakenIn:
    """Put adapters that were trained elsewhere into a run, each checked against what was handed out.

    Args:
        plan: of the study.
        folder: of the run.
        handed_out: what `hand_out` wrote, with adapters in it.
        progress: is told what is done.

    Raises:
        InputError: an adapter is of another base, other settings or other pairs than the study's; every problem is
            named, and none is taken in.
    """
    jobs = list(_jobs(plan))
    with folder.locked():
        trainer = _trainer(plan, folder, progress)
        problems: list[str] = []
        ready: list[tuple[TrainingJob, Path]] = []
        found: dict[str, list[str]] = {"taken": [], "there": [], "missing": []}
        for job in jobs:
            place, called = handed_out / job.domain / job.name, f"{job.domain}/{job.name}"
            there = folder.adapter_folder(job.domain, job.name)
            is_there = is_trained(there, trainer.fingerprint(job))
            weights = place / ADAPTER / _WEIGHTS
            if is_there and (not weights.is_file() or hash_file(weights) == hash_file(there / _WEIGHTS)):
                found["there"].append(called)
            elif not (place / ADAPTER / "adapter_config.json").is_file():
                found["missing"].append(called)
            else:
                problems += _problems(job, place, trainer.fingerprint(job))
                ready.append((job, place))
                found["taken"].append(called)
        if problems:
            raise InputError(problems)
        for job, place in ready:
            record = {**_about(job, trainer), "weights": hash_file(place / ADAPTER / _WEIGHTS)}
            put_in(place / ADAPTER, folder.adapter_folder(job.domain, job.name), record)
    return TakenIn(*(tuple(found[kind]) for kind in ("taken", "there", "missing")))


def _jobs(plan: Plan) -> Iterator[TrainingJob]:
    """The trainings of a study, each once.

    Raises:
        InputError: there is none, or one cannot be done elsewhere.
    """
    jobs = {job.at(0).training_key: job for job in plan.jobs if not job.variant.checkpoint}
    problems = [
        f"{job.name}: {why}; train it here with `ragstudy run`"
        for job in jobs.values()
        for why in (
            *(["is trained by a service (`ragstudy training hosted`)"] if job.is_hosted else []),
            *(["goes on from another adapter"] if job.first else []),
            *(["keeps checkpoints of earlier epochs"] if job.spec.checkpoints else []),
            *(["trains all weights, which are no adapter"] if job.spec.method == "full" else []),
        )
    ]
    if problems or not jobs:
        raise InputError(problems or [f"study {plan.spec.name!r} trains nothing; give it `finetuning`"])
    yield from jobs.values()


def _trainer(plan: Plan, folder: RunFolder, progress: ProgressReporter) -> AdapterTrainer:
    retrieved, _ = retrieve(plan, folder, progress)
    trainer = AdapterTrainer(plan, folder, retrieved, progress)
    trainer.label()
    return trainer


def _write(job: TrainingJob, pairs: list[tuple[str, str]], trainer: AdapterTrainer, place: Path) -> None:
    packaged = PACKAGED.get(job.base.model)
    recipe = Recipe(packaged.hub_id if packaged else job.base.model, job.spec, job.seed, job.name, len(pairs))
    for name, content in files_of(pairs, recipe).items():
        write_text(place / name, content)
    about = {"name": job.name, "domain": job.domain, "n": len(pairs), "base": recipe.base, "adapter": ADAPTER}
    write_text(place / "README.md", _README.format(**about))
    hashes = {name: hash_file(place / name) for name in _PAIR_FILES}
    write_json(place / _ABOUT, {**_about(job, trainer), "sha256": hashes})


def _about(job: TrainingJob, trainer: AdapterTrainer) -> dict[str, Any]:
    questions = [pair.question.id for pair in trainer.pairs(job)]
    return {**described(job, trainer.fingerprint(job)), "questions": questions}


def _problems(job: TrainingJob, place: Path, wanted: str) -> list[str]:
    """What an adapter differs in from the training that the study describes."""
    about, config = object_in(place / _ABOUT), object_in(place / ADAPTER / "adapter_config.json")
    found = []
    if about.get("fingerprint") != wanted:
        found.append("study, questions or passages have changed since its files were written; hand them out anew")
    else:
        hashes = about.get("sha256", {})
        found += [
            f"{name} is not as it was written"
            for name in _PAIR_FILES
            if not (place / name).is_file() or hash_file(place / name) != hashes.get(name)
        ]
    if not (place / ADAPTER / _WEIGHTS).is_file():
        found.append(f"no {_WEIGHTS} in {ADAPTER}/")
    if not _is_base(said := base_of(place / ADAPTER), job):
        found.append(
            f"its adapter says that it is of {said!r}, and the study's base is {job.base.model!r}; where these are the "
            "same model, write so under base_model_name_or_path in adapter_config.json"
        )
    for key, setting in (("r", job.spec.rank), ("lora_alpha", job.spec.alpha)):
        if config.get(key) != setting:
            found.append(f"its adapter has {key} {config.get(key)!r}, and the study says {setting}")
    return [f"{place}: {problem}" for problem in found]


def _is_base(said: str, job: TrainingJob) -> bool:
    """Whether an adapter's word for its base is the study's; a local folder may lie elsewhere on another machine."""
    packaged = PACKAGED.get(job.base.model)
    if said in (job.base.model, packaged.hub_id if packaged else job.base.model):
        return True
    is_local = Path(job.base.model).expanduser().is_dir()
    return is_local and Path(said).name == Path(job.base.model).name != ""
