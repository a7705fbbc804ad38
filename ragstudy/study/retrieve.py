"""The retrieval stage: one index per domain, all questions searched once."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ragstudy.files import fingerprint
from ragstudy.records import Retrieval
from ragstudy.retrieval.embedder import embedder_fingerprint
from ragstudy.retrieval.relevance import best_gains, covered, n_units
from ragstudy.specs import GOLD, parse_context
from ragstudy.study.contexts import depth_needed

if TYPE_CHECKING:
    from collections.abc import Iterable

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

    @cached_property
    def by_document(self) -> dict[str, list[Passage]]:
        """The passages of every document, in its order."""
        return _by_document(self.passages.values())

    def shown(self, question: str, k: int) -> list[Passage]:
        """The first `k` passages of a question, best first."""
        return [self.passages[name] for name in self.by_question[question].passages[:k]]


def _by_document(passages: Iterable[Passage]) -> dict[str, list[Passage]]:
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        found.setdefault(passage.document, []).append(passage)
    return found


def index_fingerprint(plan: Plan, domain: DomainPlan) -> str:
    """Changes with the documents and with everything that decides passages and vectors."""
    settings = plan.spec.retrieval
    chunk = domain.spec.chunk_tokens or settings.chunk_tokens
    return fingerprint(
        domain.domain.documents,
        embedder_fingerprint(settings.embedder),
        chunk,
        settings.chunk_overlap,
        settings.dtype,
    )


def needed_questions(plan: Plan, domain: DomainPlan) -> list[Question]:
    """Test questions, then all training questions if some job trains on passages, or has labels made over them.

    All of them, because they are embedded in one batch: what is found for one must not hang on which others are asked
    for, or a new arm would change the training prompts of the arms that are there.
    """
    jobs = (job for job in plan.jobs if job.domain == domain.name)
    if all(job.format == "closed_book" and job.variant.labels == GOLD for job in jobs):
        return list(domain.test)
    train = sorted((one for one in domain.domain.split("train") if one.references), key=lambda one: one.id)
    return [*domain.test, *train]


def retrieve(plan: Plan, folder: RunFolder, watcher: Watcher) -> tuple[dict[str, Retrieved], bool]:
    """Build what is missing and search; returns the results by domain and whether anything was made."""
    state = folder.state()
    wanted = {domain.name: _stage_fingerprint(plan, domain) for domain in plan.domains}
    found = folder.retrievals()
    stale = [
        domain for domain in plan.domains if not _is_current(plan, domain, wanted[domain.name], state, folder, found)
    ]
    if stale:
        kept = [one for one in found if one.domain in wanted and one.domain not in {d.name for d in stale}]
        found = kept + _search_all(plan, stale, folder, watcher)
        order = {domain.name: position for position, domain in enumerate(plan.domains)}
        found.sort(key=lambda one: (order[one.domain], one.question))
        folder.write_retrievals(found)
        others = {key: value for key, value in state.items() if not key.startswith("retrieval/")}
        folder.write_state({**others, **{f"retrieval/{name}": value for name, value in wanted.items()}})
    else:
        watcher.say("retrieval: nothing to do")
    return {domain.name: _retrieved(plan, domain, folder, found) for domain in plan.domains}, bool(stale)


def _stage_fingerprint(plan: Plan, domain: DomainPlan) -> str:
    """Changes with the index and with everything that decides what is searched and judged."""
    questions = [(q.id, q.text, q.gold_documents, q.evidence) for q in needed_questions(plan, domain)]
    return fingerprint(index_fingerprint(plan, domain), questions, _depth(plan))


def _is_current(  # noqa: PLR0913 - what is compared
    plan: Plan, domain: DomainPlan, wanted: str, state: dict[str, str], folder: RunFolder, found: list[Retrieval]
) -> bool:
    """Whether state, index and retrievals of a domain all are what the plan wants; any of them may lag behind."""
    from ragstudy.retrieval.index import saved_fingerprint

    if state.get(f"retrieval/{domain.name}") != wanted:
        return False
    if saved_fingerprint(folder.index_folder(domain.name)) != index_fingerprint(plan, domain):
        return False
    have = {one.question for one in found if one.domain == domain.name}
    return all(question.id in have for question in needed_questions(plan, domain))


def _retrieved(plan: Plan, domain: DomainPlan, folder: RunFolder, rows: list[Retrieval]) -> Retrieved:
    from ragstudy.retrieval.index import read_passages

    passages = {p.id: p for p in read_passages(folder.index_folder(domain.name))}
    mine = {one.question: one for one in rows if one.domain == domain.name}
    return Retrieved(index_fingerprint(plan, domain), passages, mine)


def _search_all(plan: Plan, stale: list[DomainPlan], folder: RunFolder, watcher: Watcher) -> list[Retrieval]:
    from ragstudy.retrieval.embedder import make_embedder

    found: list[Retrieval] = []
    with watcher.task("retrieval", 2 * len(stale)) as task:
        embedder = make_embedder(plan.spec.retrieval)
        indexes: list[tuple[DomainPlan, PassageIndex, bool]] = []
        for domain in stale:
            indexes.append((domain, *_index(plan, domain, folder, embedder)))
            task.advance(1, f"indexed {domain.name}")
        # All of them before anything is written: a corpus with too few passages leaves nothing behind.
        for _, index, _ in indexes:
            index.check_depth(plan.spec.retrieval.top_k)
            for name in plan.spec.contexts:
                index.check_depth(parse_context(name).k or 1, f"contexts: {name}: the number of passages")
        for domain, index, made in indexes:
            if made:
                index.save(folder.index_folder(domain.name), index_fingerprint(plan, domain))
            watcher.say(f"retrieval: {domain.name}: {len(index.passages)} passages {'indexed' if made else 'reused'}")
            found += _search(plan, domain, index)
            task.advance(1, f"searched {domain.name}")
    del embedder
    gc.collect()
    return found


def _index(plan: Plan, domain: DomainPlan, folder: RunFolder, embedder: Embedder) -> tuple[PassageIndex, bool]:
    """A domain's index, and whether it had to be built."""
    from ragstudy.retrieval.embedder import tokens_of
    from ragstudy.retrieval.index import PassageIndex, saved_fingerprint
    from ragstudy.retrieval.passages import cut

    place = folder.index_folder(domain.name)
    if saved_fingerprint(place) == index_fingerprint(plan, domain):
        return PassageIndex.load(place, embedder), False
    chunk = domain.spec.chunk_tokens or plan.spec.retrieval.chunk_tokens
    passages = cut(domain.domain.documents, chunk, plan.spec.retrieval.chunk_overlap, tokens_of(embedder))
    return PassageIndex.build(passages, embedder), True


def _search(plan: Plan, domain: DomainPlan, index: PassageIndex) -> list[Retrieval]:
    depth = min(_depth(plan), len(index.passages))
    by_document = _by_document(index.passages)
    found = []
    # Test questions in a batch of their own: which training questions there are must not touch their embeddings.
    every = needed_questions(plan, domain)
    for questions in (every[: len(domain.test)], every[len(domain.test) :]):
        hits = index.search([question.text for question in questions], depth)
        found += [_record(domain, q, hit, by_document) for q, hit in zip(questions, hits, strict=True)]
    return found


def _depth(plan: Plan) -> int:
    return max(depth_needed(plan.spec), _DEPTH)


def _record(
    domain: DomainPlan, question: Question, hit: list[tuple[Passage, float]], by_document: dict[str, list[Passage]]
) -> Retrieval:
    gold = [passage for name in question.gold_documents for passage in by_document.get(name, [])]
    return Retrieval(
        domain.name,
        question.id,
        tuple(passage.id for passage, _ in hit),
        tuple(round(similarity, 6) for _, similarity in hit),
        tuple(covered(question, passage) for passage, _ in hit),
        n_units(question),
        best_gains([covered(question, passage) for passage in gold]),
    )
