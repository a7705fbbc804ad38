"""An arm in a folder of its own: index, adapter, prompt and settings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.files import write_text
from ragstudy.serving.answerer import INDEX_FOLDER
from ragstudy.serving.recipe import BEST, RECIPE_FILE, recipe_of

if TYPE_CHECKING:
    from ragstudy.serving.recipe import Recipe
    from ragstudy.study.run_folder import RunFolder

_ADAPTER_FOLDER = "adapter"


def export_arm(folder: RunFolder, to: Path, arm: str = BEST, domain: str | None = None) -> Recipe:
    """Write an arm of a run into a folder of its own, whole or not at all; returns its recipe.

    The base model's weights stay where they are: the recipe names them as the study does.

    Args:
        folder: of the run.
        to: folder to write; it must not exist yet.
        arm: name of the arm, or 'best'.
        domain: that it is asked about; the run's only one by default.

    Raises:
        InputError: there is no such run, arm or domain, or the folder exists.
    """
    import yaml

    recipe = recipe_of(folder, arm, domain)
    if to.exists():
        msg = f"{to}: exists already; name a folder that does not"
        raise InputError(msg)
    making = to.with_name(f".{to.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    try:
        shutil.copytree(folder.index_folder(recipe.domain), making / INDEX_FOLDER)
        moved = recipe
        adapter = getattr(recipe.generator, "adapter", None)
        if adapter and Path(adapter).is_dir():
            shutil.copytree(adapter, making / _ADAPTER_FOLDER)
            generator = recipe.generator.model_copy(update={"adapter": _ADAPTER_FOLDER})
            moved = moved.model_copy(update={"generator": generator})
        text = yaml.safe_dump(moved.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)
        write_text(making / RECIPE_FILE, text)
        write_text(making / "README.md", _readme(moved, to.name))
        making.replace(to)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return recipe


def _readme(recipe: Recipe, name: str) -> str:
    return f"""# {recipe.arm} on {recipe.domain}

An arm of the study {recipe.study}. `{RECIPE_FILE}` says how it answers, `{INDEX_FOLDER}/` holds the passages and what
finds them, `{_ADAPTER_FOLDER}/` the weights that training added, if there are any. The base model is
`{getattr(recipe.generator, "model", recipe.generator.kind)}`; its weights are not in this folder.

    ragstudy ask {name} "a question"
    ragstudy serve {name}

In Python: `ragstudy.query_engine("{name}").query("a question")`.
"""
