"""Words of answers and references, and how much each word tells."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+|_+")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_CITED = re.compile(r"\s*\[\d+(?:\s*[,;\u2013-]\s*\d+)*\]")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
STOP_WORDS = frozenset(
    "a an and are as at be been being but by can could did do does for from had has have he her hers him his how i if "
    "in into is it its itself me more most my of on or our out she should so some such than that the their them then "
    "there these they this those to up us was we were what when where which who whom why will with would you your yes "
    "no not also".split()
)


def words(text: str) -> list[str]:
    """The words and numbers of a text, in lower case."""
    return _WORD.findall(text.casefold())


def without_citations(text: str) -> str:
    """The text without numbers of passages in brackets (`[2]`, `[1, 3]`): they are no claim about the world."""
    return _CITED.sub("", text).strip()


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and extra space, as SQuAD's evaluation does it."""
    return " ".join(_ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split())


def contains(haystack: Sequence[str], needle: Sequence[str]) -> bool:
    """Whether the words of `needle` stand together in `haystack`."""
    n = len(needle)
    return n > 0 and any(list(haystack[i : i + n]) == list(needle) for i in range(len(haystack) - n + 1))


class WordWeights:
    """Inverse document frequency of words: log(1 + N / n) with n of N texts holding the word.

    Args:
        texts: of the domain's corpus; a word in none of them weighs as one that stands in a single text.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        counts: Counter[str] = Counter()
        n_texts = 0
        for text in texts:
            counts.update(set(words(text)))
            n_texts += 1
        self._n_texts = max(1, n_texts)
        self._counts = counts

    def __getitem__(self, word: str) -> float:
        """The weight of a word, positive."""
        return math.log(1 + self._n_texts / max(1, self._counts[word]))

    def share(self, part: Iterable[str], whole: Iterable[str]) -> float:
        """Summed weight of the words of `whole` that are in `part`, over that of all of `whole`; 0 if it is empty."""
        part, whole = set(part), sorted(set(whole))
        total = math.fsum(self[word] for word in whole)
        return math.fsum(self[word] for word in whole if word in part) / total if total else 0.0
