"""The list of models that `ragstudy models` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ragstudy.generation.inventory import usable_models
from ragstudy.hardware import memory_gib, multiplies_bfloat16

if TYPE_CHECKING:
    from ragstudy.generation.inventory import UsableModel


def show_models() -> None:
    """Print every model with its size, licence, context, and whether it fits into the memory."""
    found = usable_models()
    bytes_each = 2 if multiplies_bfloat16("cpu") else 4
    table = Table(box=None, pad_edge=False)
    for heading in ("model:", "from", "parameters", "weights", "licence", "context", "memory"):
        table.add_column(heading, overflow="fold")
    for model in found:
        table.add_row(
            model.name,
            model.source,
            f"{model.n_parameters / 1e6:,.0f} M" if model.n_parameters else "",
            model.numbers,
            model.licence or "see its card",
            f"{model.context:,}" if model.context else "",
            model.problem or _memory(model, bytes_each),
        )
    console = Console()
    console.print(table)
    console.print("Also any folder that save_pretrained wrote, any GGUF file, and any hub id (downloaded when used).")


def _memory(model: UsableModel, bytes_each: int) -> str:
    wanted = model.memory_gib(bytes_each)
    if wanted is None:
        return ""
    there = memory_gib()
    return f"{wanted:.1f} GiB" + (f", more than the {there:.0f} GiB here" if there and wanted > there else "")
