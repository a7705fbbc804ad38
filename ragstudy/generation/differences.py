"""What differs between a tuned model and the base that it is compared with, beside their weights.

Two models with other templates, tokenizers, decoding settings or precision differ in more than the tuning, and their
comparison says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.errors import RagstudyError
from ragstudy.files import hash_file
from ragstudy.generation.adapters import other_base
from ragstudy.generation.decoding import not_greedy_in
from ragstudy.generation.locate import locate_model
from ragstudy.generation.thinking import chat_template_in

if TYPE_CHECKING:
    from ragstudy.specs import GeneratorSpec, TransformersSpec


def differences(spec: TransformersSpec, base: GeneratorSpec) -> list[str]:
    """A sentence for everything that differs beside the weights, of models whose files are here.

    Args:
        spec: of the tuned generator.
        base: of the generator that it is tuned from.
    """
    if base.kind != spec.kind:
        return [f"{spec.name} is of kind {spec.kind}, {base.name} of kind {base.kind}: they differ in more than tuning"]
    told = [
        f"{key}: {getattr(spec, key)!r} against {getattr(base, key)!r}"
        for key in ("dtype", "bits", "max_new_tokens", "thinking_tokens", "instruction", "examples")
        if getattr(spec, key) != getattr(base, key)
    ]
    here, there = _folder(spec), _folder(base)  # type: ignore[arg-type] # of the same kind
    if here is not None and there is not None and here != there:
        told += [what for what, same in _compared(here, there) if not same]
    return [f"{spec.name} and {base.name} differ in more than tuning: {', '.join(told)}"] if told else []


def adapter_notes(spec: TransformersSpec) -> list[str]:
    """What a reader should know of a ready adapter: another base than it says, or a tokenizer of its own.

    Args:
        spec: of the generator.
    """
    folder = Path(spec.adapter).expanduser() if spec.adapter else None
    if folder is None or not folder.is_dir():
        return []
    told = [note] if (note := other_base(folder, spec.model)) else []
    base = _folder(spec)
    if base is not None and (folder / "tokenizer_config.json").is_file():
        own = [what for what, same in _compared(folder, base) if not same and what != _DECODING]
        if own:
            told.append(
                f"adapter {folder} brings files that are not used, and that differ from its model's: {', '.join(own)}"
            )
    return told


_DECODING = "settings of generation_config.json (not used here)"


def _compared(one: Path, other: Path) -> list[tuple[str, bool]]:
    return [
        ("the chat template", chat_template_in(one) == chat_template_in(other)),
        ("the tokenizer", _hash(one / "tokenizer.json") == _hash(other / "tokenizer.json")),
        (_DECODING, not_greedy_in(one) == not_greedy_in(other)),
    ]


def _folder(spec: TransformersSpec) -> Path | None:
    """Where the files of a model lie; None of a hub id or a GGUF file."""
    try:
        located = Path(locate_model(spec.model))
    except RagstudyError:
        return None
    return located if located.is_dir() else None


def _hash(path: Path) -> str:
    return hash_file(path) if path.is_file() else ""
