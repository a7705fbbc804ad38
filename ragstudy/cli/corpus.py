"""`ragstudy corpus`: domains listed, checked, imported, fetched, invented."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragstudy import domains
from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ragstudy.corpus.importers.imported import Imported
    from ragstudy.corpus.importers.kind import ImporterKind, Option

_FILES = click.Path(path_type=Path)
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.group()
def corpus() -> None:
    """Domains: list, check, import, fetch, invent.

    A domain is a folder with domain.yaml, documents (documents.jsonl, or a folder documents/ of files in many
    formats), questions.jsonl and SOURCE.md; docs/corpora.md describes them.
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


class ImportGroup(click.Group):
    """One command per importer, built from its entry; an importer of one's own is named `package.module:ENTRY`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of the built-in and the installed importers.

        Args:
            ctx: of the call.
        """
        from ragstudy.corpus.importers import IMPORTERS

        return sorted(IMPORTERS.names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of an importer.

        Args:
            ctx: of the call.
            cmd_name: name of the importer.
        """
        from ragstudy.corpus.importers import IMPORTERS

        kind = IMPORTERS.find(cmd_name)
        return _import_command(kind, cmd_name) if kind else None


def _import_command(kind: ImporterKind, name: str) -> click.Command:
    """A command with the options of an importer."""

    def run(out: Path, **options: object) -> None:
        _tell(out, domains.import_domain(name, out, again=False, **options))

    examples = "".join(f"\n{line}" for line in kind.examples)
    params = [_param(option) for option in kind.options]
    where = None if kind.needs_out else _out(kind.name)
    params.append(
        click.Option(
            ["--out"],
            type=_FILES,
            default=where,
            required=kind.needs_out,
            show_default=True,
            help="Domain folder to write.",
        )
    )
    about = f"{kind.about}\n\n\b{examples}" if examples else kind.about
    return _ManyFiles(name, callback=run, params=params, help=about)


class _ManyFiles(click.Command):
    """A command whose options for several files take all that a shell makes of a pattern: `--train nq-train-*`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line.

        Args:
            ctx: of the call.
            args: words of the command line.
        """
        has_argument = any(isinstance(one, click.Argument) for one in self.params)
        many = {flag for one in self.params if isinstance(one, click.Option) and one.multiple for flag in one.opts}
        return super().parse_args(ctx, args if has_argument else _with_flags_repeated(args, many))


def _with_flags_repeated(args: Sequence[str], flags: Collection[str]) -> list[str]:
    """The words of a command line with an option's name before each of its values; patterns as the files they fit."""
    made: list[str] = []
    current = ""
    for word in args:
        if word.startswith("-"):
            current = word if word in flags else ""
            if not current:
                made.append(word)
        elif current:
            path = Path(word)
            fitting = sorted(map(str, path.parent.glob(path.name))) if not path.exists() else []
            made += [part for value in fitting or [word] for part in (current, value)]
        else:
            made.append(word)
    return made


def _param(option: Option) -> click.Parameter:
    kind = _SHARE if option.is_share else _FILES if option.type is Path else option.type
    if option.is_argument:
        metavar = "FILE..." if option.many else "FILE"
        return click.Argument(
            [option.name], nargs=-1 if option.many else 1, required=option.required, type=kind, metavar=metavar
        )
    flag = option.flag or f"--{option.name.replace('_', '-')}"
    return click.Option(
        [flag, option.name],
        type=kind,
        multiple=option.many,
        required=option.required,
        default=None if option.many else option.default,
        show_default=option.default not in (None, ()),
        help=option.about,
    )


@corpus.group("import", cls=ImportGroup)
def import_group() -> None:
    """Make a domain of a publisher's original files, or of a table of your own.

    \b
    ragstudy corpus import bioasq 7B*_golden.json 10B*_golden.json
    ragstudy corpus import table faq.csv --question Q --answer A --context Passage --out corpora/faq
    """


def _tell(out: Path, imported: Imported) -> None:
    click.echo(f"{out}: {imported.summary()}")
    for note in imported.notes:
        click.echo(f"  {note}")


def _out(name: str) -> Path:
    return Path("corpora") / name


@corpus.command()
@click.argument("name")
@click.option("--out", type=_FILES, help="Domain folder to write; corpora/NAME by default.")
def fetch(name: str, out: Path | None) -> None:
    """Get a public set (bioasq, nq, qasper) from the model hub."""
    _tell(out or _out(name), domains.fetch_domain(name, out))


@corpus.command()
@click.argument("docs", type=_FILES)
@click.option("--out", type=_FILES, required=True, help="CSV file to write, for a person to review.")
@click.option("--model", help="Writes and answers: a model, GGUF file, or URL#MODEL of a server.")
@click.option("--of", "study", type=_FILES, help="Study that describes the generator to use instead.")
@click.option("--generator", help="Name of that generator.")
@click.option("--short", default=80, show_default=True, type=click.IntRange(min=0), help="Answered in a few words.")
@click.option(
    "--long", "long_", default=20, show_default=True, type=click.IntRange(min=0), help="In a sentence or two."
)
@click.option("--seed", default=1, show_default=True, help="Of the draw of passages.")
def questions(out: Path, docs: Path, seed: int, **said: Any) -> None:  # noqa: ANN401 - as click types the options
    """Draft questions about a folder of DOCS that has none yet, for a person to review.

    Without a model the file holds passages with room for a question and an answer each.

    \b
    ragstudy corpus questions wiki/ --model smollm2-135m-instruct --out drafts.csv
    ragstudy corpus questions wiki/ --of experiments/ours.yaml --generator gpt --out drafts.csv
    ragstudy init wiki --docs wiki/ --qa drafts.csv        # once it is reviewed
    """
    from ragstudy.cli.drafting import Writer, draft

    writer = Writer(said["model"], said["study"], said["generator"])
    draft(docs, out, writer, {"short": said["short"], "long": said["long_"]}, seed)


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
