"""What an unfinished training needs to go on where it was: weights, moments, draws and what was counted.

Examples:
    >>> Counted().and_step(loss=2.5, n_tokens=40, n_answer_tokens=8).losses
    (2.5,)
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

# A state is written when so many seconds have gone by, and writing may take no more than this share of the time.
_SECONDS, _SHARE_OF_TIME = 120.0, 0.02
# The disk has to have so many times the room that a state takes: adapters and answers are still to come.
_TIMES_FREE = 3
logger = logging.getLogger(__name__)
_COUNTED, _MARK = "counted", "training"
_WEIGHT, _MOMENT, _DRAWS = "weight", "moment", "draws"


@dataclass(frozen=True)
class Counted:
    """What was counted over the steps so far.

    Attributes:
        losses: mean loss of the answer tokens, one per optimiser step.
        n_tokens: tokens read.
        n_answer_tokens: of these, tokens the loss was computed on.
        seconds: of training.
    """

    losses: tuple[float, ...] = ()
    n_tokens: int = 0
    n_answer_tokens: int = 0
    seconds: float = 0.0

    @property
    def n_steps(self) -> int:
        """Optimiser steps that are done."""
        return len(self.losses)

    def and_step(self, loss: float, n_tokens: int, n_answer_tokens: int) -> Counted:
        """With one more step.

        Args:
            loss: of the step.
            n_tokens: that it read.
            n_answer_tokens: that its loss was computed on.
        """
        return replace(
            self,
            losses=(*self.losses, loss),
            n_tokens=self.n_tokens + n_tokens,
            n_answer_tokens=self.n_answer_tokens + n_answer_tokens,
        )


class UnfinishedTraining:
    """The file that keeps the state of one training until it is finished.

    Args:
        path: of the file.
        mark: what the training is; a state of another one is not gone on with.
    """

    def __init__(self, path: Path, mark: str) -> None:
        self.path, self._mark, self._seconds = path, mark, _SECONDS
        self._part = path.with_suffix(".part")
        self._written, self._took = time.perf_counter(), 0.0

    def counted(self) -> Counted:
        """What was counted before; nothing where there is no state of this training, or none that can be read."""
        from safetensors import safe_open

        try:
            with safe_open(str(self.path), framework="pt") as file:
                about = file.metadata() or {}
            if about.get(_MARK) != self._mark:
                return Counted()
            known = json.loads(about[_COUNTED])
            return Counted(**{**known, "losses": tuple(known["losses"])})
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return Counted()

    def restore(self, parameters: Sequence[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        """Put weights, moments and the generators of random numbers back as they were.

        Args:
            parameters: that are trained, in the same order as before.
            optimizer: of these.
        """
        import torch
        from safetensors.torch import load_file

        tensors = load_file(str(self.path))
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition("/")
            if kind == _MOMENT:
                number, _, key = rest.partition("/")
                moments.setdefault(int(number), {})[key] = tensor
        with torch.no_grad():
            for place, parameter in enumerate(parameters):
                parameter.copy_(tensors[f"{_WEIGHT}/{place}"])
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        torch.set_rng_state(tensors[f"{_DRAWS}/cpu"])
        if f"{_DRAWS}/cuda" in tensors:
            torch.cuda.set_rng_state(tensors[f"{_DRAWS}/cuda"], parameters[0].device)

    def keep_if_due(
        self, counted: Counted, parameters: Sequence[torch.Tensor], optimizer: torch.optim.Optimizer
    ) -> None:
        """Write the state, if the last one is old enough for what writing takes.

        Args:
            counted: over the steps so far.
            parameters: that are trained.
            optimizer: of these.
        """
        since = time.perf_counter() - self._written
        if since < max(self._seconds, self._took / _SHARE_OF_TIME):
            return
        started = time.perf_counter()
        try:
            self._write(counted, parameters, optimizer)
        except (OSError, SafetensorError) as error:
            logger.warning("%s: the training goes on, but its state cannot be kept: %s", self.path, error)
            self.forget()
            self._seconds = math.inf
        self._written = time.perf_counter()
        self._took = self._written - started

    def forget(self) -> None:
        """Remove what was kept."""
        for path in (self.path, self._part):
            path.unlink(missing_ok=True)

    def _write(self, counted: Counted, parameters: Sequence[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        import torch
        from safetensors.torch import save_file

        moments: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
        tensors = {f"{_WEIGHT}/{place}": one.detach().contiguous() for place, one in enumerate(parameters)}
        tensors |= {
            f"{_MOMENT}/{place}/{key}": torch.as_tensor(value).contiguous()
            for place, one in moments.items()
            for key, value in one.items()
        }
        tensors[f"{_DRAWS}/cpu"] = torch.get_rng_state()
        if parameters[0].is_cuda:
            tensors[f"{_DRAWS}/cuda"] = torch.cuda.get_rng_state(parameters[0].device)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        n_bytes = sum(tensor.nbytes for tensor in tensors.values())
        if shutil.disk_usage(self.path.parent).free < _TIMES_FREE * n_bytes:
            msg = f"it takes {n_bytes / 1e9:.1f} GB, and the disk has hardly more"
            raise OSError(msg)
        save_file(tensors, str(self._part), {_MARK: self._mark, _COUNTED: json.dumps(asdict(counted))})
        self._part.replace(self.path)
