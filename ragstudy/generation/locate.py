"""Where a language model is loaded from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ragstudy.errors import InputError, UnavailableError, nearest
from ragstudy.files import cache_folder, fingerprint, hash_file, hash_files
from ragstudy.generation.gguf import CONVERTER_VERSION, check_gguf, converted_folder, is_converted, is_gguf, read_header
from ragstudy.generation.packaged import PACKAGED

# The embedded models by name, each with its folder in the package.
EMBEDDED = {"pocket": "small", "pocket-tiny": "tiny", "pocket-medium": "medium"}
NAMED = (*EMBEDDED, *PACKAGED)
_HUB_SECONDS = 5.0
_HASHED = ("*.safetensors", "*.json", "*.jinja", "*.model")


def locate_model(name: str) -> str:
    """A local folder or GGUF file, checked for weights, or the hub id as it is.

    Args:
        name: of an embedded model (`pocket`, `pocket-tiny`, `pocket-medium`), of one that a package carries
            (`smollm2-135m-instruct`), a folder, a GGUF file, or a hub id.

    Raises:
        InputError: a folder that is missing, or has no configuration or no safetensors weights; a GGUF file that is
            missing or cannot be read; a name that looks like an embedded model's and is none.
        UnavailableError: the package that carries the model, or the one that reads GGUF files, is not installed.
    """
    if name in EMBEDDED:
        return str(files("ragstudy.pocket") / "models" / EMBEDDED[name])
    if name in PACKAGED:
        return str(PACKAGED[name].verified_path())
    folder = Path(name).expanduser()
    if not folder.is_dir() and is_gguf(name):
        if not is_converted(folder, _converted_models()):
            check_gguf(folder, name)
        return str(folder)
    if folder.is_dir():
        _check_weights(folder, name, "config.json")
        return str(folder)
    if _looks_like_path(name):
        msg = (
            f"model {name!r}: no such folder; expected a model folder, a GGUF file, a hub id like 'owner/name', or one "
            f"of {', '.join(NAMED)}"
        )
        raise InputError(msg)
    if name.startswith(("pocket", "smollm")) and "/" not in name:
        msg = f"model {name!r}: no such folder and no model of this name{nearest(name, NAMED)}"
        raise InputError(msg)
    return name


def model_folder(name: str) -> str:
    """What transformers loads: a local folder, that of a GGUF file converted now if need be, or the hub id as it is.

    Args:
        name: as `locate_model` takes it.

    Raises:
        InputError: as by `locate_model`; a GGUF file that cannot be converted.
        UnavailableError: as by `locate_model`; the cache cannot be written; a model of the hub can be had from nowhere.
    """
    located = locate_model(name)
    path = Path(located)
    if path.is_file():
        return str(converted_folder(path, name, _converted_models()))
    if not path.is_dir():
        _check_hub(located)
    return located


def _check_hub(name: str) -> None:
    """Say at once that a model can be had from nowhere; the hub's own client tries for half a minute.

    Raises:
        UnavailableError: the model is not in the hub's cache, and the hub's machine does not answer.
    """
    import socket
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    from huggingface_hub import constants, try_to_load_from_cache

    # Behind a proxy only the client knows the way.
    if isinstance(try_to_load_from_cache(name, "config.json"), str) or constants.HF_HUB_OFFLINE or getproxies():
        return
    hub = urlsplit(constants.ENDPOINT)
    port = hub.port or (443 if hub.scheme == "https" else 80)
    try:
        socket.create_connection((hub.hostname or "", port), timeout=_HUB_SECONDS).close()
    except OSError as error:
        msg = (
            f"model {name!r}: is not in the cache, and {constants.ENDPOINT} cannot be reached ({error}); give a local "
            f"folder written by save_pretrained, a GGUF file, or one of {', '.join(NAMED)}"
        )
        raise UnavailableError(msg) from None


def _converted_models() -> Path:
    return cache_folder() / "models"


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
    cure = "save the model again with save_pretrained, which writes safetensors"
    if others and is_gguf(others[0]):
        found, cure = f"found {others[0]}", f"name the file itself: {folder / others[0]}"
    msg = f"model folder {name!r}: no *.safetensors in it ({found}); {cure}"
    raise InputError(msg)


def model_fingerprint(name: str) -> str:
    """Changes with the files of a local model; for a hub id, with the id alone.

    Args:
        name: of the model: folder, hub id or name of an embedded model.
    """
    located = Path(locate_model(name))
    if located.is_file():
        return fingerprint("gguf", hash_file(located), CONVERTER_VERSION)
    if not located.is_dir():
        return fingerprint(name)
    return hash_files([p for pattern in _HASHED for p in located.glob(pattern)], located)


def describe_weights(name: str) -> str:
    """What the weights of a model are and where they are from, for the manifest.

    Args:
        name: of the model: folder, GGUF file, hub id, or name of an embedded or packaged model.
    """
    located = Path(locate_model(name))
    if name in EMBEDDED:
        return f"{name}, embedded in ragstudy"
    if located.is_file():
        header = read_header(located, name)
        package = f" of the package {PACKAGED[name].distribution}" if name in PACKAGED else ""
        return f"{located.name}{package}, quantised as {header.quantisation}, read as safetensors"
    return f"{located.name}, a local folder" if located.is_dir() else f"{name}, from the hub or its cache"


def adapter_fingerprint(name: str) -> str:
    """Changes with the files of a local adapter; for a hub id, with the id alone.

    Args:
        name: folder or hub id.
    """
    located = Path(locate_adapter(name))
    if not located.is_dir():
        return fingerprint(name)
    return hash_files([*located.glob("adapter_*.json"), *located.glob("*.safetensors")], located)
