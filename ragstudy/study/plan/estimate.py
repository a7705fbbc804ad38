"""How long a study will take, roughly, before anything is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.generation.gguf import read_header
from ragstudy.generation.locate import locate_model
from ragstudy.generation.weights import n_parameters as parameters_of
from ragstudy.records import Case
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.judges.measure import cost_of
from ragstudy.scoring.measures import looks_for_claims
from ragstudy.specs import TransformersSpec, kind_of, parse_context
from ragstudy.study.plan.labels import labeller_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.plan.model import DomainPlan, Plan

# Characters of English text a token has, roughly, over tokenizers of 6 to 150 thousand entries.
_CHARACTERS_PER_TOKEN = 3.5
_TOKENS_PER_ANSWER = 30
_TOKENS_WITHOUT_PASSAGES = 40
# Own answers that agree with the references are about two of three.
_ASKED_PER_PAIR = 1.5
# Measured on two cores of a server processor with bfloat16 products (benchmarks/README.md): floating-point
# operations per second that reading, training and token-by-token writing of small models reach, and the fixed
# cost of a step of a batch.
_READ_FLOPS = 3.0e11
_TRAIN_FLOPS = 3.3e11
_SECONDS_PER_STEP = 0.02
_EMBEDDED_PER_SECOND = 90.0
# Long answers are read by a language model to be scored.
_LONG_ANSWERS_PER_SECOND = 4.0
_GPU_SPEEDUP = 60.0


@dataclass(frozen=True)
class Estimate:
    """A rough forecast for this machine.

    Attributes:
        seconds: of each stage.
        prompt_tokens: read by all generators.
        answer_tokens: written by all generators, at most.
        endpoints: what each endpoint will be asked, a sentence each.
        hosted: what services will be asked to train, a sentence; '' if nothing.
        judges: what each judge will be asked, a sentence each.
        unknown: generators whose size is not known because they are not on this machine.
    """

    seconds: dict[str, float]
    prompt_tokens: int
    answer_tokens: int
    endpoints: tuple[str, ...]
    hosted: str
    judges: tuple[str, ...]
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        """One or two lines."""
        stages = ", ".join(f"{stage} {_span(seconds)}" for stage, seconds in self.seconds.items())
        whole = _span(sum(self.seconds.values()))
        text = f"about {whole} on this machine, half to twice that ({stages}); "
        if self.unknown:
            names = ", ".join(self.unknown)
            text = f"{whole} on this machine ({stages}) and the time of {names}, of a size not known until it is here; "
        text += f"about {self.prompt_tokens:,} prompt tokens and {self.answer_tokens:,} answer tokens"
        return "; ".join([text, *self.endpoints, *([self.hosted] if self.hosted else []), *self.judges])


def _span(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - what people say
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004 - likewise


class _Totals:
    """What is added up over a study."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.speed = _GPU_SPEEDUP if _has_gpu() else 1.0
        self.sizes = {g.name: n_parameters(g.model) for g in plan.spec.generators if isinstance(g, TransformersSpec)}
        self.seconds = {"retrieve": 0.0, "label": 0.0, "tune": 0.0, "answer": 0.0, "score": 0.0}
        self.prompt_tokens = self.answer_tokens = self.n_hosted = self.hosted_tokens = 0
        self.sent: dict[str, tuple[int, int]] = {}
        self.unknown: list[str] = []

    def asked(self, stage: str, name: str, n_prompts: int, tokens: int) -> None:
        """A declared generator answers prompts of a length."""
        generator = self.plan.generator(name)
        self.prompt_tokens += n_prompts * tokens
        self.answer_tokens += n_prompts * _TOKENS_PER_ANSWER
        if kind_of(generator).sends_requests:
            n_before, tokens_before = self.sent.get(name, (0, 0))
            self.sent[name] = (n_before + n_prompts, tokens_before + n_prompts * tokens)
        size = self.sizes.get(name)
        if size:
            self.seconds[stage] += _answering_seconds(generator.batch_size, size, n_prompts, tokens, self.speed)
        elif name in self.sizes:
            self.unknown.append(name)

    def trained(self, job: TrainingJob, prompt_tokens: int) -> None:
        """An adapter is trained on prompts of a length."""
        if job.is_hosted:
            self.hosted_tokens += job.spec.epochs * job.size * (prompt_tokens + _TOKENS_PER_ANSWER)
            self.n_hosted += 1
            return
        size = self.sizes[job.base.name]
        self.seconds["tune"] += _training_seconds(job, prompt_tokens, size, self.speed) if size else 0.0


def estimate(plan: Plan) -> Estimate:
    """A forecast from the sizes of models, corpora and prompts; it does not look at what exists already.

    Args:
        plan: of the study.
    """
    totals = _Totals(plan)
    declared = plan.layout.declared
    for domain in plan.domains:
        n_characters = sum(len(document.text) for document in domain.domain.documents)
        shown = {name: _prompt_tokens(plan, domain, n_characters, name) for name in plan.contexts}
        n_embedded = n_characters / _CHARACTERS_PER_TOKEN / 100 + len(domain.test)
        totals.seconds["retrieve"] += n_embedded / _EMBEDDED_PER_SECOND
        for name, contexts in plan.answer_sets(domain):
            totals.asked("answer", declared[name], len(domain.test), shown[contexts])
        totals.seconds["score"] += _n_long(plan, domain) / _LONG_ANSWERS_PER_SECOND / totals.speed
        for name, n_prompts, tokens in _labelled(plan, domain, n_characters):
            totals.asked("label", name, n_prompts, tokens)
        for job in (job for job in plan.jobs if job.domain == domain.name and not job.variant.checkpoint):
            totals.trained(job, _prompt_tokens(plan, domain, n_characters, _LIKE[job.format]))
    seconds = {stage: value for stage, value in totals.seconds.items() if value}
    unknown = tuple(dict.fromkeys(totals.unknown))
    hosted = (
        f"trainings by a service: {totals.n_hosted}, on about {totals.hosted_tokens:,} tokens, which cost money and "
        "are started by `ragstudy training hosted` only"
    )
    return Estimate(
        seconds,
        totals.prompt_tokens,
        totals.answer_tokens,
        tuple(_sent(totals, name) for name in totals.sent),
        hosted if totals.n_hosted else "",
        _judged(plan),
        unknown,
    )


def _sent(totals: _Totals, name: str) -> str:
    """What an endpoint will be asked, its budget and what it costs."""
    spec, (n_calls, n_tokens) = totals.plan.generator(name), totals.sent[name]
    text = f"{name}: {n_calls:,} requests, which may cost money"
    prices, most = getattr(spec, "prices", None), getattr(spec, "max_calls", None)
    if prices is not None:
        cost = (n_tokens * prices[0] + n_calls * _TOKENS_PER_ANSWER * prices[1]) / 1e6
        text += f": about {cost:,.2f} at {prices[0]:g} and {prices[1]:g} a million tokens"
    if most is not None:
        text += f" (budget {most:,}{', which is too small' if most < n_calls else ''})"
    return text


def expected_cases(plan: Plan) -> list[Case]:
    """The cases of a study before it has run: every answer as long as its reference.

    Args:
        plan: of the study.
    """
    return [
        Case(question, question.references[0] if question.references else "")
        for domain in plan.domains
        for question in domain.test
        for _ in plan.answer_sets(domain)
    ]


def _n_long(plan: Plan, domain: DomainPlan) -> int:
    """How many long answers of a domain are scored by claims."""
    judges = [judge.name for judge in plan.spec.judges]
    if not any(looks_for_claims(name, judges) for name in plan.spec.measures):
        return 0
    return sum(map(is_free_form, domain.test)) * len(list(plan.answer_sets(domain)))


def _answering_seconds(batch_size: int, size: int, n_prompts: int, tokens: int, speed: float) -> float:
    """Reading the prompts, and writing their answers token by token in batches."""
    reading = 2 * size * n_prompts * tokens / _READ_FLOPS / speed
    return reading + n_prompts / batch_size * _TOKENS_PER_ANSWER * (_SECONDS_PER_STEP + size / 5e9 / speed)


def _labelled(plan: Plan, domain: DomainPlan, n_characters: int) -> Iterator[tuple[str, int, int]]:
    """(generator, prompts, tokens of each) that have to be answered before training: labels, and what is known."""
    n_train = len(domain.domain.split("train"))
    asked: dict[tuple[str, str], dict[int, int]] = {}
    sampled: dict[tuple[str, int], int] = {}
    for job in (job for job in plan.jobs if job.domain == domain.name):
        if labeller_of(job):
            by_seed = asked.setdefault((labeller_of(job), job.format), {})
            by_seed[job.seed] = max(by_seed.get(job.seed, 0), round(_ASKED_PER_PAIR * job.size))
        if job.variant.pairs != "all":
            sampled[job.base.name, job.spec.n_samples] = n_train
    for (name, form), by_seed in asked.items():
        contexts = "retrieved" if form == "closed_book" else _LIKE[form]
        yield name, min(n_train, sum(by_seed.values())), _prompt_tokens(plan, domain, n_characters, contexts)
    for (name, n_samples), n in sampled.items():
        yield name, n * n_samples, _TOKENS_WITHOUT_PASSAGES


def _judged(plan: Plan) -> tuple[str, ...]:
    """What each judge will be asked, if every answer is as long as its reference."""
    cases = expected_cases(plan) if plan.spec.judges else []
    costs = [(judge, *cost_of(judge, plan.spec.measures, cases)) for judge in plan.spec.judges]
    return tuple(
        f"judge {judge.name}: about {calls:,} prompts and {tokens:,} tokens, read here"
        if judge.is_local
        else f"judge {judge.name}: about {calls:,} requests and {tokens:,} tokens, which may cost money (budget "
        f"{judge.max_calls:,} and {judge.max_tokens:,})"
        for judge, calls, tokens in costs
        if calls
    )


def _training_seconds(job: TrainingJob, prompt_tokens: int, size: int, speed: float) -> float:
    tokens = (prompt_tokens + _TOKENS_PER_ANSWER) * job.size
    steps = job.spec.epochs * job.size / job.spec.batch_size
    return steps * _SECONDS_PER_STEP * 2 + job.spec.epochs * tokens * 6 * size / _TRAIN_FLOPS / speed


# Contexts whose prompts are as long as a training format's.
_LIKE = {"closed_book": "none", "retrieved": "retrieved", "oracle": "oracle", "raft": "oracle_with_distractors"}


def _prompt_tokens(plan: Plan, domain: DomainPlan, n_characters: int, contexts: str) -> int:
    context = parse_context(contexts)
    typical = context.entry.typical_passages
    n_passages = (context.k or plan.spec.retrieval.top_k) if typical is None else typical
    chunk = domain.spec.chunk_tokens or plan.spec.retrieval.chunk_tokens
    mean_document = n_characters / max(1, len(domain.domain.documents)) / _CHARACTERS_PER_TOKEN
    return round(_TOKENS_WITHOUT_PASSAGES + n_passages * min(chunk * 1.3, mean_document))


def n_parameters(model: str) -> int | None:
    """How many parameters a local model has, read from the headers of its safetensors; None if it is not local.

    Args:
        model: folder, hub id or name of an embedded model.
    """
    folder = Path(locate_model(model))
    if folder.is_file():
        return read_header(folder, model).n_parameters
    if not folder.is_dir():
        return None
    return parameters_of(folder)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
