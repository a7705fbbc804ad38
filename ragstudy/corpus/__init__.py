"""Domains: loading and checking them, writing them, importing publishers' files."""

from ragstudy.corpus.domain import Domain, load_domain, write_domain

__all__ = ["Domain", "load_domain", "write_domain"]
