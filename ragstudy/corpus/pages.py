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

PAGES = (".html", ".htm", ".xhtml")
# What is no text of a page.
_NO_TEXT = ("script", "style", "nav", "noscript", "iframe", "svg", "select", "textarea", "input", "template")
_ROLES = frozenset({"navigation", "banner", "contentinfo", "complementary", "search"})
_NAMES = re.compile(
    r"^(side-?bar|nav(bar|igation)?|site-?(header|footer|nav)|page-?(header|footer)|breadcrumbs?|menu|main-?menu|"
    r"cookie(s|-?(banner|notice))?|skip-?link|toc-?sidebar)$",
    re.IGNORECASE,
)
_MANY_BREAKS = re.compile(r"\n{3,}")
_FENCE = re.compile(r"^\s*(```|~~~)")
_UNDERLINE = re.compile(r"^(=+|-{3,})\s*$")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?=\S)(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
# A text between two rules is the settings of a page only where it has some of these.
_SETTINGS = frozenset(
    {"title", "author", "authors", "date", "tags", "layout", "draft", "owner", "status", "description", "id", "slug"}
    | {"version", "lang", "language", "categories", "category", "keywords", "updated", "created", "modified"}
    | {"permalink", "weight", "aliases", "sidebar_position", "summary"}
)
_NEARLY_ALL = 0.8
_MOSTLY = 0.5
_MOST_SPANNED = 200
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def markdown_of(html: str) -> str:
    """An HTML page as Markdown, without scripts, navigation and what else stands around its text.

    Args:
        html: of the page.

    Raises:
        ImportError: a package is missing.
    """
    return page_markdown(parsed(html))


def parsed(html: str | bytes) -> BeautifulSoup:
    """A page as a tree; end tags that HTML lets one leave out are filled in.

    Args:
        html: of the page; of bytes the encoding that the page declares is found.

    Raises:
        ImportError: a package is missing.
    """
    import warnings

    from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning

    with warnings.catch_warnings():
        # A page may be XHTML, and a short text may look like an address.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        return BeautifulSoup(html, "lxml")


def page_markdown(page: BeautifulSoup) -> str:
    """A parsed page as Markdown; the page is changed.

    Args:
        page: parsed.

    Raises:
        ImportError: a package is missing.
    """
    from markdownify import MarkdownConverter

    for element in page(list(_NO_TEXT)):
        element.decompose()
    for button in page("button"):
        # Questions of a list that folds are buttons in headings.
        button.unwrap() if button.find_parent([*_HEADINGS, "summary", "dt"]) else button.decompose()
    whole = _main_part(page)
    n_whole = len(whole.get_text())
    for element in whole(_is_around):
        # What holds most of a page is its text, whatever it calls itself.
        if not element.decomposed and len(element.get_text()) < _NEARLY_ALL * n_whole:
            element.decompose()
    for form in whole("form"):
        form.unwrap()
    for mark in whole("sup"):
        _write_raised(mark)
    for table in whole("table"):
        _fill_spans(table, page)
    converter = MarkdownConverter(heading_style="ATX", bullets="-", strip=["a", "img"], table_infer_header=True)
    text = converter.convert_soup(whole)
    return _MANY_BREAKS.sub("\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip()


def _write_raised(mark: Tag) -> None:
    """An exponent as `^6`; the number of a footnote goes."""
    text = mark.get_text(strip=True)
    if mark.find("a") is not None or mark.find_parent("a") is not None:
        mark.decompose()
    elif text.lstrip("+-\u2212").isdecimal():
        mark.replace_with(f"^{text}")
    else:
        mark.unwrap()


def _main_part(page: BeautifulSoup) -> Any:  # noqa: ANN401 - a tree of Beautiful Soup
    """What a page marks as its text, if that holds most of what it says beside what is around it; else all of it."""
    body = page.body or page
    marked = page("main") or page("article")
    if len(marked) == 1 and marked[0].get_text(strip=True):
        if marked[0].name == "main":
            return marked[0]
        around = sum(len(one.get_text()) for one in body(_is_around) if not one.find_parent(_is_around))
        if len(marked[0].get_text()) >= _MOSTLY * (len(body.get_text()) - around):
            return marked[0]
    return body


def _is_around(element: Tag) -> bool:
    """Whether an element is a part of the site and not of its text: by its tag, its role, or what it calls itself.

    The header of a section, and whatever stands in the main part, belongs to the text.
    """
    if element.name in ("html", "body", "main", "article") or element.find_parent(["main", "article"]) is not None:
        return False
    if element.name in ("header", "footer"):
        return element.find_parent("section") is None
    if element.get("role") in _ROLES:
        return True
    named = [str(element.get("id") or ""), *(element.get("class") or [])]
    return any(_NAMES.match(name) for name in named)


def _fill_spans(table: Tag, page: BeautifulSoup) -> None:
    """Repeat cells that reach over several rows or columns, so that every row has a value in every column."""
    if not table.find(["td", "th"], attrs={"rowspan": True}) and not table.find(["td", "th"], attrs={"colspan": True}):
        return
    waiting: dict[int, tuple[int, str, str]] = {}
    group = None
    for row in table("tr"):
        if row.find_parent("table") is not table:
            continue
        if row.parent is not group:
            # A cell does not reach from the head of a table into its body.
            group, waiting = row.parent, {}
        cells = row.find_all(["td", "th"], recursive=False)
        filled: list[Any] = []
        column = 0
        while cells or any(place >= column for place in waiting):
            if column in waiting:
                left, name, text = waiting.pop(column)
                filled.append(_copied(page, name, text))
                if left > 1:
                    waiting[column] = (left - 1, name, text)
                column += 1
                continue
            if not cells:
                break
            cell = cells.pop(0)
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            text = cell.get_text(" ", strip=True)
            filled += [cell.extract(), *(_copied(page, str(cell.name), text) for _ in range(wide - 1))]
            waiting |= {column + number: (high - 1, str(cell.name), text) for number in range(wide) if high > 1}
            column += wide
        row.extend(filled)


def _copied(page: BeautifulSoup, name: str, text: str) -> Tag:
    made = page.new_tag(name)
    made.string = text
    return made


def _span(cell: Tag, name: str) -> int:
    """How many rows or columns a cell reaches over; a rowspan of 0 reaches to the end."""
    value = str(cell.get(name) or 1).strip()
    if name in cell.attrs:
        del cell[name]
    if not (value.isascii() and value.isdecimal()):
        return 1
    return _MOST_SPANNED if name == "rowspan" and int(value) == 0 else min(_MOST_SPANNED, max(1, int(value)))


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
    return _split(text)[1]


def _split(text: str) -> tuple[dict[str, Any], str]:
    """The settings at the beginning of a Markdown text, and the rest."""
    import yaml

    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    try:
        settings = yaml.safe_load(found.group(1))
    except (yaml.YAMLError, ValueError):
        return {}, text
    if not isinstance(settings, dict) or not {str(key).casefold() for key in settings} & _SETTINGS:
        return {}, text
    return settings, text[found.end() :].lstrip("\n")


def heading_of(text: str) -> str:
    """The title of a Markdown text: its first heading of either form, outside code; or the one its settings name.

    Args:
        text: in Markdown.
    """
    fenced, before = False, ""
    settings, rest = _split(text)
    for line in rest.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and re.match(r"#{1,6}\s+\S", line):
            return line.strip("# \t")
        elif not fenced and before and _UNDERLINE.match(line) and not before.startswith(("|", "-", "*", ">")):
            return before
        before = "" if fenced else line.strip()
    return str(settings.get("title") or "")
