"""Cutting documents into passages, by llama-index's sentence splitter or section by section.

Examples:
    >>> from ragstudy.records import Document
    >>> [passage.id for passage in cut([Document('d', 'Lamps', 'It is green. ' * 40)], 64, 0, str.split)]
    ['d#1', 'd#2']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.records import Passage
from ragstudy.retrieval.sections import pieces_of, sections_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llama_index.core.node_parser import SentenceSplitter

    from ragstudy.records import Document
    from ragstudy.specs import Chunking

# Between headings in one line, the outer before the inner.
_UNDER = " > "


def cut(
    documents: Sequence[Document],
    chunk_tokens: int,
    chunk_overlap: int,
    encode: Callable[[str], Sequence[object]],
    chunking: Chunking = "sentences",
) -> list[Passage]:
    """Passages of whole sentences where these fit, in the documents' order.

    Args:
        documents: what to cut.
        chunk_tokens: longest passage, in tokens.
        chunk_overlap: tokens that neighbouring passages of a document, or section, share.
        encode: from text to tokens.
        chunking: `sentences` fills every passage; `sections` begins one at every Markdown heading, tells in each the
            headings it stands under, and cuts tables between rows.
    """
    cutter = _Cutter(chunk_tokens, chunk_overlap, encode)
    texts_of = cutter.by_sections if chunking == "sections" else cutter.by_sentences
    return [
        Passage(f"{document.id}#{number}", document.id, document.title, text)
        for document in documents
        for number, text in enumerate(texts_of(document), start=1)
    ]


class _Cutter:
    """Cuts documents into texts of at most so many tokens."""

    def __init__(self, most: int, overlap: int, encode: Callable[[str], Sequence[object]]) -> None:
        self._most, self._overlap, self._encode = most, overlap, encode
        self._splitters: dict[int, SentenceSplitter] = {}

    def by_sentences(self, document: Document) -> list[str]:
        return self._pieces(document.text, self._most)

    def by_sections(self, document: Document) -> list[str]:
        texts: list[str] = []
        told: set[tuple[str, ...]] = set()
        for section in sections_of(document.text):
            headings = [one for one in section.headings if one.casefold() != document.title.casefold()]
            first = self._first_told(headings)
            paths = [tuple(headings[: n + 1]) for n in range(len(headings))]
            # Outer headings for which there is no room everywhere are text like any other, once.
            untold = [path[-1] for path in paths[:first] if path not in told]
            told.update(paths)
            line = _UNDER.join(headings[first:])
            above = f"{line}\n" if line else ""
            text = "\n".join([*untold, section.text]).strip()
            room = self._most - self._count(above)
            # A heading without text is a passage of its own, as a slide with nothing but a title is.
            texts += [f"{above}{piece}".strip() for piece in self._pieces_of(text, room) or [""]]
        return [text for text in texts if text]

    def _first_told(self, headings: Sequence[str]) -> int:
        """From which heading on, the outermost first, they fit into a line of at most a third of a passage."""
        for first in range(len(headings)):
            if self._count(_UNDER.join(headings[first:])) <= self._most // 3:
                return first
        return len(headings)

    def _pieces_of(self, text: str, room: int) -> list[str]:
        return list(pieces_of(text, room, self._count, lambda part: self._pieces(part, room))) if text else []

    def _count(self, text: str) -> int:
        return len(self._encode(text))

    def _pieces(self, text: str, most: int) -> list[str]:
        from llama_index.core.node_parser import SentenceSplitter

        if most not in self._splitters:
            self._splitters[most] = SentenceSplitter(
                chunk_size=most,
                # Beside its headings a section may have little room.
                chunk_overlap=self._overlap if most == self._most else min(self._overlap, most // 2),
                tokenizer=self._encode,
                include_metadata=False,
            )
        return [stripped for piece in self._splitters[most].split_text(text) if (stripped := piece.strip())]
