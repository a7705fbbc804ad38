r"""The sections of a Markdown document, each piece with the headings that it stands under.

Examples:
    >>> text = '# Refunds\n\n## Fees\n\nIt costs 5.\n\n## Time\n\nWithin a week.'
    >>> [(one.headings, one.text) for one in sections_of(text)]
    [(('Refunds', 'Fees'), 'It costs 5.'), (('Refunds', 'Time'), 'Within a week.')]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markdown_it import MarkdownIt

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


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def sections_of(text: str) -> list[Section]:
    """The sections of a Markdown text in their order; a heading with nothing below but other headings is none.

    Headings are what CommonMark says they are: `#` or underlined, not in code, lists or quotations.

    Args:
        text: in Markdown.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    tokens = _markdown().parse("\n".join(lines))
    found, start = list[Section](), 0
    path: list[tuple[int, str]] = []
    for number, token in enumerate(tokens):
        if token.type != "heading_open" or token.level or token.map is None:
            continue
        found.append(_section(path, lines[start : token.map[0]]))
        depth = int(token.tag[1:])
        heading = " ".join(tokens[number + 1].content.split())
        path = [*((level, one) for level, one in path if level < depth), (depth, heading)]
        start = token.map[1]
    found.append(_section(path, lines[start:]))
    after = [*found[1:], None]
    return [one for one, following in zip(found, after, strict=True) if one.text or _is_last(one, following)]


def _section(path: Sequence[tuple[int, str]], lines: Sequence[str]) -> Section:
    return Section(tuple(heading for _, heading in path if heading), "\n".join(lines).strip())


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
    lines, start = text.split("\n"), 0
    tables = [token.map for token in _markdown().parse(text) if token.type == "table_open" and not token.level]
    for first, last in (one for one in tables if one):
        if before := "\n".join(lines[start:first]).strip():
            yield from cut(before)
        yield from _rows(lines[first:last], most, count, cut)
        start = last
    if rest := "\n".join(lines[start:]).strip():
        yield from cut(rest)


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
