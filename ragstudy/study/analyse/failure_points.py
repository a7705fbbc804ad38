"""Where each answer failed: the failure points of Barnett et al. (2024, arXiv 2401.05856), by documented rules.

The first rule that holds decides (docs/diagnosis.md has examples):

* `right`: accuracy and completeness both reach what counts as right; a question without an answer is declined.
* `answered anyway` (FP1): the question has no answer in the corpus and is answered.
* `missing content` (FP1): no passage of the corpus covers some of its evidence.
* `missed by the ranking` (FP2): some of its evidence is in none of the passages that the prompt was to show.
* `cut from the context` (FP3): some of it is in a passage that did not fit into the prompt.
* `wrong format` (FP5): the answer is empty or was cut at its longest, or takes no side of a yes/no question.
* `incomplete` (FP7): something right is said and not much that is wrong, but not all of it.
* `wrong specificity` (FP6): all of it is said, among more that is wrong or was not asked for.
* `not extracted` (FP4): the evidence was shown, and the answer is wrong or declines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from ragstudy.records import FailurePoint
from ragstudy.results import FailureShares
from ragstudy.retrieval.relevance import covered, n_units
from ragstudy.scoring.abstention import abstains
from ragstudy.scoring.claims import side_of
from ragstudy.study.analyse.arm_means import Columns, means_by_arm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ragstudy.records import Answer, Passage, Question
    from ragstudy.statistics import AnalysisSettings
    from ragstudy.study.analyse.tables import DomainData

POINTS: tuple[FailurePoint, ...] = get_args(FailurePoint)
NUMBERS: dict[FailurePoint, str] = {
    "missing content": "FP1",
    "missed by the ranking": "FP2",
    "cut from the context": "FP3",
    "not extracted": "FP4",
    "wrong format": "FP5",
    "wrong specificity": "FP6",
    "incomplete": "FP7",
    "answered anyway": "FP1",
}
OF_RETRIEVAL: tuple[FailurePoint, ...] = ("missing content", "missed by the ranking", "cut from the context")
OF_GENERATION: tuple[FailurePoint, ...] = (
    "not extracted",
    "wrong format",
    "wrong specificity",
    "incomplete",
    "answered anyway",
)
# Facts are found or not, so all are asked for; the claims of free text are supported more or less.
_RIGHT_BY_FACTS = 0.95
_ACCURATE_BY_FACTS = 0.75
_RIGHT_BY_CLAIMS = 0.5
NEEDED_MEASURES = frozenset({"accuracy", "completeness"})


@dataclass(frozen=True)
class EvidenceShown:
    """What a prompt was to show of a question's evidence.

    Attributes:
        in_corpus: whether the corpus covers all of it.
        covers: for each passage of the prompt, the numbers of the pieces it covers.
        n_units: pieces of evidence, or gold documents; 0 if the question names none.
    """

    in_corpus: bool
    covers: tuple[tuple[int, ...], ...]
    n_units: int

    def reaches(self, n_passages: int) -> bool:
        """Whether the first passages of the prompt cover all of it.

        Args:
            n_passages: how many are looked at.
        """
        return len({unit for units in self.covers[:n_passages] for unit in units}) >= self.n_units


class Corpus:
    """The passages of a domain, for finding out what of a question's evidence they hold.

    Args:
        passages: all of the domain.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._by_id = {passage.id: passage for passage in passages}
        self._by_document: dict[str, list[Passage]] = {}
        for passage in passages:
            self._by_document.setdefault(passage.document, []).append(passage)
        self._in_corpus: dict[str, bool] = {}

    def evidence_shown(self, question: Question, passages: Sequence[str]) -> EvidenceShown:
        """What a prompt was to show of a question's evidence.

        Args:
            question: that was asked.
            passages: ids of the prompt's passages, in order.
        """
        covers = tuple(covered(question, self._by_id[name]) for name in passages)
        return EvidenceShown(self._holds(question), covers, n_units(question))

    def _holds(self, question: Question) -> bool:
        if question.id not in self._in_corpus:
            gold = [one for name in question.gold_documents for one in self._by_document.get(name, [])]
            if not question.gold_documents and question.evidence:
                gold = list(self._by_id.values())
            there = {unit for passage in gold for unit in covered(question, passage)}
            self._in_corpus[question.id] = not n_units(question) or len(there) == n_units(question)
        return self._in_corpus[question.id]


def point_of(  # noqa: PLR0911 - one return per rule
    question: Question, answer: Answer, accuracy: float, completeness: float, shown: EvidenceShown
) -> FailurePoint:
    """The failure point of an answer.

    Args:
        question: that was asked.
        answer: that did not fail.
        accuracy: its score.
        completeness: its score.
        shown: what the prompt was to show of the question's evidence.
    """
    if not question.answerable:
        return "right" if accuracy >= _RIGHT_BY_CLAIMS else "answered anyway"
    accurate, complete = (
        (_ACCURATE_BY_FACTS, _RIGHT_BY_FACTS) if question.facts else (_RIGHT_BY_CLAIMS, _RIGHT_BY_CLAIMS)
    )
    if accuracy >= accurate and completeness >= complete:
        return "right"
    if not shown.in_corpus:
        return "missing content"
    if not shown.reaches(len(shown.covers)):
        return "missed by the ranking"
    if not shown.reaches(answer.n_passages):
        return "cut from the context"
    if _is_misshapen(question, answer):
        return "wrong format"
    if completeness >= complete:
        return "wrong specificity"
    if completeness > 0 and accuracy >= _RIGHT_BY_CLAIMS:
        return "incomplete"
    return "not extracted"


def _is_misshapen(question: Question, answer: Answer) -> bool:
    text = answer.text.strip()
    if not text or answer.stopped == "length":
        return True
    return question.type in ("yesno", "comparison") and side_of(text) is None and not abstains(text)


def points_of(
    domain: DomainData,
    corpus: Corpus,
    answer_of: Callable[[str, Question], Answer | None],
    score_of: Callable[[str, str, Question], float | None],
) -> dict[tuple[str, str], FailurePoint]:
    """The failure point of every answer that has both scores, by generator and question id.

    Args:
        domain: that is asked about.
        corpus: passages of the domain.
        answer_of: the answer of a generator to a question; None where there is none.
        score_of: the score of a measure and a generator for a question; None where there is none.
    """
    shown: dict[tuple[str, tuple[str, ...]], EvidenceShown] = {}
    points = {}
    for generator in (name for arm in domain.arms for name in arm.generators):
        for question in domain.questions:
            answer = answer_of(generator, question)
            accuracy, completeness = (score_of(name, generator, question) for name in ("accuracy", "completeness"))
            if answer is None or answer.stopped == "error" or accuracy is None or completeness is None:
                continue
            key = (question.id, answer.passages)
            if key not in shown:
                shown[key] = corpus.evidence_shown(question, answer.passages)
            points[generator, question.id] = point_of(question, answer, accuracy, completeness, shown[key])
    return points


def failure_shares(
    domain: DomainData,
    contexts: str,
    points: Mapping[tuple[str, str], FailurePoint],
    settings: AnalysisSettings,
) -> list[FailureShares]:
    """For each arm, the share of its answers at each point, and for tuned arms the shift against the base.

    Args:
        domain: that is asked about.
        contexts: name of the test context.
        points: of its answers, by generator and question id.
        settings: of the bootstrap over groups of questions and its intervals.
    """

    def values_of(generator: str, question: Question) -> Sequence[float] | None:
        mine = points.get((generator, question.id))
        return None if mine is None else [float(mine == point) for point in POINTS]

    def side_of_failure(generator: str, question: Question) -> Sequence[float] | None:
        mine = points.get((generator, question.id))
        return None if mine is None else [float(mine in OF_RETRIEVAL) - float(mine in OF_GENERATION)]

    columns = Columns(POINTS, values_of, (0.0, 1.0), len(POINTS))
    sides = means_by_arm(domain.arms, domain.questions, Columns(("side",), side_of_failure, (-1.0, 1.0)), settings)
    return [
        FailureShares(
            domain.name,
            contexts,
            one.arm.name,
            one.n,
            {point: one.means[point] for point in POINTS},
            side.means["side"],
            one.arm.base if one.shifts else None,
            {point: one.shifts[point] for point in POINTS} if one.shifts else None,
        )
        for one, side in zip(means_by_arm(domain.arms, domain.questions, columns, settings), sides, strict=True)
    ]
