"""Whether an answer declines to answer.

Examples:
    >>> abstains('The passages do not say.'), abstains('It is green.')
    (True, False)
"""

from __future__ import annotations

import re
from functools import lru_cache

from ragstudy.scoring.languages import declines_in, side_in
from ragstudy.text import n_words

_LONGEST = 40
_NOT = r"(\s+not|n['\u2019]t)"
_SOURCE = r"(passages?|context|text|documents?|articles?|papers?|sources?|information|excerpts?)"
# Each phrase names the speaker or the passages: 'red cells do not contain a nucleus' is an answer.
_PHRASES = re.compile(
    "|".join(
        (
            rf"\b(i|we)\s+(do{_NOT}|can{_NOT}|cannot)\s+(\w+\s+)?(know|say|tell|answer|find|determine)\b",
            (
                rf"\b{_SOURCE}\s+(\w+\s+){{0,3}}?(do|does|did){_NOT}\s+(\w+\s+)?"
                r"(say|contain|mention|state|specify|provide|give|include|answer|tell|address|disclose)\b"
            ),
            (
                rf"\b(is|are|was|were){_NOT}\s+(\w+\s+)?(mentioned|stated|specified|provided|given|found|answered|"
                rf"available|addressed|included|contained|disclosed|discussed)\s+(in|by)\s+(the|these|this|any)\s+"
                rf"(\w+\s+)?{_SOURCE}\b"
            ),
            (
                rf"\b(is|are){_NOT}\s+(mentioned|stated|specified|disclosed|in\s+(the|these)\s+(given\s+|provided\s+)?"
                rf"{_SOURCE})\s*\.?\s*$"
            ),
            r"\bthere\s+is\s+no\s+(information|mention|answer)\b|^no\s+(information|answer)\b",
            (
                rf"\b(no|none\s+of\s+(the|these))\s+{_SOURCE}\s+(here\s+|shown\s+|given\s+)?((is|are)\s+about|says?|"
                r"contains?|mentions?|states?|specif(y|ies)|provides?|gives?|includes?|answers?|tells?|address(es)?)\b"
            ),
            r"\bcannot\s+be\s+(answered|determined|found)\b",
            r"\b(insufficient|not\s+enough)\s+(information|context)\b",
            r"^(the\s+answer\s+is\s+)?(unanswerable|unknown|not\s+(stated|mentioned|specified|given))\s*\.?\s*$",
        )
    ),
    re.IGNORECASE,
)
_SIDE = re.compile(rf"^(yes|no)\b(?!\s+(answer|{_SOURCE})\b)", re.IGNORECASE)


# `No, it is red.` takes a side; `No lo s\u00e9.` does not.
_FIRST_ALONE = re.compile(r"^\W*\w+\s*([,.;:!\uff0c\u3002\u3001\u060c\u0964]|$)")


def abstains(answer: str) -> bool:
    """Whether an answer says that it has none; an empty answer counts as such.

    Only answers of at most 40 words are looked at: a longer one that also says what it does not know has
    still answered. An answer that begins with yes or no has taken a side.

    Args:
        answer: the text given.
    """
    text = answer.strip()
    if not text:
        return True
    return n_words(text) <= _LONGEST and _abstains(text)


@lru_cache(maxsize=10_000)
def _abstains(text: str) -> bool:
    """Of a text that is short enough to say that it has no answer; each sentence is looked at several times."""
    takes_a_side = side_in(text) is not None and _FIRST_ALONE.match(text) is not None
    if declines_in(text) and not takes_a_side:
        return True
    return _SIDE.match(text) is None and _PHRASES.search(text) is not None
