"""Which passages a prompt shows: those that were retrieved, gold ones, distractors, or none."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from ragstudy.retrieval.relevance import gold_passages, is_distractor, n_units
from ragstudy.specs import Context, parse_context
from ragstudy.study.counterfactual import Swapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragstudy.records import Passage, Question
    from ragstudy.specs import GoldPlace, StudySpec
    from ragstudy.study.plan import DomainPlan, Job
    from ragstudy.study.retrieve import Retrieved


def passages_at_test(
    context: Context, question: Question, retrieved: Retrieved, top_k: int, swapper: Swapper
) -> list[Passage]:
    """The passages of a test prompt, in the order in which they are shown.

    A question that names no gold passage (because it has no answer) gets the most similar passages where
    others get gold ones, so that whether it has an answer does not show in the number of passages.

    Args:
        context: which passages.
        question: asked about.
        retrieved: of its domain.
        top_k: passages shown where the context does not say how many.
        swapper: of the domain, for counterfactual passages.
    """
    k = context.k or top_k
    if context.kind == "none":
        return []
    if context.kind == "retrieved":
        return retrieved.shown(question.id, k)
    if context.kind == "oracle":
        return _gold(question, retrieved, top_k) or retrieved.shown(question.id, 1)
    if context.kind == "counterfactual":
        n_gold, shown, _ = _changed(context, question, retrieved, top_k, swapper)
        return _placed(shown[:n_gold], shown[n_gold:], context.place, question.id)
    if context.kind == "distractors_only":
        return _distractors(question, retrieved)[:k]
    gold = _gold(question, retrieved, k)
    distractors = [one for one in _distractors(question, retrieved) if one not in gold][: k - len(gold)]
    return _placed(gold, distractors, context.place, question.id)


def passages_in_training(job: Job, question: Question, retrieved: Retrieved, top_k: int) -> list[Passage]:
    """The passages of a training prompt in the job's format.

    `raft` follows RAFT (Zhang et al. 2024, arXiv 2403.10131): gold passages with a given probability, distractors
    always, in random order; which prompts lose their gold passages is drawn per question and seed.
    """
    if job.format == "closed_book":
        return []
    if job.format == "retrieved":
        return retrieved.shown(question.id, top_k)
    gold = _gold(question, retrieved, top_k)
    if job.format == "oracle":
        return gold or retrieved.shown(question.id, 1)
    rng = Random(f"{job.seed}/{question.id}")
    n = job.spec.raft_distractors or max(1, top_k - 1)
    shown = gold if rng.random() < job.spec.raft_gold else []
    shown = shown + [one for one in _distractors(question, retrieved) if one not in gold][:n]
    rng.shuffle(shown)
    return shown


def _changed(
    context: Context, question: Question, retrieved: Retrieved, top_k: int, swapper: Swapper
) -> tuple[int, list[Passage], dict[str, str]]:
    """How many gold passages there are, these and the distractors with the values replaced, and the new values.

    The passages are as they were, and there are no values, where replacing is not safe.
    """
    gold = _gold(question, retrieved, context.k or top_k) or retrieved.shown(question.id, 1)
    others = [one for one in _distractors(question, retrieved) if one not in gold]
    others = others[: max(0, (context.k or 0) - len(gold))]
    swapped = swapper.swap(question, gold, others)
    return (len(gold), list(swapped.passages), swapped.values) if swapped else (len(gold), [*gold, *others], {})


def swapped_values(
    domain: DomainPlan, contexts: str, retrieved: Retrieved, top_k: int
) -> list[tuple[Question, dict[str, str]]]:
    """The test questions whose gold passages could be made counterfactual, with the new values by fact id."""
    context, swapper = parse_context(contexts), Swapper(domain.domain.questions)
    found = []
    for question in domain.test:
        _, _, values = _changed(context, question, retrieved, top_k, swapper)
        if values:
            found.append((question, values))
    return found


def _gold(question: Question, retrieved: Retrieved, most: int) -> list[Passage]:
    if not n_units(question):
        return []
    held = [one for name in question.gold_documents for one in retrieved.by_document.get(name, [])]
    return gold_passages(question, held or list(retrieved.passages.values()))[:most]


def _distractors(question: Question, retrieved: Retrieved) -> list[Passage]:
    """Passages that cannot answer the question, the most similar first."""
    found = retrieved.shown(question.id, len(retrieved.by_question[question.id].passages))
    return [passage for passage in found if is_distractor(question, passage)]


def _placed(gold: Sequence[Passage], distractors: Sequence[Passage], place: GoldPlace, seed: str) -> list[Passage]:
    if place == "shuffled":
        together = [*gold, *distractors]
        Random(seed).shuffle(together)
        return together
    before = {"first": 0, "middle": (len(distractors) + 1) // 2, "last": len(distractors)}[place]
    return [*distractors[:before], *gold, *distractors[before:]]


def depth_needed(spec: StudySpec) -> int:
    """How many passages have to be retrieved for every context and training format of a study."""
    top_k = spec.retrieval.top_k
    contexts = [parse_context(name) for name in spec.contexts]
    depth = max([top_k, *(context.k or top_k for context in contexts if context.kind == "retrieved")])
    wanted = [c.k or top_k for c in contexts if c.kind in _WITH_DISTRACTORS]
    wanted += [t.raft_distractors or top_k for t in spec.finetuning if "raft" in t.formats]
    # Some of the passages found are gold ones or overlap with them.
    return max([depth, *(2 * n + _FOR_GOLD for n in wanted)])


_FOR_GOLD = 5
_WITH_DISTRACTORS = {"oracle_with_distractors", "distractors_only", "counterfactual"}


def gold_problems(spec: StudySpec, domain: DomainPlan) -> list[str]:
    """A message for every context and format that needs gold passages which the domain does not name."""
    kinds = {name: parse_context(name).kind for name in spec.contexts}
    needs = [f"contexts: {name!r}" for name, kind in kinds.items() if kind not in {"none", "retrieved"}]
    problems = [_gold_problem(place, domain, domain.test) for place in needs]
    formats = {form for tuned in spec.finetuning for form in tuned.formats} & {"oracle", "raft"}
    train = [question for question in domain.domain.split("train") if question.references]
    problems += [_gold_problem(f"finetuning: format {form!r}", domain, train) for form in sorted(formats)]
    return [problem for problem in problems if problem]


def names_gold(question: Question) -> bool:
    """Whether a question names gold passages, or has no answer and so needs none."""
    return not question.answerable or n_units(question) > 0


def _gold_problem(place: str, domain: DomainPlan, questions: Sequence[Question]) -> str:
    without = [question.id for question in questions if not names_gold(question)]
    if not without:
        return ""
    return (
        f"{place} needs gold passages, but {len(without)} questions of domain {domain.name!r} name none, e.g. "
        f"{without[0]!r}; give them gold_documents or evidence, leave {place.rsplit(maxsplit=1)[-1]} out, or write "
        "`only_with_gold: true` at the domain, which leaves these questions out everywhere"
    )
