"""Generators as a person writes them, and what a study knows of each kind of them.

A kind of generator is one file below `ragstudy.generation` that holds its specification, what makes it, and its entry,
and one line in the table here. A kind of the user's own is written as `kind: package.module:ENTRY` and is the same.

Examples:
    >>> JudgeSpec(name='local', model='m', url='http://127.0.0.1:8080/v1', key_variable=None).n_tries
    5
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, PrivateAttr, SerializeAsAny, field_validator
from pydantic_core import PydanticCustomError

from ragstudy.errors import InputError, nearest
from ragstudy.registry import Registry
from ragstudy.specs.base import DType, Name, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ragstudy.protocols import Generator

_FOUR_BITS, _SIXTEEN_BITS = 4, 16


class GeneratorSpec(Spec):
    """What every generator of a study has.

    Attributes:
        kind: name of its kind.
        name: how the study calls it.
        tuned_from: name of the generator that this one is a tuned version of; the two are then compared.
        batch_size: prompts given at a time.
        examples: questions of the training split with their answers that every prompt shows first (few-shot).
        instruction: of its prompts instead of the study's, with passages and without.
    """

    kind: str
    name: Name
    tuned_from: str | None = None
    batch_size: int = Field(default=32, ge=1)
    examples: int = Field(default=0, ge=0, le=64)
    instruction: str | None = None


class TransformersSpec(GeneratorSpec):
    """A causal language model of transformers, with or without a ready adapter.

    Attributes:
        model: local folder, hub id, or the name of an embedded model (`pocket`, `pocket-tiny`, `pocket-medium`).
        adapter: folder or hub id of a ready PEFT adapter, or None.
        dtype: precision of the weights.
        max_new_tokens: longest answer, in tokens.
        thinking_tokens: tokens that the model may think with before it answers, on top of `max_new_tokens`; 0 turns
            thinking off where its chat template has a switch for it.
        trust_remote_code: run code that comes with the model; only ever true if written here.
        device: 'auto' takes a GPU if there is one.
        bits: 4 or 8 loads the weights in as many bits (needs a CUDA GPU and bitsandbytes), for large models; 4 for
            method `qlora` too.
    """

    kind: Literal["transformers"] = "transformers"
    model: str
    adapter: str | None = None
    dtype: DType = "auto"
    max_new_tokens: int = Field(default=96, ge=1)
    thinking_tokens: int = Field(default=0, ge=0)
    trust_remote_code: bool = False
    device: str = "auto"
    bits: Literal[4, 8, 16] = 16

    @property
    def longest_text(self) -> int:
        """Most tokens that the model writes, thinking included."""
        return self.max_new_tokens + self.thinking_tokens

    @property
    def is_quantised(self) -> bool:
        """Whether the weights are loaded in fewer bits than they have."""
        return self.bits < _SIXTEEN_BITS

    @property
    def in_four_bits(self) -> bool:
        """Whether the weights are loaded in four bits."""
        return self.bits == _FOUR_BITS


class ServerSpec(Spec):
    """A model behind an OpenAI-compatible endpoint (OpenAI, vLLM, Ollama, llama.cpp); used only if it is written.

    Attributes:
        name: how the study calls it.
        url: base address up to `/v1`.
        model: the model's name there.
        key_variable: environment variable that holds the key; None if the server needs none.
        max_new_tokens: longest reply, in tokens.
        thinking_tokens: tokens that the model may think with before it replies, on top of `max_new_tokens`.
        max_tokens_key: how the server calls the longest reply; newer models of OpenAI want `max_completion_tokens`.
        temperature: of the draws; null leaves it out of the request, for models that refuse to be told.
        extra_body: further fields of every request, as the server documents them.
        timeout_seconds: longest wait for one request.
        n_tries: how often a request is tried before it is recorded as failed.
    """

    name: Name
    url: str = "https://api.openai.com/v1"
    model: str
    key_variable: str | None = "OPENAI_API_KEY"
    max_new_tokens: int = Field(default=256, ge=1)
    thinking_tokens: int = Field(default=0, ge=0)
    max_tokens_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=60.0, gt=0)
    n_tries: int = Field(default=5, ge=1)

    @field_validator("url")
    @classmethod
    def _holds_no_key(cls, url: str) -> str:
        if "@" in url.partition("://")[2].partition("/")[0]:
            msg = "the address holds a user name or key; keys come from the environment (key_variable)"
            raise ValueError(msg)
        return url


Price = Annotated[float, Field(ge=0)]


class CallCounter:
    """Counts the requests of everything that is made from one written generator; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock, self._n = Lock(), 0

    def __eq__(self, other: object) -> bool:
        """Counting makes no two specifications differ."""
        return isinstance(other, CallCounter)

    __hash__ = None  # type: ignore[assignment] # as every object that is compared by what it holds

    def count_one(self, limit: int | None) -> bool:
        """Count a request that is about to be sent; False, and not counted, where it would pass the limit.

        Args:
            limit: most requests, or None.
        """
        with self._lock:
            if limit is not None and self._n >= limit:
                return False
            self._n += 1
            return True


class EndpointSpec(ServerSpec, GeneratorSpec):
    """A generator behind an OpenAI-compatible endpoint.

    Attributes:
        batch_size: requests under way at a time.
        max_calls: most requests that one command sends to it, tries included; None for no limit.
        prices: of a million tokens read and of a million written, for the estimate before a run.
        stream: whether replies are read while they are written, for servers and proxies that cut a long silence.
    """

    kind: Literal["endpoint"]
    batch_size: int = Field(default=8, ge=1)
    max_calls: int | None = Field(default=None, ge=1)
    prices: tuple[Price, Price] | None = None
    stream: bool = False
    # Copies with another model, as a service made it, share it.
    _calls: CallCounter = PrivateAttr(default_factory=CallCounter)

    @property
    def calls(self) -> CallCounter:
        """The requests sent so far."""
        return self._calls


class JudgeSpec(ServerSpec):
    """A model that scores answers; its measures are called `NAME:METHOD` (docs/judges.md).

    Attributes:
        kind: `endpoint`, behind a server, or `transformers`, a model loaded here, as generators name one; the address,
            the key and the limits of a server mean nothing to it.
        concurrency: requests under way at a time.
        max_calls: most requests that one command sends, tries included.
        max_tokens: most tokens that one command reads and writes.
        json_mode: whether to ask the server for JSON (`response_format`); a few servers refuse that.
        cache: folder of the replies, to share them between studies; the run folder by default.
    """

    kind: Literal["endpoint", "transformers"] = "endpoint"
    max_new_tokens: int = Field(default=1024, ge=1)
    concurrency: int = Field(default=8, ge=1)
    max_calls: int = Field(default=10_000, ge=1)
    max_tokens: int = Field(default=20_000_000, ge=1)
    json_mode: bool = True
    cache: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the model is loaded here, so that asking it sends nothing and costs time alone."""
        return self.kind == "transformers"


Written = TypeVar("Written", bound=GeneratorSpec)


@dataclass(frozen=True)
class GeneratorKind(Generic[Written]):
    """What a study knows of a kind of generator.

    Attributes:
        name: of the kind, as a study writes it under `kind`.
        spec: class of what a person writes.
        make: from that to the generator.
        problems: what is wrong with the things it names, a message each; looked at when the study is planned.
        check_ready: raises what keeps it from answering here, such as a key that is not set; before the first work.
        move_paths: the specification with one function done to its paths and another to names that may be paths.
        identity: what decides its answers beside its settings, such as the content of files, by setting.
        weights: what its weights are, in words for the manifest; '' where it has none.
        differences: what differs between a generator and the one it is tuned from, beside the weights.
        notes: what a reader should know of a generator before its numbers.
        sends_requests: whether every answer is a request to a server, which may cost money.
    """

    name: str
    spec: type[Written]
    make: Callable[[Written], Generator]
    problems: Callable[[Written], list[str]] = lambda _: []
    check_ready: Callable[[Written], object] = lambda _: None
    move_paths: Callable[[Written, Callable[[str], str], Callable[[str], str]], Written] = lambda spec, _path, _name: (
        spec
    )
    identity: Callable[[Written], Mapping[str, object]] = lambda _: {}
    weights: Callable[[Written], str] = lambda _: ""
    differences: Callable[[Written, GeneratorSpec], list[str]] = lambda _spec, _base: []
    notes: Callable[[Written], list[str]] = lambda _: []
    sends_requests: bool = False


GENERATORS = Registry(
    kind="kind of generator",
    group="ragstudy.generators",
    entry_type=GeneratorKind,
    built_in={
        "transformers": "ragstudy.generation.causal_kind:KIND",
        "extractive": "ragstudy.generation.extractive:KIND",
        "recorded": "ragstudy.generation.recorded:KIND",
        "scripted": "ragstudy.generation.scripted:KIND",
        "endpoint": "ragstudy.generation.endpoint:KIND",
        "llama_index": "ragstudy.generation.llama_index_llm:KIND",
        "custom": "ragstudy.generation.custom:KIND",
    },
)


def kind_of(spec: GeneratorSpec) -> GeneratorKind[Any]:
    """What is known of a generator's kind.

    Args:
        spec: of a generator.
    """
    return GENERATORS.get(spec.kind, f"generator {spec.name!r}")


def _generator(given: object) -> object:
    """What is written of a generator, as the class of its kind."""
    if not isinstance(given, dict):
        return given
    kind = given.get("kind")
    if not isinstance(kind, str):
        known = ", ".join(sorted(GENERATORS.names()))
        code, message = "generator_kind", "kind: missing; one of {known}"
        raise PydanticCustomError(code, message, {"known": known})
    try:
        entry = GENERATORS.find(kind)
    except InputError as error:
        code, message = "generator_kind", "kind: {problem}"
        raise PydanticCustomError(code, message, {"problem": str(error)}) from None
    if entry is None:
        problem = f"{kind!r} is no kind of generator{nearest(kind, GENERATORS.names())}"
        code, message = "generator_kind", "kind: {problem}"
        raise PydanticCustomError(code, message, {"problem": problem})
    return entry.spec.model_validate(given)


AnyGenerator = Annotated[SerializeAsAny[GeneratorSpec], BeforeValidator(_generator)]
