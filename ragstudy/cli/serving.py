"""Commands that take an arm home: ask it, write it into a folder, serve it."""

from __future__ import annotations

from pathlib import Path

import click

_RUN = click.Path(path_type=Path)
_ARM = click.option("--arm", default="best", show_default=True, help="Of a run; best has the highest mean.")
_DOMAIN = click.option("--domain", help="Of a run with several domains.")
_SHOWN = 200


@click.command("ask")
@click.argument("place", metavar="RUN", type=_RUN)
@click.argument("question")
@_ARM
@_DOMAIN
def ask_command(place: Path, question: str, arm: str, domain: str | None) -> None:
    """Ask an arm of a RUN, or an exported arm, a new QUESTION; prints the answer and its sources.

    \b
    ragstudy ask reports/faq "How long is the warranty?"
    ragstudy ask reports/faq "How long is the warranty?" --arm ours-200
    """
    from ragstudy.serving import Answerer

    answerer = Answerer.open(place, arm, domain)
    said = answerer.answer(question)
    click.echo(said.text + (" [cut at its longest]" if said.was_cut else ""))
    click.echo(f"\n{answerer.recipe.arm} on {answerer.recipe.domain}, from:")
    for number, (passage, score) in enumerate(said.sources, start=1):
        title = f" {passage.title}" if passage.title else ""
        click.echo(f"[{number}] {passage.id}{title} ({score:.3f}): {' '.join(passage.text.split())[:_SHOWN]}")


@click.command("export")
@click.argument("run_folder", metavar="RUN", type=_RUN)
@_ARM
@_DOMAIN
@click.option("--to", "out", type=_RUN, required=True, help="Folder to write; it must not exist.")
def export_command(run_folder: Path, arm: str, domain: str | None, out: Path) -> None:
    """Write an arm of a RUN into a folder of its own: index, adapter, prompt and settings.

    \b
    ragstudy export reports/faq --arm ours-200 --to faq-ours
    """
    from ragstudy.serving.export import export_arm
    from ragstudy.study.run_folder import RunFolder

    recipe = export_arm(RunFolder(run_folder), out, arm, domain)
    click.echo(f"{out}: {recipe.arm} on {recipe.domain}; try: ragstudy ask {out} QUESTION")


@click.command("serve")
@click.argument("place", metavar="RUN", type=_RUN)
@_ARM
@_DOMAIN
@click.option("--port", type=click.IntRange(0, 65535), default=8017, show_default=True, help="To listen at.")
def serve_command(place: Path, arm: str, domain: str | None, port: int) -> None:
    """Serve an arm of a RUN, or an exported arm, on this machine in OpenAI's protocol, until Ctrl-C.

    \b
    ragstudy serve reports/faq --arm best
    """
    from ragstudy.loopback import serve_until_stopped
    from ragstudy.serving import Answerer
    from ragstudy.serving.server import arm_server

    answerer = Answerer.open(place, arm, domain)
    with arm_server(answerer, port) as server:
        told = f"{answerer.recipe.arm} on {answerer.recipe.domain}"
        click.echo(f"{told}: http://127.0.0.1:{server.server_port}/v1/chat/completions (Ctrl-C ends it)")
        serve_until_stopped(server)
