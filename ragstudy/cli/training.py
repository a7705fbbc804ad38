"""The commands `ragstudy training …`: the study's trainings on another machine or with another program."""

from __future__ import annotations

from pathlib import Path

import click

_PATH = click.Path(path_type=Path)
_OUT = click.option("--out", type=_PATH, help="Run folder; reports/NAME by default.")


@click.group()
def training() -> None:
    """Fine-tune elsewhere: hand out a study's training files, take the adapters in."""


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
