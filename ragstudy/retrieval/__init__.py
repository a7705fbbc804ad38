"""Retrieval: embedding, passages, the FAISS index, ranking quality.

Example:
    >>> from ragstudy.retrieval.retrievers import RETRIEVERS
    >>> sorted(RETRIEVERS.built_in)
    ['bm25', 'dense', 'hybrid']
"""
