"""Models that think before they answer: whether they do is the study's choice, not their template's default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ragstudy.files import object_in

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

# The name under which templates of Qwen3, SmolLM3 and others ask whether to think.
_SWITCH = "enable_thinking"
_ENDS_OPEN = re.compile(r"<(think|thinking|thought|reasoning)>\s*$", re.IGNORECASE)


def set_thinking(tokenizer: PreTrainedTokenizerBase, *, thinks: bool) -> None:
    """Fix in the chat template whether the model thinks, for training and answering alike.

    A template that has no such switch is left as it is.

    Args:
        tokenizer: of the model.
        thinks: whether it is to think before it answers.
    """
    template: Any = tokenizer.chat_template
    if isinstance(template, str) and _SWITCH in template:
        tokenizer.chat_template = f"{{% set {_SWITCH} = {str(thinks).lower()} %}}{template}"


def begins_thinking(prompt: str) -> bool:
    """Whether a rendered prompt ends in a mark after which the model thinks, so that its text begins with thinking.

    Args:
        prompt: as the model reads it.
    """
    return _ENDS_OPEN.search(prompt) is not None


def has_switch(folder: Path) -> bool:
    """Whether the chat template of a local model asks if the model is to think.

    Args:
        folder: of the model.
    """
    return _SWITCH in chat_template_in(folder)


def chat_template_in(folder: Path) -> str:
    """The chat template of a local model or adapter; '' where it brings none.

    Args:
        folder: of the model or adapter.
    """
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    return str(object_in(folder / "tokenizer_config.json").get("chat_template") or "").strip()
