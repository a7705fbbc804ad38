"""From a YAML file to a study: reading, overriding, checking, and moving its paths.

Examples:
    >>> copying = {'kind': 'extractive', 'name': 'copy'}
    >>> parse_study({'name': 's', 'domains': ['faq'], 'generators': [copying]}, 'study.yaml').contexts
    ('retrieved', 'none')
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ragstudy.errors import InputError, nearest
from ragstudy.files import read_yaml
from ragstudy.specs.designs import with_design
from ragstudy.specs.generators import kind_of
from ragstudy.specs.messages import messages
from ragstudy.specs.study import StudySpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragstudy.specs.generators import GeneratorSpec, JudgeSpec


def load_study(path: Path, overrides: tuple[str, ...] = ()) -> StudySpec:
    """The study in a YAML file, with `key=value` overrides (`retrieval.top_k=3`) applied.

    Args:
        path: of the file; relative paths in it start from its folder.
        overrides: `key=value` each; a key's parts are joined by dots, an item of a list is named by its position.

    Raises:
        InputError: the file is missing or not YAML, or any key or value is wrong; every problem is named.
    """
    content = _read(path)
    for override in overrides:
        _apply(content, override)
    return _from_folder(parse_study(content, str(path)), path.parent)


def _read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    if not path.is_file():
        others = sorted(p.stem for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        msg = f"{path}: no such file; expected a study in YAML{nearest(path.stem, others)}"
        raise InputError(msg)
    content = read_yaml(path)
    if not isinstance(content, dict):
        kind = "an empty file" if content is None else type(content).__name__
        msg = f"{path}: expected a mapping of keys like 'name' and 'domains', found {kind}"
        raise InputError(msg)
    return content


def _from_folder(spec: StudySpec, folder: Path) -> StudySpec:
    """The study with the paths in it, which start from its file's folder, made to start from the current one."""

    def moved(path: str) -> str:
        given = Path(path).expanduser()
        return str(given if given.is_absolute() else Path(os.path.relpath(folder / given)))

    def moved_if_there(name: str) -> str:
        if not name.startswith((".", "~")) and not (folder / name).is_dir():
            return name
        # What was written as a path must not look like the id of a hub.
        found = moved(name)
        return found if found.startswith((".", "/")) else f"./{found}"

    return _with_paths(spec, moved, moved_if_there)


def rebase_paths(spec: StudySpec, folder: Path) -> StudySpec:
    """The study with the paths in it, which start from the current folder, made to start from another one.

    Args:
        spec: of the study.
        folder: where paths are to start.
    """

    def moved(path: str) -> str:
        return path if Path(path).is_absolute() else os.path.relpath(path, folder)

    def moved_if_there(name: str) -> str:
        return moved(name) if Path(name).is_dir() else name

    return _with_paths(spec, moved, moved_if_there)


def _with_paths(spec: StudySpec, path: Callable[[str], str], name: Callable[[str], str]) -> StudySpec:
    """The study with `path` done to its paths, and `name` to names that may be paths."""
    domains = tuple(d.model_copy(update={"path": path(d.path)}) for d in spec.domains)
    generators = tuple(_with_own_paths(g, path, name) for g in spec.generators)
    retrieval = spec.retrieval.model_copy(
        update={
            "embedder": name(spec.retrieval.embedder),
            "reranker": spec.retrieval.reranker and name(spec.retrieval.reranker),
        }
    )
    judges = tuple(
        j.model_copy(update={"cache": j.cache and path(j.cache), "model": name(j.model) if j.is_local else j.model})
        for j in spec.judges
    )
    return spec.model_copy(
        update={
            "domains": domains,
            "generators": generators,
            "retrieval": retrieval,
            "judges": judges,
            "likelihood_model": name(spec.likelihood_model),
            "forgetting": tuple(p.model_copy(update={"path": p.path and path(p.path)}) for p in spec.forgetting),
            "audits": {measure: path(audit) for measure, audit in spec.audits.items()},
        }
    )


def _with_own_paths(spec: GeneratorSpec, path: Callable[[str], str], name: Callable[[str], str]) -> GeneratorSpec:
    moved: GeneratorSpec = kind_of(spec).move_paths(spec, path, name)
    return moved


def parse_study(content: dict[str, Any], place: str) -> StudySpec:
    """A study from its parsed content.

    Args:
        content: parsed YAML.
        place: names it in messages.

    Raises:
        InputError: any key or value is wrong; every problem is named.
    """
    try:
        return StudySpec.model_validate(with_design(content, place))
    except ValidationError as error:
        raise InputError(messages(place, error)) from None


def parse_judges(content: list[Any], place: str) -> list[JudgeSpec]:
    """Judges from their parsed content.

    Args:
        content: parsed YAML: a list of judges.
        place: names it in messages.

    Raises:
        InputError: any key or value is wrong; every problem is named.
    """
    around = {
        "name": "judges",
        "domains": [{"path": ".", "name": "none"}],
        "generators": [{"kind": "extractive", "name": "x"}],
    }
    return list(parse_study({**around, "judges": content}, place).judges)


def _apply(content: dict[str, Any], override: str) -> None:
    import yaml

    key, separator, value = override.partition("=")
    if not separator or not key:
        msg = f"override {override!r}: expected key=value, e.g. retrieval.top_k=3"
        raise InputError(msg)
    target: Any = content
    *parents, last = key.split(".")
    for parent in parents:
        target = _step(target, parent, override)
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    if isinstance(target, list):
        _step(target, last, override)
        target[int(last)] = parsed
    elif isinstance(target, dict):
        target[last] = parsed
    else:
        _step(target, last, override)


def _step(target: Any, part: str, override: str) -> Any:  # noqa: ANN401 - parsed YAML
    if isinstance(target, list):
        if not part.isdigit() or int(part) >= len(target):
            msg = f"override {override!r}: {part!r} is no position in a list of {len(target)}; the first is 0"
            raise InputError(msg)
        return target[int(part)]
    if not isinstance(target, dict):
        msg = f"override {override!r}: the key before {part!r} holds a plain value, not a mapping"
        raise InputError(msg)
    return target.setdefault(part, {})
