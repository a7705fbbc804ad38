"""`ragstudy pocket`: the embedded models' recipes, and what they or any other model can do."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def pocket() -> None:
    """The embedded models: train them again from their recipes; see what they, or any other model, can do."""


@pocket.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of checkpoint and model.")
@click.option(
    "--tokens",
    default=None,
    type=click.IntRange(min=1),
    help="Tokens to train on, for a shorter training; the recipe's numbers by default.",
)
@click.option("--size", default="small", show_default=True, type=click.Choice(["tiny", "small", "medium"]))
@click.option("--seed", default=None, type=int, help="Of weights and data; the recipe's by default.")
def train(out: Path, tokens: int | None, size: str, seed: int | None) -> None:
    """Pretrain an embedded model; the same command goes on where it was stopped.

    \b
    ragstudy pocket train --out .cache/pocket
    ragstudy pocket train --size tiny --out .cache/pocket-tiny
    """
    import logging
    from dataclasses import replace

    from ragstudy.pocket.recipe import RECIPES
    from ragstudy.pocket.train import Trainer

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = RECIPES[size]
    recipe = recipe if tokens is None else replace(recipe, n_tokens=tokens, n_last_tokens=0)
    recipe = recipe if seed is None else replace(recipe, seed=seed)
    Trainer(recipe, out).run()
    click.echo(f"model: {out / 'model'}")


@pocket.command()
@click.argument("domains", nargs=-1, type=click.Path(path_type=Path))
@click.option("--model", default="pocket", show_default=True, help="An embedded model, a local folder, or a hub id.")
@click.option("--adapter", default=None, help="Folder or hub id of a PEFT adapter of the model.")
@click.option("--questions", default=200, show_default=True, help="Most test questions per domain.")
@click.option("--top-k", default=3, show_default=True, help="Passages shown where a context does not say how many.")
@click.option("--examples", default=2, show_default=True, help="Shown by a second arm; 0 for none.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; reports/abilities-NAME by default.")
def report(
    domains: tuple[Path, ...],
    model: str,
    adapter: str | None,
    questions: int,
    top_k: int,
    examples: int,
    out: Path | None,
) -> None:
    """Ask a model in every context over DOMAINS (all of corpora/ by default) and print what it can do.

    \b
    ragstudy pocket report
    ragstudy pocket report --model pocket-medium
    ragstudy pocket report corpora/faq --model Qwen/Qwen2.5-0.5B-Instruct
    """
    from ragstudy.cli.show import Console
    from ragstudy.domains import domain_folders
    from ragstudy.files import write_text
    from ragstudy.reporting.abilities import abilities
    from ragstudy.study.execute.model_notes import model_notes
    from ragstudy.study.plan.abilities import abilities_study
    from ragstudy.study.plan.make import make_plan
    from ragstudy.study.run import run_study
    from ragstudy.study.run_folder import RunFolder

    spec = abilities_study(
        model, domains or domain_folders(), questions, top_k=top_k, adapter=adapter, examples=examples
    )
    folder = out or Path("reports") / spec.name
    plan = make_plan(spec)
    outcome = run_study(plan, folder, Console(quiet=False))
    text = abilities(RunFolder(folder), model_notes(plan, RunFolder(folder), outcome.seconds))
    write_text(folder / "abilities.md", text)
    click.echo(text)
    click.echo(f"report: {folder / 'abilities.md'}")
