"""The fine-tuning stage: one adapter per job, trained once."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from random import Random
from typing import TYPE_CHECKING, Any

from ragstudy.files import fingerprint, read_json, write_json
from ragstudy.finetuning.pairs import encode, nested_order
from ragstudy.generation.make import generator_fingerprint
from ragstudy.prompting import make_prompt
from ragstudy.study.contexts import passages_in_training

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.finetuning.pairs import Example
    from ragstudy.generation.causal import CausalModel
    from ragstudy.records import Prompt, Question
    from ragstudy.study.plan import DomainPlan, Job, Plan
    from ragstudy.study.retrieve import Retrieved
    from ragstudy.study.store import RunFolder
    from ragstudy.study.watch import Watcher


# What decides which pairs there are; the pairs themselves are in the fingerprint.
_IN_THE_PAIRS = {"base", "formats", "sizes", "seeds", "sham", "raft_gold", "raft_distractors"}


def training_questions(domain: DomainPlan, job: Job) -> list[Question]:
    """The job's pairs; those of a smaller size are the first of a larger one."""
    return nested_order(domain.domain.split("train"), job.seed)[: job.size]


def training_answers(job: Job, questions: Sequence[Question]) -> list[str]:
    """The answer to learn for each question: its first reference, or in a sham that of another question of its type.

    A sham keeps the form and length of the answers and takes away what they say (Hewitt and Liang 2019, arXiv
    1909.03368, do so for probes). A question that is alone with its type keeps its own answer.
    """
    answers = [question.references[0] for question in questions]
    if not job.sham:
        return answers
    for kind in dict.fromkeys(question.type for question in questions):
        places = [i for i, question in enumerate(questions) if question.type == kind]
        order = places.copy()
        Random(f"{job.seed}/{kind}").shuffle(order)
        moved = {
            place: questions[other].references[0] for place, other in zip(order, [*order[1:], order[0]], strict=True)
        }
        for place in places:
            answers[place] = moved[place]
    return answers


def training_prompt(plan: Plan, job: Job, question: Question, retrieved: Retrieved) -> Prompt:
    """The prompt of a training pair, in the job's format and the study's own words."""
    passages = passages_in_training(job, question, retrieved, plan.spec.retrieval.top_k)
    prompt = plan.spec.prompt
    return make_prompt(question.id, question.text, passages, prompt.instruction, prompt.instruction_without_passages)


def job_fingerprint(plan: Plan, domain: DomainPlan, job: Job, retrieved: Retrieved) -> str:
    """Changes with the base's weights, the settings and every training prompt and answer."""
    settings = job.spec.model_dump(mode="json", exclude=_IN_THE_PAIRS)
    questions = training_questions(domain, job)
    answers = training_answers(job, questions)
    pairs = [(training_prompt(plan, job, q, retrieved).digest, a) for q, a in zip(questions, answers, strict=True)]
    return fingerprint(_weights_fingerprint(job), settings, job.seed, pairs)


def _weights_fingerprint(job: Job) -> str:
    """Of the base's weights and precision; how it generates does not touch training."""
    return generator_fingerprint(job.base.model_copy(update={"max_new_tokens": 1}))


def is_trained(folder: Path, wanted: str) -> bool:
    """Whether a finished adapter with this fingerprint lies in a folder."""
    record = folder / "record.json"
    return record.is_file() and read_json(record).get("fingerprint") == wanted


def tune(  # noqa: PLR0913 - a job with what it needs
    plan: Plan,
    domain: DomainPlan,
    job: Job,
    retrieved: Retrieved,
    model: CausalModel,
    folder: RunFolder,
    wanted: str,
    watcher: Watcher,
) -> None:
    """Train one adapter and put it in place of an older one when it is finished and has its record."""
    from ragstudy.finetuning.lora import steps_of, train_adapter

    place = folder.adapter_folder(domain.name, job.generator)
    unfinished = place.with_name(f"{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    questions = training_questions(domain, job)
    longest = min(job.spec.max_tokens, model.context)
    prompts = [training_prompt(plan, job, question, retrieved) for question in questions]
    examples = [
        encode(prompt, answer, model.tokenizer, longest)
        for prompt, answer in zip(prompts, training_answers(job, questions), strict=True)
    ]
    model.release_adapters()
    title = f"tuning {domain.name} {job.generator}"
    with watcher.task(title, steps_of(len(examples), job.spec)) as task:
        trained = train_adapter(
            model.base,
            examples,
            job.spec,
            job.seed,
            unfinished,
            lambda _step, _n, loss: task.advance(1, f"loss {loss:.3f}"),
        )
    n_cut = sum(
        1 for prompt, example in zip(prompts, examples, strict=True) if example.n_passages < len(prompt.passages)
    )
    write_json(unfinished / "record.json", _record(job, wanted, examples, n_cut, asdict(trained)))
    shutil.rmtree(place, ignore_errors=True)
    unfinished.rename(place)


def _record(job: Job, wanted: str, examples: list[Example], n_cut: int, trained: dict[str, Any]) -> dict[str, Any]:
    losses = trained.pop("losses")
    return {
        "fingerprint": wanted,
        "domain": job.domain,
        "base": job.base.model,
        "format": job.format,
        "size": job.size,
        "seed": job.seed,
        "sham": job.sham,
        "settings": job.spec.model_dump(mode="json", exclude=_IN_THE_PAIRS),
        "questions": [example.question for example in examples],
        "pairs_hash": fingerprint([(example.ids, example.labels) for example in examples]),
        "n_that_lost_passages": n_cut,
        **{key: round(value, 3) if isinstance(value, float) else value for key, value in trained.items()},
        "losses": [round(loss, 5) for loss in losses],
    }
