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
from typing import TYPE_CHECKING, Any, Literal, get_args

from ragstudy.retrieval.relevance import covered, n_units
from ragstudy.scoring.abstention import abstains
from ragstudy.scoring.claims import side_of
from ragstudy.specs import parse_context
from ragstudy.study.by_arm import means_by_arm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ragstudy.records import Answer, Prompt, Question
    from ragstudy.specs import StatisticsSpec
    from ragstudy.study.plan import Arm
    from ragstudy.study.retrieve import Retrieved

Point = Literal[
    "right",
    "missing content",
    "missed by the ranking",
    "cut from the context",
    "not extracted",
    "wrong format",
    "wrong specificity",
    "incomplete",
    "answered anyway",
]
POINTS: tuple[Point, ...] = get_args(Point)
NUMBERS: dict[Point, str] = {
    "missing content": "FP1",
    "missed by the ranking": "FP2",
    "cut from the context": "FP3",
    "not extracted": "FP4",
    "wrong format": "FP5",
    "wrong specificity": "FP6",
    "incomplete": "FP7",
    "answered anyway": "FP1",
}
OF_RETRIEVAL: tuple[Point, ...] = ("missing content", "missed by the ranking", "cut from the context")
OF_GENERATION: tuple[Point, ...] = (
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
_MEASURES = ("accuracy", "completeness")


def is_diagnosed(contexts: str) -> bool:
    """Whether failure points mean something in a context: it shows passages that are meant to answer."""
    return parse_context(contexts).kind in {"retrieved", "oracle", "oracle_with_distractors"}


@dataclass(frozen=True)
class Shown:
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
        """Whether the first passages of the prompt cover all of it."""
        return len({unit for units in self.covers[:n_passages] for unit in units}) >= self.n_units


def shown_in(question: Question, prompt: Prompt, retrieved: Retrieved) -> Shown:
    """What a prompt was to show of a question's evidence."""
    gold = [passage for name in question.gold_documents for passage in retrieved.by_document.get(name, [])]
    if not question.gold_documents and question.evidence:
        gold = list(retrieved.passages.values())
    there = {unit for passage in gold for unit in covered(question, passage)}
    return Shown(
        not n_units(question) or len(there) == n_units(question),
        tuple(covered(question, passage) for passage in prompt.passages),
        n_units(question),
    )


def point_of(  # noqa: PLR0911 - one return per rule
    question: Question, answer: Answer, accuracy: float, completeness: float, shown: Shown
) -> Point:
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


def failure_points(
    arms: Sequence[Arm],
    questions: Sequence[Question],
    point_for: Callable[[str, Question], Point | None],
    settings: StatisticsSpec,
) -> list[dict[str, Any]]:
    """For each arm, the share of its answers at each point, and for tuned arms the shift against the base.

    Args:
        arms: with the names of their generators.
        questions: of one domain.
        point_for: the point of a generator's answer to a question; None where it has no answer or no score.
        settings: of the bootstrap over groups of questions and its intervals.

    Returns:
        Per arm `arm`, `n` and `points`: by point `value`, `low`, `high`; of tuned arms also `shifts` likewise.
    """

    def values_of(generator: str, question: Question) -> list[float] | None:
        mine = point_for(generator, question)
        return None if mine is None else [float(mine == point) for point in POINTS]

    rows: list[dict[str, Any]] = []
    for one in means_by_arm(arms, questions, values_of, POINTS, settings, (0.0, 1.0)):
        row: dict[str, Any] = {"arm": one.arm.name, "n": one.n, "points": one.means}
        rows.append(row | ({"base": one.arm.base, "shifts": one.shifts} if one.shifts else {}))
    return rows


def scored_points(
    answers: Mapping[tuple[str, str], Answer],
    scores: Mapping[tuple[str, str, str], float | None],
    shown: Mapping[str, Shown],
) -> Callable[[str, Question], Point | None]:
    """A function from a generator and a question to the failure point of the answer.

    Args:
        answers: of one domain and context, by generator and question id.
        scores: of these, by generator, question id and measure.
        shown: of the context's prompts, by question id.
    """

    def point_for(generator: str, question: Question) -> Point | None:
        answer = answers.get((generator, question.id))
        accuracy, completeness = (scores.get((generator, question.id, name)) for name in _MEASURES)
        if answer is None or answer.stopped == "error" or accuracy is None or completeness is None:
            return None
        return point_of(question, answer, accuracy, completeness, shown[question.id])

    return point_for


def needs(measures: Sequence[str]) -> bool:
    """Whether a study scores what failure points are told by."""
    return set(_MEASURES) <= set(measures)
