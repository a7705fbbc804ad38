"""Training pairs: which questions an adapter is trained on, and whose answers it learns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from ragstudy.errors import InputError
from ragstudy.finetuning.pairs import nested_order
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import Aligner
from ragstudy.scoring.claims import declines, judge
from ragstudy.scoring.words import WordWeights
from ragstudy.specs import GOLD, SELF_DISTILLED
from ragstudy.study.execute.passages import passages_in_training
from ragstudy.study.plan.labels import labeller_of, sampled_use

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.records import Labelled, Prompt, Question
    from ragstudy.study.execute.retrieved import Retrieved
    from ragstudy.study.plan.jobs import TrainingJob
    from ragstudy.study.plan.model import DomainPlan, Plan
    from ragstudy.study.run_folder import RunFolder

_AHEAD = 64
# A sampled answer shows that a model knows something if it is right as a whole.
_KNOWN = 0.5
ANSWER = "answer"


@dataclass(frozen=True)
class TrainingPair:
    """A training question and the answer to learn.

    Attributes:
        question: of the training split.
        answer: that the model learns to give.
        prompt: that it learns to give it to.
    """

    question: Question
    answer: str
    prompt: Prompt


Key = tuple[str, str, str, str, str]


def _key(one: Labelled) -> Key:
    return (one.domain, one.use, one.question, one.digest, one.fingerprint)


@dataclass
class LabelBook:
    """What generators said to training prompts, kept in labels.jsonl as soon as it exists.

    Attributes:
        folder: of the run; keeps the answers.
        n_made: answers made by this run of the program.
    """

    folder: RunFolder
    n_made: int = 0

    @cached_property
    def _known(self) -> dict[Key, Labelled]:
        return {_key(one): one for one in self.folder.labels() if not one.error}

    def get(self, domain: str, use: str, prompt: Prompt, fingerprint: str) -> Labelled | None:
        """What is known, in this run of the program also that it failed.

        Args:
            domain: name of the domain.
            use: `answer`, or how sampled answers are filed.
            prompt: that was answered.
            fingerprint: of the generator.
        """
        return self._known.get((domain, use, prompt.key, prompt.digest, fingerprint))

    def add(self, labelled: Sequence[Labelled]) -> None:
        """Keep what was said, on disk at once; failures are tried again by the next run.

        Args:
            labelled: what generators said now.
        """
        self._known.update((_key(one), one) for one in labelled)
        self.folder.append_labels(labelled)
        self.n_made += len(labelled)


@dataclass
class Labelling:
    """The training pairs of one domain.

    Attributes:
        plan: of the study.
        domain: whose questions are trained on.
        retrieved: passages of the domain.
        book: what generators said so far.
        fingerprints: of the declared generators, by name.
    """

    plan: Plan
    domain: DomainPlan
    retrieved: Retrieved
    book: LabelBook
    fingerprints: Mapping[str, str]
    _agreements: dict[tuple[str, str, float], bool] = field(default_factory=dict)
    _prompts: dict[tuple[object, ...], Prompt] = field(default_factory=dict)

    def pairs(self, job: TrainingJob) -> list[TrainingPair]:
        """The pairs of a job; those of a smaller size are the first of a larger one.

        Fewer than its size where too few answers agree with the references or too few questions are (un)known.

        Args:
            job: of the domain.

        Raises:
            InputError: there is no pair at all.
        """
        pairs, _ = self._walk(job)
        if not pairs:
            msg = (
                f"{job.name}: no training pair is left on domain {self.domain.name!r} (labels "
                f"{job.variant.labels}, pairs {job.variant.pairs}); leave this arm out"
            )
            raise InputError(msg)
        return _with_shuffled_answers(pairs, job.seed) if job.variant.shuffled else pairs

    def missing(self, job: TrainingJob) -> list[Prompt]:
        """The next prompts that the job's labeller has to answer before its pairs are known; empty when they are.

        Args:
            job: of the domain.
        """
        return self._walk(job)[1]

    def _walk(self, job: TrainingJob) -> tuple[list[TrainingPair], list[Prompt]]:
        """Pairs along the job's order until there are enough, and the prompts that could not be decided on the way.

        Questions of earlier rounds are passed over; while those are open, nothing can be said.
        """
        used = self._used_before(job)
        if used is None:
            return [], []
        pairs: list[TrainingPair] = []
        missing: list[Prompt] = []
        for question in nested_order(self.domain.domain.split("train"), job.seed):
            if len(pairs) == job.size or len(missing) == _AHEAD:
                break
            if question.id in used or not self._is_wanted(job, question):
                continue
            answer: str | None = question.references[0]
            if job.variant.labels != GOLD:
                prompt = self.label_prompt(job, question)
                said = self.book.get(self.domain.name, ANSWER, prompt, self.fingerprints[labeller_of(job)])
                if said is None:
                    missing.append(prompt)
                    continue
                answer = self._kept(job, question, said)
            if answer is not None:
                pairs.append(TrainingPair(question, answer, self.training_prompt(job, question)))
        # Pairs after a gap are not those that will be taken once it is filled.
        return ([], missing) if missing else (pairs, [])

    def _used_before(self, job: TrainingJob) -> set[str] | None:
        """Questions of the domain that the rounds before a job were trained on; None while they cannot be said."""
        if job.first is None:
            return set()
        earlier = self._used_before(job.first)
        if job.first.domain != self.domain.name:
            return earlier
        before, missing = self._walk(job.first)
        return None if missing or earlier is None else earlier | {pair.question.id for pair in before}

    def _is_wanted(self, job: TrainingJob, question: Question) -> bool:
        """Whether the filter `pairs` lets a question through."""
        if job.variant.pairs == "all":
            return True
        said = self.book.get(
            self.domain.name,
            sampled_use(job),
            self.closed_book_prompt(job, question),
            self.fingerprints[job.base.name],
        )
        if said is None or said.error or not question.answerable:
            return False
        known = any(self._agrees(question, text, _KNOWN) for text in said.texts)
        return known is (job.variant.pairs == "known")

    def _kept(self, job: TrainingJob, question: Question, said: Labelled) -> str | None:
        """The answer to learn, or None if it is not to be learned."""
        if said.error or not said.texts or not said.texts[0].strip():
            return None
        (text,) = said.texts
        if job.variant.labels == SELF_DISTILLED:
            return text if self._agrees(question, text, job.spec.agreement) else None
        # A teacher is taken at its word, unless it has none for a question that has an answer.
        return None if question.answerable and declines(question, text) else text

    def _agrees(self, question: Question, text: str, least: float) -> bool:
        key = (question.id, text, least)
        if key not in self._agreements:
            judged = judge(question, text, self._weights, self._aligner)
            self._agreements[key] = min(judged.accuracy, judged.completeness) >= least
        return self._agreements[key]

    @cached_property
    def _weights(self) -> WordWeights:
        return WordWeights(document.text for document in self.domain.domain.documents)

    @cached_property
    def _aligner(self) -> Aligner:
        return Aligner(scoring_embedder, self._weights)

    def label_prompt(self, job: TrainingJob, question: Question) -> Prompt:
        """What a labeller is shown: the passages of the training prompt, the gold ones always among them.

        For closed-book training, the retrieved passages: what the model learns to know is what it read.

        Args:
            job: that learns the answer.
            question: of the training split.
        """
        shown = "retrieved" if job.format == "closed_book" else job.format
        spec = job.spec.model_copy(update={"raft_gold": 1.0})
        return self._prompt(replace(job, format=shown, spec=spec), question, labeller_of(job))

    def training_prompt(self, job: TrainingJob, question: Question) -> Prompt:
        """The prompt of a training pair, in the job's format and the study's own words; rendered once.

        Args:
            job: that learns the answer.
            question: of the training split.
        """
        return self._prompt(job, question, job.base.name)

    def closed_book_prompt(self, job: TrainingJob, question: Question) -> Prompt:
        """The question alone, as the filter of known questions asks it.

        Args:
            job: with a filter of what its base knows.
            question: of the training split.
        """
        return self.plan.style(job.base).prompt(question, [])

    def _prompt(self, job: TrainingJob, question: Question, asked: str) -> Prompt:
        # Only `raft` draws which passages are shown.
        drawn = (job.seed, job.spec.raft_gold, job.spec.raft_distractors) if job.format == "raft" else ()
        key = (asked, job.format, drawn, question.id)
        if key not in self._prompts:
            passages = passages_in_training(job, question, self.retrieved, self.plan.spec.retrieval.top_k)
            style = self.plan.style(self.plan.generator(asked))
            self._prompts[key] = style.prompt(question, passages, self._solved)
        return self._prompts[key]

    @cached_property
    def _solved(self) -> list[Question]:
        """What examples are taken from, the same as at test time."""
        return nested_order(self.domain.domain.split("train"), self.plan.spec.seed)


def _with_shuffled_answers(pairs: Sequence[TrainingPair], seed: int) -> list[TrainingPair]:
    """The same questions with the answers of others of their type.

    Shuffled labels keep the form and length of the answers and take away what they say (Hewitt and Liang 2019, arXiv
    1909.03368, do so for probes). A question that is alone with its type keeps its own answer.
    """
    answers = [pair.answer for pair in pairs]
    for kind in dict.fromkeys(pair.question.type for pair in pairs):
        places = [i for i, pair in enumerate(pairs) if pair.question.type == kind]
        order = places.copy()
        Random(f"{seed}/{kind}").shuffle(order)
        for place, other in zip(order, [*order[1:], order[0]], strict=True):
            answers[place] = pairs[other].answer
    return [replace(pair, answer=answer) for pair, answer in zip(pairs, answers, strict=True)]
