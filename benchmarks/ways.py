"""Several ways to do the same work, a process each, as shares of this machine's bfloat16 product."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SIDE = 1024
_MARK = "measured: "
_PRODUCT = "product"


@dataclass(frozen=True)
class Measured:
    """What one way took.

    Attributes:
        seconds: of the work, without loading.
        n_tokens: read and written.
        n_products: multiplications and additions of numbers that these need, whoever does them.
        gib: peak memory of the process, or of its largest child.
    """

    seconds: float
    n_tokens: int
    n_products: float
    gib: float


@dataclass(frozen=True)
class Work:
    """Products and sums that a token of a model needs, two for a product.

    Attributes:
        layers: of its linear layers.
        head: of the probabilities of the next token.
        key: of attention to one key.
    """

    layers: float
    head: float
    key: float

    @classmethod
    def of(cls, model: Any) -> Work:  # noqa: ANN401 - a model of transformers
        """That of a causal language model without experts, with turned positions, and without an adapter.

        Args:
            model: as loaded.
        """
        config = model.config
        in_table = model.get_input_embeddings().weight.numel()
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        in_layers = model.num_parameters() - in_table * (1 if config.tie_word_embeddings else 2)
        attention = 4.0 * config.num_hidden_layers * config.num_attention_heads * width
        return cls(2.0 * in_layers, 2.0 * in_table, attention)

    def reading(self, n_tokens: int) -> float:
        """Of a text, each token of which attends to those before it; without the head.

        Args:
            n_tokens: of the text.
        """
        return n_tokens * (self.layers + self.key * (n_tokens + 1) / 2)

    def writing(self, n_before: float) -> float:
        """Of a new token.

        Args:
            n_before: tokens that it attends to.
        """
        return self.layers + self.head + self.key * n_before


def product() -> float:
    """Products and sums a second of two square bfloat16 matrices, the best of ten; in a process without a model."""
    import torch

    one, other = (torch.randn(_SIDE, _SIDE, dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        for _ in range(8):
            one @ other
        best = min(best, time.perf_counter() - started)
    return 8 * 2 * _SIDE**3 / best


def measure(way: str, do: Callable[[Any], tuple[float, int, float]]) -> None:
    """In the process of one way: do the work that stands on standard input, and print what it took.

    Args:
        way: its name; the product is measured by itself.
        do: gives seconds, tokens, and the products that they need.
    """
    given = json.loads(sys.stdin.read())
    if way == _PRODUCT:
        found: Any = product()
    else:
        done = do(given)
        used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        found = [*done, max(used) / 2**20]
    print("\n" + _MARK + json.dumps(found))


def table(  # noqa: PLR0913 - what is compared
    script: str,
    ways: Iterable[str],
    given: Any,  # noqa: ANN401 - whatever JSON holds
    n_things: int,
    thing: str,
    settings: dict[str, str] | None = None,
    part: str | None = None,
) -> None:
    """Print a line for each way, and how much faster ragstudy is where it is the first.

    Args:
        script: that takes `--one WAY`.
        ways: by their names.
        given: to each on its standard input.
        n_things: that are done.
        thing: what they are called.
        settings: of the environment.
        part: a way that does a part of the work only, and is not compared.
    """
    best = _result(_of_a_process(script, _PRODUCT, given, settings).stdout)
    print(f"a bfloat16 product reaches {best / 1e12:.2f} TFLOP/s\n")
    print(f"| way | {thing} a second | tokens a second | share of the product | peak, GiB | ragstudy is faster |")
    print("|---|---|---|---|---|---|")
    first: float | None = None
    for way in ways:
        done = _of_a_process(script, way, given, settings)
        if done.returncode:
            print(f"| {way} | failed: {(done.stderr.strip().splitlines() or ['?'])[-1][:160]} | | | | |")
            continue
        found = Measured(*_result(done.stdout))
        first = found.seconds if way == "ragstudy" else first
        share = found.n_products / found.seconds / best
        ratio = f"{found.seconds / first:.1f}" if first and way != part else ""
        speed = f"{n_things / found.seconds:.2f} | {found.n_tokens / found.seconds:,.0f}"
        print(f"| {way} | {speed} | {share:.0%} | {found.gib:.1f} | {ratio} |", flush=True)


def _of_a_process(
    script: str,
    way: str,
    given: Any,  # noqa: ANN401 - whatever JSON holds
    settings: dict[str, str] | None,
) -> subprocess.CompletedProcess[str]:
    python = os.environ["VLLM_PYTHON"] if way == "vllm" else sys.executable
    return subprocess.run(  # noqa: S603 - scripts of this folder
        [python, script, "--one", way],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=os.environ | (settings or {}),
        check=False,
    )


def _result(printed: str) -> Any:  # noqa: ANN401 - as a process measured it
    """What a process printed as its result, whatever its library prints around it."""
    found = [line for line in printed.splitlines() if line.startswith(_MARK)]
    if not found:
        msg = f"nothing was measured: {printed[-500:]}"
        raise RuntimeError(msg)
    return json.loads(found[0].removeprefix(_MARK))
