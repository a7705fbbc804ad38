"""Every command that README and docs show is one that the command line has, with options that it takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from ragstudy.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
INLINE = re.compile(r"`ragstudy ([^`]+)`")


def shown(page):
    """Commands in code blocks, with lines that go on joined, without comments."""
    fenced = False
    for line in page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif (fenced or line.startswith("    ")) and line.strip().startswith("ragstudy "):
            yield shlex.split(line, comments=True)[1:]


def command_of(words):
    """The command that words name, and what is left of them."""
    command, rest = cli, list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            break
        command, rest = found, rest[1:]
    return command, rest


COMMANDS = [pytest.param(words, id=f"{page.name}: {' '.join(words)[:60]}") for page in PAGES for words in shown(page)]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_in_a_code_block_can_be_parsed(words):
    command, rest = command_of(words)
    assert not isinstance(command, click.Group) or rest in ([], ["--help"]), words
    try:
        command.make_context("ragstudy", rest)
    except click.exceptions.Exit:
        pass  # --help
    except click.MissingParameter:
        raise
    except click.BadParameter:
        pass  # files of a reader are not here


def test_there_are_many_of_them():
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_within_a_sentence_has_a_name_that_is_known(page):
    for found in INLINE.findall(page.read_text(encoding="utf-8")):
        words = [word for word in found.split() if word != "..."]
        if words and not words[0].startswith("-"):
            command, _ = command_of(words)
            assert command is not cli, found
