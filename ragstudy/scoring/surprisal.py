"""How much of what is surprising in one text another text explains, by a causal language model.

The surprisal of a word is -log p(word | question, words before it). What reading another text takes off it is the
pointwise mutual information of word and text (Church and Hanks 1990; of summaries and their sources: Padmakumar and He
2021). For every content word of a text that the question does not hold,

    explained(word) = min(1, max(0, gain / max(surprisal, 1 nat)))

with gain = log p(word | other text, question, words before) - log p(word | question, words before): 1 if the other
text makes the word certain, 0 if it makes it no likelier. The mean over the words that are explained best says whether
two texts speak of the same, in whatever words; the single words say of what.

Examples:
    >>> best_share([ExplainedWord('green', 0.9), ExplainedWord('lamp', 0.6), ExplainedWord('today', 0.0)])
    0.5
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ragstudy.files import cache_folder
from ragstudy.kept import Kept
from ragstudy.protocols import TokenLog
from ragstudy.scoring.claims import is_free_form
from ragstudy.scoring.languages import reads_as_english
from ragstudy.scoring.words import STOP_WORDS
from ragstudy.text import word_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ragstudy.protocols import LikelihoodSource
    from ragstudy.records import Question

# Raised whenever words are explained by other values than before.
SURPRISAL_RULES = 1
_READ = "Read the text and answer the question.\n\nText: {text}\n\nQuestion: {question}\nAnswer:"
_ASK = "Answer the question.\n\nQuestion: {question}\nAnswer:"
_LONGEST_WORDS = 250
_LEAST_SURPRISAL = 1.0
_DIGITS = 3
# Triples that are read and kept at a time.
_PORTION = 128

# Question, text whose words are explained, text that explains them.
Reading = tuple[str, str, str]


class ExplainedWord(NamedTuple):
    """A content word of a text.

    Attributes:
        word: in lower case.
        share: of its surprisal that the other text takes away, in [0, 1].
    """

    word: str
    share: float


def best_share(explained: Sequence[ExplainedWord], part: float = 0.25, fewest: int = 4) -> float:
    """Mean share of the words that are explained best, in [0, 1]; 0 without a word.

    Args:
        explained: words of a text.
        part: how many of them count.
        fewest: as many of them count at least, if there are so many.
    """
    shares = sorted((one.share for one in explained), reverse=True)
    best = shares[: max(fewest, round(len(shares) * part))]
    return sum(best) / len(best) if best else 0.0


def source_for(questions: Iterable[Question], source: LikelihoodSource | None) -> LikelihoodSource | None:
    """The language model for the long answers of a domain; None where it has none or its language is not the model's.

    Args:
        questions: of the domain, with their references.
        source: of the language model that the study names.
    """
    asked = [question for question in questions if is_free_form(question)]
    if source is None or not asked:
        return None
    texts = (text for question in asked for text in (question.text, *question.references))
    return source if not source.only_english or reads_as_english(texts) else None


class SurprisalEvidence:
    """Which words of a text another text explains; what was read is kept.

    Args:
        source: of the language model, which is loaded when it is first needed.
    """

    def __init__(self, source: LikelihoodSource) -> None:
        self._model = cache(source.load)
        self._kept = Kept(cache_folder() / "surprisal" / f"{source.identity}.sqlite")

    def prepare(self, readings: Iterable[Reading], done: Callable[[int], object] = lambda _: None) -> None:
        """Read many texts at once; what is not prepared is read when it is needed.

        Args:
            readings: question, text whose words are explained, text that explains them.
            done: called with how many more are read.
        """
        every = list(dict.fromkeys(readings))
        new = sorted((one for one in every if self._kept.get(_key(one)) is None), key=lambda one: sum(map(len, one)))
        done(len(every) - len(new))
        for start in range(0, len(new), _PORTION):
            portion = new[start : start + _PORTION]
            self._read(portion)
            done(len(portion))

    def of(self, question: str, text: str, other: str) -> list[ExplainedWord]:
        """The content words of `text` in order, with how far `other` explains each.

        Args:
            question: text of the question.
            text: whose words are explained.
            other: text that explains them.
        """
        key = _key((question, text, other))
        if self._kept.get(key) is None:
            self._read([(question, text, other)])
        return [ExplainedWord(str(word), float(share)) for word, share in json.loads(self._kept.get(key) or b"[]")]

    def known(self, question: str, text: str, other: str) -> list[ExplainedWord]:
        """As `of`, if the texts were read before; else nothing.

        Args:
            question: text of the question.
            text: whose words are explained.
            other: text that explains them.
        """
        is_known = self._kept.get(_key((question, text, other))) is not None
        return self.of(question, text, other) if is_known else []

    def _read(self, readings: Sequence[Reading]) -> None:
        with_text = [(_prompt(question, other), _written(text)) for question, text, other in readings]
        without = self._without((question, text) for question, text, _ in readings)
        read = self._model().token_logs(with_text)
        shares = {
            reading: _shares(reading, logs, without[reading[:2]]) for reading, logs in zip(readings, read, strict=True)
        }
        self._kept.add({_key(one): json.dumps(made, ensure_ascii=False).encode() for one, made in shares.items()})

    def _without(self, texts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[TokenLog]]:
        """The tokens of each text after its question alone, by both; read once, whatever explains the text."""
        every = list(dict.fromkeys(texts))
        kept = {one: self._kept.get(_key(one)) for one in every}
        new = [one for one, found in kept.items() if found is None]
        read = self._model().token_logs([(_prompt(question, None), _written(text)) for question, text in new])
        self._kept.add({_key(one): json.dumps(logs).encode() for one, logs in zip(new, read, strict=True)})
        known = {one: [TokenLog(*log) for log in json.loads(found)] for one, found in kept.items() if found is not None}
        return known | {one: list(logs) for one, logs in zip(new, read, strict=True)}


def _key(texts: Sequence[str]) -> str:
    """Of a question, a text and what explains it, or of the first two alone."""
    return "\0".join((str(SURPRISAL_RULES), *texts))


def _prompt(question: str, text: str | None) -> str:
    return _ASK.format(question=question) if text is None else _READ.format(question=question, text=_shortened(text))


def _written(text: str) -> str:
    """As it stands after `Answer:`, so that its first token is that of a word that follows another."""
    return f" {unicodedata.normalize('NFC', text).strip()}"


def _shortened(text: str) -> str:
    spans = word_spans(text)
    return text if len(spans) <= _LONGEST_WORDS else text[: spans[_LONGEST_WORDS - 1][2]]


def _shares(reading: Reading, after: Sequence[TokenLog], before: Sequence[TokenLog]) -> list[tuple[str, float]]:
    """The content words of the text, as far as it was read, with the share of each that is explained."""
    question, text = reading[0], _written(reading[1])
    told = STOP_WORDS | {word for word, _, _ in word_spans(unicodedata.normalize("NFC", question))}
    spans = [span for span in word_spans(text) if not before or span[1] < before[-1].end]
    whole = [span for span in spans if not _is_ending(text, *span)]
    telling = [span for span in whole if span[0] not in told] or spans
    made = []
    for word, start, end in telling:
        surprisal, left = (-sum(_within(one, start, end) for one in logs) for logs in (before, after))
        share = (surprisal - left) / max(surprisal, _LEAST_SURPRISAL)
        made.append((word, round(min(1.0, max(0.0, share)), _DIGITS)))
    return made


def _is_ending(text: str, word: str, start: int, _end: int) -> bool:
    """Whether it is what follows an apostrophe, as the s of `pump's`."""
    return len(word) == 1 and text[start - 1 : start] in ("'", "\u2019")


def _within(token: TokenLog, start: int, end: int) -> float:
    """The log of a token that holds a character of the word and begins in no word before; else 0."""
    return token.log if token.start < end and token.end > start else 0.0
