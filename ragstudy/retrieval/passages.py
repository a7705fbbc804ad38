"""Cutting documents into passages with llama-index's sentence splitter.

Examples:
    >>> from ragstudy.records import Document
    >>> [passage.id for passage in cut([Document('d', 'Lamps', 'It is green. ' * 40)], 64, 0, str.split)]
    ['d#1', 'd#2']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.records import Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Document


def cut(
    documents: Sequence[Document], chunk_tokens: int, chunk_overlap: int, encode: Callable[[str], Sequence[object]]
) -> list[Passage]:
    """Passages of whole sentences where these fit, in the documents' order.

    Args:
        documents: what to cut.
        chunk_tokens: longest passage, in tokens.
        chunk_overlap: tokens that neighbouring passages of a document share.
        encode: from text to tokens.
    """
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.schema import Document as Source

    splitter = SentenceSplitter(
        chunk_size=chunk_tokens, chunk_overlap=chunk_overlap, tokenizer=encode, include_metadata=False
    )
    passages = []
    for document in documents:
        nodes = splitter.get_nodes_from_documents([Source(text=document.text, id_=document.id)])
        texts = [text for node in nodes if (text := node.get_content().strip())]
        passages += [
            Passage(f"{document.id}#{number}", document.id, document.title, text)
            for number, text in enumerate(texts, start=1)
        ]
    return passages
