"""What services have been asked to train for a run, a file each, `hosted/<fingerprint>.json`; none is ever deleted.

A training is filed by its fingerprint, that is by base, settings, pairs and seed: whoever wants the same one, under
whatever name and after whatever other study in the same folder, finds it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.files import object_in, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.study.run_folder import RunFolder


class HostedTrainings:
    """The trainings of a run folder that services do, or have done.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.path / "hosted"

    def path(self, fingerprint: str) -> Path:
        """The file of a training.

        Args:
            fingerprint: of the training.
        """
        return self._path / f"{fingerprint}.json"

    def known(self, fingerprint: str) -> dict[str, Any]:
        """What is known: `file`, `training` and `model`, the service's names, each as soon as there is one.

        Args:
            fingerprint: of the training.
        """
        path = self.path(fingerprint)
        return object_in(path) if path.is_file() else {}

    def keep(self, fingerprint: str, **values: object) -> None:
        """Add to what is known, on disk at once.

        Args:
            fingerprint: of the training.
            values: by what they are of; None takes one out.
        """
        known = {**self.known(fingerprint), **values}
        self._path.mkdir(parents=True, exist_ok=True)
        write_json(self.path(fingerprint), {key: value for key, value in known.items() if value is not None})

    def model(self, fingerprint: str) -> str:
        """Name of the model that a service made; '' while there is none.

        Args:
            fingerprint: of the training.
        """
        return str(self.known(fingerprint).get("model") or "")
