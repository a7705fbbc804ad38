"""What is wrong with a study, one line a problem: place, value, what was expected, the nearest known name.

Examples:
    >>> from pydantic import ValidationError
    >>> from ragstudy.specs.study import StudySpec
    >>> try:
    ...     StudySpec(name='s', domains=[], generators=[])
    ... except ValidationError as error:
    ...     print(messages('study.yaml', error)[0])
    study.yaml: domains: [] is wrong; tuple should have at least 1 item after validation, not 0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from ragstudy.errors import nearest
from ragstudy.specs.generators import GENERATORS
from ragstudy.specs.study import StudySpec

if TYPE_CHECKING:
    from pydantic import ValidationError


def messages(place: str, error: ValidationError, root: type[BaseModel] = StudySpec) -> list[str]:
    """One line for each problem that validation found.

    Args:
        place: names the file.
        error: of the validation.
        root: what the file holds.
    """
    problems = [dict(one) for one in error.errors()]
    return [line for one in problems if not _follows(one, problems) for line in _lines(place, one, root)]


def _follows(one: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether a list is called too short only because its items are wrong, which is said of the items."""
    n = len(one["loc"])
    return one["type"] == "too_short" and any(len(o["loc"]) > n and o["loc"][:n] == one["loc"] for o in others)


def _lines(place: str, problem: dict[str, Any], root: type[BaseModel]) -> list[str]:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = _fields_at(problem["loc"][:-1], root)
        return [f"{place}: {key}: unknown key{nearest(str(problem['loc'][-1]), known)}"]
    if problem["type"] == "missing":
        return [f"{place}: {key}: missing; it must be given"]
    if problem["type"] == "generator_kind":
        return [f"{place}: {key}.{problem['msg']}"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return [f"{place}: {f'{key}: ' if key else ''}{line}" for line in message.split("\n")]
    return [f"{place}: {key}: {problem['input']!r} is wrong; {message[:1].lower()}{message[1:]}"]


def _fields_at(loc: tuple[int | str, ...], root: type[BaseModel]) -> list[str]:
    """The keys that are known at a place of a file."""
    if root is StudySpec and loc[:1] == ("generators",):
        # The kind is not part of the place, so the keys of every kind are offered.
        return sorted({key for name in GENERATORS.names() for key in GENERATORS.get(name, "").spec.model_fields})
    spec: Any = root
    for part in loc:
        if not isinstance(part, int):
            spec = _spec_in(spec.model_fields[part].annotation)
    return list(spec.model_fields)


def _spec_in(annotation: Any) -> Any:  # noqa: ANN401 - type annotations
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return annotation
    inner = [found for part in get_args(annotation) if (found := _spec_in(part)) is not None]
    return inner[0] if inner else None
