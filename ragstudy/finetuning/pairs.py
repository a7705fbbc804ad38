"""Training pairs: which questions, in which prompts, with which answers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.prompting import answer_ids, fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase

    from ragstudy.records import Prompt, Question

IGNORED = -100


def nested_order(questions: Sequence[Question], seed: int) -> list[Question]:
    """The training questions in a seeded order; the first 200 are inside the first 500, and so on.

    Questions without a reference answer are left out.

    Args:
        questions: of the training split.
        seed: decides the order.
    """
    usable = sorted((q for q in questions if q.references), key=lambda q: q.id)
    Random(seed).shuffle(usable)
    return usable


@dataclass(frozen=True)
class Example:
    """A training example as tokens.

    Attributes:
        question: question id.
        ids: prompt and answer.
        labels: the answer's tokens and its end token, `IGNORED` at the prompt's positions.
        n_passages: passages that fitted into the prompt.
    """

    question: str
    ids: tuple[int, ...]
    labels: tuple[int, ...]
    n_passages: int

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.ids)


def encode(prompt: Prompt, answer: str, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Example:
    """A prompt as it is given at test time, and the answer with its end token as the only targets.

    Args:
        prompt: its `key` is the question's id.
        answer: the reference to learn.
        tokenizer: of the model.
        max_tokens: longest example; passages are dropped from the end to fit, and an answer that is longer
            than half of it is cut.

    Raises:
        InputError: the tokenizer names no end token.
    """
    end = tokenizer.eos_token_id
    if end is None:
        msg = f"{tokenizer.name_or_path}: the tokenizer names no end token, so that no answer can be learnt to its end"
        raise InputError(msg)
    target = [*answer_ids(answer, tokenizer)[: max_tokens // 2], end]
    ids, n_passages = fit(prompt, tokenizer, max_tokens - len(target))
    return Example(prompt.key, (*ids, *target), (*([IGNORED] * len(ids)), *target), n_passages)
