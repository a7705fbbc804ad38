"""Where a language model is loaded from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ragstudy.errors import InputError, UnavailableError, nearest
from ragstudy.files import fingerprint, hash_files

# The embedded models by name, each with its folder in the package.
EMBEDDED = {"pocket": "small", "pocket-tiny": "tiny", "pocket-medium": "medium"}
_HASHED = ("*.safetensors", "*.json", "*.jinja", "*.model")


def locate_model(name: str) -> str:
    """A local folder, checked for weights, or the hub id as it is.

    Args:
        name: of an embedded model (`pocket`, `pocket-tiny`, `pocket-medium`), a folder, or a hub id.

    Raises:
        InputError: a folder that is missing, or has no configuration or no safetensors weights; a name that starts
            like an embedded model's and is none.
    """
    if name in EMBEDDED:
        return str(files("ragstudy.pocket") / "models" / EMBEDDED[name])
    folder = Path(name).expanduser()
    if folder.is_dir():
        _check_weights(folder, name, "config.json")
        return str(folder)
    if _looks_like_path(name):
        msg = (
            f"model {name!r}: no such folder; expected a model folder, a hub id like 'owner/name', or one of "
            f"{', '.join(EMBEDDED)}"
        )
        raise InputError(msg)
    if name.startswith("pocket") and "/" not in name:
        msg = f"model {name!r}: no such folder and no embedded model{nearest(name, EMBEDDED)}"
        raise InputError(msg)
    return name


def locate_adapter(name: str) -> str:
    """A local PEFT adapter folder, checked, or the hub id as it is.

    Args:
        name: folder or hub id.

    Raises:
        InputError: a folder that is missing, or has no configuration or no safetensors weights.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        _check_weights(folder, name, "adapter_config.json")
        return str(folder)
    if _looks_like_path(name):
        msg = f"adapter {name!r}: no such folder; expected a PEFT adapter folder or a hub id like 'owner/name'"
        raise InputError(msg)
    return name


def fetch_adapter(name: str) -> str:
    """The local folder of an adapter; one of the hub is downloaded, its safetensors only.

    Args:
        name: folder or hub id.

    Raises:
        InputError: the adapter has no safetensors weights.
        UnavailableError: the hub does not give it.
    """
    located = locate_adapter(name)
    if Path(located).is_dir():
        return located
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(located, allow_patterns=["adapter_config.json", "*.safetensors"])
    except (OSError, ValueError) as error:
        msg = (
            f"adapter {name!r}: no such local folder, and the hub does not give it: {str(error).splitlines()[0][:200]}"
        )
        raise UnavailableError(msg) from error
    _check_weights(Path(folder), name, "adapter_config.json")
    return folder


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name


def _check_weights(folder: Path, name: str, config: str) -> None:
    if not (folder / config).is_file():
        msg = f"model folder {name!r}: no {config} in it; expected a folder written by save_pretrained"
        raise InputError(msg)
    if any(folder.glob("*.safetensors")):
        return
    others = sorted(p.name for p in folder.iterdir() if p.suffix in {".bin", ".pt", ".pth", ".ckpt", ".gguf"})
    found = f"found {others[0]}, which is not read" if others else "found no weights at all"
    msg = (
        f"model folder {name!r}: no *.safetensors in it ({found}); save the model again with "
        "save_pretrained, which writes safetensors"
    )
    raise InputError(msg)


def model_fingerprint(name: str) -> str:
    """Changes with the files of a local model; for a hub id, with the id alone.

    Args:
        name: of the model: folder, hub id or name of an embedded model.
    """
    located = Path(locate_model(name))
    if not located.is_dir():
        return fingerprint(name)
    return hash_files([p for pattern in _HASHED for p in located.glob(pattern)], located)


def adapter_fingerprint(name: str) -> str:
    """Changes with the files of a local adapter; for a hub id, with the id alone.

    Args:
        name: folder or hub id.
    """
    located = Path(locate_adapter(name))
    if not located.is_dir():
        return fingerprint(name)
    return hash_files([*located.glob("adapter_*.json"), *located.glob("*.safetensors")], located)
