"""Contexts by name: what the passages of a test prompt are.

Examples:
    >>> parse_context("oracle_with_distractors@3:first")
    Context(kind='oracle_with_distractors', k=3, position='first')
    >>> headline_context(["none", "oracle", "retrieved"])
    'retrieved'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, NamedTuple, get_args

from pydantic import AfterValidator

from ragstudy.errors import InputError, nearest
from ragstudy.protocols import ContextKind, GoldPosition
from ragstudy.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTEXTS = Registry(
    kind="context",
    group="ragstudy.contexts",
    entry_type=ContextKind,
    built_in={
        "none": "ragstudy.contexts.none:NONE",
        "retrieved": "ragstudy.contexts.retrieved:RETRIEVED",
        "oracle": "ragstudy.contexts.oracle:ORACLE",
        "oracle_with_distractors": "ragstudy.contexts.oracle_with_distractors:ORACLE_WITH_DISTRACTORS",
        "distractors_only": "ragstudy.contexts.distractors_only:DISTRACTORS_ONLY",
        "counterfactual": "ragstudy.contexts.counterfactual:COUNTERFACTUAL",
    },
)
# A kind of the user's own holds a dot and a colon: `package.module:OBJECT`, also with `@K`.
_OWN = re.compile(r"^(\w+(?:\.\w+)+:\w+|\w+:[A-Z]\w*)(?:@([^@:]*))?$")
_BUILT_IN = re.compile(r"^([^@:]+)(?:@([^@:]*))?(?::([^@:]*))?$")


class Context(NamedTuple):
    """What the passages of a test prompt are.

    Attributes:
        kind: name of the kind of context.
        k: number of passages; None for the study's `retrieval.top_k`, of `counterfactual` for the gold passages alone.
        position: where the gold passages stand among distractors.
    """

    kind: str
    k: int | None = None
    position: GoldPosition = "shuffled"

    @property
    def entry(self) -> ContextKind:
        """What is known of the kind."""
        return CONTEXTS.get(self.kind, "contexts")


def parse_context(name: str) -> Context:
    """A context from its name: `KIND`, `KIND@K`, `KIND:POSITION` or `KIND@K:POSITION`.

    Args:
        name: as it is written in a study.

    Raises:
        InputError: the name is no context; the message names the part that is wrong.
    """
    kind, k, position = _parts(name)
    entry = CONTEXTS.find(kind)
    if entry is None:
        msg = f"{name!r} is no context{nearest(kind, CONTEXTS.names())}"
        raise InputError(msg)
    if k is not None and (not entry.takes_k or not k.isdecimal() or int(k) < 1):
        msg = f"{name!r}: expected a number of passages after @, of a context with a choice of it, e.g. retrieved@3"
        raise InputError(msg)
    if position is not None and (not entry.takes_position or position not in get_args(GoldPosition)):
        msg = (
            f"{name!r}: only oracle_with_distractors takes a position of the gold passages, one of "
            f"{', '.join(get_args(GoldPosition))}, e.g. oracle_with_distractors:first"
        )
        raise InputError(msg)
    return Context(kind, int(k) if k else None, position or "shuffled")  # type: ignore[arg-type] # checked above


def _parts(name: str) -> tuple[str, str | None, str | None]:
    """Kind, number of passages and position, as they are written."""
    own = _OWN.match(name)
    if own:
        return str(own[1]), own[2], None
    match = _BUILT_IN.match(name)
    return (str(match[1]), match[2], match[3]) if match else (name, None, None)


def headline_context(contexts: Iterable[str]) -> str:
    """The context that headlines, findings and plots are about, whatever the order in which they are written.

    `retrieved`, else the one with the fewest retrieved passages, else another with passages that are meant to answer,
    else any.

    Args:
        contexts: of a study, at least one.
    """

    def rank(name: str) -> tuple[int, int, str]:
        context = parse_context(name)
        return (context.entry.headline_rank, context.k or 0, name)

    return min(contexts, key=rank)


def _is_context(name: str) -> str:
    try:
        parse_context(name)
    except InputError as error:
        # What pydantic makes a message of.
        raise ValueError(str(error)) from None
    return name


ContextName = Annotated[str, AfterValidator(_is_context)]
