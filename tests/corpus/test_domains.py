"""Domains made from Python."""

from __future__ import annotations

import pytest

from ragstudy import domains
from ragstudy.errors import InputError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "faq.csv"
    rows = [f"What colour has lamp {n}?,colour{n},Lamp {n} has colour{n}.,page{n}" for n in range(8)]
    path.write_text("\n".join(["Q,A,Passage,Page", *rows]) + "\n")
    return path


def test_a_table_becomes_a_domain_that_loads_and_is_listed(table, tmp_path):
    out = tmp_path / "corpora" / "faq"
    imported = domains.import_table(table, out, question="Q", answer="A", context="Passage", group="Page")
    assert "8 documents, 6 training questions, 2 test questions" in imported.summary()
    assert domains.load_domain(out).questions == imported.domain.questions
    assert domains.domain_folders(tmp_path / "corpora") == [out]


def test_a_domain_is_never_written_over(table, tmp_path):
    out = tmp_path / "faq"
    domains.import_table(table, out, question="Q", answer="A", context="Passage")
    before = {path: path.read_bytes() for path in out.iterdir()}
    for again in (
        lambda: domains.import_table(table, out, question="Q", answer="A", context="Passage"),
        lambda: domains.invent_domain("medicine", out),
        lambda: domains.fetch_domain("nq", out),
        lambda: domains.import_domain("squad", out, train=[table]),
    ):
        with pytest.raises(InputError, match="a domain is there already"):
            again()
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_without_domains_is_named(tmp_path):
    with pytest.raises(InputError, match="no domains in it"):
        domains.domain_folders(tmp_path)


def test_an_invented_domain_has_the_wanted_size(tmp_path):
    made = domains.invent_domain("handbook", tmp_path / "h", seed=5, n_documents=20, n_questions=40)
    assert (len(made.documents), len(made.questions)) == (20, 40)
