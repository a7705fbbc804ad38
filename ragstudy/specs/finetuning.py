"""Fine-tuning as a person writes it: which adapters to train on whose answers.

Examples:
    >>> labels = ['gold', 'self_distilled']
    >>> tuned = FineTuneSpec(base='qwen', formats=['retrieved'], sizes=[200], labels=labels)
    >>> [variant.labels for variant in variants_of(tuned)]
    ['gold', 'self_distilled']
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, AliasChoices, Field

from ragstudy.errors import nearest
from ragstudy.specs.base import Spec

Format = Literal["closed_book", "retrieved", "oracle", "raft"]
Method = Literal["lora", "qlora", "full", "hosted"]
PairFilter = Literal["all", "known", "unknown"]
GOLD, SELF_DISTILLED, TEACHER = "gold", "self_distilled", "teacher"


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


class FineTuneSpec(Spec):
    """Adapters to train on one base generator, on every domain.

    Attributes:
        name: tells these adapters from others of the same base, format and size; part of the names of their arms.
        base: name of a generator of kind 'transformers', or of kind 'endpoint' where `method` is `hosted`.
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
        shuffled: whether to train each adapter a second time on the same prompts with the answers of other questions
            (shuffled labels), as a control: what it changes is due to form and length of the answers, not to what they
            say. Of gold labels alone; `only` leaves the true answers out. Was called `sham`.
        seeds: each gives another order, initial adapter and training subset.
        method: low-rank adapters (`lora`), the same on a generator loaded in four bits (`qlora`), all weights
            (`full`, which keeps a whole model per arm and seed), or what the service of an endpoint does (`hosted`:
            OpenAI's fine-tuning API; started by `ragstudy training hosted` only, because it costs money).
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
        learning_rate_multiplier: of `hosted`, as the service defines it; the service's choice by default.
    """

    name: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9_.]*)?$", max_length=40)
    base: str
    formats: tuple[Format, ...] = Field(default=("closed_book", "retrieved"), min_length=1)
    raft_gold: float = Field(default=0.8, ge=0, le=1)
    raft_distractors: int | None = Field(default=None, ge=1)
    sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(200, 500, 1000), min_length=1)
    labels: tuple[Labels, ...] = Field(default=(GOLD,), min_length=1)
    agreement: float = Field(default=0.75, ge=0, le=1)
    pairs: tuple[PairFilter, ...] = Field(default=("all",), min_length=1)
    n_samples: int = Field(default=4, ge=1, le=64)
    shuffled: bool | Literal["only"] = Field(default=False, validation_alias=AliasChoices("shuffled", "sham"))
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
    learning_rate_multiplier: float | None = Field(default=None, gt=0)


class Variant(NamedTuple):
    """What sets one recipe of an entry apart from its others, beside base, format and size.

    Attributes:
        labels: source of the answers to learn.
        pairs: which questions are trained on.
        shuffled: whether the answers are those of other questions.
        checkpoint: epoch at whose end the adapter is kept, or 0 for the last.
    """

    labels: str
    pairs: PairFilter
    shuffled: bool
    checkpoint: int


PLAIN = Variant(GOLD, "all", shuffled=False, checkpoint=0)


def variants_of(tuned: FineTuneSpec) -> list[Variant]:
    """The variants of an entry, plain ones first.

    Args:
        tuned: the entry.
    """
    found = []
    for labels in tuned.labels:
        for pairs in tuned.pairs:
            plain = labels == GOLD and pairs == "all"
            shuffleds = {False: (False,), True: (False, True), "only": (True,)}[tuned.shuffled if plain else False]
            found += [Variant(labels, pairs, shuffled, 0) for shuffled in shuffleds]
    return found + [one._replace(checkpoint=epoch) for epoch in sorted(tuned.checkpoints) for one in found]


def arm_suffix(tuned: FineTuneSpec, variant: Variant) -> str:
    """How a variant's arms end: `-self_distilled-known-low_rate-epoch1-shuffled`; '' for gold labels and all pairs.

    Args:
        tuned: the entry.
        variant: one of its variants.
    """
    kind, _, teacher = variant.labels.partition(":")
    parts = (
        "" if kind == GOLD else f"by_{teacher}" if teacher else kind,
        "" if variant.pairs == "all" else variant.pairs,
        tuned.name,
        f"epoch{variant.checkpoint}" if variant.checkpoint else "",
        "shuffled" if variant.shuffled else "",
    )
    return "".join(f"-{part}" for part in parts if part)
