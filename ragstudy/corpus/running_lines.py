r"""Lines that run through the pages of a file or of a site, and are no part of what one of them says.

Nothing that a page alone says is touched: a line runs only if it is the same on all of three pages or more, or is the
page's number, and what runs stays on the first page that has it.

Examples:
    >>> without_running_lines([f'Holm Ltd\nPump {name}.\nPage {n} of 3' for n, name in enumerate('abc', start=1)])
    ['Holm Ltd\nPump a.', 'Pump b.', 'Pump c.']
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Headers and footers have no more lines than this.
_AT_EITHER_END = 3
_LEAST_RUNNING = 3
_LEAST_PAGES, _SHARE_OF_PAGES = 4, 0.8
# A word, a figure or a comma at the very end: the sentence goes on. A word cut by a hyphen is left as it is.
_OPEN_END = re.compile(r"[\w,;)]\s*$")
# A point of a list, or an abbreviation.
_MARK = re.compile(r"\w{1,3}[.)]")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|seite|p\.|pag\.|página|pagina|side)\s*)?(\d{1,4})(?:\s*(?:of|von|/|de|di|van|sur)\s*\d{1,4})?\W*",
    re.IGNORECASE,
)


def without_running_lines(pages: Sequence[str]) -> list[str]:
    """Pages without their numbers, and without the lines at their ends that all of them have, but for the first.

    Args:
        pages: text of each page of one file; empty ones are not looked at.
    """
    written = [number for number, page in enumerate(pages) if page.strip()]
    if len(written) < 2:  # noqa: PLR2004 - what runs needs two pages
        return list(pages)
    ends = [set(_ends(pages[number])) for number in written]
    running = set.intersection(*ends) if len(written) >= _LEAST_RUNNING else set()
    numbers = _page_numbers([(number, pages[number]) for number in written])
    made = list(pages)
    for number in written:
        gone = {numbers[number]} if number in numbers else set()
        made[number] = _without(pages[number], gone if number == written[0] else gone | running) or pages[number]
    return made


def whole_sentences(pages: Sequence[str]) -> list[str]:
    """Pages of which each sentence stands whole on the page where it begins.

    A page that ends within a sentence (no mark of its end, and the next page begins with a small letter) is given the
    rest of it from the next page. A sentence that runs to the end of the next page as well is left as it is.

    Args:
        pages: text of each page of one file, without running lines.
    """
    made = list(pages)
    for number, (page, following) in enumerate(pairwise(pages)):
        rest = following.lstrip()
        if not _OPEN_END.search(page) or not rest[:1].islower() or _MARK.match(rest):
            continue
        end = _SENTENCE_END.search(rest)
        if end and rest[end.end() :].strip():
            joined = " ".join(rest[: end.end()].split())
            made[number] = f"{made[number].rstrip()} {joined}"
            made[number + 1] = rest[end.end() :].lstrip()
    return made


def _page_numbers(pages: Sequence[tuple[int, str]]) -> dict[int, str]:
    """Of each page the line that holds its number: the numbers rise by one with the page."""
    offsets = [
        {int(found.group(1)) - number: line for line in _ends(page) if (found := _PAGE_NUMBER.fullmatch(line))}
        for number, page in pages
    ]
    shared = set.intersection(*(set(one) for one in offsets))
    if not shared:
        return {}
    offset = min(shared, key=abs)
    return {number: one[offset] for (number, _), one in zip(pages, offsets, strict=True)}


def _ends(page: str) -> list[str]:
    lines = [" ".join(line.split()) for line in page.splitlines() if line.strip()]
    return [*lines[:_AT_EITHER_END], *lines[-_AT_EITHER_END:]]


def _without(page: str, running: set[str]) -> str:
    lines = [line for line in page.splitlines() if line.strip()]
    last = len(lines) - _AT_EITHER_END
    at_end = {place for place in range(len(lines)) if place < _AT_EITHER_END or place >= last}
    gone = {place for place in at_end if " ".join(lines[place].split()) in running}
    if not gone:
        return page
    return "\n".join(line for place, line in enumerate(lines) if place not in gone)


def repeated_lines(texts: Sequence[str]) -> set[str]:
    """Lines with which most of the pages of a site begin or end, which are its navigation and no page's own.

    Headings, rows of tables and lines with figures are never among them.

    Args:
        texts: of the pages.
    """
    if len(texts) < _LEAST_PAGES:
        return set()
    lines = [[line.strip() for line in text.splitlines() if line.strip()] for text in texts]
    least = _SHARE_OF_PAGES * len(texts)
    return set(_common_beginning(lines, least)) | set(_common_beginning([one[::-1] for one in lines], least))


def _common_beginning(pages: Sequence[list[str]], least: float) -> Iterable[str]:
    """The lines with which at least so many pages begin."""
    place, same = 0, list(pages)
    while True:
        counts: dict[str, list[list[str]]] = {}
        for page in same:
            if place < len(page):
                counts.setdefault(page[place], []).append(page)
        line, same = max(counts.items(), key=lambda one: len(one[1]), default=("", []))
        if len(same) < least or line.startswith(("#", "|")) or any(map(str.isdigit, line)):
            return
        yield line
        place += 1


def without_lines(text: str, gone: set[str]) -> str:
    """A page without these lines at its beginning and end; the page as it was if nothing else is in it.

    Args:
        text: of the page.
        gone: lines, without blanks at their ends.
    """
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].strip() in gone):
        lines.pop(0)
    while lines and (not lines[-1].strip() or lines[-1].strip() in gone):
        lines.pop()
    return "\n".join(lines) if lines else text
