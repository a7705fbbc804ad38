"""Judges as measures of a study: `NAME:METHOD`, with NAME a judge of the study and METHOD one of `METHODS`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Protocol

from ragstudy.errors import InputError, RagstudyError, nearest
from ragstudy.records import Case, Scored
from ragstudy.scoring.judges import ragas_judges
from ragstudy.scoring.judges.methods import ClaimJudge, OverallGradeJudge, RubricJudge, rule_score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ragstudy.protocols import ChatSource, Embedder
    from ragstudy.records import Question
    from ragstudy.scoring.judges.client import Judge
    from ragstudy.specs import JudgeSpec


class Method(Protocol):
    """A way to score one answer by asking a judge."""

    def score(self, judge: Judge, question: Question, answer: str, repeat: int = 0) -> float:
        """In [0, 1], more is better; raises ValueError to say why there is none.

        Args:
            judge: that is asked.
            question: that was asked.
            answer: the text given.
            repeat: number of an independent repetition.
        """


_OWN: dict[str, Callable[[], Method]] = {
    "claims.accuracy": lambda: ClaimJudge("accuracy"),
    "claims.completeness": lambda: ClaimJudge("completeness"),
    "rubric.accuracy": lambda: RubricJudge("accuracy"),
    "rubric.completeness": lambda: RubricJudge("completeness"),
    "overall_grade": OverallGradeJudge,
}
_RAGAS = "ragas."
_FORMER_NAMES = {"note": "overall_grade"}
METHODS = (*_OWN, *(f"{_RAGAS}{name}" for name in ragas_judges.NAMES))
# Requests that one answer takes, those for its reference left out, which all generators share.
_N_CALLS = {
    "claims.accuracy": 2,
    "claims.completeness": 1,
    "rubric.accuracy": 1,
    "rubric.completeness": 1,
    "overall_grade": 1,
}
_PROMPT_TOKENS = 250


def split_name(name: str, judges: Sequence[str]) -> tuple[str, str] | None:
    """Judge and method of a measure's name; None if it names no judge.

    Args:
        name: of the measure.
        judges: names of the judges of the study.

    Raises:
        InputError: it names a judge, but no method.
    """
    judge, separator, method = name.partition(":")
    method = _FORMER_NAMES.get(method, method)
    if judge not in judges and (method in METHODS or method.startswith("prefer.")):
        known = nearest(judge, judges) if judges else "; a study declares its judges under `judges:`"
        msg = f"measures: {name!r}: {judge!r} is no judge of this study{known}"
        raise InputError(msg)
    if not separator or judge not in judges:
        return None
    if method not in METHODS:
        msg = f"measures: {name!r}: {method!r} is no method of a judge{nearest(method, METHODS)}"
        raise InputError(msg)
    return judge, method


class JudgeMeasure:
    """One method of one judge.

    Args:
        judge: that is asked.
        method: of `METHODS`.
        embedder: for the ragas measure that compares embeddings.
        repeat: number of an independent repetition.
    """

    def __init__(self, judge: Judge, method: str, embedder: Callable[[], Embedder], repeat: int = 0) -> None:
        self.judge = judge
        self._repeat = repeat
        self._ragas = (
            ragas_judges.RagasJudge(method.removeprefix(_RAGAS), embedder) if method.startswith(_RAGAS) else None
        )
        self._own = _OWN[method]() if self._ragas is None else None
        self.needs_passages = self._ragas is not None and self._ragas.needs_passages

    def score_many(self, cases: Sequence[Case], done: Callable[[], object]) -> list[Scored]:
        """One result per case, in order; several requests are under way at a time.

        Args:
            cases: answers with their questions.
            done: called after each.

        Raises:
            InputError: the server refuses every request.
        """

        def one(case: Case) -> Scored:
            try:
                return Scored(self._value(case))
            except ValueError as error:
                return Scored(None, str(error) or type(error).__name__)
            except RagstudyError:
                raise
            except Exception as error:  # noqa: BLE001 - a server may send anything; the other answers are scored
                return Scored(None, f"{type(error).__name__}: {error}")
            finally:
                done()

        pool = ThreadPoolExecutor(self.judge.spec.concurrency)
        try:
            return list(pool.map(one, cases))
        finally:
            # Refused by the server or stopped by the user: what has not begun is not sent.
            pool.shutdown(cancel_futures=True)

    def score(self, question: Question, answer: str) -> float:
        """The score of one answer whose passages do not matter.

        Args:
            question: that was asked.
            answer: the text given.

        Raises:
            ValueError: there is none; the message says why.
        """
        return self._value(Case(question, answer))

    def _value(self, case: Case) -> float:
        if self._own is None:
            return self._asked_of_ragas(case)
        known = rule_score(case.question, case.answer)
        return self._own.score(self.judge, case.question, case.answer, self._repeat) if known is None else known

    def _asked_of_ragas(self, case: Case) -> float:
        if self._ragas is None:
            msg = "no method"
            raise TypeError(msg)
        try:
            return self._ragas.score(self.judge, case, self._repeat)
        except (ValueError, InputError):
            raise
        except Exception as error:
            msg = f"ragas: {type(error).__name__}: {error}"
            raise ValueError(msg) from error


class Judges:
    """The judges of a study, each made once.

    Args:
        specs: of the judges.
        folder: where their replies are kept.
        embedder: for the ragas measure that compares embeddings.
        local: from a model's name and the most tokens of a reply to the model, for judges that are loaded here.
    """

    def __init__(
        self,
        specs: Sequence[JudgeSpec],
        folder: Path | None,
        embedder: Callable[[], Embedder],
        local: Callable[[str, int], ChatSource],
    ) -> None:
        from ragstudy.scoring.judges.client import Judge

        def made(name: str) -> Judge:
            spec = by_name[name]
            return Judge(spec, folder, local(spec.model, spec.max_new_tokens) if spec.is_local else None)

        by_name = {spec.name: spec for spec in specs}
        self.names = tuple(by_name)
        self._embedder = embedder
        self.judge = cache(made)

    def measure(self, name: str, repeat: int = 0) -> JudgeMeasure | None:
        """The measure of a name; None if it names no judge.

        Args:
            name: of the measure.
            repeat: number of an independent repetition.

        Raises:
            InputError: the judge has no such method, or its key is not set.
            UnavailableError: ragas cannot be imported.
        """
        found = split_name(name, self.names)
        return JudgeMeasure(self.judge(found[0]), found[1], self._embedder, repeat) if found else None


def expected_cost(method: str, cases: Sequence[Case]) -> tuple[int, int]:
    """About how many requests and tokens a method takes for some cases, none of them answered before.

    Tokens are counted as a third of the characters, and the instructions and reply as 250 for each request.

    Args:
        method: of `METHODS`.
        cases: answers with their questions.
    """
    if method.startswith(_RAGAS):
        n_each, needs = ragas_judges.N_CALLS[method.removeprefix(_RAGAS)], list(cases)
    else:
        n_each, needs = _N_CALLS[method], [case for case in cases if rule_score(case.question, case.answer) is None]
    n_calls = sum(n_each * max(1, len(case.question.references)) for case in needs)
    if method == "claims.completeness":
        n_calls += len({text for case in needs for text in case.question.references})
    characters = sum(
        len(case.answer)
        + len(case.question.text)
        + sum(map(len, case.question.references))
        + sum(map(len, case.passages or ()))
        for case in needs
    )
    return n_calls, n_calls * _PROMPT_TOKENS + n_each * characters // 3


def cost_of(judge: JudgeSpec, measures: Sequence[str], cases: Sequence[Case]) -> tuple[int, int]:
    """About how many requests and tokens a judge's measures take for some cases, none of them answered before.

    Args:
        judge: that is asked.
        measures: of a study; those of other judges and those without one cost nothing here.
        cases: answers with their questions.
    """
    methods = [named[1] for name in measures if (named := split_name(name, [judge.name]))]
    costs = [expected_cost(method, cases) for method in methods]
    return sum(n for n, _ in costs), sum(n for _, n in costs)
