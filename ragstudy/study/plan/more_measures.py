"""The study of a finished run with more measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError
from ragstudy.files import read_yaml
from ragstudy.specs import load_study, parse_judges, parse_study

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.specs import JudgeSpec, StudySpec
    from ragstudy.study.run_folder import RunFolder


def with_measures(
    folder: RunFolder, measures: Sequence[str], judges: Path | None = None, *, verdict: bool = False
) -> StudySpec:
    """A run's study with more measures, and judges that they may name.

    Args:
        folder: the run folder.
        measures: to add; one that the study has already stays where it is.
        judges: YAML file with a list of judges under `judges:`; one of the same name replaces the study's.
        verdict: whether the measures are compared with verdicts.

    Raises:
        InputError: there is no run in the folder, or a judge or measure is wrong.
    """
    folder.check()
    study = load_study(folder.path / "study.yaml")
    content: dict[str, Any] = study.model_dump(mode="json")
    if judges is not None:
        added = _judges_of(judges)
        named = {judge.get("name") for judge in added if isinstance(judge, dict)}
        content["judges"] = [judge for judge in content["judges"] if judge["name"] not in named] + added
    content["measures"] = list(dict.fromkeys([*content["measures"], *measures]))
    if verdict:
        decided = content["statistics"]["verdict_measures"]
        content["statistics"]["verdict_measures"] = list(dict.fromkeys([*decided, *measures]))
    return parse_study(content, str(judges or folder.path / "study.yaml"))


def judges_in(path: Path) -> tuple[JudgeSpec, ...]:
    """The judges in a YAML file.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing or a judge is wrong.
    """
    return tuple(parse_judges(_judges_of(path), str(path)))


def _judges_of(path: Path) -> list[Any]:
    if not path.is_file():
        msg = f"{path}: no such file; expected YAML with a list of judges under `judges:`"
        raise InputError(msg)
    content = read_yaml(path)
    found = content.get("judges") if isinstance(content, dict) else content
    if not isinstance(found, list):
        msg = f"{path}: expected a list of judges under `judges:`, each with name, url and model"
        raise InputError(msg)
    return [_from_folder(judge, path.parent) for judge in found]


def _from_folder(judge: Any, folder: Path) -> Any:  # noqa: ANN401 - parsed YAML
    """A judge whose folder of replies starts from its file's folder, as paths in a study do."""
    kept = judge.get("cache") if isinstance(judge, dict) else None
    return {**judge, "cache": str(folder / kept)} if isinstance(kept, str) else judge
