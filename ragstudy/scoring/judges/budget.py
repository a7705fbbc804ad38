"""What a judge may cost."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragstudy.specs import JudgeSpec


class BudgetSpentError(ValueError):
    """No further request may be sent; the answer stays unscored with this as its reason."""


class Budget:
    """Counts the requests and tokens of one command; safe to use from several threads.

    A request reserves the most it can cost before it is sent, so that the limit is never passed.

    Args:
        spec: of the judge, with its limits.
    """

    def __init__(self, spec: JudgeSpec) -> None:
        self._spec = spec
        self._lock = Lock()
        self.n_calls = 0
        self.n_tokens = 0

    def reserve(self, n_tokens: int) -> None:
        """Count a request that is about to be sent.

        Args:
            n_tokens: tokens that it can cost at most.

        Raises:
            BudgetSpentError: it would pass one of the limits.
        """
        with self._lock:
            if self.n_calls + 1 > self._spec.max_calls:
                self._refuse("max_calls", self._spec.max_calls, "calls")
            if self.n_tokens + n_tokens > self._spec.max_tokens:
                self._refuse("max_tokens", self._spec.max_tokens, "tokens")
            self.n_calls += 1
            self.n_tokens += n_tokens

    def settle(self, reserved: int, used: int) -> None:
        """Replace what a request had reserved by what it used.

        Args:
            reserved: tokens that were reserved.
            used: tokens that it cost.
        """
        with self._lock:
            self.n_tokens += used - reserved

    def _refuse(self, key: str, limit: int, unit: str) -> None:
        msg = f"judge {self._spec.name!r}: the budget of {limit} {unit} is spent; raise {key} and run again"
        raise BudgetSpentError(msg)
