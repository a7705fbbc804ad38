"""Domains from Python: load and list them, make them of publishers' files or of a table, fetch, invent.

Every function that makes a domain writes its folder, refuses a folder that holds one already, and writes nothing
when anything is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ragstudy.corpus import Domain
    from ragstudy.corpus.importers.imported import Imported


def load_domain(folder: str | Path) -> Domain:
    """A domain, checked.

    Raises:
        InputError: ids, references, gold ids or the split are wrong; every problem is named.
    """
    from ragstudy.corpus import load_domain as load

    return load(Path(folder))


def domain_folders(root: str | Path = "corpora") -> list[Path]:
    """Folders below `root` that hold a domain, by name.

    Raises:
        InputError: there is none.
    """
    folders = sorted(path.parent for path in Path(root).glob("*/domain.yaml"))
    if not folders:
        msg = f"{root}: no domains in it; a domain is a folder with a domain.yaml"
        raise InputError(msg)
    return folders


def import_bioasq(files: Iterable[str | Path], out: str | Path, test_years: Iterable[int] = ()) -> Imported:
    """BioASQ task B golden files, named as published; see `corpus.importers.bioasq`.

    Raises:
        InputError: a file is missing or in another layout, or `out` holds a domain.
    """
    from ragstudy.corpus.importers.bioasq import import_bioasq as read

    folder = _free(out)
    imported = read(_paths(files), folder.name, tuple(test_years))
    return _keep(imported, folder, "BioASQ task B; see bioasq.org for its terms.", "BioASQ")


def import_natural_questions(train: Iterable[str | Path], test: Iterable[str | Path], out: str | Path) -> Imported:
    """Natural Questions: QED lines for training, NQ-open lines with gold passages for test.

    Raises:
        InputError: a file is missing or in another layout, or `out` holds a domain.
    """
    from ragstudy.corpus.importers.natural_questions import import_natural_questions as read

    folder = _free(out)
    imported = read(_paths(train), _paths(test), folder.name)
    return _keep(imported, folder, "Natural Questions; text of Wikipedia.", "CC BY-SA 3.0")


def import_qasper(files: Iterable[str | Path], out: str | Path, test_share: float = 0.25, seed: int = 1) -> Imported:
    """Qasper: the published JSON, one paper a line, or evidence only; split by whole papers.

    Raises:
        InputError: a file is missing or in another layout, or `out` holds a domain.
    """
    from ragstudy.corpus.importers.qasper import import_qasper as read

    folder = _free(out)
    imported = read(_paths(files), folder.name, test_share, seed)
    return _keep(imported, folder, "Qasper, by the Allen Institute.", "CC BY 4.0")


def import_squad(
    train: Iterable[str | Path],
    out: str | Path,
    test: Iterable[str | Path] = (),
    test_share: float = 0.25,
    seed: int = 1,
) -> Imported:
    """SQuAD 1 or 2 in its published JSON; without `test`, articles are divided between both splits.

    Raises:
        InputError: a file is missing or in another layout, or `out` holds a domain.
    """
    from ragstudy.corpus.importers.squad import import_squad as read

    folder = _free(out)
    imported = read(_paths(train), _paths(test), folder.name, test_share, seed)
    return _keep(imported, folder, "SQuAD; text of Wikipedia.", "CC BY-SA 4.0")


def import_ragchecker(files: Iterable[str | Path], out: str | Path) -> Imported:
    """RAGChecker's input JSON of one or more systems; their answers go into a study as generators `recorded`.

    Raises:
        InputError: a file is missing or in another layout, or `out` holds a domain.
    """
    from ragstudy.corpus.importers.ragchecker import import_ragchecker as read

    folder = _free(out)
    return _keep(read(_paths(files), folder.name), folder, "RAGChecker input files of one's own.", "")


def import_table(
    questions: str | Path,
    out: str | Path,
    documents: str | Path | None = None,
    test_share: float = 0.25,
    seed: int = 1,
    **columns: Any,  # noqa: ANN401 - as Columns types them
) -> Imported:
    """JSONL or CSV with named columns; `documents` is not needed where a column holds the gold passage.

    Args:
        questions: the table of questions.
        out: domain folder to write.
        documents: the table of documents.
        test_share: share of the questions that become the test split, where no column says it.
        seed: of that draw.
        columns: which column holds what, e.g. `question="Q", answer="A", context="Passage"`; the names are the
            attributes of `corpus.importers.table.Columns`.

    Raises:
        InputError: a file or a named column is missing, or `out` holds a domain.
    """
    from ragstudy.corpus.importers.table import Columns
    from ragstudy.corpus.importers.table import import_table as read

    folder, table = _free(out), Path(questions)
    imported = read(
        table, None if documents is None else Path(documents), folder.name, Columns(**columns), test_share, seed
    )
    return _keep(imported, folder, f"From {table.name}.", "")


def fetch_domain(name: str, out: str | Path | None = None) -> Imported:
    """Download a public set ('bioasq', 'nq', 'qasper') from the model hub; `corpora/<name>` by default.

    Raises:
        InputError: the name is unknown, or `out` holds a domain.
        UnavailableError: the hub cannot be reached; the message says which file to get and how to import it.
    """
    from ragstudy.corpus.fetch import SOURCES, fetch

    folder = _free(_default(name) if out is None else out)
    imported = fetch(name, Path(".cache") / "ragstudy")
    return _keep(imported, folder, f"Dataset {SOURCES[name].dataset} of the hub.", "")


def invent_domain(
    name: str, out: str | Path | None = None, seed: int = 1, n_documents: int = 400, n_questions: int = 1800
) -> Domain:
    """Invent a domain whose facts exist nowhere else; the same seed gives the same bytes.

    Args:
        name: 'medicine', 'handbook', 'encyclopedia' or 'papers'.
        out: domain folder to write; `corpora/<name>` by default.
        seed: of the world.
        n_documents: one subject each.
        n_questions: of both splits together.

    Raises:
        InputError: the name is unknown, more questions are wanted than there are, or `out` holds a domain.
    """
    from ragstudy.fiction.invent import write_invented

    return write_invented(_free(_default(name) if out is None else out), name, seed, n_documents, n_questions)


def _default(name: str) -> Path:
    return Path("corpora") / name


def _paths(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    return tuple(Path(path) for path in paths)


def _free(out: str | Path) -> Path:
    """The folder, which must hold no domain."""
    folder = Path(out)
    if (folder / "domain.yaml").exists():
        msg = f"{folder}: a domain is there already; name another folder, or remove it first"
        raise InputError(msg)
    return folder


def _keep(imported: Imported, out: Path, what: str, licence: str) -> Imported:
    from ragstudy.corpus import write_domain
    from ragstudy.corpus.checks import find_problems

    domain = imported.domain
    problems = find_problems(out, domain.documents, domain.questions, by_group=domain.split_by == "group")
    if problems:
        raise InputError(problems)
    source = f"# {domain.title}\n\nImported by `ragstudy corpus import`. {what}\n\n{imported.summary()}\n"
    write_domain(out, domain, source, licence=licence)
    return imported
