r"""Domains from Python: load and list them, make them of publishers' files or of a table, fetch, invent.

Every function that makes a domain writes its folder, refuses a folder that holds one already, and writes nothing
when anything is wrong.

Examples:
    >>> import json, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = [{'q': f'Which is lamp {n}?', 'a': f'red {n}', 'p': f'Lamp {n} is red {n}.'} for n in range(9)]
    ...     _ = (Path(folder) / 'faq.jsonl').write_text('\n'.join(map(json.dumps, rows)))
    ...     _ = import_table(Path(folder) / 'faq.jsonl', Path(folder) / 'faq', question='q', answer='a', context='p')
    ...     len(load_domain(Path(folder) / 'faq').documents)
    9
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from ragstudy.corpus import Domain
    from ragstudy.corpus.importers.imported import Imported
    from ragstudy.records import Question


def load_domain(folder: str | Path) -> Domain:
    """A domain, checked.

    Args:
        folder: of the domain.

    Raises:
        InputError: ids, references, gold ids or the split are wrong; every problem is named.
    """
    from ragstudy.corpus import load_domain as load

    return load(Path(folder))


def domain_folders(root: str | Path = "corpora") -> list[Path]:
    """Folders that hold a domain, by name.

    Args:
        root: folder that they lie in.

    Raises:
        InputError: there is none.
    """
    folders = sorted(path.parent for path in Path(root).glob("*/domain.yaml"))
    if not folders:
        msg = f"{root}: no domains in it; a domain is a folder with a domain.yaml"
        raise InputError(msg)
    return folders


def import_domain(importer: str, out: str | Path, *, again: bool = False, **options: Any) -> Imported:  # noqa: ANN401 - as the importer types them
    """Make a domain of publishers' files, or of a table of one's own.

    `import_domain("bioasq", "corpora/bioasq", paths=["7B1_golden.json"])`; `ragstudy corpus import --help` lists the
    importers, and the options of each have the same names here, with underscores.

    Args:
        importer: name of the importer, or `package.module:ENTRY` of one's own.
        out: domain folder to write.
        again: whether a domain that is there is replaced.
        options: of the importer.

    Raises:
        InputError: no such importer or option, a file is missing or in another layout, or `out` holds a domain.
    """
    from ragstudy.corpus.importers import IMPORTERS

    kind, folder = IMPORTERS.get(importer, "import"), Path(out) if again else _free(out)
    imported = kind.read(name=folder.name, **kind.given(options))
    if again and (folder / "domain.yaml").is_file():
        imported = _as_split_before(imported, load_domain(folder))
    return _keep(imported, folder, kind.source, kind.licence)


def import_table(questions: str | Path, out: str | Path, **options: Any) -> Imported:  # noqa: ANN401 - as the importer types them
    """A domain of a JSONL or CSV table with columns that the caller names.

    Args:
        questions: the table of questions.
        out: domain folder to write.
        options: which column holds what, e.g. `question="Q", answer="A", context="Passage"`, and `documents`, a table
            of documents, where no column holds the gold passage.

    Raises:
        InputError: a file or a named column is missing, or `out` holds a domain.
    """
    return import_domain("table", out, questions=questions, **options)


def fetch_domain(name: str, out: str | Path | None = None) -> Imported:
    """Download a public set ('bioasq', 'nq', 'qasper') from the model hub; `corpora/<name>` by default.

    Args:
        name: of the set.
        out: domain folder to write.

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


def _free(out: str | Path) -> Path:
    """The folder, which must hold no domain."""
    folder = Path(out)
    if (folder / "domain.yaml").exists():
        msg = f"{folder}: a domain is there already; name another folder, or remove it first"
        raise InputError(msg)
    return folder


def _as_split_before(imported: Imported, before: Domain) -> Imported:
    """The same with every question that was there in the split that it was in, and with it the others of its group.

    Otherwise what a model was trained on before could become a test question.
    """
    from dataclasses import replace

    from ragstudy.corpus.checks import near_duplicates

    def plain(question: Question) -> str:
        return " ".join(question.text.split())

    known = {plain(one): one.split for one in before.questions}
    of_groups = {one.group: known[plain(one)] for one in imported.domain.questions if plain(one) in known}
    questions = [
        replace(one, split=known.get(plain(one)) or of_groups.get(one.group, one.split))
        for one in imported.domain.questions
    ]
    leaking = {train for _, train in near_duplicates(questions, by_group=imported.domain.split_by == "group")}
    kept = tuple(one for one in questions if one.id not in leaking)
    told = [f"questions that were there stay in their split; {sum(plain(one) not in known for one in kept)} are new"]
    if leaking:
        told.append(f"{len(leaking)} training questions are nearly a test question and are left out")
    return replace(imported, domain=replace(imported.domain, questions=kept)).with_notes(told)


def _keep(imported: Imported, out: Path, what: str, licence: str) -> Imported:
    from ragstudy.corpus import write_domain
    from ragstudy.corpus.checks import find_problems

    domain = imported.domain
    problems = find_problems(out, domain.documents, domain.questions, by_group=domain.split_by == "group")
    if problems:
        raise InputError(problems)
    source = f"# {domain.title}\n\nImported by ragstudy. {what}\n\n{imported.summary()}\n"
    write_domain(out, domain, source, licence=licence)
    return imported
