r"""HTML as Markdown: what is the document stays, what a site shows around it goes.

Examples:
    >>> markdown_of('<nav>Home</nav><p>It weighs <b>4 kg</b>.</p>')
    'It weighs **4 kg**.'
    >>> heading_of('---\ntitle: x\n---\n\nPumps\n=====\n\nIt weighs 4 kg.')
    'Pumps'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

# What a page shows around its text.
_AROUND = ("script", "style", "nav", "noscript", "iframe", "svg", "button", "select", "textarea", "input", "template")
# Of the page outside its main part; those of an article belong to its text. An aside may be a box within the text.
_OUTSIDE = ("header", "footer")
_ROLES = frozenset({"navigation", "banner", "contentinfo", "complementary", "search"})
_NAMES = re.compile(
    r"^(side-?bar|nav(bar|igation)?|site-?(header|footer|nav)|page-?(header|footer)|breadcrumbs?|menu|main-?menu|"
    r"cookie(s|-?(banner|notice))?|skip-?link|toc-?sidebar)$",
    re.IGNORECASE,
)
_MANY_BREAKS = re.compile(r"\n{3,}")
_FENCE = re.compile(r"^\s*(```|~~~)")
_UNDERLINE = re.compile(r"^(=+|-{3,})\s*$")
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n(?:---|\.\.\.)\s*\n", re.DOTALL)
_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)


def markdown_of(html: str) -> str:
    """An HTML page as Markdown, without scripts, navigation and what else stands around its text.

    Args:
        html: of the page.

    Raises:
        ImportError: a package is missing.
    """
    from bs4 import BeautifulSoup

    return page_markdown(BeautifulSoup(html, "html.parser"))


def page_markdown(page: BeautifulSoup) -> str:
    """A parsed page as Markdown; the page is changed.

    Args:
        page: parsed.

    Raises:
        ImportError: a package is missing.
    """
    from markdownify import MarkdownConverter

    for element in page(list(_AROUND)):
        element.decompose()
    for element in page(list(_OUTSIDE)):
        if element.find_parent(["main", "article"]) is None:
            element.decompose()
    for element in page(_is_around):
        if not element.decomposed:
            element.decompose()
    for form in page("form"):
        form.unwrap()
    for table in page("table"):
        _fill_spans(table, page)
    whole = page.find("main") or page.find("article") or page.body or page
    converter = MarkdownConverter(heading_style="ATX", bullets="-", strip=["a", "img"], table_infer_header=True)
    text = converter.convert_soup(whole)
    return _MANY_BREAKS.sub("\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip()


def _is_around(element: Tag) -> bool:
    """Whether an element calls itself a part of the site and not of its text."""
    if element.name in ("html", "body", "main", "article"):
        return False
    if element.get("role") in _ROLES:
        return True
    named = [str(element.get("id") or ""), *(element.get("class") or [])]
    return any(_NAMES.match(name) for name in named)


def _fill_spans(table: Tag, page: BeautifulSoup) -> None:
    """Repeat cells that reach over several rows or columns, so that every row has a value in every column."""
    waiting: dict[int, tuple[int, str, str]] = {}
    for row in table("tr"):
        if row.find_parent("table") is not table:
            continue
        cells = row.find_all(["td", "th"], recursive=False)
        filled: list[Any] = []
        column = 0
        while cells or any(place >= column for place in waiting):
            if column in waiting:
                left, name, text = waiting.pop(column)
                copy = page.new_tag(name)
                copy.string = text
                filled.append(copy)
                if left > 1:
                    waiting[column] = (left - 1, name, text)
                column += 1
                continue
            if not cells:
                break
            cell = cells.pop(0)
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            text = cell.get_text(" ", strip=True)
            for number in range(wide):
                if number:
                    copy = page.new_tag(cell.name)
                    copy.string = text
                    filled.append(copy)
                else:
                    filled.append(cell.extract())
                if high > 1:
                    waiting[column + number] = (high - 1, cell.name, text)
            column += wide
        row.clear()
        row.extend(filled)


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or 1)
    if name in cell.attrs:
        del cell[name]
    return min(200, max(1, int(value))) if value.isdigit() else 1


def page_title(page: BeautifulSoup) -> str:
    """The title of a page: its first-level heading where there is one, else what the browser shows, without the site.

    Args:
        page: parsed, before anything is taken out of it.
    """
    headings = [one for one in page("h1") if not one.find_parent(_is_around)]
    shown = " ".join(headings[0].get_text(" ").split()) if headings else ""
    if shown:
        return shown
    title = " ".join(page.title.get_text().split()) if page.title else ""
    return re.split(r"\s[|\u2013\u2014-]\s", title)[0]


def without_front_matter(text: str) -> str:
    """A Markdown text without the settings that some tools keep at its beginning.

    Args:
        text: in Markdown.
    """
    found = _FRONT_MATTER.match(text)
    if found is None or not all(":" in line or line.startswith((" ", "-", "#")) for line in _lines(found.group(1))):
        return text
    return text[found.end() :].lstrip("\n")


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def heading_of(text: str) -> str:
    """The title of a Markdown text: its first heading of either form, outside code; or the one its settings name.

    Args:
        text: in Markdown.
    """
    fenced, before = False, ""
    for line in without_front_matter(text).splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and re.match(r"#{1,6}\s+\S", line):
            return line.strip("# \t")
        elif not fenced and before and _UNDERLINE.match(line) and not before.startswith(("|", "-", "*", ">")):
            return before
        before = "" if fenced else line.strip()
    settings = _FRONT_MATTER.match(text)
    named = _TITLE.search(settings.group(1)) if settings else None
    return named.group(1) if named else ""
