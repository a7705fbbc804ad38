"""From a generator as a study describes it to one that answers, and what tells two generators apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.files import fingerprint
from ragstudy.specs import kind_of

if TYPE_CHECKING:
    from ragstudy.protocols import Generator
    from ragstudy.specs import GeneratorSpec

# What does not touch the answers.
_NOT_IDENTITY = {"name", "batch_size", "tuned_from", "device"}


def make_generator(spec: GeneratorSpec) -> Generator:
    """The generator that a study describes; a transformers model is loaded here.

    Args:
        spec: of the generator.

    Raises:
        InputError: something it names is missing or wrong.
        UnavailableError: something it needs cannot be reached.
    """
    made: Generator = kind_of(spec).make(spec)
    return made


def generator_fingerprint(spec: GeneratorSpec) -> str:
    """Changes whenever the generator's answers might: its settings (not its name or batch size) or its files.

    Args:
        spec: of the generator.
    """
    kind = kind_of(spec)
    settings = spec.model_dump(mode="json", exclude=_NOT_IDENTITY)
    # The order of the settings counts; these stood last when the first answers were made, and left no trace where
    # they were not used.
    last = {"kind": settings.pop("kind")} if kind.sends_requests else {}
    shown = {key: value for key in ("examples", "instruction") if (value := settings.pop(key))}
    if settings.get("bits") == 16:  # noqa: PLR2004 - not quantised, as before there was such a setting
        del settings["bits"]
    return fingerprint({**settings, **kind.identity(spec), **last, **shown})
