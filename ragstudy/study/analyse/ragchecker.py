"""A run's answers in RAGChecker's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.corpus.importers.ragchecker import ragchecker_row
from ragstudy.files import write_json
from ragstudy.study.texts_shown import texts_shown

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.records import Answer
    from ragstudy.study.run_folder import RunFolder


def export_ragchecker(folder: RunFolder, out: Path) -> list[Path]:
    """Write `DOMAIN.GENERATOR.CONTEXTS.json` for every set of answers of a run; answers that failed are left out.

    Args:
        folder: of the run; nothing else is needed.
        out: folder to write.

    Raises:
        InputError: there is no run in the folder, or one of an earlier version that did not keep what was shown.
    """
    folder.check()
    layout, questions = folder.known_layout(), folder.questions()
    by_set: dict[tuple[str, str, str], list[Answer]] = {}
    for answer in folder.answers():
        by_set.setdefault((answer.domain, answer.generator, answer.contexts), []).append(answer)
    written = []
    for domain in layout.domains:
        shown = texts_shown(folder, domain.name)
        for generator, contexts in layout.answer_sets(domain.name):
            rows = [
                ragchecker_row(questions[domain.name, answer.question], answer.text, list(shown(answer).items()))
                for answer in by_set.get((domain.name, generator, contexts), [])
                if answer.stopped != "error"
            ]
            path = out / f"{domain.name}.{generator}.{contexts.replace(':', '-')}.json"
            write_json(path, {"results": rows})
            written.append(path)
    return written
