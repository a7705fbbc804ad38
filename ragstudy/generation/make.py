"""From a generator as a study describes it to one that answers, and what tells two generators apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.files import fingerprint
from ragstudy.specs import kind_of

if TYPE_CHECKING:
    from ragstudy.protocols import Generator
    from ragstudy.specs import GeneratorSpec

# What does not touch the answers.
_NOT_IDENTITY = {"name", "batch_size", "tuned_from", "device", "max_calls", "prices", "stream"}
# Settings that came later, each with the value under which it leaves no trace in a fingerprint.
_LATER: dict[str, object] = {
    "examples": 0,
    "instruction": None,
    "thinking_tokens": 0,
    "max_tokens_key": "max_tokens",
    "temperature": 0.0,
    "extra_body": {},
}


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
    # The order of the settings counts; these stood last when the first answers were made.
    last = {"kind": settings.pop("kind")} if kind.sends_requests else {}
    later = {key: settings.pop(key) for key in _LATER if key in settings}
    shown = {key: value for key, value in later.items() if value != _LATER[key]}
    if settings.get("bits") == 16:  # noqa: PLR2004 - not quantised, as before there was such a setting
        del settings["bits"]
    return fingerprint({**settings, **kind.identity(spec), **last, **shown})
