"""What a person writes: a study, validated as a whole before anything runs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ragstudy.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=80)]
Format = Literal["closed_book", "retrieved", "oracle", "raft"]
ContextKind = Literal["none", "retrieved", "oracle", "oracle_with_distractors", "distractors_only", "counterfactual"]
GoldPlace = Literal["first", "middle", "last", "shuffled"]
DType = Literal["auto", "float32", "bfloat16", "float16"]

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


def _is_context(name: str) -> str:
    parse_context(name)
    return name


Contexts = Annotated[str, AfterValidator(_is_context)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DomainSpec(_Spec):
    """A domain of the study.

    Attributes:
        path: folder of the domain, relative to the study's file.
        name: how the reports call it; the folder's name by default.
        n_test: how many test questions to ask, drawn with the study's seed; all by default.
        chunk_tokens: overrides the study's retrieval setting for this domain.
    """

    path: str
    name: Name = ""
    n_test: int | None = Field(default=None, ge=1)
    chunk_tokens: int | None = Field(default=None, ge=8)

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
        model: local folder, hub id, or `pocket` for the embedded model.
        adapter: folder or hub id of a ready PEFT adapter, or None.
        dtype: precision of the weights.
        batch_size: prompts answered at a time.
        max_new_tokens: longest answer, in tokens.
        trust_remote_code: run code that comes with the model; only ever true if written here.
        device: 'auto' takes a GPU if there is one.
        examples: questions of the training split with their answers that every prompt shows first (few-shot).
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
    examples: int = Field(default=0, ge=0, le=64)


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
    """

    kind: Literal["endpoint"]
    examples: int = Field(default=0, ge=0, le=64)
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
        base: name of a generator of kind 'transformers'.
        formats: what a training prompt holds: the question alone (`closed_book`), the passages that retrieval
            finds (`retrieved`), the gold passages alone (`oracle`), or gold passages among distractors (`raft`).
        raft_gold: of `raft`: share of the training prompts that hold the gold passages; the others hold
            distractors only.
        raft_distractors: of `raft`: distractors in each prompt; one fewer than retrieval.top_k by default.
        sizes: numbers of training pairs; the smaller sets are inside the larger ones.
        sham: whether to train each adapter a second time on the same prompts with the answers of other questions, as a
            control: what it changes is due to form and length of the answers, not to what they say.
        seeds: each gives another order, initial adapter and training subset.
        epochs: passes over the training set.
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

    base: str
    formats: tuple[Format, ...] = Field(default=("closed_book", "retrieved"), min_length=1)
    raft_gold: float = Field(default=0.8, ge=0, le=1)
    raft_distractors: int | None = Field(default=None, ge=1)
    sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(200, 500, 1000), min_length=1)
    sham: bool = False
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    epochs: int = Field(default=3, ge=1)
    learning_rate: float = Field(default=2e-4, gt=0)
    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    batch_size: int = Field(default=8, ge=1)
    max_tokens: int = Field(default=2048, ge=32)
    warmup: float = Field(default=0.03, ge=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0)


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
        contexts: what the test prompts hold; see docs/contexts.md.
        prompt: instructions.
        measures: how answers are scored.
        judges: models that score answers.
        audits: for measures, the audit.json of `ragstudy judge audit` that says how far each can be trusted.
        statistics: how arms are compared.
        seed: of the draws of test questions and training subsets.
    """

    name: Name
    title: str = ""
    notes: tuple[str, ...] = ()
    domains: tuple[DomainSpec, ...] = Field(min_length=1)
    retrieval: RetrievalSpec = RetrievalSpec()
    generators: tuple[GeneratorSpec, ...] = Field(min_length=1)
    finetuning: tuple[FineTuneSpec, ...] = ()
    contexts: tuple[Contexts, ...] = Field(default=("retrieved", "none"), min_length=1)
    prompt: PromptSpec = PromptSpec()
    measures: tuple[str, ...] = Field(default=DEFAULT_MEASURES, min_length=1)
    judges: tuple[JudgeSpec, ...] = ()
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
        problems += _twice("contexts", self.contexts) + _twice("measures", self.measures)
        trainable = [g.name for g in self.generators if isinstance(g, TransformersSpec)]
        for position, tuned in enumerate(self.finetuning):
            if tuned.base not in trainable:
                problems.append(
                    f"finetuning.{position}.base: {tuned.base!r} is no generator of kind 'transformers' of this study"
                    + nearest(tuned.base, trainable)
                )
        adapted = [g.name for g in self.generators if isinstance(g, TransformersSpec) and g.adapter is not None]
        with_examples = [g.name for g in self.generators if isinstance(g, TransformersSpec) and g.examples]
        problems += [
            f"finetuning.{position}.base: {tuned.base!r} shows examples; tune a generator without them"
            for position, tuned in enumerate(self.finetuning)
            if tuned.base in with_examples
        ]
        problems += [
            f"finetuning.{position}.base: {tuned.base!r} has an adapter of its own; tune a generator without one"
            for position, tuned in enumerate(self.finetuning)
            if tuned.base in adapted
        ]
        recipes = [
            f"{tuned.base}+{form}-{size}@{seed}"
            for tuned in self.finetuning
            for form in tuned.formats
            for size in tuned.sizes
            for seed in tuned.seeds
        ]
        problems += _twice("finetuning", recipes)
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
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        msg = f"{path}: not readable as YAML: {' '.join(str(error).split())}"
        raise InputError(msg) from None
    if not isinstance(content, dict):
        msg = f"{path}: expected a mapping of keys like 'name' and 'domains', found {type(content).__name__}"
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
        return moved(name) if name.startswith(".") or (folder / name).is_dir() else name

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
        return StudySpec.model_validate(content)
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
