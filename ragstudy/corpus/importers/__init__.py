"""Importers: from publishers' files, or a table of one's own, to a domain.

An importer is one file here that holds its reader and its entry, and one line in the table below; its command and its
options follow from the entry. One of the user's own is named `package.module:ENTRY`, or installed under the entry point
group `ragstudy.importers`.
"""

from __future__ import annotations

from ragstudy.corpus.importers.kind import ImporterKind
from ragstudy.registry import Registry

IMPORTERS = Registry(
    kind="importer",
    group="ragstudy.importers",
    entry_type=ImporterKind,
    built_in={
        "autorag": "ragstudy.corpus.importers.autorag:AUTORAG",
        "beir": "ragstudy.corpus.importers.beir:BEIR",
        "bioasq": "ragstudy.corpus.importers.bioasq:BIOASQ",
        "flashrag": "ragstudy.corpus.importers.flashrag:FLASHRAG",
        "folder": "ragstudy.corpus.importers.folder:FOLDER",
        "nq": "ragstudy.corpus.importers.natural_questions:NATURAL_QUESTIONS",
        "qasper": "ragstudy.corpus.importers.qasper:QASPER",
        "ragchecker": "ragstudy.corpus.importers.ragchecker:RAGCHECKER",
        "squad": "ragstudy.corpus.importers.squad:SQUAD",
        "table": "ragstudy.corpus.importers.table:TABLE",
    },
)
