r"""The sections of a Markdown document, each piece with the headings that it stands under.

Examples:
    >>> text = '# Refunds\n\n## Fees\n\nIt costs 5.\n\n## Time\n\nWithin a week.'
    >>> [(one.headings, one.text) for one in sections_of(text)]
    [(('Refunds', 'Fees'), 'It costs 5.'), (('Refunds', 'Time'), 'Within a week.')]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_BETWEEN = "\x1f"
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*\s*$")
# The line below a table's head: |---|:-:|
_BELOW_HEAD = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_LINES_OF_HEAD = 2


@dataclass(frozen=True)
class Section:
    """What stands under a heading, up to the next one.

    Attributes:
        headings: of the section and of those it is in, the outermost first; empty before the first heading.
        text: below the heading.
    """

    headings: tuple[str, ...]
    text: str


def sections_of(text: str) -> list[Section]:
    """The sections of a Markdown text in their order; a heading with nothing below but other headings is none.

    Args:
        text: with `#` headings; lines in fenced code are none.
    """
    from llama_index.core.node_parser import MarkdownNodeParser
    from llama_index.core.schema import Document as Source

    nodes = MarkdownNodeParser(header_path_separator=_BETWEEN).get_nodes_from_documents([Source(text=text)])
    found: list[Section] = []
    for node in nodes:
        above = tuple(one for one in str(node.metadata["header_path"]).split(_BETWEEN) if one)
        first, _, rest = node.get_content().partition("\n")
        heading = _HEADING.match(first)
        if heading is None:
            found.append(Section(above, node.get_content().strip()))
        else:
            found.append(Section((*above, heading[1]), rest.strip()))
    after = [*found[1:], None] if found else []
    return [one for one, following in zip(found, after, strict=True) if one.text or _is_last(one, following)]


def _is_last(section: Section, following: Section | None) -> bool:
    """Whether a heading without text has no section below it, which would tell it."""
    if not section.headings:
        return False
    return following is None or following.headings[: len(section.headings)] != section.headings


def pieces_of(text: str, most: int, count: Callable[[str], int], cut: Callable[[str], Sequence[str]]) -> Iterator[str]:
    """A section's text in pieces of at most so many tokens: tables by rows, each with the head, the rest by sentences.

    Args:
        text: of the section.
        most: tokens of a piece.
        count: tokens of a text.
        cut: a text without tables into pieces.
    """
    if count(text) <= most:
        yield text
        return
    for block in _blocks(text):
        if len(block) > _LINES_OF_HEAD and _BELOW_HEAD.match(block[1]) and "|" in block[0]:
            yield from _rows(block, most, count, cut)
        else:
            yield from cut("\n".join(block))


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines of every table, and those between tables."""
    lines: list[str] = []
    in_table = False
    for line in text.split("\n"):
        is_row = line.lstrip().startswith("|")
        if is_row != in_table and lines:
            yield lines
            lines = []
        in_table = is_row
        lines.append(line)
    if any(line.strip() for line in lines):
        yield lines


def _rows(
    table: list[str], most: int, count: Callable[[str], int], cut: Callable[[str], Sequence[str]]
) -> Iterator[str]:
    head, rows = table[:_LINES_OF_HEAD], table[_LINES_OF_HEAD:]
    if count("\n".join(head)) > most // 2:
        # The head alone fills a piece: nothing is gained by telling it again.
        yield from cut("\n".join(table))
        return
    piece: list[str] = []
    for row in rows:
        if piece and count("\n".join([*head, *piece, row])) > most:
            yield "\n".join([*head, *piece])
            piece = []
        if count("\n".join([*head, row])) > most:
            yield from cut("\n".join([*head, row]))
        else:
            piece.append(row)
    if piece:
        yield "\n".join([*head, *piece])
