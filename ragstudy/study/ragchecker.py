"""A run's answers in RAGChecker's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.corpus.importers.ragchecker import ragchecker_row
from ragstudy.files import write_json
from ragstudy.specs import load_study
from ragstudy.study.answering import test_prompts
from ragstudy.study.plan import make_plan
from ragstudy.study.retrieve import retrieve
from ragstudy.study.watch import Silent

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.study.store import RunFolder


def export_ragchecker(folder: RunFolder, out: Path) -> list[Path]:
    """Write `DOMAIN.GENERATOR.CONTEXTS.json` for every cell of a run; answers that failed are left out.

    Args:
        folder: of the run; its domains must still be where its study names them, for the passages' texts.
        out: folder to write.

    Raises:
        InputError: there is no run in the folder, or a domain is gone.
    """
    folder.check()
    plan = make_plan(load_study(folder.path / "study.yaml"))
    retrieved, _ = retrieve(plan, folder, Silent())
    answers = {(a.domain, a.generator, a.contexts, a.question): a for a in folder.answers()}
    written = []
    for domain in plan.domains:
        for name, contexts in plan.cells(domain):
            rows = []
            style = plan.style(plan.generator(name.split("+")[0]))
            for prompt in test_prompts(plan, domain, contexts, retrieved[domain.name], style):
                answer = answers.get((domain.name, name, contexts, prompt.key))
                if answer is not None and answer.stopped != "error":
                    shown = [(passage.id, passage.text) for passage in prompt.passages[: answer.n_passages]]
                    rows.append(ragchecker_row(domain.by_id[prompt.key], answer.text, shown))
            path = out / f"{domain.name}.{name}.{contexts.replace(':', '-')}.json"
            write_json(path, {"results": rows})
            written.append(path)
    return written
