"""Packing several examples into one row, each seeing only itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.finetuning.pairs import IGNORED
from ragstudy.hardware import in_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ragstudy.finetuning.pairs import Example

_ROW = 512


@dataclass(frozen=True)
class Packed:
    """Examples of one optimiser step as rows.

    Attributes:
        ids: (rows, width) token ids; padding is 0.
        positions: (rows, width) positions that start again at 0 with every example and count on through padding while
            the model has positions; transformers reads from them which tokens may see one another, and needs no mask
            where no row starts again. None where every example has a row of its own, which needs no positions.
        labels: (rows, width) the token to be predicted *at* each position, that is the next one; `IGNORED`
            where no loss is taken.
    """

    ids: NDArray[np.int64]
    positions: NDArray[np.int64] | None
    labels: NDArray[np.int64]

    @property
    def n_targets(self) -> int:
        """How many tokens the loss is taken of."""
        return int((self.labels != IGNORED).sum())

    def parts(self, n_tokens: int) -> Iterator[Packed]:
        """The rows, some at a time, each part only as wide as its longest row needs, in steps of 64.

        Args:
            n_tokens: most tokens of a part of several rows, padding included.
        """
        if self.ids.size <= n_tokens:
            yield self
            return
        # Nothing after the last target of a row counts.
        needed = [int(np.flatnonzero(row != IGNORED).max(initial=0)) + 1 for row in self.labels]
        order = sorted(range(len(self.ids)), key=lambda row: -needed[row])
        start = 0
        while start < len(order):
            width = min(in_steps(needed[order[start]]), self.ids.shape[1])
            stop = start + max(1, n_tokens // width)
            rows = order[start:stop]
            positions = None if self.positions is None else self.positions[rows, :width]
            yield Packed(self.ids[rows, :width], positions, self.labels[rows, :width])
            start = stop


def rows_of(lengths: Sequence[int], width: int) -> list[list[int]]:
    """Which example goes into which row: first fit, longest first.

    Args:
        lengths: of the examples, each at most `width`.
        width: of a row.
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        row = next((r for r, free in enumerate(room) if free >= lengths[position]), None)
        if row is None:
            rows.append([])
            room.append(width)
            row = len(rows) - 1
        rows[row].append(position)
        room[row] -= lengths[position]
    return rows


def one_each(examples: Sequence[Example]) -> Packed:
    """The examples of one optimiser step, each in a row of its own, filled up at its end, in steps of 64.

    Args:
        examples: of the step.
    """
    width = in_steps(max(len(example) for example in examples))
    ids, labels = np.zeros((len(examples), width), np.int64), np.full((len(examples), width), IGNORED, np.int64)
    for row, example in enumerate(examples):
        ids[row, : len(example)] = example.ids
        labels[row, : len(example) - 1] = example.labels[1:]
    return Packed(ids, None, labels)


def pack(examples: Sequence[Example], n_positions: int) -> Packed:
    """The examples of one optimiser step in as few rows as first fit finds, 512 tokens wide or more, in steps of 64.

    Where no two examples fit into a row, rows are only as wide as the longest needs.

    Args:
        examples: each at most `n_positions` long.
        n_positions: how many positions the model has.
    """
    lengths = [len(example) for example in examples]
    width = max(*lengths, min(_ROW, sum(lengths))) if len(lengths) > 1 else lengths[0]
    width = in_steps(width)
    rows = rows_of(lengths, width)
    if len(rows) == len(lengths):
        width = in_steps(max(lengths))
    shape = (len(rows), width)
    ids, labels = np.zeros(shape, np.int64), np.full(shape, IGNORED, np.int64)
    positions = np.zeros(shape, np.int64)
    for row, members in enumerate(rows):
        start = 0
        for member in members:
            example = examples[member]
            end = start + len(example)
            ids[row, start:end] = example.ids
            labels[row, start : end - 1] = example.labels[1:]
            positions[row, start:end] = np.arange(len(example))
            start = end
        n_last, n_padding = len(examples[members[-1]]), width - start
        # What lies in the padding is never looked at; it only may not lie beyond the model's positions.
        first = n_last if n_last + n_padding <= n_positions else 0
        positions[row, start:] = (first + np.arange(n_padding)) % n_positions
    return Packed(ids, positions, labels)
