"""Words of answers and references, and how much each word tells.

Examples:
    >>> words('It costs 3.50 today'), normalised('The lamp!')
    (['it', 'costs', '3.50', 'today'], 'lamp')
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+|_+")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_CITED = re.compile(r"\s*\[\d+(?:\s*[,;\u2013-]\s*\d+)*\]")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MOST_BETWEEN = 2
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_FIGURES = {word: str(n) for n, word in enumerate(_UNITS)}
_FIGURES |= {tens: str(10 * n) for n, tens in enumerate(_TENS, start=2)}
_FIGURES |= {f"{t} {u}": str(10 * n + m) for n, t in enumerate(_TENS, 2) for m, u in enumerate(_UNITS[1:10], 1)}
STOP_WORDS = frozenset(
    "a an and are as at be been being but by can could did do does for from had has have he her hers him his how i if "
    "in into is it its itself me more most my of on or our out she should so some such than that the their them then "
    "there these they this those to up us was we were what when where which who whom why will with would you your yes "
    "no not also".split()
)


def words(text: str) -> list[str]:
    """The words and numbers of a text, in lower case.

    Args:
        text: to look at.
    """
    return _WORD.findall(text.casefold())


def without_citations(text: str) -> str:
    """The text without numbers of passages in brackets (`[2]`, `[1, 3]`): they are no claim about the world.

    Args:
        text: to look at.
    """
    return _CITED.sub("", text).strip()


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and extra space, as SQuAD's evaluation does it.

    Args:
        text: to look at.
    """
    return " ".join(_ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split())


def contains(haystack: Sequence[str], needle: Sequence[str]) -> bool:
    """Whether the words of `needle` stand together in `haystack`.

    Args:
        haystack: words of a text.
        needle: words that are looked for.
    """
    n = len(needle)
    return n > 0 and any(list(haystack[i : i + n]) == list(needle) for i in range(len(haystack) - n + 1))


def holds(said: Sequence[str], form: Sequence[str]) -> bool:
    """Whether the words `form` of a fact stand in a text, accents aside.

    Together and in order; or, of several words with a number among them, all but the small ones near each other in any
    order, as in `December 14, 1972` for `14 December 1972`. Names keep their order: `a new law in Wales` is not New
    South Wales.

    Args:
        said: words of the text.
        form: words of the fact.
    """
    said, form = [_plain(word) for word in said], [_plain(word) for word in form]
    if contains(said, form):
        return True
    wanted = [word for word in form if word not in STOP_WORDS]
    if len(wanted) < 2 or not any(word[0].isdigit() for word in wanted):  # noqa: PLR2004 - one word has no order
        return False
    width = len(wanted) + _MOST_BETWEEN
    starts = [i for i, word in enumerate(said) if word in wanted]
    return any(not Counter(wanted) - Counter(said[i : i + width]) for i in starts)


@cache
def variants(form: str) -> tuple[tuple[str, ...], ...]:
    """The words of a fact's form as people write it: itself, a person without middle names, a number in figures.

    Args:
        form: of the fact.
    """
    found = [tuple(words(form))]
    parts = form.replace(".", " ").split()
    if len(parts) > 2 and all(part[:1].isupper() and part.isalpha() for part in parts):  # noqa: PLR2004 - a middle
        # First and last name side by side: `World Trade Organization` is not the World Health Organization.
        found.append((words(parts[0])[0], words(parts[-1])[0]))
    figures = tuple(_FIGURES.get(word, word) for word in _joined(found[0]))
    return tuple(dict.fromkeys([*found, figures]))


def _joined(some: Sequence[str]) -> list[str]:
    """Words with `twenty seven` made one."""
    made: list[str] = []
    for word in some:
        if made and f"{made[-1]} {word}" in _FIGURES:
            made[-1] = f"{made[-1]} {word}"
        else:
            made.append(word)
    return made


def _plain(word: str) -> str:
    """The word without accents."""
    if word.isascii():
        return word
    return "".join(mark for mark in unicodedata.normalize("NFKD", word) if not unicodedata.combining(mark))


@dataclass(frozen=True)
class WordCounts:
    """In how many texts of a corpus each word stands.

    Attributes:
        n_texts: texts of the corpus.
        counts: texts that hold the word, by word.
    """

    n_texts: int
    counts: dict[str, int]


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

    @classmethod
    def of_counts(cls, kept: WordCounts) -> WordWeights:
        """The weights that were kept as counts.

        Args:
            kept: of a corpus.
        """
        weights = cls(())
        weights._n_texts, weights._counts = kept.n_texts, Counter(kept.counts)
        return weights

    @property
    def counts(self) -> WordCounts:
        """What the weights are made of, words sorted."""
        return WordCounts(self._n_texts, dict(sorted(self._counts.items())))

    def __getitem__(self, word: str) -> float:
        """The weight of a word, positive."""
        return math.log(1 + self._n_texts / max(1, self._counts[word]))

    def share(self, part: Iterable[str], whole: Iterable[str]) -> float:
        """Summed weight of the words of `whole` that are in `part`, over that of all of `whole`; 0 if it is empty.

        Args:
            part: words of one text.
            whole: words of the other.
        """
        part, whole = set(part), sorted(set(whole))
        total = math.fsum(self[word] for word in whole)
        return math.fsum(self[word] for word in whole if word in part) / total if total else 0.0
