"""The retrieval stage: one index per domain, all questions searched once."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.files import fingerprint
from ragstudy.records import Retrieval
from ragstudy.retrieval.embedder import embedder_fingerprint
from ragstudy.retrieval.relevance import covered, n_units

if TYPE_CHECKING:
    from ragstudy.protocols import Embedder
    from ragstudy.records import Passage, Question
    from ragstudy.retrieval.index import PassageIndex
    from ragstudy.study.plan import DomainPlan, Plan
    from ragstudy.study.store import RunFolder
    from ragstudy.study.watch import Watcher

_DEPTH = 10


@dataclass(frozen=True)
class Retrieved:
    """The retrieval stage's result for one domain.

    Attributes:
        fingerprint: of the index.
        passages: by id.
        by_question: retrievals of test questions and of those training questions that jobs need.
    """

    fingerprint: str
    passages: dict[str, Passage]
    by_question: dict[str, Retrieval]

    def shown(self, question: str, k: int) -> list[Passage]:
        """The first `k` passages of a question, best first."""
        return [self.passages[name] for name in self.by_question[question].passages[:k]]


def index_fingerprint(plan: Plan, domain: DomainPlan) -> str:
    """Changes with the documents and with everything that decides passages and vectors."""
    settings = plan.spec.retrieval
    chunk = domain.spec.chunk_tokens or settings.chunk_tokens
    return fingerprint(
        domain.domain.documents,
        settings.embedder,
        embedder_fingerprint(settings.embedder),
        chunk,
        settings.chunk_overlap,
        settings.dtype,
    )


def needed_questions(plan: Plan, domain: DomainPlan) -> list[Question]:
    """Test questions, then the training questions that some job trains on with passages."""
    from ragstudy.finetuning.pairs import nested_order

    train: dict[str, Question] = {}
    for job in plan.jobs:
        if job.domain == domain.name and job.format == "retrieved":
            for question in nested_order(domain.domain.split("train"), job.seed)[: job.size]:
                train[question.id] = question
    return [*domain.test, *(train[name] for name in sorted(train))]


def retrieve(plan: Plan, folder: RunFolder, watcher: Watcher) -> tuple[dict[str, Retrieved], bool]:
    """Build what is missing and search; returns the results by domain and whether anything was made."""
    state = folder.state()
    wanted = {
        domain.name: fingerprint(
            index_fingerprint(plan, domain),
            [(q.id, q.text, q.gold_documents, q.evidence) for q in needed_questions(plan, domain)],
            max(plan.spec.retrieval.top_k, _DEPTH),
        )
        for domain in plan.domains
    }
    stale = [domain for domain in plan.domains if state.get(f"retrieval/{domain.name}") != wanted[domain.name]]
    kept = [one for one in folder.retrievals() if one.domain not in {domain.name for domain in stale}]
    if stale:
        kept = [one for one in kept if one.domain in wanted]
        kept += _search_all(plan, stale, folder, watcher)
        order = {domain.name: position for position, domain in enumerate(plan.domains)}
        kept.sort(key=lambda one: (order[one.domain], one.question))
        folder.write_retrievals(kept)
        folder.write_state({**state, **{f"retrieval/{name}": value for name, value in wanted.items()}})
    else:
        watcher.say("retrieval: nothing to do")
    return {domain.name: _retrieved(plan, domain, folder, kept) for domain in plan.domains}, bool(stale)


def _retrieved(plan: Plan, domain: DomainPlan, folder: RunFolder, rows: list[Retrieval]) -> Retrieved:
    from ragstudy.retrieval.index import read_passages

    passages = {p.id: p for p in read_passages(folder.index_folder(domain.name))}
    mine = {one.question: one for one in rows if one.domain == domain.name}
    return Retrieved(index_fingerprint(plan, domain), passages, mine)


def _search_all(plan: Plan, stale: list[DomainPlan], folder: RunFolder, watcher: Watcher) -> list[Retrieval]:
    from ragstudy.retrieval.embedder import make_embedder

    settings = plan.spec.retrieval
    found: list[Retrieval] = []
    with watcher.task("retrieval", 3 * len(stale)) as task:
        embedder = make_embedder(settings)
        for domain in stale:
            task.advance(1, f"indexing {domain.name}")
            index, made = _index(plan, domain, folder, embedder)
            watcher.say(f"retrieval: {domain.name}: {len(index.passages)} passages {'indexed' if made else 'reused'}")
            task.advance(1, f"searching {domain.name}")
            found += _search(plan, domain, index)
            task.advance(1)
    del embedder
    gc.collect()
    return found


def _index(plan: Plan, domain: DomainPlan, folder: RunFolder, embedder: Embedder) -> tuple[PassageIndex, bool]:
    from ragstudy.retrieval.embedder import tokens_of
    from ragstudy.retrieval.index import PassageIndex, saved_fingerprint
    from ragstudy.retrieval.passages import cut

    place, wanted = folder.index_folder(domain.name), index_fingerprint(plan, domain)
    if saved_fingerprint(place) == wanted:
        return PassageIndex.load(place, embedder), False
    chunk = domain.spec.chunk_tokens or plan.spec.retrieval.chunk_tokens
    passages = cut(domain.domain.documents, chunk, plan.spec.retrieval.chunk_overlap, tokens_of(embedder))
    index = PassageIndex.build(passages, embedder)
    # Before anything is written: a corpus with too few passages leaves nothing behind.
    index.check_depth(plan.spec.retrieval.top_k)
    index.save(place, wanted)
    return index, True


def _search(plan: Plan, domain: DomainPlan, index: PassageIndex) -> list[Retrieval]:
    questions = needed_questions(plan, domain)
    index.check_depth(plan.spec.retrieval.top_k)
    depth = min(max(plan.spec.retrieval.top_k, _DEPTH), len(index.passages))
    hits = index.search([question.text for question in questions], depth)
    return [
        Retrieval(
            domain.name,
            question.id,
            tuple(passage.id for passage, _ in hit),
            tuple(round(similarity, 6) for _, similarity in hit),
            tuple(covered(question, passage) for passage, _ in hit),
            n_units(question),
        )
        for question, hit in zip(questions, hits, strict=True)
    ]
