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
import re
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError
from ragstudy.records import Prompt
from ragstudy.specs import INSTRUCTION, INSTRUCTION_WITHOUT_PASSAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase

    from ragstudy.records import Passage


_IN_BRACKETS = re.compile(r"^[<\[{|].*[>\]}|]$", re.DOTALL)


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

    Raises:
        InputError: the chat template refuses a single user message, or leaves it out.
    """
    if tokenizer.chat_template is None:
        return f"{text}\nAnswer:"
    # A few templates take the content as a list of parts and pass over a plain text.
    for content in (text, [{"type": "text", "text": text}]):
        rendered = _chat(content, tokenizer)
        if text.strip() in rendered:
            return rendered
    msg = (
        f"the chat template of {tokenizer.name_or_path} leaves the user message out; give a model whose template shows "
        "it, or take the template away for a plain prompt"
    )
    raise InputError(msg)


def _chat(content: object, tokenizer: PreTrainedTokenizerBase) -> str:
    from jinja2 import TemplateError

    chat: Any = [{"role": "user", "content": content}]
    try:
        return str(tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False))
    except (TemplateError, TypeError) as error:
        if not isinstance(content, str):
            return ""
        msg = f"the chat template of {tokenizer.name_or_path} refuses a single user message: {error}"
        raise InputError(msg) from error


def token_ids(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Token ids of a user message as `for_model` puts it; a chat template brings its own special tokens.

    Args:
        text: the rendered user message.
        tokenizer: of the model.
    """
    marked, mark = _without_control(text, tokenizer)
    return _encoded(for_model(marked, tokenizer), mark, tokenizer, begins=tokenizer.chat_template is None)


def answer_ids(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Token ids of an answer as it follows a user message that `for_model` has put.

    A chat template ends in the marker of the answer; a plain prompt ends in `Answer:`, so a space follows.

    Args:
        text: of the answer.
        tokenizer: of the model.
    """
    return plain_ids(text if tokenizer.chat_template is not None else f" {text}", tokenizer)


def plain_ids(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Token ids of a text as it stands, without a chat template.

    Args:
        text: from a corpus, a question or an answer.
        tokenizer: of the model.
    """
    marked, mark = _without_control(text, tokenizer)
    return _encoded(marked, mark, tokenizer, begins=False)


def _without_control(text: str, tokenizer: PreTrainedTokenizerBase) -> tuple[str, str]:
    """A text in which every spelling of a control token is cut in two by a mark, and the mark; '' where there is none.

    Otherwise a passage that spells the end of a turn would end it, and one that spells the beginning of another could
    give orders.
    """
    spelled = [token for token in _control_tokens(tokenizer) if token in text]
    if not spelled:
        return text, ""
    mark = next(one for one in map(chr, range(0xE000, 0xF8FF)) if one not in text)
    for token in spelled:
        text = text.replace(token, f"{token[:1]}{mark}{token[1:]}")
    return text, mark


def _encoded(text: str, mark: str, tokenizer: PreTrainedTokenizerBase, *, begins: bool) -> list[int]:
    """Token ids of a text, its pieces between the marks one by one, so that no control token stands in any."""
    ids: list[int] = []
    for number, piece in enumerate(text.split(mark) if mark else [text]):
        ids += tokenizer.encode(piece, add_special_tokens=begins and number == 0, verbose=False)
    return ids


def _control_tokens(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Spellings that the tokenizer takes for one token with a meaning of its own, longest first.

    Added tokens that are neither special nor in brackets, such as runs of blanks, are text.
    """
    added = tokenizer.added_tokens_decoder.values()
    found = {str(one.content) for one in added if one.special or _IN_BRACKETS.match(str(one.content))}
    return sorted((one for one in found if len(one) > 1), key=lambda one: (-len(one), one))


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
