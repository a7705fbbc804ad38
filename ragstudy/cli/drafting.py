"""Drafting questions for the command line: which model, how far it is, what came of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import click

from ragstudy.errors import InputError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.drafts import Kind
    from ragstudy.specs import GeneratorSpec

_MOST_TOKENS = 96


class Writer(NamedTuple):
    """Who is to write questions.

    Attributes:
        model: a model, GGUF file, or URL#MODEL of a server; None for the next two.
        study: that describes the generator.
        generator: its name there.
    """

    model: str | None
    study: Path | None
    generator: str | None


def draft(docs: Path, out: Path, writer: Writer, wanted: dict[Kind, int], seed: int) -> None:
    """Write a review file of drafts, or of passages where nobody is to write.

    Args:
        docs: folder of documents.
        out: file to write.
        writer: who is to write.
        wanted: how many questions of each kind.
        seed: of the draw of passages.

    Raises:
        InputError: the folder cannot be read, the file is there already, or the writer is not described.
        UnavailableError: the model is not to be had.
    """
    from ragstudy.cli.show import Console
    from ragstudy.corpus.folder import documents_in
    from ragstudy.drafts import template, write_drafts, write_review

    spec = _spec(writer)
    if out.exists():
        msg = f"{out}: is there already; name another file, so that no review is lost"
        raise InputError(msg)
    documents, notes, problems = documents_in(docs) if docs.is_dir() else ([], [], [f"{docs}: no such folder"])
    if not documents or problems:
        raise InputError(problems or [f"{docs}: no document in it can be read", *notes])
    if spec is None:
        drafts = template(documents, sum(wanted.values()), seed)
        write_review(out, drafts)
        click.echo(f"{out}: {len(drafts)} passages with room for a question and an answer each; --model NAME has a")
        click.echo(f"model write them. Then: ragstudy init NAME --docs {docs} --qa {out}")
        return
    from ragstudy.generation.make import make_generator

    with Console(quiet=False).task("drafting questions", 4 * sum(wanted.values())) as task:
        drafts = write_drafts(documents, make_generator(spec), wanted, seed=seed, done=task.advance)
    write_review(out, drafts)
    kept = sum(one.keep == "yes" for one in drafts)
    click.echo(f"{out}: {kept} of {len(drafts)} drafts are kept")
    for why, n in Counter(one.why for one in drafts if one.why).most_common():
        click.echo(f"  {n}: {why}")
    click.echo(
        f"Read them, correct them, write yes or no under keep. Then: ragstudy init NAME --docs {docs} --qa {out}"
    )


def _spec(writer: Writer) -> GeneratorSpec | None:
    """The generator that writes, or None where nobody is to write."""
    if writer.model and (writer.study or writer.generator):
        msg = "give --model, or --of STUDY with --generator NAME, not both"
        raise InputError(msg)
    if writer.study is None and writer.generator is None:
        return _named(writer.model) if writer.model else None
    if writer.study is None or writer.generator is None:
        msg = "--of STUDY and --generator NAME belong together"
        raise InputError(msg)
    from ragstudy.specs import load_study

    known = {one.name: one for one in load_study(writer.study).generators}
    if writer.generator not in known:
        msg = f"{writer.study}: no generator {writer.generator!r}{nearest(writer.generator, known)}"
        raise InputError(msg)
    return known[writer.generator]


def _named(model: str) -> GeneratorSpec:
    from ragstudy.specs import EndpointSpec, TransformersSpec

    url, at, there = model.rpartition("#")
    if at and url.startswith(("http://", "https://")):
        return EndpointSpec(
            kind="endpoint", name="writer", url=url, model=there, key_variable=None, max_new_tokens=_MOST_TOKENS
        )
    return TransformersSpec(kind="transformers", name="writer", model=model, max_new_tokens=_MOST_TOKENS)
