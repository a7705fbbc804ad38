"""What a judge is asked about an answer: its claims, a rubric, or one overall grade."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from ragstudy.scoring.claims import declines
from ragstudy.scoring.judges.client import as_data, json_of, number_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.endpoints import Messages
    from ragstudy.records import Question
    from ragstudy.replies import Reply
    from ragstudy.scoring.judges.client import Judge

Axis = Literal["accuracy", "completeness"]
Standing = Literal["supported", "contradicted", "unverifiable"]
_STANDINGS: tuple[Standing, ...] = ("supported", "contradicted", "unverifiable")
_DIGITS = ("1", "2", "3", "4", "5")
_LEAST_MASS = 0.5
_HIGHEST_GRADE = 10


def rule_score(question: Question, answer: str) -> float | None:
    """The score that needs no judge: of questions without an answer, and of answers that decline or are empty.

    Args:
        question: that was asked.
        answer: the text given.
    """
    declined = declines(question, answer)
    if not question.answerable:
        return float(declined)
    return 0.0 if declined else None


def extract(judge: Judge, question: str, text: str, repeat: int = 0) -> list[str]:
    """The claims of a text, each a sentence that can be checked alone.

    Args:
        judge: that is asked.
        question: text of the question.
        text: whose claims are wanted.
        repeat: number of an independent repetition.

    Raises:
        ValueError: the judge could not be asked or its reply not be used.
    """
    messages = as_data(
        "Break the text into its claims: short sentences that each state one fact and can be understood alone, with "
        "names instead of pronouns. Leave out what only repeats the question, and remarks about the text itself.",
        {"question": question, "text": text},
        'Reply with JSON: {"claims": ["...", ...]}. The list is empty if the text claims nothing.',
    )
    return judge.ask(messages, lambda reply: texts_of(json_of(reply), "claims"), repeat=repeat)


def check(judge: Judge, question: str, claims: Sequence[str], against: str, repeat: int = 0) -> list[Standing]:
    """How each claim stands to a text: supported, contradicted or unverifiable from it.

    Args:
        judge: that is asked.
        question: text of the question.
        claims: to check.
        against: text that they are checked by.
        repeat: number of an independent repetition.

    Raises:
        ValueError: the judge could not be asked or its reply not be used.
    """
    messages = as_data(
        "Decide for every claim whether the text supports it (states it or implies it), contradicts it, or neither. "
        "Use the text alone, not what you know.",
        {"question": question, "text": against, "claims": list(claims)},
        f'Reply with JSON: {{"verdicts": [...]}} with exactly {len(claims)} entries in the order of the claims, each '
        '"supported", "contradicted" or "unverifiable".',
    )

    def checked(reply: Reply) -> list[Standing]:
        found = texts_of(json_of(reply), "verdicts")
        known = [standing for text in found for standing in _STANDINGS if text.casefold() == standing]
        if len(known) != len(claims) or len(found) != len(claims):
            msg = f"'verdicts' has not {len(claims)} of {', '.join(_STANDINGS)}"
            raise ValueError(msg)
        return known

    return judge.ask(messages, checked, repeat=repeat)


class ClaimJudge:
    """Accuracy: supported claims of the answer over all its claims. Completeness: the reference's claims that the
    answer supports over all of the reference's. Of several references, the best one counts, for each score apart.
    """

    def __init__(self, axis: Axis) -> None:
        self._axis = axis

    def score(self, judge: Judge, question: Question, answer: str, repeat: int = 0) -> float:
        """In [0, 1], more is better; an answer without any claim has none that is right.

        Args:
            judge: that is asked.
            question: that was asked.
            answer: the text given.
            repeat: number of an independent repetition.

        Raises:
            ValueError: the judge could not be asked, its reply not be used, or no reference claims anything.
        """
        found = [self._against(judge, question.text, answer, text, repeat) for text in question.references]
        known = [value for value in found if value is not None]
        if not known:
            msg = "the judge finds no claim in any reference"
            raise ValueError(msg)
        return max(known)

    def _against(self, judge: Judge, question: str, answer: str, reference: str, repeat: int) -> float | None:
        told, text = (answer, reference) if self._axis == "accuracy" else (reference, answer)
        claims = extract(judge, question, told, repeat)
        if not claims:
            return 0.0 if self._axis == "accuracy" else None
        return check(judge, question, claims, text, repeat).count("supported") / len(claims)


_CRITERIA: dict[Axis, str] = {
    "accuracy": (
        "Grade how far what the answer says is right, measured by the reference.\n"
        "5: everything it says agrees with the reference.\n4: right, but for a detail.\n"
        "3: right and wrong statements in about equal parts.\n2: mostly wrong, with something right in it.\n"
        "1: wrong.\nWhat the answer leaves out does not matter for this grade, nor does its length or style."
    ),
    "completeness": (
        "Grade how much of what the reference says the answer says too.\n"
        "5: all of it.\n4: all but a detail.\n3: about half.\n2: little.\n1: nothing.\n"
        "What the answer says beyond the reference does not matter for this grade, nor does its style."
    ),
}


def _graded(task: str, form: str) -> Callable[[Question, str], Messages]:
    def messages(question: Question, answer: str) -> Messages:
        data = {"question": question.text, "references": list(question.references), "answer": answer}
        return as_data(task, data, form)

    return messages


class RubricJudge:
    """A grade from 1 to 5 on one criterion, weighted by the probabilities of the grades where the server sends them.

    The weighting is that of G-Eval (Liu et al. 2023, arXiv 2303.16634): the sum over grades of grade times
    probability, here over the first token of the reply.
    """

    def __init__(self, axis: Axis) -> None:
        self.messages = _graded(_CRITERIA[axis], "Reply with the grade alone: one digit from 1 to 5.")

    def score(self, judge: Judge, question: Question, answer: str, repeat: int = 0) -> float:
        """(grade - 1) / 4: in [0, 1], more is better.

        Args:
            judge: that is asked.
            question: that was asked.
            answer: the text given.
            repeat: number of an independent repetition.

        Raises:
            ValueError: the judge could not be asked or its reply not be used.
        """
        grade = judge.ask(self.messages(question, answer), _grade, among=_DIGITS, repeat=repeat)
        return (grade - 1) / (len(_DIGITS) - 1)


def _grade(reply: Reply) -> float:
    """The mean grade under the first token's probabilities, or the digit that was written."""
    mass: dict[str, float] = {}
    for token, log_probability in reply.tokens:
        if token.strip() in _DIGITS:
            mass[token.strip()] = mass.get(token.strip(), 0.0) + math.exp(min(0.0, log_probability))
    total = math.fsum(mass.values())
    if total >= _LEAST_MASS:
        return math.fsum(int(digit) * p for digit, p in mass.items()) / total
    text = reply.text.strip().strip('".')
    if text in _DIGITS:
        return float(text)
    # A server in JSON mode writes an object.
    found = json_of(reply)
    return number_of({"grade": next(iter(found.values()), None)}, "grade", 1, len(_DIGITS))


class OverallGradeJudge:
    """A grade from 0 to 10 for the answer as a whole, accuracy and completeness together."""

    def __init__(self) -> None:
        self.messages = _graded(
            "Give the answer a note from 0 (useless or wrong) to 10 (as good as the reference), for how well it "
            "answers the question by the reference.",
            'Reply with JSON: {"note": N} with a whole number N from 0 to 10.',
        )

    def score(self, judge: Judge, question: Question, answer: str, repeat: int = 0) -> float:
        """The grade over 10: in [0, 1], more is better.

        Args:
            judge: that is asked.
            question: that was asked.
            answer: the text given.
            repeat: number of an independent repetition.

        Raises:
            ValueError: the judge could not be asked or its reply not be used.
        """
        grade = judge.ask(
            self.messages(question, answer),
            lambda reply: number_of(json_of(reply), "note", 0, _HIGHEST_GRADE),
            repeat=repeat,
        )
        return grade / _HIGHEST_GRADE


def prefer(judge: Judge, question: Question, answers: tuple[str, str], axis: Axis) -> tuple[float, float]:
    """How much better the second of two answers is, from -2 to 2, asked in both orders.

    Args:
        judge: that is asked.
        question: that was asked.
        answers: first and second.
        axis: criterion, 'accuracy' or 'completeness'.

    Returns:
        The verdict with the answers in the given order, and with them swapped (its sign turned back). Their mean
        is free of a liking for one place.

    Raises:
        ValueError: the judge could not be asked or its reply not be used.
    """
    verdicts = []
    for first, second, sign in ((*answers, 1), (answers[1], answers[0], -1)):
        data = {"question": question.text, "references": list(question.references), "A": first, "B": second}
        messages = as_data(
            f"Compare the answers A and B on one criterion only.\n{_CRITERIA[axis]}\nTheir order means nothing.",
            data,
            'Reply with JSON: {"verdict": N}: -2 A is much better, -1 A is better, 0 equal, 1 B is better, 2 B is much '
            "better.",
        )
        verdicts.append(sign * judge.ask(messages, lambda reply: number_of(json_of(reply), "verdict", -2, 2)))
    return verdicts[0], verdicts[1]
