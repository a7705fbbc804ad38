"""Whether a text says of itself that it is not sure: `possibly green`, `I am not certain, but it is green`.

What may be so by the matter itself, as in `the drug may cause fatigue`, is no doubt of the speaker.

Examples:
    >>> doubts('It is possibly green.'), doubts('The drug may cause fatigue.')
    (True, False)
"""

from __future__ import annotations

import re

_DOUBT = re.compile(
    r"\b(?:possibly|perhaps|maybe|presumably|supposedly|conceivably)\b"
    r"|\b(?:am|is|are|'m|'re)\s+not\s+(?:\w+ly\s+|quite\s+|so\s+)?(?:certain|sure)\b|\b(?:unsure|uncertain)\b"
    r"|\bi\s+(?:think|guess|believe|suppose|assume)\b|\bif\s+i\s+(?:remember|recall)\b"
    r"|\b(?:vielleicht|m\u00f6glicherweise|peut-\u00eatre|misschien|quiz\u00e1s?|forse|talvez)\b",
    re.IGNORECASE,
)


def doubts(text: str) -> bool:
    """Whether a text expresses its speaker's doubt.

    Args:
        text: of a question, a reference, an answer or a sentence of one.
    """
    return _DOUBT.search(text) is not None
