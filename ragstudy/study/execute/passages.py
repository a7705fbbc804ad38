"""Which passages a prompt shows: at test time what its context chooses, in training what the format holds."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, assert_never

from ragstudy.retrieval.relevance import gold_passages, is_distractor, n_units
from ragstudy.specs import parse_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.protocols import GoldPosition
    from ragstudy.records import Passage, Question
    from ragstudy.specs import Context, StudySpec
    from ragstudy.study.execute.retrieved import Retrieved
    from ragstudy.study.execute.value_replacement import ValueReplacer
    from ragstudy.study.plan.jobs import TrainingJob

# Some of the passages found are gold ones or overlap with them.
_FOR_GOLD = 5


@dataclass
class Material:
    """What a context can choose passages from, for one question (`ragstudy.protocols.ContextMaterial`).

    Attributes:
        question: that is asked.
        context: that chooses.
        retrieval: of the question's domain.
        top_k: number of passages that the study shows by default.
        replacer: of the domain, for passages with wrong values.
        replaced: the new value of every fact that was replaced, by fact id; known after the context has chosen.
    """

    question: Question
    context: Context
    retrieval: Retrieved
    top_k: int
    replacer: ValueReplacer
    replaced: dict[str, str] | None = None

    @property
    def k(self) -> int | None:
        """Number of passages that the context's name asks for; None if it names none."""
        return self.context.k

    @property
    def position(self) -> GoldPosition:
        """Where gold passages stand among distractors."""
        return self.context.position

    def retrieved(self, n: int) -> list[Passage]:
        """The first passages that the retriever found, best first.

        Args:
            n: how many.
        """
        return self.retrieval.shown(self.question.id, n)

    def gold(self, most: int) -> list[Passage]:
        """The fewest passages that hold all gold evidence; none where the question names none.

        Args:
            most: passages are left out beyond this number.
        """
        return _gold(self.question, self.retrieval, most)

    def distractors(self) -> list[Passage]:
        """Retrieved passages that cannot answer the question, best first."""
        return _distractors(self.question, self.retrieval)

    def with_values_replaced(
        self, gold: Sequence[Passage], others: Sequence[Passage]
    ) -> tuple[list[Passage], dict[str, str]]:
        """Passages in which the right values are replaced by wrong ones of their type.

        Args:
            gold: passages that state the values.
            others: passages shown beside them.

        Returns:
            All of them in the given order, and the new value of every fact by its id; as they were, and no value,
            where replacing is not safe.
        """
        made = self.replacer.replace(self.question, gold, others)
        self.replaced = made.values if made else {}
        return (list(made.passages), made.values) if made else ([*gold, *others], {})

    def placed(self, gold: Sequence[Passage], distractors: Sequence[Passage]) -> list[Passage]:
        """Gold passages among distractors, at `position`; shuffled with the question's id.

        Args:
            gold: in the order in which they are shown.
            distractors: likewise.
        """
        position = self.position
        if position == "shuffled":
            together = [*gold, *distractors]
            Random(self.question.id).shuffle(together)
            return together
        before = {"first": 0, "middle": (len(distractors) + 1) // 2, "last": len(distractors)}[position]
        return [*distractors[:before], *gold, *distractors[before:]]


def passages_at_test(material: Material) -> list[Passage]:
    """The passages of a test prompt, in the order in which they are shown.

    Args:
        material: about the question, with the context.
    """
    return list(material.context.entry.select(material))


def passages_in_training(job: TrainingJob, question: Question, retrieved: Retrieved, top_k: int) -> list[Passage]:
    """The passages of a training prompt in the job's format.

    `raft` follows RAFT (Zhang et al. 2024, arXiv 2403.10131): gold passages with a given probability, distractors
    always, in random order; which prompts lose their gold passages is drawn per question and seed.

    Args:
        job: whose format and settings hold.
        question: of the training split.
        retrieved: of its domain.
        top_k: number of passages that the study shows by default.
    """
    match job.format:
        case "closed_book":
            return []
        case "retrieved":
            return retrieved.shown(question.id, top_k)
        case "oracle":
            return _gold(question, retrieved, top_k) or retrieved.shown(question.id, 1)
        case "raft":
            return _raft(job, question, retrieved, top_k)
        case _:
            assert_never(job.format)


def _raft(job: TrainingJob, question: Question, retrieved: Retrieved, top_k: int) -> list[Passage]:
    gold = _gold(question, retrieved, top_k)
    rng = Random(f"{job.seed}/{question.id}")
    n = job.spec.raft_distractors or max(1, top_k - 1)
    shown = gold if rng.random() < job.spec.raft_gold else []
    shown = shown + [one for one in _distractors(question, retrieved) if one not in gold][:n]
    rng.shuffle(shown)
    return shown


def _gold(question: Question, retrieved: Retrieved, most: int) -> list[Passage]:
    if not n_units(question):
        return []
    held = [one for name in question.gold_documents for one in retrieved.by_document.get(name, [])]
    return gold_passages(question, held or list(retrieved.passages.values()))[:most]


def _distractors(question: Question, retrieved: Retrieved) -> list[Passage]:
    """Passages that cannot answer the question, the most similar first."""
    found = retrieved.shown(question.id, len(retrieved.by_question[question.id].passages))
    return [passage for passage in found if is_distractor(question, passage)]


def depth_needed(spec: StudySpec) -> int:
    """How many passages have to be retrieved for every context and training format of a study.

    Args:
        spec: of the study.
    """
    top_k = spec.retrieval.top_k
    contexts = [parse_context(name) for name in spec.contexts]
    depth = max([top_k, *(context.k or top_k for context in contexts if not context.entry.needs_gold)])
    wanted = [context.k or top_k for context in contexts if context.entry.draws_distractors]
    wanted += [tuned.raft_distractors or top_k for tuned in spec.finetuning if "raft" in tuned.formats]
    return max([depth, *(2 * n + _FOR_GOLD for n in wanted)])
