"""Whether an answer declines to answer."""

from __future__ import annotations

import re

_LONGEST = 40
_PHRASES = re.compile(
    r"\b("
    r"(do|does|did|is|are|was|were|can|could)(\s+not|n['\u2019]t)\s+(\w+\s+){0,2}?"
    r"(say|says|know|contain|mention|mentioned|state|stated|specify|specified|provide|provided|give|given|include|"
    r"answer|answered|determine|determined|tell|told|find|found|address|addressed|disclosed|available|clear|sure)"
    r"|cannot\s+(\w+\s+){0,2}?(say|know|answer|answered|determine|determined|tell|told|find|found)"
    r"|unanswerable|no\s+(information|answer|mention|evidence|data)|not\s+(enough|sufficient)\s+(information|context)"
    r"|insufficient\s+(information|context)|unknown|i\s+have\s+no\s+idea|not\s+(stated|mentioned|given|specified)"
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
