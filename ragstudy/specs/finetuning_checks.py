"""What is wrong with a plan to fine-tune, each problem with its reason.

Examples:
    >>> from ragstudy.specs.finetuning import FineTuneSpec
    >>> finetuning_problems([FineTuneSpec(base='qwen', formats=['retrieved'], sizes=[200])], [], {})[0]
    "finetuning.0.base: 'qwen' is no generator of kind 'transformers' or 'endpoint' of this study"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.errors import nearest
from ragstudy.specs.base import duplicates
from ragstudy.specs.finetuning import GOLD, SELF_DISTILLED, arm_suffix, variants_of
from ragstudy.specs.generators import EndpointSpec, TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ragstudy.specs.finetuning import FineTuneSpec
    from ragstudy.specs.generators import GeneratorSpec


_OF_THE_SERVICE = ("learning_rate", "rank", "alpha", "dropout", "targets", "max_tokens", "warmup", "weight_decay")


def finetuning_problems(
    entries: Sequence[FineTuneSpec], generators: Sequence[GeneratorSpec], domains: Mapping[str, Path]
) -> list[str]:
    """What is wrong with the entries of `finetuning`, each with the reason.

    Args:
        entries: in their order.
        generators: of the study.
        domains: folder of each domain, by name.
    """
    problems: list[str] = []
    models = {one.name: one for one in generators if isinstance(one, TransformersSpec | EndpointSpec)}
    names = [one.name for one in generators]
    for position, tuned in enumerate(entries):
        place = f"finetuning.{position}"
        base = models.get(tuned.base)
        if base is None:
            problems.append(
                f"{place}.base: {tuned.base!r} is no generator of kind 'transformers' or 'endpoint' of this study"
                + nearest(tuned.base, list(models))
            )
        else:
            problems += [f"{place}.{line}" for line in _base_problems(tuned, base)]
        problems += [f"{place}.{line}" for line in _entry_problems(tuned, names, domains)]
        if tuned.after:
            problems += [f"{place}.after: {line}" for line in _round_problems(tuned, entries[:position])]
    # Two entries may not share an arm, even with different seeds: their settings may differ.
    recipes = [recipe for tuned in entries for recipe in dict.fromkeys(_recipes(tuned))]
    problems += [f"{line}; give one of the entries a name" for line in duplicates("finetuning", recipes)]
    for position, tuned in enumerate(entries):
        for key in ("formats", "sizes", "labels", "pairs", "seeds", "checkpoints"):
            problems += duplicates(f"finetuning.{position}.{key}", [str(value) for value in getattr(tuned, key)])
    return problems


def _recipes(tuned: FineTuneSpec) -> list[str]:
    return [
        f"{tuned.base}+{form}-{size}{arm_suffix(tuned, variant)}"
        for form in tuned.formats
        for size in tuned.sizes
        for variant in variants_of(tuned)
    ]


def _base_problems(tuned: FineTuneSpec, base: TransformersSpec | EndpointSpec) -> list[str]:
    problems = []
    if base.examples:
        problems.append(f"base: {tuned.base!r} shows examples; tune a generator without them")
    if isinstance(base, EndpointSpec):
        return problems + _hosted_problems(tuned)
    if tuned.learning_rate_multiplier is not None:
        problems.append("learning_rate_multiplier: is of method 'hosted' only; write learning_rate")
    if tuned.method == "hosted":
        problems.append(f"method: 'hosted' is for a generator of kind 'endpoint'; {tuned.base!r} is trained here")
    if base.adapter is not None:
        problems.append(f"base: {tuned.base!r} has an adapter of its own; tune a generator without one")
    if tuned.method == "qlora" and not base.in_four_bits:
        problems.append(
            f"method: 'qlora' trains on weights of four bits, and its arms are compared with a base of four bits; "
            f"write `bits: 4` at generator {tuned.base!r}"
        )
    if tuned.method != "qlora" and base.is_quantised:
        told = "on which only 'qlora' can train" if base.in_four_bits else "which answers and is not trained"
        problems.append(f"method: generator {tuned.base!r} has `bits: {base.bits}`, {told}")
    return problems


def _hosted_problems(tuned: FineTuneSpec) -> list[str]:
    """What a service that trains cannot be told, or cannot do."""
    if tuned.method != "hosted":
        told = "cannot be trained here; `method: hosted` has its service train it (docs/training_elsewhere.md)"
        return [f"method: {tuned.base!r} is behind an endpoint and {told}"]
    problems = [
        f"{key}: is the service's own with method 'hosted'; leave it out"
        for key in _OF_THE_SERVICE
        if getattr(tuned, key) != type(tuned).model_fields[key].default
    ]
    if tuned.after:
        problems.append("after: rounds go on from adapters; method 'hosted' leaves none here")
    if tuned.checkpoints:
        problems.append("checkpoints: of earlier epochs are not kept with method 'hosted'")
    if set(tuned.pairs) != {"all"}:
        problems.append("pairs: what a model behind an endpoint knows is not found out; train on 'all'")
    return problems


def _entry_problems(tuned: FineTuneSpec, names: Sequence[str], domains: Mapping[str, Path]) -> list[str]:
    problems = []
    for labels in tuned.labels:
        teacher = labels.partition(":")[2]
        if teacher and teacher not in names:
            problems.append(f"labels: {teacher!r} is no generator of this study{nearest(teacher, names)}")
        if teacher == tuned.base:
            problems.append(f"labels: the base {teacher!r} as its own teacher is what `{SELF_DISTILLED}` is for")
    if tuned.shuffled and (GOLD not in tuned.labels or "all" not in tuned.pairs):
        problems.append(f"shuffled: is made of {GOLD!r} labels and all pairs, which are not among labels and pairs")
    late = [epoch for epoch in tuned.checkpoints if epoch >= tuned.epochs]
    if late:
        problems.append(f"checkpoints: {late[0]} is not before the last epoch, which is {tuned.epochs} and always kept")
    problems += _after_domain_problems(tuned, domains)
    if tuned.transfer and len(domains) == 1:
        problems.append("transfer: there is no other domain to answer; add one or leave it out")
    if "raft" not in tuned.formats and tuned.raft_distractors is not None:
        problems.append("raft_distractors: is of format 'raft', which is not among the formats")
    return problems


def _after_domain_problems(tuned: FineTuneSpec, domains: Mapping[str, Path]) -> list[str]:
    if not tuned.after_domain:
        return []
    if not tuned.after:
        return ["after_domain: says where the adapters of `after` come from, which is not given"]
    if tuned.after_domain not in domains:
        told = nearest(tuned.after_domain, list(domains))
        return [f"after_domain: {tuned.after_domain!r} is no domain of this study{told}"]
    named = domains[tuned.after_domain]
    return [
        f"after_domain: {tuned.after_domain!r} and {name!r} are one folder, so both rounds would see its questions"
        for name, folder in domains.items()
        if name != tuned.after_domain and folder == named
    ]


def _round_problems(tuned: FineTuneSpec, earlier: Sequence[FineTuneSpec]) -> list[str]:
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
    if first.shuffled == "only":
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
