"""What all specifications share: the base model, names, and messages about names that stand twice.

Examples:
    >>> duplicates('domains', ['faq', 'faq'])
    ["domains: 'faq' stands twice; names must differ"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=80)]
DType = Literal["auto", "float32", "bfloat16", "float16"]


class Spec(BaseModel):
    """Something that a person writes: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def duplicates(key: str, names: Sequence[str]) -> list[str]:
    """A message for every name that stands more than once.

    Args:
        key: where the names stand, for the message.
        names: in the order in which they are written.
    """
    return [
        f"{key}: {name!r} stands twice; names must differ"
        for name in dict.fromkeys(names)
        if list(names).count(name) > 1
    ]
