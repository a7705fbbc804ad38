"""Words of a text, as retrieval, evidence and leak checks compare them.

Scores compare words more finely (`ragstudy.scoring.words`): numbers with their decimals, words with their endings.

Examples:
    >>> sorted(word_set("The lamp, the LAMP."))
    ['lamp', 'the']
"""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")


def word_list(text: str) -> list[str]:
    """The words of a text in order, without regard to case; runs of letters, digits and underscores.

    Args:
        text: in any language that has blanks or punctuation between words.
    """
    return _WORD.findall(text.casefold())


def word_set(text: str) -> frozenset[str]:
    """The distinct words of a text, as `word_list` cuts it.

    Args:
        text: in any language that has blanks or punctuation between words.
    """
    return frozenset(word_list(text))


def storable(text: str) -> str:
    """Text that can be written as UTF-8: half of a surrogate pair becomes a question mark.

    Args:
        text: from a model or a file.
    """
    return text.encode("utf-8", "replace").decode()
