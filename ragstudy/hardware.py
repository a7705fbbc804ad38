"""What the machine can do: device and precision. torch is imported when asked, not before.

Examples:
    >>> device_of('cpu')
    'cpu'
"""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# Widths of batches are multiples of this. Processors compile and keep a kernel for every new shape: a few shapes
# instead of hundreds take less time and gigabytes less memory.
SHAPE_STEP = 64


def in_steps(n: int) -> int:
    """A width rounded up to a multiple of `SHAPE_STEP`.

    Args:
        n: columns.
    """
    return n + -n % SHAPE_STEP


def device_of(wanted: str) -> str:
    """'cuda', 'mps' or 'cpu' for 'auto'; anything else as it is.

    Args:
        wanted: as a study writes it, e.g. 'auto' or 'cuda:1'.
    """
    import torch

    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def multiplies_bfloat16(device: str) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware, so that it is faster than float32.

    Args:
        device: name of the device, e.g. 'cpu'.
    """
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    if device != "cpu":
        return False
    flags = _cpu_flags()
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


def _cpu_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - a device, not a file of ours
            for line in lines:
                if line.startswith(("flags", "Features")):
                    return set(line.split())
    except OSError:
        pass
    return set()


def dtype_of(wanted: str, device: str) -> torch.dtype:
    """The torch type for 'auto' (bfloat16 where it is fast, else float32), 'float32', 'bfloat16' or 'float16'.

    Args:
        wanted: 'auto', 'float32', 'bfloat16' or 'float16'.
        device: name of the device, e.g. 'cpu'.
    """
    import torch

    if wanted == "auto":
        return torch.bfloat16 if multiplies_bfloat16(device) else torch.float32
    chosen: torch.dtype = getattr(torch, wanted)
    return chosen


def load_quietly() -> None:
    """Keep transformers from drawing a bar for every model it loads where nobody sits at a terminal."""
    import sys

    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()  # type: ignore[no-untyped-call] # its library leaves it so


def describe() -> dict[str, Any]:
    """Processor, cores, memory and GPU, for a run's manifest."""
    import torch

    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(memory_gib(), 1),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "bfloat16": multiplies_bfloat16(device_of("auto")),
    }


def _processor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - a device, not a file of ours
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def memory_gib() -> float:
    """Memory of the machine in GiB; 0 where the system does not say."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return pages / 2**30


def peak_memory_gib() -> float:
    """Largest resident memory of this process so far."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (2**30 if sys.platform == "darwin" else 2**20)


def give_memory_back() -> None:
    """Give memory that is not used any more back to the system.

    The C library keeps what training has freed, 4 GiB for a model of 135 million parameters, and what is loaded next
    comes on top of it.
    """
    import ctypes
    import gc

    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
