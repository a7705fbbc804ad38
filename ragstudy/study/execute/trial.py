"""Asking every generator and judge of a study one question before anything is run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.errors import RagstudyError
from ragstudy.records import Case, Passage
from ragstudy.scoring.judges.measure import Judges, split_name
from ragstudy.study.execute.answer import complete
from ragstudy.study.execute.model_session import LazyModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragstudy.records import Completion, Question
    from ragstudy.specs import GeneratorSpec
    from ragstudy.study.plan.model import Plan

_SHOWN = 60


@dataclass(frozen=True)
class Trial:
    """What came of one question.

    Attributes:
        name: of the generator, or of the measure of a judge.
        seconds: until the answer was there, loading included.
        said: the beginning of the answer, or the score.
        problem: what would go wrong in a run; '' where nothing is seen.
    """

    name: str
    seconds: float
    said: str
    problem: str = ""


def trials(plan: Plan) -> Iterator[Trial]:
    """One question to every generator, with a passage and without, and one answer to every method of every judge.

    Args:
        plan: of the study.
    """
    domain = plan.domains[0]
    question = next((one for one in domain.test if one.answerable), domain.test[0])
    document = next(iter(domain.domain.documents))
    passage = Passage("p", document.id, document.title, document.text[:400])
    for spec in plan.spec.generators:
        yield _asked(plan, spec, question, passage)
    yield from _judged(plan, question)


def _asked(plan: Plan, spec: GeneratorSpec, question: Question, passage: Passage) -> Trial:
    style, model, started = plan.style(spec), LazyModel(spec), time.perf_counter()
    solved = [one for one in plan.domains[0].domain.split("train") if one.references]
    prompts = [style.prompt(question, shown, solved) for shown in ([passage], [])]
    try:
        said = complete(model.generator(), prompts)
        problem = _changes_nothing(spec, model) or next((found for one in said if (found := _problem(one))), "")
    except RagstudyError as error:
        return Trial(spec.name, time.perf_counter() - started, "", str(error))
    finally:
        model.release()
    return Trial(spec.name, time.perf_counter() - started, said[0].text[:_SHOWN], problem)


def _problem(said: Completion) -> str:
    if said.stopped == "error":
        return said.error
    if not said.text.strip():
        return "answers with an empty text"
    return f"ran to its limit of {said.n_tokens} tokens" if said.stopped == "length" else ""


def _changes_nothing(spec: GeneratorSpec, model: LazyModel) -> str:
    """Why an adapter that is declared would be compared with itself; '' where it changes what the model says."""
    adapter = getattr(spec, "adapter", None)
    if not adapter:
        return ""
    import torch

    loaded = model.causal()
    ids = torch.arange(10, 30, device=loaded.base.device).unsqueeze(0)
    with loaded.switched(None):
        before = loaded.active(input_ids=ids).logits
    with loaded.switched(adapter):
        after = loaded.active(input_ids=ids).logits
    return f"adapter {adapter} changes nothing: it answers as its base does" if torch.equal(before, after) else ""


def _judged(plan: Plan, question: Question) -> Iterator[Trial]:
    from ragstudy.generation.local_chat import chat_source
    from ragstudy.retrieval.embedder import scoring_embedder

    judges = Judges(plan.spec.judges, None, scoring_embedder, chat_source)
    names = [judge.name for judge in plan.spec.judges]
    for name in plan.spec.measures:
        if split_name(name, names) is None:
            continue
        started = time.perf_counter()
        try:
            measure = judges.measure(name)
            if measure is None:
                continue
            answer = question.references[0] if question.references else "It is not stated."
            (found,) = measure.score_many([Case(question, answer)], lambda: None)
        except (RagstudyError, ValueError) as error:
            yield Trial(name, time.perf_counter() - started, "", str(error))
            continue
        said = "" if found.value is None else f"gives a right answer {found.value:.2f}"
        yield Trial(name, time.perf_counter() - started, said, found.reason)
