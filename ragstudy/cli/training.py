"""The commands `ragstudy training …`: the study's trainings on another machine or with another program."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ragstudy.errors import InputError, UnavailableError

_PATH = click.Path(path_type=Path)
_OUT = click.option("--out", type=_PATH, help="Run folder; reports/NAME by default.")


@click.group()
def training() -> None:
    """Fine-tune elsewhere: hand out a study's training files, take the adapters in, or have a service train."""


@training.command("hand-out")
@click.argument("study", type=_PATH)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--to", type=_PATH, required=True, help="Folder to write; it must be empty or not exist.")
@_OUT
def hand_out_command(study: Path, overrides: tuple[str, ...], to: Path, out: Path | None) -> None:
    """Write the files of every training of a STUDY: pairs as chat, Alpaca and ShareGPT, and settings for LLaMA-Factory,
    axolotl, unsloth and trl.

    \b
    ragstudy training hand-out experiments/faq.yaml --to trainings
    """
    from ragstudy.cli.show import Console
    from ragstudy.specs import load_study
    from ragstudy.study.elsewhere import hand_out
    from ragstudy.study.plan.make import make_plan
    from ragstudy.study.run_folder import RunFolder

    spec = load_study(study, overrides)
    folder = RunFolder(out or Path("reports") / spec.name)
    for place in hand_out(make_plan(spec), folder, to, Console(quiet=False)):
        click.echo(place)
    click.echo(f"train each in its folder, then: ragstudy training take-in {study} {to}")


@training.command("hosted")
@click.argument("study", type=_PATH)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--yes", is_flag=True, help="Start what is to be trained without asking.")
@click.option("--price", type=click.FloatRange(min=0), help="The service's price of a million trained tokens.")
@click.option("--every", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds between looks.")
@_OUT
def hosted_command(
    study: Path, overrides: tuple[str, ...], yes: bool, price: float | None, every: float, out: Path | None
) -> None:
    """Have the service of an endpoint train what a STUDY wants by `method: hosted` (OpenAI's fine-tuning API).

    Says how much there is to train and asks before anything is uploaded. A command that was stopped goes on waiting for
    what it started.

    \b
    ragstudy training hosted experiments/faq.yaml --price 25
    ragstudy run experiments/faq.yaml
    """
    from ragstudy.cli.show import Console
    from ragstudy.specs import load_study
    from ragstudy.study.hosted import hosted_plan, paid_labellers, train_hosted
    from ragstudy.study.plan.checks import check_ready
    from ragstudy.study.plan.make import make_plan
    from ragstudy.study.run_folder import RunFolder

    spec = load_study(study, overrides)
    folder, progress = RunFolder(out or Path("reports") / spec.name), Console(quiet=False)
    plan = make_plan(spec)
    check_ready(plan)
    if labellers := paid_labellers(plan):
        click.echo(f"labels: {', '.join(labellers)} will be asked for those that are missing, which may cost money")
        _agree(yes=yes, question="ask for them?")
    wanted = hosted_plan(plan, folder, progress)
    for told, names in (("trained already", wanted.there), ("under way", [one.called for one in wanted.under_way])):
        if names:
            click.echo(f"{told}: {', '.join(names)}")
    for one in wanted.new:
        click.echo(f"to train: {one.called}, {len(one.pairs)} pairs, about {one.n_tokens:,} tokens over all epochs")
    if wanted.new:
        cost = "" if price is None else f", about {wanted.n_tokens / 1e6 * price:,.2f} at {price:g} a million"
        click.echo(f"in all about {wanted.n_tokens:,} tokens{cost}; their pairs will be uploaded")
        _agree(yes=yes, question="start them?")
    failed = train_hosted([*wanted.under_way, *wanted.new], folder, progress, every)
    if failed:
        raise UnavailableError("\n".join(f"{called}: not trained: {why}" for called, why in failed.items()))
    click.echo(f"all are trained; `ragstudy run {study}` asks them")


def _agree(*, yes: bool, question: str) -> None:
    """Ask whether to go on.

    Raises:
        InputError: nobody can be asked, or the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        msg = "nothing was started: it costs money; add --yes to agree"
        raise InputError(msg)
    if not click.confirm(question):
        msg = "nothing was started"
        raise InputError(msg)


@training.command("take-in")
@click.argument("study", type=_PATH)
@click.argument("folder", type=_PATH)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@_OUT
def take_in_command(study: Path, folder: Path, overrides: tuple[str, ...], out: Path | None) -> None:
    """Put adapters trained elsewhere into the run of a STUDY: those in FOLDER, which `hand-out` wrote.

    Each is checked against its training data, base and settings; none is taken in where one is wrong.

    \b
    ragstudy training take-in experiments/faq.yaml trainings
    ragstudy run experiments/faq.yaml
    """
    from ragstudy.cli.show import Console
    from ragstudy.specs import load_study
    from ragstudy.study.elsewhere import take_in
    from ragstudy.study.plan.make import make_plan
    from ragstudy.study.run_folder import RunFolder

    spec = load_study(study, overrides)
    run = RunFolder(out or Path("reports") / spec.name)
    found = take_in(make_plan(spec), run, folder, Console(quiet=False))
    for told, names in (("taken in", found.taken), ("there already", found.there), ("not trained yet", found.missing)):
        if names:
            click.echo(f"{told}: {', '.join(names)}")
    if found.missing:
        click.echo(f"`ragstudy run {study}` trains here what is not trained yet")
