"""Accuracy and completeness of an answer, without a judge.

*Accuracy*: how much of what the answer says is right. *Completeness*: how much of what a right answer has
to say it says. Both lie in [0, 1], more is better, and neither is computed from the other.

Which rule applies depends on what is known about the right answer (docs/scoring.md has examples):

* unanswerable: both are 1 if the answer abstains, else 0.
* an abstention where there is an answer: both are 0. An answer that gives a fact, and says of others that it
  cannot tell them or of its sources that they are silent, is none.
* yes/no: both are 1 if the answer takes the right side, else 0.
* required facts: completeness is the share of facts of which the answer holds an accepted form; accuracy is
  right / (right + wrong) with the facts found as right, and as wrong the numbers, names and list items that
  no fact, no reference and no word of the question supports: fully, as many as there are facts missing, and a
  tenth each beyond that, half a fact in all, where they are unverifiable rather than wrong (items of a list always
  count fully).
* a short reference (at most 8 words) only: completeness is the weighted share of its content words found in the
  answer, accuracy the weighted share of the answer's content words found in it; words of the question tell nothing
  and are left out.
* a longer reference only: its claims are looked for in the answer, and the answer's in it, and a small language model
  says which words of each the other explains (`long_answers`).

Of several references, each score is that of the one where it is highest.

Examples:
    >>> from ragstudy.records import Fact, Question
    >>> from ragstudy.scoring.words import WordWeights
    >>> facts = (Fact('f1', ('40 mg',)), Fact('f2', ('12 hours',)))
    >>> asked = Question('q', 'Dose and half-life?', ('40 mg; 12 hours',), facts)
    >>> judged = judge(asked, '12 hours', WordWeights([]))
    >>> judged.accuracy, judged.completeness
    (1.0, 0.5)
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ragstudy.scoring.abstention import abstains
from ragstudy.scoring.denial import denied_words, denies, without_denied
from ragstudy.scoring.doubt import doubts
from ragstudy.scoring.fact_forms import is_written, named_alternatives, share_stated, states
from ragstudy.scoring.languages import side_in
from ragstudy.scoring.words import STOP_WORDS, without_citations, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Fact, Question
    from ragstudy.scoring.words import WordWeights

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|;|\n+|(?<=[\u3002\uff01\uff1f\uff1b\u0964])")
_ITEM = re.compile(r"[,\uff0c\u3001\u060c]|\band\b|\bor\b")
_NUMBER = re.compile(r"\d")
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
_NAME = re.compile(r"(?<=\S\s)[A-Z][\w-]*(?:\s+[A-Z][\w-]*)*")
_SHORT = 8
_UNVERIFIABLE = 0.1
# What nobody can check weighs half a fact at most, however much is said.
_MOST_UNVERIFIABLE = 0.5
# From so many on an answer lists guesses, and each weighs again.
_GUESSES = 20
# `1. ` or `2) ` at the head of a line numbers an item and says nothing.
# What is named to be told apart from the answer.
_CONTRASTED = re.compile(r"\b(rather than|instead of|unlike|as opposed to|other than)\b[^.,;]*", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s+", re.MULTILINE)
_SIDE = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """The two scores of one answer.

    Attributes:
        accuracy: share of what it says that is right, in [0, 1].
        completeness: share of what it should say that it says, in [0, 1].
    """

    accuracy: float
    completeness: float


def is_free_form(question: Question) -> bool:
    """Whether a question has a longer reference and nothing else to judge an answer by.

    Args:
        question: that was asked.
    """
    judged_otherwise = not question.answerable or question.facts or _wanted_side(question) is not None
    return not judged_otherwise and any(is_long(reference) for reference in question.references)


def is_long(reference: str) -> bool:
    """Whether a reference is looked at claim by claim: it has more than eight words.

    Args:
        reference: text of the reference.
    """
    return len(words(reference)) > _SHORT


class ScoresLongAnswers(Protocol):
    """Scores an answer whose reference is longer."""

    def both(self, question: str, reference: str, answer: str) -> tuple[float, float]:
        """Accuracy and completeness, each in [0, 1].

        Args:
            question: text of the question.
            reference: text of the reference.
            answer: the text given.
        """


def judge(
    question: Question, answer: str, weights: WordWeights, long_answers: ScoresLongAnswers | None = None
) -> Judged:
    """Accuracy and completeness of an answer.

    Args:
        question: with its references and facts.
        answer: the text given.
        weights: of the domain's words.
        long_answers: scores answers with longer references; without it they are compared by their words.
    """
    answer = without_list_marks(answer)
    declined = declines(question, answer)
    if not question.answerable:
        return Judged(float(declined), float(declined))
    if declined:
        return Judged(0.0, 0.0)
    wanted = _wanted_side(question)
    if wanted is not None:
        right = float(side_of(answer) == wanted)
        return Judged(right, right)
    if question.facts:
        return _by_facts(question, answer)
    judged = [
        Judged(*long_answers.both(question.text, reference, answer))
        if long_answers is not None and is_long(reference)
        else _by_words(question, answer, reference, weights)
        for reference in question.references
    ]
    return Judged(max(one.accuracy for one in judged), max(one.completeness for one in judged))


def declines(question: Question, answer: str) -> bool:
    """Whether an answer declines: it says that it has none, and gives nothing that was asked for.

    Numbers of passages and of list items are not looked at. A fact whose words stand in the question already is given
    by no answer that declines.

    Args:
        question: that was asked.
        answer: the text given.
    """
    answer = without_list_marks(answer)
    if not abstains(answer):
        return False
    if _wanted_side(question) is not None:
        return True
    asked = set(words(question.text))
    told = [fact for fact in question.facts if not any(set(words(form)) <= asked for form in fact.forms)]
    affirmed = _affirmed(question, answer)
    return not any(is_written(fact, affirmed) for fact in told)


def without_list_marks(answer: str) -> str:
    """The answer as it is judged: without numbers of passages in brackets and of list items.

    Args:
        answer: the text given.
    """
    return _LIST_NUMBER.sub("", without_citations(answer))


def side_of(answer: str) -> str | None:
    """'yes' or 'no', whichever the answer begins with in any known language, or says first in English; None if neither.

    Args:
        answer: the text given.
    """
    if (begun := side_in(answer)) is not None:
        return begun
    match = _SIDE.search(answer)
    return match.group(1).casefold() if match else None


def _wanted_side(question: Question) -> str | None:
    """The right side of a yes/no question: its fact, or the word its reference begins with."""
    if question.type not in ("yesno", "comparison"):
        return None
    if question.facts:
        form = question.facts[0].forms[0]
        return side_in(form) or form.casefold()
    return side_in(question.references[0])


def _by_facts(question: Question, answer: str) -> Judged:
    supported = set(words(question.text)) | {w for text in question.references for w in words(text)}
    supported |= {w for fact in question.facts for form in fact.forms for w in words(form)} | STOP_WORDS
    # In the whole answer, because a full stop also ends an abbreviation within a fact (`E. coli`).
    shares = shares_of_facts(question, answer)
    # A right value that is denied is a wrong statement.
    n_wrong = len(_named_facts(question, answer).keys() - shares.keys())
    # What an answer says it cannot tell is missing, not wrong.
    for claim in (part for part in _SENTENCE.split(answer) if part and part.strip() and not abstains(part)):
        n_unsupported = _n_unsupported(question, claim, supported)
        if not n_unsupported and set(words(claim)) - supported and not _backed(question, claim, supported):
            n_unsupported = 1
        n_wrong += n_unsupported
    n_known = _n_known_wrong(question, answer, supported, [fact for fact in question.facts if fact.id not in shares])
    n_missing = max(0, len(question.facts) - len(shares) - n_known)
    total = len(shares) + n_known + _weight_of(max(0, n_wrong - n_known), n_missing, question)
    total += _UNVERIFIABLE * len(shares.keys() - _sure_facts(question, answer))
    return Judged(len(shares) / total if total else 0.0, math.fsum(shares.values()) / len(question.facts))


def _sure_facts(question: Question, answer: str) -> set[str]:
    """Ids of the facts that an answer states without doubt; all where question or references are in doubt."""
    if not doubts(answer) or any(doubts(text) for text in (question.text, *question.references)):
        return {fact.id for fact in question.facts}
    sure = " ".join(sentence for sentence in _SENTENCE.split(answer) if sentence and not doubts(sentence))
    return found_facts(question, sure)


def _n_known_wrong(question: Question, answer: str, supported: set[str], missing: Sequence[Fact]) -> int:
    """How many known wrong alternatives an answer states in sentences that name a fact: of it, or of a missing one."""
    forms = [form for fact in question.facts for form in (*fact.forms, *fact.alternatives)]
    known = {word for text in (question.text, *question.references, *forms) for word in words(text)}
    found: set[str] = set()
    for sentence in (part for part in _SENTENCE.split(answer) if part):
        affirmed = without_denied(_CONTRASTED.sub(" ", sentence), known)
        named = [one for one in question.facts if states(one, sentence, question.text)]
        for fact in (*named, *(missing if named else ())):
            found |= named_alternatives(fact, affirmed)
    return sum(1 for one in found if not set(words(one)) <= supported)


def _weight_of(n_unsupported: int, n_missing: int, question: Question) -> float:
    """What unsupported statements weigh against the facts that were found.

    As many as there are facts missing stand in their place and are wrong; in a list, every item counts. Beyond that,
    a statement says something that nobody asked for and nothing here can verify: people judge an answer by what was
    asked, and a scorer that counts such statements as wrong punishes long answers (docs/results/scorer.md).
    """
    if question.type == "list":
        return float(n_unsupported)
    n_instead = min(n_unsupported, n_missing)
    n_beside = n_unsupported - n_instead
    capped = min(_MOST_UNVERIFIABLE, _UNVERIFIABLE * n_beside)
    return n_instead + capped + _UNVERIFIABLE * max(0, n_beside - _GUESSES)


def _backed(question: Question, claim: str, supported: set[str]) -> bool:
    """Whether a claim states a fact, or names something that the references name beyond the question.

    The latter is a step on the way, as the drug's name is when a question asks for `the drug tested in the trial`.
    """
    asked = set(words(question.text))
    steps = ({w for w in words(name) if w not in asked} for name in _NAME.findall(claim))
    return bool(found_facts(question, claim)) or any(step and step <= supported - STOP_WORDS for step in steps)


def found_facts(question: Question, text: str) -> set[str]:
    """Ids of the facts of which a text states anything that it does not plainly deny.

    Args:
        question: that was asked.
        text: to look at.
    """
    return set(shares_of_facts(question, text))


def shares_of_facts(question: Question, text: str) -> dict[str, float]:
    """How much of each fact a text states and does not plainly deny, in (0, 1], by id; only of those it states.

    Args:
        question: that was asked.
        text: to look at.
    """
    return _named_facts(question, _affirmed(question, text))


def _affirmed(question: Question, text: str) -> str:
    """A text without what it plainly denies; all of it where the question asks what is not so."""
    if not denies(text) or denies(question.text):
        return text
    told = [*question.references, *(form for fact in question.facts for form in fact.forms)]
    known = {word for one in (question.text, *told) for word in words(one)}
    return without_denied(text, known, denied_words(*told))


def _named_facts(question: Question, text: str) -> dict[str, float]:
    shares = {fact.id: share_stated(fact, text, question.text) for fact in question.facts}
    return {name: share for name, share in shares.items() if share}


def _n_unsupported(question: Question, claim: str, supported: set[str]) -> int:
    """List items, or numbers and names, that nothing known about the right answer supports."""
    if question.type == "list":
        # What the answer repeats of the question ('box contents: two filters') supports no item.
        told = STOP_WORDS | set(words(question.text))
        items = [set(words(item)) - told for item in _ITEM.split(claim)]
        return sum(1 for item in items if item and not item & supported)
    specifics = [[word, _ORDINAL.sub(r"\1", word)] for word in words(claim) if _NUMBER.search(word)]
    specifics += [words(name) for name in _NAME.findall(claim)]
    return sum(1 for one in specifics if not set(one) & supported)


def _by_words(question: Question, answer: str, reference: str, weights: WordWeights) -> Judged:
    asked = set(words(question.text)) | STOP_WORDS
    said, wanted = _content(_affirmed(question, answer), asked), _content(reference, asked)
    return Judged(weights.share(wanted, said), weights.share(said, wanted))


def _content(text: str, left_out: set[str]) -> set[str]:
    """The words that tell something; all words if the question holds every one of them."""
    every = set(words(text))
    return every - left_out or every
