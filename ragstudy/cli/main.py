"""The command `ragstudy`."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragstudy.api import TABLES
from ragstudy.cli.corpus import corpus
from ragstudy.cli.judge import judge
from ragstudy.cli.pocket import pocket
from ragstudy.cli.reading import compare_command, gate_command, reproduced_command, track_command, view_command
from ragstudy.cli.serving import ask_command, export_command, serve_command
from ragstudy.cli.start import init_command, quick_command
from ragstudy.cli.training import training
from ragstudy.errors import RagstudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


WRONG_INPUT = 2


class Suggesting(click.Group):
    """A group that names the nearest command for a wrong one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of a name.

        Args:
            ctx: of the call.
            args: words of the command line.
        """
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            msg = f"no such command {args[0]!r}{nearest(args[0], self.list_commands(ctx))}"
            raise click.UsageError(msg, ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Suggesting, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ragstudy")
def cli() -> None:
    """Does fine-tuning help or hurt behind retrieval?

    \b
    ragstudy quick --docs wiki/ --qa qa.csv        documents, questions, a verdict
    ragstudy init wiki --docs wiki/ --qa qa.csv    the same as files to change before they run
    ragstudy check experiments/quickstart.yaml     what a study would do
    ragstudy run experiments/quickstart.yaml       run it, or go on with it
    ragstudy results reports/quickstart            its numbers as CSV, JSON, LaTeX or Parquet
    ragstudy view reports/quickstart               its report in the browser
    ragstudy show reports/quickstart QUESTION      one question with every answer to it
    ragstudy compare reports/old reports/new       two runs over the same questions
    ragstudy gate reports/nightly                  end with 1 where an arm loses too much
    ragstudy ask reports/quickstart QUESTION       ask the best arm something new
    ragstudy corpus import --help                  bring your own data
    ragstudy plan --effect 0.05                    how many questions it takes to see five points
    ragstudy models                                language models that can be used here
    ragstudy judge audit --help                    how far a scorer agrees with people
    """


cli.add_command(corpus)
cli.add_command(pocket)
cli.add_command(judge)
cli.add_command(init_command)
cli.add_command(quick_command)
cli.add_command(view_command)
cli.add_command(compare_command)
cli.add_command(reproduced_command)
cli.add_command(gate_command)
cli.add_command(track_command)
cli.add_command(ask_command)
cli.add_command(export_command)
cli.add_command(serve_command)
cli.add_command(training)


@cli.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; reports/<name of the study> by default.")
@click.option("--quiet", is_flag=True, help="Print the verdicts only.")
def run(study: Path, overrides: tuple[str, ...], out: Path | None, quiet: bool) -> None:
    """Run a STUDY in YAML, or go on with one: only what is missing or changed is made.

    \b
    ragstudy run experiments/quickstart.yaml
    ragstudy run experiments/quickstart.yaml retrieval.top_k=3 --out reports/top3
    """
    from ragstudy.cli.running import run_and_show

    run_and_show(study, overrides, out, quiet=quiet)


@cli.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--deep", is_flag=True, help="Also load every model and ask each generator and judge one question.")
def check(study: Path, overrides: tuple[str, ...], deep: bool) -> None:
    """Show what a STUDY would do, after checking all of it; nothing is run.

    \b
    ragstudy check experiments/fine_failing.yaml
    ragstudy check experiments/fine_failing.yaml --deep
    """
    from ragstudy.cli.show import Console, show_plan, show_trials
    from ragstudy.specs import load_study
    from ragstudy.study.plan.estimate import estimate
    from ragstudy.study.plan.make import make_plan

    plan, console = make_plan(load_study(study, overrides)), Console(quiet=False)
    show_plan(console, plan, estimate(plan))
    if deep:
        from ragstudy.study.execute.trial import trials
        from ragstudy.study.plan.checks import check_ready

        check_ready(plan)
        if show_trials(console, trials(plan)):
            sys.exit(WRONG_INPUT)


@cli.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--with", "measures", multiple=True, required=True, metavar="MEASURE", help="May be given several times.")
@click.option("--judges", type=click.Path(path_type=Path), help="YAML file with a list of judges under `judges:`.")
@click.option("--verdict", is_flag=True, help="Give verdicts on these measures too.")
@click.option("--quiet", is_flag=True, help="Print the verdicts only.")
def score(run_folder: Path, measures: tuple[str, ...], judges: Path | None, verdict: bool, quiet: bool) -> None:
    """Score the answers of a finished RUN with more measures; nothing is generated and no score is lost.

    \b
    ragstudy score reports/quickstart --with ragas:semantic_similarity
    ragstudy score reports/quickstart --judges judges.yaml --with local:claims.accuracy --verdict
    """
    from ragstudy.cli.running import show_run
    from ragstudy.cli.show import Console
    from ragstudy.study.plan.make import make_plan
    from ragstudy.study.plan.more_measures import with_measures
    from ragstudy.study.run import rescore
    from ragstudy.study.run_folder import RunFolder

    plan = make_plan(with_measures(RunFolder(run_folder), measures, judges, verdict=verdict))
    console = Console(quiet=quiet)
    show_run(console, rescore(plan, run_folder, console))


@cli.command()
@click.option(
    "--effect", "effects", type=click.FloatRange(0, 1), multiple=True, help="True difference; 0: none at all."
)
@click.option("--comparisons", type=click.IntRange(min=1), default=4, help="Arms x measures x contexts x domains.")
@click.option("--recipes", type=click.IntRange(min=1), default=2, help="Recipes that are trained several times.")
@click.option("--per-document", type=click.FloatRange(min=1), default=1.0, help="Questions of one source document.")
@click.option("--trainings", type=click.IntRange(min=1), default=3, help="Training seeds of each recipe.")
@click.option("--margin", type=click.FloatRange(0, 1, min_open=True), default=0.03, help="Smallest one that matters.")
@click.option("--like", type=click.Path(path_type=Path), help="A run folder whose spread is taken over.")
def plan(
    effects: tuple[float, ...],
    comparisons: int,
    recipes: int,
    per_document: float,
    trainings: int,
    margin: float,
    like: Path | None,
) -> None:
    """How many test questions a study needs, before there are any data.

    \b
    ragstudy plan --effect 0.05
    ragstudy plan --comparisons 24 --per-document 5 --like reports/quickstart
    """
    from ragstudy.cli.plan import USUAL_EFFECTS, assumed_like, show_plan
    from ragstudy.statistics.planning import Assumed
    from ragstudy.statistics.settings import AnalysisSettings

    assumed = Assumed(per_document=per_document, n_trainings=trainings, n_comparisons=comparisons, n_recipes=recipes)
    if like is not None:
        assumed = assumed_like(like, assumed)
    show_plan(assumed, effects or (*USUAL_EFFECTS, 0.0), AnalysisSettings(margin=margin))


@cli.command()
def models() -> None:
    """List the language models that can be used here without a download.

    \b
    ragstudy models
    """
    from ragstudy.cli.models import show_models

    show_models()


@cli.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("question")
@click.option("--domain", help="Of the question, where several domains have its id.")
def show(run_folder: Path, question: str, domain: str | None) -> None:
    """Print one QUESTION of a RUN, by its id or words of it, with passages, all answers and their scores.

    \b
    ragstudy show reports/quickstart q0017
    ragstudy show reports/quickstart "half-life of Norcept"
    """
    from ragstudy.reporting.one_question import find_question, lines_about
    from ragstudy.study.run_folder import RunFolder

    folder = RunFolder(run_folder)
    folder.check()
    name, found = find_question(folder, question, domain)
    for line in lines_about(folder, name, found):
        click.echo(line)


@cli.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--figures", type=click.Path(path_type=Path), help="Folder for every chart as SVG and PNG.")
@click.option("--pdf", type=click.Path(path_type=Path), help="File for the first page as PDF; needs Chromium.")
def report(run_folder: Path, figures: Path | None, pdf: Path | None) -> None:
    """Write the reports of a RUN folder again, from its files alone.

    \b
    ragstudy report reports/quickstart
    ragstudy report reports/quickstart --figures figures/
    """
    from ragstudy.reporting import write_reports
    from ragstudy.reporting.write import print_pdf, write_figures
    from ragstudy.study.run_folder import RunFolder

    page = write_reports(RunFolder(run_folder))
    click.echo(page)
    if figures is not None:
        for path in write_figures(RunFolder(run_folder), figures):
            click.echo(path)
    if pdf is not None:
        print_pdf(page, pdf)
        click.echo(pdf)


@cli.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "latex", "parquet", "ragchecker"]),
    default="csv",
    show_default=True,
    help="Parquet needs --out; ragchecker writes the answers as its JSON into the folder --out.",
)
@click.option(
    "--table",
    type=click.Choice(TABLES),
    default="comparisons",
    show_default=True,
    help="What a row is; claims: facts found and claims supported, with evidence.",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write; standard output by default.")
def results(run_folder: Path, form: str, table: str, out: Path | None) -> None:
    """Print the numbers of a RUN folder as a table.

    \b
    ragstudy results reports/quickstart
    ragstudy results reports/quickstart --table scores --format parquet --out scores.parquet
    """
    from ragstudy.cli.export import export

    export(run_folder, form, table, out)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; wrong input ends with one message and exit code 2, a run with failed answers with 3.

    Args:
        arguments: words of the command line; those of the process if None.
    """
    # ragas asks this variable before it sends anything anywhere.
    os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # What other packages say about each other's deprecations is no news to a user.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft|torch)\.")
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="ragstudy", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(WRONG_INPUT)
    except click.Abort:
        click.echo("stopped; the same command goes on from here", err=True)
        sys.exit(130)
    except RagstudyError as error:
        _tell(error)
        sys.exit(WRONG_INPUT)
    except OSError as error:
        # A full disk, a folder that may not be written, a file where a folder should be.
        click.echo(f"error: {error.filename or 'file'}: {error.strerror or error}", err=True)
        sys.exit(WRONG_INPUT)


def _tell(error: Any) -> None:  # noqa: ANN401 - any of our errors
    # A problem may take several lines, such as a list to choose from.
    problems = getattr(error, "problems", None) or str(error).splitlines()
    if len(problems) == 1:
        click.echo(f"error: {problems[0]}", err=True)
        return
    click.echo(f"{len(problems)} problems:", err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
