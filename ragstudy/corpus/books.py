"""Chapters of an EPUB in the order in which they are read.

Examples:
    >>> import io, zipfile
    >>> with zipfile.ZipFile(io.BytesIO(), 'w') as book:
    ...     book.writestr('b.xhtml', '')
    ...     chapters_of(book)
    ['b.xhtml']
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ragstudy.corpus.pages import PAGES

if TYPE_CHECKING:
    import zipfile


def chapters_of(book: zipfile.ZipFile) -> list[str]:
    """Names of a book's pages: those of its spine in their order, then what no spine names.

    Args:
        book: opened.

    Raises:
        ImportError: a package is missing.
    """
    pages = [name for name in book.namelist() if name.lower().endswith(PAGES)]
    spine = [name for name in dict.fromkeys(_spine(book)) if name in pages]
    return [*spine, *(name for name in pages if name not in spine)]


def _spine(book: zipfile.ZipFile) -> list[str]:
    """The pages of a book in reading order; none where it does not say."""
    from lxml import etree

    try:
        container = _tree(book.read("META-INF/container.xml"))
        package = next(one.get("full-path") for one in container.iter("{*}rootfile"))
        described = _tree(book.read(package))
    except (KeyError, StopIteration, etree.XMLSyntaxError, TypeError):
        return []
    places = {one.get("id"): unquote(one.get("href") or "") for one in described.iter("{*}item")}
    folder = posixpath.dirname(package)
    order = [places.get(one.get("idref")) for one in described.iter("{*}itemref")]
    return [posixpath.normpath(posixpath.join(folder, place)) for place in order if place]


def _tree(content: bytes) -> Any:  # noqa: ANN401 - of lxml, which has no types
    from lxml import etree

    # Nothing is read from elsewhere, and nothing is expanded.
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
