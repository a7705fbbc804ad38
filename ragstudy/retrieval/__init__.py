"""Retrieval: embedding, passages, the FAISS index, ranking quality.

Examples:
    >>> from ragstudy.retrieval.retrievers import RETRIEVERS
    >>> sorted(RETRIEVERS.built_in)
    ['bm25', 'dense', 'hybrid']
"""
