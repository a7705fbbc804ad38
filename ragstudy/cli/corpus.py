"""`ragstudy corpus`: domains listed, checked, imported, fetched, invented."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragstudy import domains
from ragstudy.errors import InputError

if TYPE_CHECKING:
    from ragstudy.corpus.importers.imported import Imported

_FILES = click.Path(path_type=Path)
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.group()
def corpus() -> None:
    """Domains: list, check, import, fetch, invent.

    A domain is a folder with domain.yaml, documents (documents.jsonl, or a folder documents/ of .md and .txt
    files), questions.jsonl and SOURCE.md; docs/corpora.md describes them.
    """


@corpus.command("list")
@click.argument("root", type=_FILES, default=Path("corpora"))
def list_domains(root: Path) -> None:
    """List the domains below a folder (corpora/ by default)."""
    for folder in domains.domain_folders(root):
        try:
            domain = domains.load_domain(folder)
        except InputError as error:
            click.echo(f"{folder}: {len(error.problems)} problems; see: ragstudy corpus check {folder}")
            continue
        counts = f"{len(domain.documents)} documents, {len(domain.split('train'))} training and "
        click.echo(f"{folder}: {counts}{len(domain.split('test'))} test questions. {domain.title}")


@corpus.command()
@click.argument("folders", nargs=-1, required=True, type=_FILES, metavar="FOLDER...")
def check(folders: tuple[Path, ...]) -> None:
    """Check domains: ids, references, gold ids, leakage between training and test.

    \b
    ragstudy corpus check corpora/handbook
    """
    problems: list[str] = []
    for folder in folders:
        try:
            domain = domains.load_domain(folder)
        except InputError as error:
            problems += error.problems
        else:
            click.echo(f"{folder}: {len(domain.documents)} documents, {len(domain.questions)} questions, no problems")
    if problems:
        raise InputError(problems)


@corpus.group("import")
def import_group() -> None:
    """Make a domain of a publisher's original files, or of a table of your own.

    \b
    ragstudy corpus import bioasq 7B*_golden.json 10B*_golden.json
    ragstudy corpus import table faq.csv --question Q --answer A --context Passage --out corpora/faq
    """


def _tell(out: Path, imported: Imported) -> None:
    click.echo(f"{out}: {imported.summary()}")


def _out(name: str) -> Path:
    return Path("corpora") / name


@import_group.command()
@click.argument("files", nargs=-1, required=True, type=_FILES, metavar="FILE...")
@click.option(
    "--out",
    type=_FILES,
    default=_out("bioasq"),
    show_default=True,
    help="Domain folder to write.",
)
@click.option(
    "--test-year", "test_years", type=int, multiple=True, help="Year of the test split; the latest by default."
)
def bioasq(files: tuple[Path, ...], out: Path, test_years: tuple[int, ...]) -> None:
    """BioASQ task B golden files, named as published (10B1_golden.json)."""
    _tell(out, domains.import_bioasq(files, out, test_years))


@import_group.command()
@click.option("--train", multiple=True, required=True, type=_FILES, help="File of QED lines; may be given often.")
@click.option("--test", multiple=True, required=True, type=_FILES, help="File of NQ-open lines with gold passages.")
@click.option(
    "--out",
    type=_FILES,
    default=_out("nq"),
    show_default=True,
    help="Domain folder to write.",
)
def nq(train: tuple[Path, ...], test: tuple[Path, ...], out: Path) -> None:
    """Natural Questions: QED lines for training, NQ-open lines for test."""
    _tell(out, domains.import_natural_questions(train, test, out))


@import_group.command()
@click.argument("files", nargs=-1, required=True, type=_FILES, metavar="FILE...")
@click.option(
    "--out",
    type=_FILES,
    default=_out("qasper"),
    show_default=True,
    help="Domain folder to write.",
)
@click.option(
    "--test-share", default=0.25, type=_SHARE, show_default=True, help="Share of the questions, by whole papers."
)
@click.option("--seed", default=1, show_default=True, help="Of the draw of test papers.")
def qasper(files: tuple[Path, ...], out: Path, test_share: float, seed: int) -> None:
    """Qasper: the published JSON, one paper a line, or evidence only."""
    _tell(out, domains.import_qasper(files, out, test_share, seed))


@import_group.command()
@click.argument("files", nargs=-1, required=True, type=_FILES, metavar="FILE...")
@click.option("--out", type=_FILES, default=_out("ragchecker"), show_default=True, help="Domain folder to write.")
def ragchecker(files: tuple[Path, ...], out: Path) -> None:
    """RAGChecker's input JSON: questions and contexts; its answers go into a study as `kind: recorded`."""
    _tell(out, domains.import_ragchecker(files, out))


@import_group.command()
@click.argument("files", nargs=-1, required=True, type=_FILES, metavar="FILE...")
@click.option("--test", multiple=True, type=_FILES, help="File of the test split; articles are divided without it.")
@click.option(
    "--out",
    type=_FILES,
    default=_out("squad"),
    show_default=True,
    help="Domain folder to write.",
)
@click.option(
    "--test-share", default=0.25, type=_SHARE, show_default=True, help="Share of the questions, by whole articles."
)
@click.option("--seed", default=1, show_default=True, help="Of the draw of test articles.")
def squad(files: tuple[Path, ...], test: tuple[Path, ...], out: Path, test_share: float, seed: int) -> None:
    """SQuAD 1 or 2 in its published JSON."""
    _tell(out, domains.import_squad(files, out, test, test_share, seed))


@import_group.command()
@click.argument("questions", type=_FILES)
@click.option("--documents", type=_FILES, help="Table of documents; not needed with --context.")
@click.option("--out", type=_FILES, required=True, help="Domain folder to write.")
@click.option("--question", default="question", show_default=True, help="Column of the question.")
@click.option(
    "--answer", default="answer", show_default=True, help="Column of the reference answer, or a list of them."
)
@click.option("--id", "id_", help="Column of the question's id.")
@click.option("--gold", help="Column of the gold document ids.")
@click.option("--context", help="Column of the gold passage itself.")
@click.option("--group", help="Column of the source document, for clusters and for the split.")
@click.option("--split", help="Column that says train or test; groups are drawn without it.")
@click.option("--document-id", default="id", show_default=True, help="Column of the document's id.")
@click.option("--document-text", default="text", show_default=True, help="Column of the document's text.")
@click.option("--document-title", help="Column of the document's title.")
@click.option(
    "--test-share",
    default=0.25,
    type=_SHARE,
    show_default=True,
    help="Share of the questions that become the test split.",
)
@click.option("--seed", default=1, show_default=True, help="Of that draw.")
def table(
    questions: Path,
    documents: Path | None,
    out: Path,
    question: str,
    answer: str,
    id_: str | None,
    gold: str | None,
    context: str | None,
    group: str | None,
    split: str | None,
    document_id: str,
    document_text: str,
    document_title: str | None,
    test_share: float,
    seed: int,
) -> None:
    """JSONL or CSV with columns that you name.

    \b
    ragstudy corpus import table faq.csv --question Q --answer A --context Passage --out corpora/faq
    ragstudy corpus import table qa.jsonl --documents docs.jsonl --gold doc_ids --out corpora/ours
    """
    imported = domains.import_table(
        questions,
        out,
        documents,
        test_share,
        seed,
        question=question,
        answer=answer,
        id=id_,
        gold=gold,
        context=context,
        group=group,
        split=split,
        document_id=document_id,
        document_text=document_text,
        document_title=document_title,
    )
    _tell(out, imported)


@corpus.command()
@click.argument("name")
@click.option("--out", type=_FILES, help="Domain folder to write; corpora/NAME by default.")
def fetch(name: str, out: Path | None) -> None:
    """Get a public set (bioasq, nq, qasper) from the model hub."""
    _tell(out or _out(name), domains.fetch_domain(name, out))


@corpus.command()
@click.argument("name")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--documents", "n_documents", default=400, show_default=True, help="How many.")
@click.option("--questions", "n_questions", default=1800, show_default=True, help="How many, both splits together.")
@click.option("--out", type=_FILES, help="Domain folder to write; corpora/NAME by default.")
def invent(name: str, seed: int, n_documents: int, n_questions: int, out: Path | None) -> None:
    """Invent a domain (medicine, handbook, encyclopedia, papers) whose facts exist nowhere else.

    \b
    ragstudy corpus invent handbook --seed 7 --documents 1000 --out corpora/handbook7
    """
    domain = domains.invent_domain(name, out, seed, n_documents, n_questions)
    click.echo(f"{out or _out(name)}: {len(domain.documents)} documents, {len(domain.questions)} questions")
