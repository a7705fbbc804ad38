"""Files as earlier versions wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.files import drop_torn_line, read_lines
from ragstudy.records import ModelTestValue
from ragstudy.specs import PASSAGE_ABLATION

if TYPE_CHECKING:
    from pathlib import Path

# What earlier versions called the file of model tests, and the test that takes the gold passages away.
EARLIER_MODEL_TESTS, _EARLIER_ABLATION = "probes.jsonl", "sensitivity"


def earlier_model_tests(path: Path) -> list[ModelTestValue]:
    """The values in a file of model tests under its earlier name; a line torn by a kill is dropped.

    Args:
        path: the file.
    """
    drop_torn_line(path)
    rows = [row for _, row in read_lines(path)]
    names = [PASSAGE_ABLATION if row["probe"] == _EARLIER_ABLATION else row["probe"] for row in rows]
    kept = [{key: value for key, value in row.items() if key != "probe"} for row in rows]
    return [ModelTestValue(test=name, **row) for name, row in zip(names, kept, strict=True)]
