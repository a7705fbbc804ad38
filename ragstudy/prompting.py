"""Prompts: one function renders every prompt of a study.

Examples:
    >>> from ragstudy.records import Passage
    >>> print(render('Answer.', [Passage('d#1', 'd', 'Lamp', 'It is green.')], 'Which colour?'))
    Answer.
    <BLANKLINE>
    [1] Lamp
    It is green.
    <BLANKLINE>
    Question: Which colour?
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ragstudy.records import Prompt
from ragstudy.specs import INSTRUCTION, INSTRUCTION_WITHOUT_PASSAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase

    from ragstudy.records import Passage


def render(
    instruction: str, passages: Sequence[Passage], question: str, examples: Sequence[tuple[str, str]] = ()
) -> str:
    """The user message: instruction, examples, numbered passages with their titles, question.

    Args:
        instruction: what to do with the passages.
        passages: shown in this order; may be empty.
        question: the question's text.
        examples: other questions with their answers, which show what an answer looks like.
    """
    shown = [_passage(number, passage) for number, passage in enumerate(passages, start=1)]
    solved = [f"Example question: {asked}\nExample answer: {answer}" for asked, answer in examples]
    return "\n\n".join([instruction, *solved, *shown, f"Question: {question}"])


def _passage(number: int, passage: Passage) -> str:
    heading = f"[{number}] {passage.title}\n" if passage.title else f"[{number}] "
    return f"{heading}{passage.text}"


def make_prompt(  # noqa: PLR0913 - the parts of a prompt
    key: str,
    question: str,
    passages: Sequence[Passage],
    instruction: str = INSTRUCTION,
    instruction_without_passages: str = INSTRUCTION_WITHOUT_PASSAGES,
    examples: Sequence[tuple[str, str]] = (),
) -> Prompt:
    """The prompt for a question over some passages.

    Args:
        key: identifies the prompt to the caller.
        question: the question's text.
        passages: shown in this order; may be empty.
        instruction: used when there are passages.
        instruction_without_passages: used when there are none.
        examples: other questions with their answers.
    """
    chosen = instruction if passages else instruction_without_passages
    text = render(chosen, passages, question, examples)
    return Prompt(key, chosen, question, tuple(passages), text, _digest(text), tuple(examples))


def plain_prompt(key: str, text: str) -> Prompt:
    """A prompt that is a text as it stands, without instruction or passages.

    Args:
        key: identifies the prompt to the caller.
        text: the user message.
    """
    return Prompt(key, text, text, (), text, _digest(text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def for_model(text: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """The text a language model continues: its chat template around the message, or a plain prompt.

    Args:
        text: the rendered user message.
        tokenizer: of the model; its chat template is used when it has one.
    """
    if tokenizer.chat_template is None:
        return f"{text}\nAnswer:"
    chat = [{"role": "user", "content": text}]
    return str(tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False))


def token_ids(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Token ids of a user message as `for_model` puts it; a chat template brings its own special tokens.

    Args:
        text: the rendered user message.
        tokenizer: of the model.
    """
    ids: list[int] = tokenizer.encode(
        for_model(text, tokenizer), add_special_tokens=tokenizer.chat_template is None, verbose=False
    )
    return ids


def answer_ids(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Token ids of an answer as it follows a user message that `for_model` has put.

    A chat template ends in the marker of the answer; a plain prompt ends in `Answer:`, so a space follows.

    Args:
        text: of the answer.
        tokenizer: of the model.
    """
    after = text if tokenizer.chat_template is not None else f" {text}"
    ids: list[int] = tokenizer.encode(after, add_special_tokens=False, verbose=False)
    return ids


def fit(prompt: Prompt, tokenizer: PreTrainedTokenizerBase, n_tokens: int) -> tuple[list[int], int]:
    """Token ids of a prompt that has to fit into `n_tokens`, and how many of its passages are in them.

    Passages are dropped from the end, the least similar first, until the prompt fits, then the examples. A question
    that does not fit alone is cut on the left.

    Args:
        prompt: with its passages.
        tokenizer: of the model.
        n_tokens: tokens of the prompt at most.
    """
    for n_passages in range(len(prompt.passages), -1, -1):
        whole = n_passages == len(prompt.passages)
        text = prompt.text if whole else _with_passages(prompt, n_passages, prompt.examples)
        ids = token_ids(text, tokenizer)
        if len(ids) <= n_tokens:
            return ids, n_passages
    if prompt.examples:
        ids = token_ids(_with_passages(prompt, 0, ()), tokenizer)
    return ids[-n_tokens:], 0


def _with_passages(prompt: Prompt, n_passages: int, examples: Sequence[tuple[str, str]]) -> str:
    return render(prompt.instruction, prompt.passages[:n_passages], prompt.question, examples)
