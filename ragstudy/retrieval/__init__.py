"""Retrieval: embedding, passages, the FAISS index, ranking quality."""
