"""What a person writes: a study, validated as a whole before anything runs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ragstudy.designs import with_design
from ragstudy.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=80)]
Format = Literal["closed_book", "retrieved", "oracle", "raft"]
ContextKind = Literal["none", "retrieved", "oracle", "oracle_with_distractors", "distractors_only", "counterfactual"]
GoldPlace = Literal["first", "middle", "last", "shuffled"]
DType = Literal["auto", "float32", "bfloat16", "float16"]
Method = Literal["lora", "qlora", "full"]
Pairs = Literal["all", "known", "unknown"]
GOLD, SELF_DISTILLED, TEACHER = "gold", "self_distilled", "teacher"
SENSITIVITY = "sensitivity"

INSTRUCTION = "Answer the question using the passages. If they do not contain the answer, say so."
INSTRUCTION_WITHOUT_PASSAGES = "Answer the question."
DEFAULT_EMBEDDER = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_MEASURES = (
    "accuracy",
    "completeness",
    "exact_match",
    "token_f1",
    "rouge_l",
    "answer_words",
    "abstention",
)


class Context(NamedTuple):
    """What the passages of a test prompt are.

    Attributes:
        kind: which passages.
        k: how many; the study's `retrieval.top_k` if None, of `counterfactual` the gold passages alone.
        place: where the gold passages stand among distractors.
    """

    kind: ContextKind
    k: int | None = None
    place: GoldPlace = "shuffled"


_CONTEXT = re.compile(r"^([^@:]+)(?:@([^@:]*))?(?::([^@:]*))?$")


def parse_context(name: str) -> Context:
    """A context from its name: `KIND`, `KIND@K`, or `oracle_with_distractors@K:PLACE`.

    Raises:
        ValueError: the name is no context; the message names the part that is wrong.
    """
    found = _CONTEXT.match(name)
    kind, k, place = found.groups() if found else (name, None, None)
    if kind not in get_args(ContextKind):
        msg = f"{name!r} is no context{nearest(kind, get_args(ContextKind))}"
        raise ValueError(msg)
    if k is not None and (kind in {"none", "oracle"} or not k.isdecimal() or int(k) < 1):
        msg = f"{name!r}: expected a number of passages after @, of a context with a choice of it, e.g. retrieved@3"
        raise ValueError(msg)
    if place is not None and (kind != "oracle_with_distractors" or place not in get_args(GoldPlace)):
        msg = (
            f"{name!r}: only oracle_with_distractors takes a place of the gold passages, one of "
            f"{', '.join(get_args(GoldPlace))}, e.g. oracle_with_distractors:first"
        )
        raise ValueError(msg)
    return Context(kind, int(k) if k else None, place or "shuffled")  # type: ignore[arg-type] # checked above


def main_context(contexts: Iterable[str]) -> str:
    """The context that headlines, findings and plots are about, whatever the order in which they are written.

    `retrieved`, else the one with the fewest retrieved passages, else another with passages that are meant to answer,
    else any.
    """
    kinds: tuple[ContextKind, ...] = ("retrieved", "oracle_with_distractors", "oracle", "none", "distractors_only")
    order = {kind: place for place, kind in enumerate(kinds)}

    def place(name: str) -> tuple[int, int, str]:
        context = parse_context(name)
        return (order.get(context.kind, len(kinds)), context.k or 0, name)

    return min(contexts, key=place)


def _is_context(name: str) -> str:
    parse_context(name)
    return name


Contexts = Annotated[str, AfterValidator(_is_context)]


def _is_labels(name: str) -> str:
    kind, _, teacher = name.partition(":")
    if name not in (GOLD, SELF_DISTILLED) and not (kind == TEACHER and teacher):
        msg = (
            f"{name!r} is no source of labels; expected {GOLD}, {SELF_DISTILLED} or {TEACHER}:NAME of a generator"
            f"{nearest(name, (GOLD, SELF_DISTILLED))}"
        )
        raise ValueError(msg)
    return name


Labels = Annotated[str, AfterValidator(_is_labels)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DomainSpec(_Spec):
    """A domain of the study.

    Attributes:
        path: folder of the domain, relative to the study's file.
        name: how the reports call it; the folder's name by default.
        n_test: how many test questions to ask, drawn with the study's seed; all by default.
        chunk_tokens: overrides the study's retrieval setting for this domain.
        only_with_gold: whether questions that have an answer but name no gold passage are left out, of training and
            test and in every context; for contexts and formats that need gold passages.
    """

    path: str
    name: Name = ""
    n_test: int | None = Field(default=None, ge=1)
    chunk_tokens: int | None = Field(default=None, ge=8)
    only_with_gold: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, given: object) -> object:
        given = {"path": given} if isinstance(given, str) else given
        if isinstance(given, dict) and isinstance(given.get("path"), str) and not given.get("name"):
            given = {**given, "name": Path(given["path"]).name}
        return given


class RetrievalSpec(_Spec):
    """How passages are made and found.

    Attributes:
        embedder: a sentence-transformers model, by local folder or hub id, or `package.module:object`.
        chunk_tokens: longest passage, in tokens of the embedder.
        chunk_overlap: tokens that neighbouring passages share.
        top_k: passages shown to a generator.
        batch_size: texts embedded at a time.
        dtype: precision of the embedder; 'auto' takes bfloat16 where the processor multiplies it fast.
    """

    embedder: str = DEFAULT_EMBEDDER
    chunk_tokens: int = Field(default=128, ge=8)
    chunk_overlap: int = Field(default=16, ge=0)
    top_k: int = Field(default=5, ge=1)
    batch_size: int = Field(default=64, ge=1)
    dtype: DType = "auto"

    @model_validator(mode="after")
    def _overlap_is_shorter(self) -> RetrievalSpec:
        if self.chunk_overlap >= self.chunk_tokens:
            msg = f"chunk_overlap is {self.chunk_overlap}; it must be less than chunk_tokens ({self.chunk_tokens})"
            raise ValueError(msg)
        return self


class TransformersSpec(_Spec):
    """A causal language model of transformers, with or without a ready adapter.

    Attributes:
        name: how the study calls it.
        model: local folder, hub id, or the name of an embedded model (`pocket`, `pocket-tiny`, `pocket-medium`).
        adapter: folder or hub id of a ready PEFT adapter, or None.
        dtype: precision of the weights.
        batch_size: prompts answered at a time.
        max_new_tokens: longest answer, in tokens.
        trust_remote_code: run code that comes with the model; only ever true if written here.
        device: 'auto' takes a GPU if there is one.
        bits: 4 loads the weights in four bits (needs bitsandbytes), for method `qlora` and for large models.
        examples: questions of the training split with their answers that every prompt shows first (few-shot).
        instruction: of its prompts instead of the study's, with passages and without (a variant of the prompt alone).
        tuned_from: name of the generator that this one is a tuned version of; the two are then compared.
    """

    kind: Literal["transformers"] = "transformers"
    name: Name
    tuned_from: str | None = None
    model: str
    adapter: str | None = None
    dtype: DType = "auto"
    batch_size: int = Field(default=32, ge=1)
    max_new_tokens: int = Field(default=96, ge=1)
    trust_remote_code: bool = False
    device: str = "auto"
    bits: Literal[4, 16] = 16
    examples: int = Field(default=0, ge=0, le=64)
    instruction: str | None = None


class ExtractiveSpec(_Spec):
    """The control that answers with the sentences of the passages most like the question.

    Attributes:
        name: how the study calls it.
        n_sentences: how many sentences an answer has.
    """

    kind: Literal["extractive"]
    name: Name
    n_sentences: int = Field(default=1, ge=1)
    batch_size: int = Field(default=256, ge=1)


class ScriptedSpec(_Spec):
    """A test double that says what it is told.

    Attributes:
        name: how the study calls it.
        answers: answers by question text.
        default: what it says to any other question.
        fails_on: question texts on which it reports an error instead.
        tuned_from: name of the generator that this one is a tuned version of; the two are then compared.
    """

    kind: Literal["scripted"]
    name: Name
    tuned_from: str | None = None
    answers: dict[str, str] = Field(default_factory=dict)
    default: str = "I do not know."
    fails_on: tuple[str, ...] = ()
    batch_size: int = Field(default=256, ge=1)


class RecordedSpec(_Spec):
    """Answers that exist already, such as those of another system.

    Attributes:
        name: how the study calls it.
        answers: file: RAGChecker's JSON, or lines of {"id": question id, "answer": text}.
        tuned_from: name of the generator that this one is a tuned version of; the two are then compared.
    """

    kind: Literal["recorded"]
    name: Name
    tuned_from: str | None = None
    answers: str
    batch_size: int = Field(default=256, ge=1)


class ServerSpec(_Spec):
    """A model behind an OpenAI-compatible endpoint (OpenAI, vLLM, Ollama, llama.cpp); used only if it is written.

    Attributes:
        name: how the study calls it.
        url: base address up to `/v1`.
        model: the model's name there.
        key_variable: environment variable that holds the key; None if the server needs none.
        max_new_tokens: longest reply, in tokens.
        timeout_seconds: of one request.
        n_tries: how often a request is tried before it is recorded as failed.
    """

    name: Name
    url: str = "https://api.openai.com/v1"
    model: str
    key_variable: str | None = "OPENAI_API_KEY"
    max_new_tokens: int = Field(default=256, ge=1)
    timeout_seconds: float = Field(default=60.0, gt=0)
    n_tries: int = Field(default=5, ge=1)

    @field_validator("url")
    @classmethod
    def _holds_no_key(cls, url: str) -> str:
        if "@" in url.partition("://")[2].partition("/")[0]:
            msg = "the address holds a user name or key; keys come from the environment (key_variable)"
            raise ValueError(msg)
        return url


class EndpointSpec(ServerSpec):
    """A generator behind an OpenAI-compatible endpoint.

    Attributes:
        batch_size: requests under way at a time.
        tuned_from: name of the generator that this one is a tuned version of; the two are then compared.
        examples: questions of the training split with their answers that every prompt shows first (few-shot).
        instruction: of its prompts instead of the study's, with passages and without.
    """

    kind: Literal["endpoint"]
    examples: int = Field(default=0, ge=0, le=64)
    instruction: str | None = None
    tuned_from: str | None = None
    batch_size: int = Field(default=8, ge=1)


class JudgeSpec(ServerSpec):
    """A model that scores answers; its measures are called `NAME:METHOD` (docs/judges.md).

    Attributes:
        concurrency: requests under way at a time.
        max_calls: most requests that one command sends, tries included.
        max_tokens: most tokens that one command reads and writes.
        json_mode: whether to ask the server for JSON (`response_format`); a few servers refuse that.
        cache: folder of the replies, to share them between studies; the run folder by default.
    """

    max_new_tokens: int = Field(default=1024, ge=1)
    concurrency: int = Field(default=8, ge=1)
    max_calls: int = Field(default=10_000, ge=1)
    max_tokens: int = Field(default=20_000_000, ge=1)
    json_mode: bool = True
    cache: str | None = None


class CustomSpec(_Spec):
    """A generator of the user's own.

    Attributes:
        name: how the study calls it.
        object: `package.module:object`, called with `options` to make the generator.
        options: keyword arguments.
        batch_size: prompts given at a time.
        tuned_from: name of the generator that this one is a tuned version of; the two are then compared.
    """

    kind: Literal["custom"]
    name: Name
    tuned_from: str | None = None
    object: str = Field(pattern=r"^[\w.]+:[\w.]+$")
    options: dict[str, Any] = Field(default_factory=dict)
    batch_size: int = Field(default=32, ge=1)


GeneratorSpec = Annotated[
    Union[  # noqa: UP007 - pydantic reads it
        TransformersSpec, ExtractiveSpec, RecordedSpec, ScriptedSpec, EndpointSpec, CustomSpec
    ],
    Field(discriminator="kind"),
]


class FineTuneSpec(_Spec):
    """Adapters to train on one base generator, on every domain.

    Attributes:
        name: tells these adapters from others of the same base, format and size; part of the names of their arms.
        base: name of a generator of kind 'transformers'.
        formats: what a training prompt holds: the question alone (`closed_book`), the passages that retrieval
            finds (`retrieved`), the gold passages alone (`oracle`), or gold passages among distractors (`raft`).
        raft_gold: of `raft`: share of the training prompts that hold the gold passages; the others hold
            distractors only.
        raft_distractors: of `raft`: distractors in each prompt; one fewer than retrieval.top_k by default.
        labels: where the answers to learn come from: the domain's references (`gold`), the base's own answers over
            passages where they agree with the references (`self_distilled`), or another generator's answers
            (`teacher:NAME`).
        agreement: of `self_distilled`: least accuracy and completeness of an answer that is kept.
        pairs: which questions are trained on: all, or only those that the base answers rightly (`known`) or never
            rightly (`unknown`) without passages in `n_samples` sampled answers.
        n_samples: sampled answers per question that decide what is known.
        sizes: numbers of training pairs; the smaller sets are inside the larger ones.
        sham: whether to train each adapter a second time on the same prompts with the answers of other questions, as a
            control: what it changes is due to form and length of the answers, not to what they say. Of gold labels
            alone; `only` leaves the true answers out.
        seeds: each gives another order, initial adapter and training subset.
        method: low-rank adapters (`lora`), the same on a generator loaded in four bits (`qlora`), or all weights
            (`full`, which keeps a whole model per arm and seed).
        after: name of an earlier entry of one format, size and source of labels, whose adapters training goes on
            from, with the pairs that follow those it was trained on.
        after_domain: domain whose adapters of that entry every domain's training goes on from; each domain's own by
            default.
        transfer: whether the adapters of each domain also answer the other domains' questions.
        epochs: passes over the training set.
        checkpoints: epochs before the last at whose end the adapter is kept and asked too.
        learning_rate: at its peak.
        rank: of the LoRA matrices.
        alpha: LoRA's scale is alpha / rank.
        dropout: on LoRA's input.
        targets: names of the modules that get LoRA matrices, or 'all-linear'.
        batch_size: examples of one optimiser step, whatever their length.
        max_tokens: longest training example; longer ones lose passages, never the answer.
        warmup: share of the steps over which the learning rate rises; it then falls to zero along a cosine.
        weight_decay: of AdamW.
    """

    name: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9_.]*)?$", max_length=40)
    base: str
    formats: tuple[Format, ...] = Field(default=("closed_book", "retrieved"), min_length=1)
    raft_gold: float = Field(default=0.8, ge=0, le=1)
    raft_distractors: int | None = Field(default=None, ge=1)
    sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(200, 500, 1000), min_length=1)
    labels: tuple[Labels, ...] = Field(default=(GOLD,), min_length=1)
    agreement: float = Field(default=0.75, ge=0, le=1)
    pairs: tuple[Pairs, ...] = Field(default=("all",), min_length=1)
    n_samples: int = Field(default=4, ge=1, le=64)
    sham: bool | Literal["only"] = False
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    method: Method = "lora"
    after: str = ""
    after_domain: str = ""
    transfer: bool = False
    epochs: int = Field(default=3, ge=1)
    checkpoints: tuple[Annotated[int, Field(ge=1)], ...] = ()
    learning_rate: float = Field(default=2e-4, gt=0)
    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    batch_size: int = Field(default=8, ge=1)
    max_tokens: int = Field(default=2048, ge=32)
    warmup: float = Field(default=0.03, ge=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0)


class Variant(NamedTuple):
    """What sets one recipe of an entry apart from its others, beside base, format and size.

    Attributes:
        labels: source of the answers to learn.
        pairs: which questions are trained on.
        sham: whether the answers are those of other questions.
        checkpoint: epoch at whose end the adapter is kept, or 0 for the last.
    """

    labels: str
    pairs: Pairs
    sham: bool
    checkpoint: int


PLAIN = Variant(GOLD, "all", sham=False, checkpoint=0)


def variants_of(tuned: FineTuneSpec) -> list[Variant]:
    """The variants of an entry, plain ones first."""
    found = []
    for labels in tuned.labels:
        for pairs in tuned.pairs:
            plain = labels == GOLD and pairs == "all"
            shams = {False: (False,), True: (False, True), "only": (True,)}[tuned.sham if plain else False]
            found += [Variant(labels, pairs, sham, 0) for sham in shams]
    return found + [one._replace(checkpoint=epoch) for epoch in sorted(tuned.checkpoints) for one in found]


def ending_of(tuned: FineTuneSpec, variant: Variant) -> str:
    """How a variant's arms end: `-self_distilled-known-low_rate-epoch1-sham`; nothing for gold labels and all pairs."""
    kind, _, teacher = variant.labels.partition(":")
    parts = (
        "" if kind == GOLD else f"by_{teacher}" if teacher else kind,
        "" if variant.pairs == "all" else variant.pairs,
        tuned.name,
        f"epoch{variant.checkpoint}" if variant.checkpoint else "",
        "sham" if variant.sham else "",
    )
    return "".join(f"-{part}" for part in parts if part)


def finetuning_problems(study: StudySpec) -> list[str]:
    """What is wrong with the entries of `finetuning`, each with the reason."""
    problems: list[str] = []
    models = {g.name: g for g in study.generators if isinstance(g, TransformersSpec)}
    for position, tuned in enumerate(study.finetuning):
        place = f"finetuning.{position}"
        base = models.get(tuned.base)
        if base is None:
            problems.append(
                f"{place}.base: {tuned.base!r} is no generator of kind 'transformers' of this study"
                + nearest(tuned.base, list(models))
            )
        else:
            problems += [f"{place}.{line}" for line in _base_problems(tuned, base)]
        problems += [f"{place}.{line}" for line in _entry_problems(tuned, study)]
        if tuned.after:
            problems += [f"{place}.after: {line}" for line in _round_problems(tuned, study.finetuning[:position])]
    # Two entries may not share an arm, even with different seeds: their settings may differ.
    recipes = [recipe for tuned in study.finetuning for recipe in dict.fromkeys(_recipes(tuned))]
    problems += [f"{line}; give one of the entries a name" for line in _twice("finetuning", recipes)]
    for position, tuned in enumerate(study.finetuning):
        for key in ("formats", "sizes", "labels", "pairs", "seeds", "checkpoints"):
            problems += _twice(f"finetuning.{position}.{key}", [str(value) for value in getattr(tuned, key)])
    return problems


def _recipes(tuned: FineTuneSpec) -> list[str]:
    return [
        f"{tuned.base}+{form}-{size}{ending_of(tuned, variant)}"
        for form in tuned.formats
        for size in tuned.sizes
        for variant in variants_of(tuned)
    ]


def _base_problems(tuned: FineTuneSpec, base: TransformersSpec) -> list[str]:
    problems = []
    if base.adapter is not None:
        problems.append(f"base: {tuned.base!r} has an adapter of its own; tune a generator without one")
    if base.examples:
        problems.append(f"base: {tuned.base!r} shows examples; tune a generator without them")
    if tuned.method == "qlora" and base.bits != 4:  # noqa: PLR2004 - bits
        problems.append(
            f"method: 'qlora' trains on weights of four bits, and its arms are compared with a base of four bits; "
            f"write `bits: 4` at generator {tuned.base!r}"
        )
    if tuned.method != "qlora" and base.bits == 4:  # noqa: PLR2004 - bits
        problems.append(f"method: generator {tuned.base!r} has `bits: 4`, on which only 'qlora' can train")
    return problems


def _entry_problems(tuned: FineTuneSpec, study: StudySpec) -> list[str]:
    problems = []
    names = [g.name for g in study.generators]
    for labels in tuned.labels:
        teacher = labels.partition(":")[2]
        if teacher and teacher not in names:
            problems.append(f"labels: {teacher!r} is no generator of this study{nearest(teacher, names)}")
        if teacher == tuned.base:
            problems.append(f"labels: the base {teacher!r} as its own teacher is what `{SELF_DISTILLED}` is for")
    if tuned.sham and (GOLD not in tuned.labels or "all" not in tuned.pairs):
        problems.append(f"sham: is made of {GOLD!r} labels and all pairs, which are not among labels and pairs")
    late = [epoch for epoch in tuned.checkpoints if epoch >= tuned.epochs]
    if late:
        problems.append(f"checkpoints: {late[0]} is not before the last epoch, which is {tuned.epochs} and always kept")
    problems += _after_domain_problems(tuned, study)
    if tuned.transfer and len(study.domains) == 1:
        problems.append("transfer: there is no other domain to answer; add one or leave it out")
    if "raft" not in tuned.formats and tuned.raft_distractors is not None:
        problems.append("raft_distractors: is of format 'raft', which is not among the formats")
    return problems


def _after_domain_problems(tuned: FineTuneSpec, study: StudySpec) -> list[str]:
    if not tuned.after_domain:
        return []
    if not tuned.after:
        return ["after_domain: says where the adapters of `after` come from, which is not given"]
    folders = {domain.name: Path(domain.path).expanduser().resolve() for domain in study.domains}
    if tuned.after_domain not in folders:
        told = nearest(tuned.after_domain, list(folders))
        return [f"after_domain: {tuned.after_domain!r} is no domain of this study{told}"]
    named = folders[tuned.after_domain]
    return [
        f"after_domain: {tuned.after_domain!r} and {name!r} are one folder, so both rounds would see its questions"
        for name, folder in folders.items()
        if name != tuned.after_domain and folder == named
    ]


def _round_problems(tuned: FineTuneSpec, earlier: tuple[FineTuneSpec, ...]) -> list[str]:
    named = [one for one in earlier if one.name == tuned.after]
    if not named:
        known = [one.name for one in earlier if one.name]
        return [f"{tuned.after!r} is no name of an earlier entry{nearest(tuned.after, known)}"]
    fitting = [one for one in named if one.base == tuned.base]
    if not fitting:
        return [f"{tuned.after!r} tunes {named[0].base!r}, this entry {tuned.base!r}; both need the same base"]
    if len(fitting) > 1:
        return [f"{tuned.after!r} is the name of several entries with base {tuned.base!r}; give each its own name"]
    first = fitting[0]
    problems = []
    if first.sham == "only":
        problems.append(f"{tuned.after!r} trains on shuffled answers only; there is nothing to go on from")
    if max(len(first.formats), len(first.sizes), len(first.labels), len(first.pairs)) > 1:
        problems.append(
            f"{tuned.after!r} has several recipes; expected one format, size and source of labels to go on from"
        )
    missing = sorted(set(tuned.seeds) - set(first.seeds))
    if missing:
        problems.append(f"{tuned.after!r} has no seed {missing[0]}; a round goes on from the adapter of its own seed")
    if "full" in (first.method, tuned.method):
        problems.append("rounds go on from adapters; method 'full' leaves none")
    elif any(getattr(first, key) != getattr(tuned, key) for key in ("rank", "alpha", "targets", "dropout")):
        problems.append(f"{tuned.after!r} has another rank, alpha, dropout or targets; the adapter keeps those it has")
    return problems


class ProbeSpec(_Spec):
    """A test of what a model of the study could do before it was tuned (docs/diagnosis.md has the file formats).

    Attributes:
        name: how reports call it.
        kind: `perplexity` of plain text, `multiple_choice` by likelihood, `cloze` (the likeliest continuation is the
            wanted one), `instructions` (what is written matches a pattern), or `lm_eval`, a task of
            lm-evaluation-harness (extra `harness`).
        path: file of JSON lines, JSON or text, or the folder of a domain; not of `lm_eval`.
        task: of `lm_eval`: its name there, e.g. `hellaswag`.
        n: most items.
    """

    name: Name
    kind: Literal["perplexity", "multiple_choice", "cloze", "instructions", "lm_eval"]
    path: str = ""
    task: str = ""
    n: int = Field(default=200, ge=2)

    @model_validator(mode="after")
    def _names_its_items(self) -> ProbeSpec:
        wanted, unwanted = ("task", "path") if self.kind == "lm_eval" else ("path", "task")
        if not getattr(self, wanted) or getattr(self, unwanted):
            msg = f"kind {self.kind!r} needs {wanted!r} and takes no {unwanted!r}"
            raise ValueError(msg)
        return self


class PromptSpec(_Spec):
    """The instructions of the study's prompts."""

    instruction: str = INSTRUCTION
    instruction_without_passages: str = INSTRUCTION_WITHOUT_PASSAGES


class StatisticsSpec(_Spec):
    """The analysis, fixed in advance.

    Attributes:
        margin: smallest difference of a score that matters; differences within it are 'no meaningful difference'.
        confidence: of the intervals; 1 - confidence is the error rate of a verdict.
        power: for the smallest detectable effect and the number of further questions.
        n_resamples: of bootstrap and permutation.
        seed: of both.
        verdict_measures: measures that get a verdict; Holm's correction is over their cells.
    """

    margin: float = Field(default=0.03, gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    n_resamples: int = Field(default=10_000, ge=100)
    seed: int = 1
    verdict_measures: tuple[str, ...] = Field(default=("accuracy", "completeness"), min_length=1)


class StudySpec(_Spec):
    """A study.

    Attributes:
        name: of the study and of its run folder.
        title: one line for the report.
        notes: remarks for the report, e.g. which settings are our own choice.
        domains: what is asked about.
        retrieval: how passages are made and found.
        generators: who answers.
        finetuning: adapters to train.
        design: name of a ready design that fills in what is not written: contexts, seeds and `finetuning` on every
            generator of kind 'transformers' (docs/designs.md).
        contexts: what the test prompts hold; see docs/contexts.md.
        prompt: instructions.
        measures: how answers are scored.
        judges: models that score answers.
        forgetting: tests of the models before and after tuning that have nothing to do with the domains.
        sensitivity: whether to measure how much less likely each answer gets when the gold passages are taken out.
        audits: for measures, the audit.json of `ragstudy judge audit` that says how far each can be trusted.
        statistics: how arms are compared.
        seed: of the draws of test questions and training subsets.
    """

    name: Name
    title: str = ""
    notes: tuple[str, ...] = ()
    design: str = ""
    domains: tuple[DomainSpec, ...] = Field(min_length=1)
    retrieval: RetrievalSpec = RetrievalSpec()
    generators: tuple[GeneratorSpec, ...] = Field(min_length=1)
    finetuning: tuple[FineTuneSpec, ...] = ()
    contexts: tuple[Contexts, ...] = Field(default=("retrieved", "none"), min_length=1)
    prompt: PromptSpec = PromptSpec()
    measures: tuple[str, ...] = Field(default=DEFAULT_MEASURES, min_length=1)
    judges: tuple[JudgeSpec, ...] = ()
    forgetting: tuple[ProbeSpec, ...] = ()
    sensitivity: bool = False
    audits: dict[str, str] = Field(default_factory=dict)
    statistics: StatisticsSpec = StatisticsSpec()
    seed: int = 1

    @model_validator(mode="after")
    def _names_fit_together(self) -> StudySpec:
        problems = _twice("generators", [g.name for g in self.generators])
        problems += _twice("domains", [d.name for d in self.domains])
        problems += _twice("judges", [j.name for j in self.judges])
        problems += [
            f"audits: {measure!r} is not among the study's measures{nearest(measure, self.measures)}"
            for measure in self.audits
            if measure not in self.measures
        ]
        problems += _twice("forgetting", [probe.name for probe in self.forgetting])
        problems += [
            f"forgetting: the name {SENSITIVITY!r} is taken by the setting of that name; choose another"
            for probe in self.forgetting
            if probe.name == SENSITIVITY
        ]
        problems += _twice("contexts", self.contexts) + _twice("measures", self.measures)
        problems += finetuning_problems(self)
        names = [g.name for g in self.generators]
        for generator in self.generators:
            parent = getattr(generator, "tuned_from", None)
            if parent is not None and (parent not in names or parent == generator.name):
                problems.append(
                    f"generators: {generator.name!r} says tuned_from: {parent!r}, which is no other generator of this "
                    f"study{nearest(parent, [n for n in names if n != generator.name])}"
                )
        for measure in self.statistics.verdict_measures:
            if measure not in self.measures:
                problems.append(
                    f"statistics.verdict_measures: {measure!r} is not among the study's measures"
                    + nearest(measure, self.measures)
                )
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _twice(key: str, names: tuple[str, ...] | list[str]) -> list[str]:
    return [
        f"{key}: {name!r} stands twice; names must differ" for name in dict.fromkeys(names) if names.count(name) > 1
    ]


def load_study(path: Path, overrides: tuple[str, ...] = ()) -> StudySpec:
    """The study in a YAML file, with `key=value` overrides (`retrieval.top_k=3`) applied.

    Raises:
        InputError: the file is missing or not YAML, or any key or value is wrong; every problem is named.
    """
    import yaml

    if not path.is_file():
        found = sorted(p.stem for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        msg = f"{path}: no such file; expected a study in YAML{nearest(path.stem, found)}"
        raise InputError(msg)
    written = ""
    try:
        written = path.read_text(encoding="utf-8")
        content = yaml.safe_load(written)
    except (yaml.YAMLError, ValueError) as error:
        msg = f"{path}: not readable as YAML: {' '.join(str(error).split())}"
        tabbed = next((n for n, line in enumerate(written.splitlines(), 1) if line.lstrip(" ").startswith("\t")), None)
        if tabbed:
            msg = f"{path}:{tabbed}: begins with a tab, which YAML does not allow; indent with spaces"
        raise InputError(msg) from None
    if not isinstance(content, dict):
        kind = "an empty file" if content is None else type(content).__name__
        msg = f"{path}: expected a mapping of keys like 'name' and 'domains', found {kind}"
        raise InputError(msg)
    for override in overrides:
        _apply(content, override)
    return _from_folder(parse_study(content, str(path)), path.parent)


def _from_folder(spec: StudySpec, folder: Path) -> StudySpec:
    """The study with the paths in it, which start from its file's folder, made to start from the current one."""

    def moved(path: str) -> str:
        given = Path(path).expanduser()
        return str(given if given.is_absolute() else Path(os.path.relpath(folder / given)))

    def moved_if_there(name: str) -> str:
        if not name.startswith((".", "~")) and not (folder / name).is_dir():
            return name
        # What was written as a path must not look like the id of a hub.
        found = moved(name)
        return found if found.startswith((".", "/")) else f"./{found}"

    return _with_paths(spec, moved, moved_if_there)


def seen_from(spec: StudySpec, folder: Path) -> StudySpec:
    """The study with the paths in it, which start from the current folder, made to start from another one."""

    def moved(path: str) -> str:
        return path if Path(path).is_absolute() else os.path.relpath(path, folder)

    def moved_if_there(name: str) -> str:
        return moved(name) if Path(name).is_dir() else name

    return _with_paths(spec, moved, moved_if_there)


def _with_paths(spec: StudySpec, path: Callable[[str], str], name: Callable[[str], str]) -> StudySpec:
    """The study with `path` done to its paths, and `name` to names that may be paths."""
    domains = tuple(d.model_copy(update={"path": path(d.path)}) for d in spec.domains)
    generators = tuple(_with_own_paths(g, path, name) for g in spec.generators)
    retrieval = spec.retrieval.model_copy(update={"embedder": name(spec.retrieval.embedder)})
    judges = tuple(j.model_copy(update={"cache": j.cache and path(j.cache)}) for j in spec.judges)
    return spec.model_copy(
        update={
            "domains": domains,
            "generators": generators,
            "retrieval": retrieval,
            "judges": judges,
            "forgetting": tuple(p.model_copy(update={"path": p.path and path(p.path)}) for p in spec.forgetting),
            "audits": {measure: path(audit) for measure, audit in spec.audits.items()},
        }
    )


def _with_own_paths(spec: GeneratorSpec, path: Callable[[str], str], name: Callable[[str], str]) -> GeneratorSpec:
    if isinstance(spec, TransformersSpec):
        return spec.model_copy(update={"model": name(spec.model), "adapter": spec.adapter and name(spec.adapter)})
    if isinstance(spec, RecordedSpec):
        return spec.model_copy(update={"answers": path(spec.answers)})
    return spec


def parse_study(content: dict[str, Any], place: str) -> StudySpec:
    """A study from its parsed content; `place` names it in messages.

    Raises:
        InputError: any key or value is wrong; every problem is named.
    """
    try:
        return StudySpec.model_validate(with_design(content, place))
    except ValidationError as error:
        found = [dict(one) for one in error.errors()]
        wrong = [one for one in found if not _follows(one, found)]
        raise InputError([line for one in wrong for line in _messages(place, one)]) from None


def parse_judges(content: list[Any], place: str) -> list[JudgeSpec]:
    """Judges from their parsed content; `place` names it in messages.

    Raises:
        InputError: any key or value is wrong; every problem is named.
    """
    probe = {
        "name": "judges",
        "domains": [{"path": ".", "name": "none"}],
        "generators": [{"kind": "extractive", "name": "x"}],
    }
    return list(parse_study({**probe, "judges": content}, place).judges)


def _follows(one: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether a list is called too short only because its items are wrong, which is said of the items."""
    n = len(one["loc"])
    return one["type"] == "too_short" and any(len(o["loc"]) > n and o["loc"][:n] == one["loc"] for o in others)


def _apply(content: dict[str, Any], override: str) -> None:
    import yaml

    key, separator, value = override.partition("=")
    if not separator or not key:
        msg = f"override {override!r}: expected key=value, e.g. retrieval.top_k=3"
        raise InputError(msg)
    target: Any = content
    *parents, last = key.split(".")
    for parent in parents:
        target = _step(target, parent, override)
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    if isinstance(target, list):
        _step(target, last, override)
        target[int(last)] = parsed
    elif isinstance(target, dict):
        target[last] = parsed
    else:
        _step(target, last, override)


def _step(target: Any, part: str, override: str) -> Any:  # noqa: ANN401 - parsed YAML
    if isinstance(target, list):
        if not part.isdigit() or int(part) >= len(target):
            msg = f"override {override!r}: {part!r} is no position in a list of {len(target)}; the first is 0"
            raise InputError(msg)
        return target[int(part)]
    if not isinstance(target, dict):
        msg = f"override {override!r}: the key before {part!r} holds a plain value, not a mapping"
        raise InputError(msg)
    return target.setdefault(part, {})


def _messages(place: str, found: dict[str, Any]) -> list[str]:
    loc = [part for part in found["loc"] if part not in _KINDS]
    key = ".".join(str(part) for part in loc)
    if found["type"] == "extra_forbidden":
        known = _fields_at(found["loc"][:-1])
        return [f"{place}: {key}: unknown key{nearest(str(loc[-1]), known)}"]
    if found["type"] == "missing":
        return [f"{place}: {key}: missing; it must be given"]
    if found["type"] == "union_tag_invalid":
        given = found["ctx"]["tag"]
        return [f"{place}: {key}.kind: {given!r} is no kind of generator{nearest(given, _KINDS)}"]
    if found["type"] == "union_tag_not_found":
        return [f"{place}: {key}.kind: missing; one of {', '.join(sorted(_KINDS))}"]
    message = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "value_error":
        return [f"{place}: {f'{key}: ' if key else ''}{line}" for line in message.split("\n")]
    return [f"{place}: {key}: {found['input']!r} is wrong; {message[:1].lower()}{message[1:]}"]


_KINDS = {
    get_args(spec.model_fields["kind"].annotation)[0]: spec
    for spec in (TransformersSpec, ExtractiveSpec, RecordedSpec, ScriptedSpec, EndpointSpec, CustomSpec)
}


def _fields_at(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that are known at a place of a study."""
    spec: Any = StudySpec
    for part in loc:
        if isinstance(part, int):
            continue
        spec = _KINDS[part] if part in _KINDS else _spec_in(spec.model_fields[part].annotation)
    return list(spec.model_fields)


def _spec_in(annotation: Any) -> Any:  # noqa: ANN401 - type annotations
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return annotation
    inner = [found for part in get_args(annotation) if (found := _spec_in(part)) is not None]
    return inner[0] if inner else None
