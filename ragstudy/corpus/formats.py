"""Documents in files of many formats, as Markdown text: headings, lists and tables stay readable.

Every format but plain text and PDF is turned into HTML by a parser made for it, cleaned of what is not the document,
and written as Markdown by one converter.

Examples:
    >>> sorted(FORMATS)[:4]
    ['.csv', '.docx', '.eml', '.epub']
"""

from __future__ import annotations

import logging
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from html import escape
from typing import TYPE_CHECKING, Any

from ragstudy.corpus.books import chapters_of
from ragstudy.corpus.cells import text_of
from ragstudy.corpus.pages import (
    PAGES,
    heading_of,
    markdown_of,
    page_markdown,
    page_title,
    parsed,
    without_front_matter,
)
from ragstudy.corpus.running_lines import whole_sentences, without_running_lines
from ragstudy.corpus.sheets import sheets_of
from ragstudy.corpus.table_lines import lines_of
from ragstudy.corpus.tables import rows_of
from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


PLAIN = (".md", ".markdown", ".txt", ".text")
# A text of this many characters is no document that anybody reads, but a data file with a document's name.
LONGEST = 20_000_000
# Word has a style for the title of a document, above its headings.
_TITLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


@dataclass(frozen=True)
class Part:
    """A part of a file that is a document of its own: a page, a slide, a sheet, or all of it.

    Attributes:
        place: of the part in its file, as `page=3`; '' where the file is one document.
        title: of the part, or ''.
        text: in Markdown.
    """

    place: str
    title: str
    text: str


def parts_of(path: Path) -> list[Part]:
    """The documents in a file.

    Args:
        path: of a file whose ending is in `FORMATS`.

    Raises:
        InputError: the file is damaged, encrypted, or holds no text.
        UnavailableError: the package that reads this format is missing.
    """
    try:
        parts = [part for part in FORMATS[path.suffix.lower()](path) if part.text.strip()]
    except ImportError as error:
        msg = f"{path}: reading it needs the package {error.name}: pip install 'ragstudy[documents]'"
        raise UnavailableError(msg) from error
    except UnicodeDecodeError:
        msg = f"{path}: not readable as UTF-8 text; save it as UTF-8"
        raise InputError(msg) from None
    longest = max((len(part.text) for part in parts), default=0)
    if longest > LONGEST:
        msg = f"{path}: holds a document of {longest:,} characters; the most is {LONGEST:,}: split it, or leave it out"
        raise InputError(msg)
    return parts


def _plain(path: Path) -> Iterator[Part]:
    text = path.read_text(encoding="utf-8-sig")
    is_markdown = path.suffix.lower() in (".md", ".markdown")
    yield Part("", heading_of(text), without_front_matter(text) if is_markdown else text)


def _html(path: Path) -> Iterator[Part]:
    page = parsed(path.read_bytes())
    title = page_title(page)
    text = page_markdown(page)
    yield Part("", title or heading_of(text), text)


def _rst(path: Path) -> Iterator[Part]:
    from docutils.core import publish_parts

    # Nothing is read from other files, and no other program is called.
    settings = {"report_level": 5, "halt_level": 5, "file_insertion_enabled": False, "raw_enabled": False}
    parts = publish_parts(path.read_text(encoding="utf-8-sig"), writer="html", settings_overrides=settings)
    text = markdown_of(f"<main>{parts['html_body']}</main>")
    yield Part("", heading_of(text), text)


def _pdf(path: Path) -> Iterator[Part]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    locked, title, pages = False, "", list[str]()
    try:
        reader = PdfReader(path)
        locked = reader.is_encrypted and not reader.decrypt("")
        if not locked:
            pages = [page.extract_text() for page in reader.pages]
            title = str((reader.metadata.title if reader.metadata else "") or "")
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"{path}: not readable as PDF: {error}"
        raise InputError(msg) from error
    if locked:
        msg = f"{path}: is encrypted; save it without a password"
        raise InputError(msg)
    if not any(page.strip() for page in pages):
        msg = f"{path}: {len(pages)} pages without text, probably scanned; recognise its text first (OCR)"
        raise InputError(msg)
    for number, page in enumerate(whole_sentences(without_running_lines(pages)), start=1):
        yield Part(f"page={number}", f"{title or path.stem}, page {number}", page)


def _docx(path: Path) -> Iterator[Part]:
    import mammoth

    with _archive(path, "Word document", "word/document.xml"), path.open("rb") as content:
        text = markdown_of(f"<main>{mammoth.convert_to_html(content, style_map=_TITLES).value}</main>")
    yield Part("", heading_of(text), text)


def _pptx(path: Path) -> Iterator[Part]:
    from pptx import Presentation

    with _archive(path, "PowerPoint presentation", "ppt/presentation.xml"):
        slides = list(Presentation(str(path)).slides)
    for number, slide in enumerate(slides, start=1):
        title = " ".join(slide.shapes.title.text.split()) if slide.shapes.title is not None else ""
        html = "".join(_shape(shape) for shape in slide.shapes)
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        said = f"<p>{escape(notes.text)}</p>" if notes is not None and notes.text.strip() else ""
        yield Part(
            f"slide={number}", title or f"{path.stem}, slide {number}", markdown_of(f"<main>{html}{said}</main>")
        )


def _shape(shape: Any) -> str:  # noqa: ANN401 - a shape of python-pptx, which has no types
    if hasattr(shape, "shapes"):
        return "".join(_shape(one) for one in shape.shapes)
    if getattr(shape, "has_table", False) or getattr(shape, "has_chart", False):
        rows = (
            [[cell.text for cell in row.cells] for row in shape.table.rows] if shape.has_table else _chart(shape.chart)
        )
        return _table(rows)
    if not shape.has_text_frame:
        return ""
    lines = [escape(one.text.strip()) for one in shape.text_frame.paragraphs if one.text.strip()]
    if not shape.is_placeholder or shape.placeholder_format.type is None:
        return "".join(f"<p>{line}</p>" for line in lines)
    if shape.placeholder_format.idx == 0:
        return "".join(f"<h1>{line}</h1>" for line in lines)
    # The body of a slide shows its paragraphs as points.
    points = "".join(f"<li>{line}</li>" for line in lines)
    return f"<ul>{points}</ul>" if len(lines) > 1 else f"<p>{''.join(lines)}</p>"


def _chart(chart: Any) -> list[list[str]]:  # noqa: ANN401 - of python-pptx
    """The numbers of a chart as a table."""
    plots = list(chart.plots)
    if not plots:
        return []
    plot = plots[0]
    series = [(str(one.name), ["" if value is None else f"{value:g}" for value in one.values]) for one in plot.series]
    head = ["", *(name for name, _ in series)]
    rows = [[str(name), *(values[place] for _, values in series)] for place, name in enumerate(plot.categories)]
    return [head, *rows]


def _table(rows: list[list[str]]) -> str:
    def row_of(cells: list[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{row_of(rows[0], 'th')}{''.join(row_of(row, 'td') for row in rows[1:])}</table>" if rows else ""


def _lines_of_table(path: Path) -> Iterator[Part]:
    """A table as one document: every row a line of `column: value`, so that a passage of some rows says what it is."""
    rows = [
        (list(row), [text_of(value, f"{place}: {name}") for name, value in row.items()])
        for place, row in rows_of(path, ())
    ]
    header = rows[0][0] if rows else []
    yield Part("", "", "\n".join(lines_of(header, [cells for _, cells in rows])))


def _excel(path: Path) -> Iterator[Part]:
    """Every sheet as a table, with the lines above its header as its title."""
    sheets = sheets_of(path)
    for sheet in sheets:
        lines = lines_of(
            sheet.header, [["" if cell is None else str(cell) for cell in cells] for _, cells in sheet.rows]
        )
        title = sheet.before[0] if sheet.before else ""
        if not lines:
            lines = ["; ".join(sheet.header)]
        if len(sheets) == 1:
            yield Part("", title, "\n".join([*sheet.before, *lines]))
        else:
            yield Part(f"sheet={sheet.name}", title or f"{path.stem}, {sheet.name}", "\n".join([*sheet.before, *lines]))


def _json_lines(path: Path) -> Iterator[Part]:
    for number, row in read_lines(path):
        text = next(
            (row[key] for key in ("text", "content", "contents", "body") if isinstance(row.get(key), str)), None
        )
        if text is None:
            msg = f"{path}:{number}: no text; expected an object with 'text', 'content', 'contents' or 'body'"
            raise InputError(msg)
        name = row.get("id") or row.get("_id") or number
        yield Part(str(name), str(row.get("title") or ""), text)


def _epub(path: Path) -> Iterator[Part]:
    with _archive(path, "EPUB", "META-INF/container.xml"), zipfile.ZipFile(path) as book:
        texts = [page_markdown(parsed(book.read(name))) for name in chapters_of(book)]
    for number, text in enumerate(texts, start=1):
        yield Part(f"chapter={number}", heading_of(text), text)


def _mail(path: Path) -> Iterator[Part]:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain", "html"))
    content = str(body.get_content()) if body is not None else ""
    text = markdown_of(content) if body is not None and body.get_content_subtype() == "html" else content
    about = [f"{name}: {message[name]}" for name in ("From", "To", "Date", "Subject") if message[name]]
    yield Part("", str(message["Subject"] or ""), "\n".join([*about, "", text]) if text.strip() else "")


@contextmanager
def _archive(path: Path, kind: str, member: str) -> Iterator[None]:
    """Checks that a file is an archive with a certain member, and turns what its parser raises into one message."""
    try:
        with zipfile.ZipFile(path) as archive:
            archive.getinfo(member)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        encrypted = path.read_bytes()[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        cure = "is encrypted or of an old version: save it anew" if encrypted else f"is no {kind}"
        msg = f"{path}: {cure} ({error})"
        raise InputError(msg) from error
    try:
        yield
    except (InputError, ImportError):
        raise
    except Exception as error:
        msg = f"{path}: not readable as {kind}: {error}"
        raise InputError(msg) from error


FORMATS: Mapping[str, Callable[[Path], Iterator[Part]]] = {
    **dict.fromkeys(PLAIN, _plain),
    **dict.fromkeys(PAGES, _html),
    ".rst": _rst,
    ".pdf": _pdf,
    ".docx": _docx,
    ".pptx": _pptx,
    **dict.fromkeys((".csv", ".tsv"), _lines_of_table),
    ".xlsx": _excel,
    ".jsonl": _json_lines,
    ".epub": _epub,
    ".eml": _mail,
}
