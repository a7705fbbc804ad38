"""A generator of the user's own: any object with a method `generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ragstudy.registry import make_object, source_fingerprint
from ragstudy.specs import GeneratorKind, GeneratorSpec

if TYPE_CHECKING:
    from ragstudy.protocols import Generator


class CustomSpec(GeneratorSpec):
    """A generator of the user's own.

    Attributes:
        object: `package.module:object`, called with `options` to make the generator.
        options: keyword arguments.
    """

    kind: Literal["custom"]
    object: str = Field(pattern=r"^[\w.]+:[\w.]+$")
    options: dict[str, Any] = Field(default_factory=dict)


def _make(spec: CustomSpec) -> Generator:
    made: Generator = make_object(spec.object, f"generator {spec.name!r}", ["generate"], spec.options)
    return made


KIND = GeneratorKind(
    "custom",
    CustomSpec,
    _make,
    check_ready=_make,
    # Changed code may give other answers.
    identity=lambda spec: {"source": source_fingerprint(spec.object)},
)
