"""`ragstudy pocket`: the recipe of the embedded model."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def pocket() -> None:
    """The embedded model: train it again from its recipe."""


@pocket.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of checkpoint and model.")
@click.option("--tokens", default=None, type=int, help="Tokens to train on; the recipe's number by default.")
@click.option("--seed", default=1, show_default=True, help="Of weights and data.")
def train(out: Path, tokens: int | None, seed: int) -> None:
    r"""Pretrain the embedded model; the same command goes on where it was stopped.

    \b
    ragstudy pocket train --out .cache/pocket
    """
    import logging
    from dataclasses import replace

    from ragstudy.pocket.train import Recipe, Trainer

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = replace(Recipe(), seed=seed)
    recipe = replace(recipe, n_tokens=tokens) if tokens else recipe
    Trainer(recipe, out).run()
    click.echo(f"model: {out / 'model'}")
