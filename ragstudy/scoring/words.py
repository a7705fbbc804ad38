"""Words of answers and references, and how much each word tells.

Examples:
    >>> words('It costs 3.50 today'), normalised('The lamp!')
    (['it', 'costs', '3.5', 'today'], 'lamp')
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.notation import spelled_out, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_CITED = re.compile(r"\s*\[\d+(?:\s*[,;\u2013-]\s*\d+)*\]")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MOST_BETWEEN = 2
# Raised whenever texts are cut into other words than before.
WORD_RULES = 2
_SHORTEST_JOINED = 3
# Combining marks that are accents; vowel signs of Indic scripts are letters.
_ACCENT = re.compile("[\u0300-\u036f]")
STOP_WORDS = frozenset(
    "a an and are as at be been being but by can could did do does for from had has have he her hers him his how i if "
    "in into is it its itself me more most my of on or our out she should so some such than that the their them then "
    "there these they this those to up us was we were what when where which who whom why will with would you your yes "
    "no not also".split()
)


def words(text: str) -> list[str]:
    """The words and numbers of a text in one notation, in lower case (`ragstudy.notation`).

    Args:
        text: to look at.
    """
    return words_of(text)


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
    n, wanted = len(needle), tuple(needle)
    return n > 0 and any(tuple(haystack[i : i + n]) == wanted for i in range(len(haystack) - n + 1))


def holds(said: Sequence[str], form: Sequence[str]) -> bool:
    """Whether the words `form` of a fact stand in a text, accents and notation aside.

    Together and in order; or, of several words with a number among them, all but the small ones near each other in any
    order, as in `December 14, 1972` for `14 December 1972`. Names keep their order: `a new law in Wales` is not New
    South Wales.

    Args:
        said: words of the text.
        form: words of the fact.
    """
    told, wanted = _notations(tuple(said), counts_one=False), _notations(tuple(form), counts_one=True)
    if contains(told.plain, wanted.plain) or contains(told.spelled, wanted.spelled):
        return True
    if _joined_holds(told.spelled, wanted.spelled) or _holds_in_any_order(told.spelled, wanted.spelled):
        return True
    if told.apart == told.spelled and wanted.apart == wanted.spelled:
        return False
    return contains(told.apart, wanted.apart) or _holds_in_any_order(told.apart, wanted.apart)


class _Notations(NamedTuple):
    """Words without accents, then with numbers and quantities in one notation, and with those in two units apart."""

    plain: tuple[str, ...]
    spelled: tuple[str, ...]
    apart: tuple[str, ...]


@lru_cache(maxsize=5_000)
def _notations(some: tuple[str, ...], *, counts_one: bool) -> _Notations:
    """Of the words of a form or an answer, in which each fact of a question is looked for."""
    plain = tuple(_plain(word) for word in some)
    spelled, apart = (tuple(spelled_out(plain, counts_one=counts_one, adds=adds)) for adds in (True, False))
    return _Notations(plain, spelled, apart)


def _holds_in_any_order(said: Sequence[str], form: Sequence[str]) -> bool:
    """Whether a form with a number stands there but for small words, in any order and near each other."""
    wanted = [word for word in form if word not in STOP_WORDS]
    if len(wanted) < 2 or not any(word[0].isdigit() for word in wanted):  # noqa: PLR2004 - one word has no order
        return False
    width = len(wanted) + _MOST_BETWEEN
    starts = [i for i, word in enumerate(said) if word in wanted]
    return any(not Counter(wanted) - Counter(said[i : i + width]) for i in starts)


def _joined_holds(said: Sequence[str], form: Sequence[str]) -> bool:
    """Whether two words of one are written as one in the other: `e-mail` and `email`, `IL-6` and `IL6`."""
    joined = "".join(form)
    if len(joined) < _SHORTEST_JOINED or not joined.isalnum() or joined.isdigit():
        return False
    most = len(form) + 2
    for start, word in enumerate(said):
        if joined.startswith(word):
            for stop in range(start + 1, min(len(said), start + most) + 1):
                if "".join(said[start:stop]) == joined:
                    return True
    return False


@cache
def variants(form: str) -> tuple[tuple[str, ...], ...]:
    """The words of a fact's form as people write it: itself, and a person without middle names.

    Args:
        form: of the fact.
    """
    found = [tuple(words(form))]
    parts = form.replace(".", " ").split()
    if len(parts) > 2 and all(part[:1].isupper() and part.isalpha() for part in parts):  # noqa: PLR2004 - a middle
        # First and last name side by side: `World Trade Organization` is not the World Health Organization.
        found.append((words(parts[0])[0], words(parts[-1])[0]))
    return tuple(dict.fromkeys(found))


def _plain(word: str) -> str:
    """The word without accents, of scripts where these are accents."""
    if word.isascii():
        return word
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", word) if not _ACCENT.match(mark))
    return unicodedata.normalize("NFC", bare)


@dataclass(frozen=True)
class WordCounts:
    """In how many texts of a corpus each word stands.

    Attributes:
        n_texts: texts of the corpus.
        counts: texts that hold the word, by word.
        rules: version of the rules that cut texts into words; 1 in files of earlier versions.
    """

    n_texts: int
    counts: dict[str, int]
    rules: int = 1


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
        return WordCounts(self._n_texts, dict(sorted(self._counts.items())), WORD_RULES)

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
