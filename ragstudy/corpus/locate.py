"""Which document holds the answer to a question, where a table of questions does not say.

Examples:
    >>> from ragstudy.records import Document
    >>> pages = [Document('a', 'Pumps', 'Pump P-7 weighs 4 kg.'), Document('b', 'Valves', 'Valve V-2 weighs 2 kg.')]
    >>> Locator(pages).find('What does pump P-7 weigh?', ['4 kg'])
    Located(document='a', by='text')
    >>> Locator(pages).find('Who built it?', ['Ada Holm']) is None
    True
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ragstudy.records import Document

_WORD = re.compile(r"\w+(?:[-./,]\w+)*")
# Of a question whose answer's words stand in a document, the share of its weight that must stand there too.
_LEAST_OF_QUESTION = 0.4
# Of an answer that stands nowhere word for word, the share of its weight that one document must hold.
_LEAST_OF_ANSWER = 0.75
_LONG_ANSWER = 6
_SIDES = (["yes"], ["no"], ["true"], ["false"])
# An answer of fewer words stands in documents by chance: most of the question has to stand there too.
_TELLING = 3
# Of an answer that stands nowhere word for word, the share that one of few documents must hold.
_LEAST_OF_PART = 0.5


@dataclass(frozen=True)
class Located:
    """The document that probably holds an answer.

    Attributes:
        document: its id.
        by: 'text' where the answer stands there word for word, 'words' where most of its words do.
    """

    document: str
    by: Literal["text", "words"]


class Locator:
    """Looks for answers in documents.

    Args:
        documents: of the corpus.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self._ids = [one.id for one in documents]
        self._texts = [f" {' '.join(_words(f'{one.title} {one.text}'))} " for one in documents]
        self._holding: dict[str, set[int]] = defaultdict(set)
        for number, text in enumerate(self._texts):
            for word in text.split():
                self._holding[word].add(number)

    def find(self, question: str, answers: Iterable[str]) -> Located | None:
        """The document that holds an answer, if one stands out.

        Args:
            question: its text; of several documents that hold the answer, the one with most of its words is taken.
            answers: acceptable ones.
        """
        # Words of no document tell none from another.
        asked = [word for word in _words(question) if word in self._holding]
        forms = [words for answer in answers if (words := _words(answer))]
        holding = {number for words in forms for number in self._with_text(words)}
        if holding:
            best = max(holding, key=lambda number: (self._share(asked, number), -number))
            if self._share(asked, best) >= _LEAST_OF_QUESTION:
                return Located(self._ids[best], "text")
            return None
        longest = max(forms, key=len, default=[])
        if len(longest) < _LONG_ANSWER:
            return None
        near = {number for word in longest for number in self._holding.get(word, ())}
        best = max(near, key=lambda number: (self._share(longest, number), self._share(asked, number)), default=-1)
        return (
            Located(self._ids[best], "words") if best >= 0 and self._share(longest, best) >= _LEAST_OF_ANSWER else None
        )

    def nearest(self, question: str, answers: Iterable[str]) -> str | None:
        """Of documents of which one is known to hold the answer, that one; None if none stands out.

        Args:
            question: its text, which decides between documents that hold as much of the answer.
            answers: acceptable ones.
        """
        asked = [word for word in _words(question) if word in self._holding]
        # Yes and no stand in many texts, and say nothing of where they are answers.
        forms = [words for answer in answers if (words := _words(answer)) and words not in _SIDES]
        holding = {number for words in forms for number in self._with_text(words)}
        longest = max(forms, key=len, default=[])
        if len(longest) < _TELLING:
            holding = {number for number in holding if self._share(asked, number) >= _LEAST_OF_QUESTION}
        ranked = sorted(
            (
                (number in holding, self._share(longest, number), self._share(asked, number), -number)
                for number in range(len(self._ids))
            ),
            reverse=True,
        )
        best = -ranked[0][3] if ranked else 0
        if not ranked or not (
            ranked[0][0]
            or (len(longest) >= _TELLING and ranked[0][1] >= _LEAST_OF_PART)
            or (not forms and self._share(asked, best) >= _LEAST_OF_QUESTION)
        ):
            return None
        is_told = len(ranked) == 1 or ranked[0][:3] > ranked[1][:3]
        return self._ids[best] if is_told else None

    def _with_text(self, words: list[str]) -> list[int]:
        sets = [self._holding.get(word, set()) for word in words]
        together = set.intersection(*sets) if sets else set()
        text = f" {' '.join(words)} "
        return [number for number in together if text in self._texts[number]]

    def _share(self, words: list[str], number: int) -> float:
        """Share of the words' weight that a document holds; rare words weigh more, words of no document fully."""
        weights = {word: math.log(1 + len(self._ids) / (1 + len(self._holding.get(word, ())))) for word in words}
        total = sum(weights.values())
        held = sum(weight for word, weight in weights.items() if number in self._holding.get(word, ()))
        return held / total if total else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
