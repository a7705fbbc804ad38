"""Whether an answer declines to answer."""

from __future__ import annotations

import re

_LONGEST = 40
_PHRASES = re.compile(
    r"\b("
    r"(do|does|did|can|could)(\s+not|n['\u2019]t)\s+(\w+\s+){0,2}?"
    r"(say|know|contain|mention|state|specify|provide|give|include|answer|determine|tell|find|address)"
    r"|(is|are|was|were)(\s+not|n['\u2019]t)\s+(\w+\s+){0,1}?"
    r"(mentioned|stated|specified|provided|answered|told|found|addressed|disclosed|available|clear|sure|in\s+the)"
    r"|cannot\s+(\w+\s+){0,2}?(say|know|answer|answered|determine|determined|tell|told|find|found)"
    r"|unanswerable|no\s+(information|answer|mention|evidence|data)|not\s+(enough|sufficient)\s+(information|context)"
    r"|insufficient\s+(information|context)|unknown|i\s+have\s+no\s+idea|not\s+(stated|mentioned|specified)|not\s+given\s+(in|by)\s+(the|these)"
    r")\b",
    re.IGNORECASE,
)


def abstains(answer: str) -> bool:
    """Whether an answer says that it has none; an empty answer counts as such.

    Only answers of at most 40 words are looked at: a longer one that also says what it does not know has
    still answered.
    """
    text = answer.strip()
    return not text or (len(text.split()) <= _LONGEST and _PHRASES.search(text) is not None)
