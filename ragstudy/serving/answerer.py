"""An arm that answers new questions over its domain's index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, UnavailableError
from ragstudy.generation.make import make_generator
from ragstudy.prompting import make_prompt
from ragstudy.retrieval.embedder import make_embedder
from ragstudy.retrieval.retrievers import LEAST_DEPTH, open_retriever, reranked
from ragstudy.retrieval.saved import check_depth, read_passages
from ragstudy.serving.recipe import BEST, read_recipe, recipe_of
from ragstudy.study.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.protocols import Generator, Retriever
    from ragstudy.records import Passage, Prompt
    from ragstudy.serving.recipe import Recipe

INDEX_FOLDER = "index"


@dataclass(frozen=True)
class Answered:
    """An answer to a new question.

    Attributes:
        text: the answer.
        sources: passages that the prompt showed, in order, each with the retriever's score; more is better.
        was_cut: whether it ran to its limit of tokens.
        n_tokens: tokens generated.
    """

    text: str
    sources: tuple[tuple[Passage, float], ...]
    was_cut: bool
    n_tokens: int


class Answerer:
    """An arm of a run that answers new questions with the prompts, passages and settings of the study.

    Model and index are loaded when the first question is asked.

    Args:
        recipe: how it answers.
        index: folder of the domain's index.
    """

    def __init__(self, recipe: Recipe, index: Path) -> None:
        self.recipe, self.index = recipe, index

    @classmethod
    def open(cls, path: Path, arm: str = BEST, domain: str | None = None) -> Answerer:
        """An arm of a run, or one that was exported.

        Args:
            path: of a run folder, or of a folder that `export` wrote.
            arm: name of the arm in a run; 'best' for the one with the highest mean on the main measure.
            domain: that it is asked about; the run's only one by default.

        Raises:
            InputError: there is no such run, arm or domain.
        """
        if not (path / "manifest.json").is_file():
            return cls(read_recipe(path), path / INDEX_FOLDER)
        folder = RunFolder(path)
        recipe = recipe_of(folder, arm, domain)
        return cls(recipe, folder.index_folder(recipe.domain))

    @cached_property
    def passages(self) -> list[Passage]:
        """All passages of the domain."""
        return read_passages(self.index)

    @cached_property
    def _retriever(self) -> Retriever:
        settings = self.recipe.retrieval
        check_depth(len(self.passages), settings.top_k)
        found = open_retriever(settings.retriever, self.index, self.passages, make_embedder(settings))
        return reranked(found, settings, len(self.passages))

    @cached_property
    def _generator(self) -> Generator:
        return make_generator(self.recipe.generator)

    def search(self, question: str) -> list[tuple[Passage, float]]:
        """The passages that a prompt shows, best first, each with the retriever's score.

        Args:
            question: any text.
        """
        top_k = self.recipe.retrieval.top_k
        if not self.recipe.shows_passages:
            return []
        [found] = self._retriever.search([question], min(max(top_k, LEAST_DEPTH), len(self.passages)))
        return list(found[:top_k])

    def prompt(self, question: str, passages: Sequence[Passage]) -> Prompt:
        """The prompt that a question is asked with, worded as in the study.

        Args:
            question: any text.
            passages: that are shown, in order.
        """
        asked = self.recipe.prompt
        return make_prompt(
            "question",
            question,
            passages,
            asked.instruction,
            asked.instruction_without_passages,
            self.recipe.examples,
        )

    def answer(self, question: str, passages: Sequence[tuple[Passage, float]] | None = None) -> Answered:
        """The answer to a question.

        Args:
            question: any text that is not empty.
            passages: to show; those that retrieval finds by default.

        Raises:
            InputError: the question is empty.
            UnavailableError: the generator gave no answer; it says why.
        """
        if not question.strip():
            msg = "the question is empty; ask something"
            raise InputError(msg)
        shown = self.search(question) if passages is None else list(passages)
        [said] = self._generator.generate([self.prompt(question, [passage for passage, _ in shown])])
        if said.stopped == "error":
            raise UnavailableError(said.error)
        return Answered(said.text, tuple(shown[: said.n_passages]), said.stopped == "length", said.n_tokens)
