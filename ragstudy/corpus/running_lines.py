r"""Lines that stand on every page, or on most pages of a site, and are no part of what one of them says.

Examples:
    >>> without_running_lines(['Holm Ltd\nThe pump weighs 4 kg.\nPage 1 of 2', 'Holm Ltd\nIt is red.\nPage 2 of 2'])
    ['The pump weighs 4 kg.', 'It is red.']
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGITS = re.compile(r"\d+")
# Headers and footers have no more lines than this.
_AT_EITHER_END = 3
_LEAST_PAGES, _SHARE_OF_PAGES = 4, 0.8


def without_running_lines(pages: Sequence[str]) -> list[str]:
    """Pages without the lines at their ends that stand on all of them, numbers aside.

    Args:
        pages: text of each page of one file; empty ones are not looked at.
    """
    written = [page for page in pages if page.strip()]
    if len(written) < 2:  # noqa: PLR2004 - what runs needs two pages
        return list(pages)
    ends = [{_masked(line) for line in _ends(page)} for page in written]
    running = set.intersection(*ends)
    return [_without(page, running) for page in pages]


def _ends(page: str) -> list[str]:
    lines = [line for line in page.splitlines() if line.strip()]
    return [*lines[:_AT_EITHER_END], *lines[-_AT_EITHER_END:]]


def _without(page: str, running: set[str]) -> str:
    lines = page.splitlines()
    for order in (1, -1):
        lines = lines[::order]
        for place, line in enumerate(lines[: 2 * _AT_EITHER_END]):
            if _masked(line) in running:
                lines[place] = ""
        lines = lines[::order]
    return "\n".join(lines).strip("\n")


def _masked(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()))


def repeated_lines(texts: Sequence[str]) -> set[str]:
    """Lines that stand in most of the pages of a site, which are its navigation and no page's own.

    Args:
        texts: of the pages.
    """
    if len(texts) < _LEAST_PAGES:
        return set()
    counts = Counter(line for text in texts for line in {one.strip() for one in text.splitlines()} if line)
    return {line for line, n in counts.items() if n >= _SHARE_OF_PAGES * len(texts) and any(map(str.isalnum, line))}
