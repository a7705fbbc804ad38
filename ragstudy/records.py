"""What happened: frozen records, as they stand in the files of a corpus and of a run.

Examples:
    >>> Passage('lamps#1', 'lamps', 'Lamps', 'The lamp is green.').document
    'lamps'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

QuestionType = Literal[
    "factoid", "list", "yesno", "comparison", "summary", "multi", "twohop", "freeform", "unanswerable"
]
QUESTION_TYPES: tuple[QuestionType, ...] = (
    "factoid",
    "list",
    "yesno",
    "comparison",
    "summary",
    "multi",
    "twohop",
    "freeform",
    "unanswerable",
)
Split = Literal["train", "test"]
Axis = Literal["accuracy", "completeness"]
FailurePoint = Literal[
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
Stopped = Literal["end", "length", "error"]


@dataclass(frozen=True, slots=True)
class Document:
    """A text of a corpus.

    Attributes:
        id: unique within the corpus.
        title: of the document, or ''.
        text: all of it.
    """

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a complete answer must say.

    Attributes:
        id: unique within its question.
        forms: surface forms, any one of which counts as stating it.
        alternatives: wrong values of the same type, any one of which can take its place in a counterfactual
            passage; may be empty.
    """

    id: str
    forms: tuple[str, ...]
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is known about its right answer.

    Attributes:
        id: unique within its domain.
        text: the question.
        references: acceptable answers; empty only when `type` is 'unanswerable'.
        facts: what a complete answer must say; may be empty.
        gold_documents: ids of the documents that hold the answer; may be empty.
        evidence: passages of those documents that hold the answer, word for word; may be empty.
        group: source document or paper; questions of one group are not independent.
        split: 'train' or 'test'.
        type: kind of answer that is expected.
    """

    id: str
    text: str
    references: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    gold_documents: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    group: str = ""
    split: Split = "test"
    type: QuestionType = "factoid"

    @property
    def answerable(self) -> bool:
        """Whether the corpus holds an answer."""
        return self.type != "unanswerable"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, as it is embedded, retrieved and shown to a generator.

    Attributes:
        id: unique within the domain.
        document: id of the document that it is cut from.
        title: of the document, or ''.
        text: of the piece.
    """

    id: str
    document: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The passages found for one question, best first.

    Attributes:
        domain: name of the domain.
        question: question id.
        passages: passage ids.
        similarities: cosine similarity of each passage, in [-1, 1].
        covers: for each passage, the numbers of the question's gold units (pieces of evidence, or gold
            documents) that it covers.
        n_units: how many gold units the question has; 0 if it names none.
        best_gains: units that each passage of the best ranking adds, best first.
    """

    domain: str
    question: str
    passages: tuple[str, ...]
    similarities: tuple[float, ...]
    covers: tuple[tuple[int, ...], ...]
    n_units: int
    best_gains: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in the two forms a generator can use.

    Attributes:
        key: identifies the prompt to the caller; unique within a batch.
        instruction: what to do.
        question: the question's text.
        passages: passages shown, in order.
        text: the rendered user message.
        digest: sha256 of `text`, first 16 hex digits.
        examples: other questions with their answers, shown before the passages.
    """

    key: str
    instruction: str
    question: str
    passages: tuple[Passage, ...]
    text: str
    digest: str
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """One generated text.

    Attributes:
        text: what was said.
        stopped: why generation ended: 'end', 'length' or 'error'.
        n_tokens: tokens generated.
        n_passages: passages that were shown; fewer than the prompt has if they did not all fit.
        error: reason, when `stopped` is 'error'.
        thinking: what the model wrote before it answered, which is never scored; '' for most models.
    """

    text: str
    stopped: Stopped = "end"
    n_tokens: int = 0
    n_passages: int = 0
    error: str = ""
    thinking: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one generator said to one prompt.

    Attributes:
        domain: name of the domain.
        question: question id.
        generator: name of the generator within the study.
        contexts: name of the test context, e.g. 'retrieved' or 'none'.
        digest: digest of the prompt.
        fingerprint: of the generator that answered: its settings, weights and adapter.
        text: the answer; empty if the generator produced no text.
        stopped: why generation ended: 'end', 'length' or 'error'.
        n_tokens: tokens generated.
        n_passages: passages that were shown; fewer than were retrieved if they did not all fit.
        error: reason, when `stopped` is 'error'.
        passages: ids of the prompt's passages, in order, of which the first `n_passages` were shown; empty in files of
            earlier versions.
        thinking: what the model wrote before it answered, which is never scored; '' for most models.
    """

    domain: str
    question: str
    generator: str
    contexts: str
    digest: str
    fingerprint: str
    text: str
    stopped: Stopped
    n_tokens: int
    n_passages: int
    error: str = ""
    passages: tuple[str, ...] = ()
    thinking: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        """Ids of the passages that were shown, in order."""
        return self.passages[: self.n_passages]


@dataclass(frozen=True, slots=True)
class Case:
    """An answer to be scored.

    Attributes:
        question: that was asked.
        answer: the text given.
        passages: texts of the passages that were shown, in order; None where they are not known.
    """

    question: Question
    answer: str
    passages: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """What a measure makes of a case: a value, or the reason why there is none.

    Attributes:
        value: the score; None if there is none.
        reason: why there is no value, or ''.
    """

    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one answer.

    Attributes:
        domain: name of the domain.
        question: question id.
        generator: name of the generator.
        contexts: name of the test context.
        measure: name of the measure.
        value: the score; None if it could not be scored.
        reason: why there is no value.
    """

    domain: str
    question: str
    generator: str
    contexts: str
    measure: str
    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a generator said to a training prompt.

    Attributes:
        domain: name of the domain.
        generator: name of the generator.
        use: `answer`, or `samples-4` for four sampled answers.
        question: question id.
        digest: digest of the prompt.
        fingerprint: of the generator: its settings and weights.
        texts: what it said; empty if it failed.
        error: why it failed, or ''.
    """

    domain: str
    generator: str
    use: str
    question: str
    digest: str
    fingerprint: str
    texts: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class ModelTestValue:
    """One value of one test of a model that asks no question of the study.

    Attributes:
        test: name of the test, or `passage_ablation`.
        measure: what the value is: `loss` (nats per token; less is better), `accuracy`, `accuracy_normalised` (by
            length in characters), `log_likelihood`, `adherence`, or `drop` (nats per token that an answer loses without
            the gold passages; more means that it depends on them more).
        domain: domain the generator was trained on, or the question's domain for passage ablation; '' for a base.
        generator: name of the generator.
        item: id of the item or question.
        value: as the measure says.
        fingerprint: of the generator, the test and its items.
    """

    test: str
    measure: str
    domain: str
    generator: str
    item: str
    value: float
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """The failure point of one answer.

    Attributes:
        domain: name of the domain.
        question: question id.
        generator: name of the generator.
        contexts: name of the test context.
        point: `right` or one of FP1 to FP7.
    """

    domain: str
    question: str
    generator: str
    contexts: str
    point: FailurePoint


@dataclass(frozen=True, slots=True)
class ReplacedValues:
    """Passages of a counterfactual prompt in which the values that a question asks for are replaced.

    Attributes:
        domain: name of the domain.
        question: question id.
        contexts: name of the test context.
        values: the new value of each fact, by fact id.
        passages: as they were shown, in order.
    """

    domain: str
    question: str
    contexts: str
    values: dict[str, str]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact or claim that an answer was judged by.

    Attributes:
        domain: name of the domain.
        question: question id.
        generator: name under which the answer is filed.
        contexts: name of the test context.
        side: 'fact' of the question, 'reference' claim looked for in the answer, or 'answer' claim looked for in the
            reference.
        claim: its text.
        standing: 'found' or 'missing' of a fact, 'supported', 'contradicted' or 'unverifiable' of a claim.
        support: how far the other text supports it, in [0, 1].
        evidence: the most similar claim of the other text, or ''.
        unexplained: words of a reference's claim that the answer makes no likelier; empty where no model was asked.
    """

    domain: str
    question: str
    generator: str
    contexts: str
    side: Literal["fact", "reference", "answer"]
    claim: str
    standing: str
    support: float
    evidence: str
    unexplained: tuple[str, ...] = ()
