"""The retrieval stage: one index per domain, all questions searched once."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragstudy.errors import RagstudyError
from ragstudy.files import fingerprint, read_json
from ragstudy.records import Retrieval
from ragstudy.retrieval.embedder import embedder_fingerprint, make_embedder, tokens_of
from ragstudy.retrieval.embedding_cache import CachedEmbedder
from ragstudy.retrieval.passages import cut
from ragstudy.retrieval.relevance import best_gains, covered, n_units
from ragstudy.retrieval.retrievers import (
    LEAST_DEPTH,
    groups_of,
    open_retriever,
    reranked,
    retriever_kind,
    search_fingerprint,
)
from ragstudy.retrieval.saved import check_depth, is_whole, read_passages, save_index, saved_fingerprint
from ragstudy.scoring.words import WORD_RULES, WordWeights
from ragstudy.specs import GOLD, parse_context
from ragstudy.study.execute.passages import depth_needed
from ragstudy.study.execute.retrieved import Retrieved, by_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ragstudy.protocols import Embedder, Retriever
    from ragstudy.records import Passage, Question
    from ragstudy.study.plan.model import DomainPlan, Plan
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder


def index_fingerprint(plan: Plan, domain: DomainPlan) -> str:
    """Changes with the documents and with everything that decides passages and vectors.

    Args:
        plan: of the study.
        domain: of the study.
    """
    settings = plan.spec.retrieval
    chunk = domain.spec.chunk_tokens or settings.chunk_tokens
    return fingerprint(
        domain.domain.documents,
        embedder_fingerprint(settings.embedder),
        chunk,
        settings.chunk_overlap,
        settings.dtype,
        *search_fingerprint(settings.retriever, None, 0),
        # The other one was there before there was a choice.
        *([] if settings.chunking == "sentences" else [settings.chunking]),
    )


def needed_questions(plan: Plan, domain: DomainPlan) -> list[Question]:
    """Test questions, then all training questions if some job trains on passages, or has labels made over them.

    All of them, because they are embedded in one batch: what is found for one must not hang on which others are asked
    for, or a new arm would change the training prompts of the arms that are there.

    Args:
        plan: of the study.
        domain: of the study.
    """
    jobs = (job for job in plan.jobs if job.domain == domain.name)
    if all(job.format == "closed_book" and job.variant.labels == GOLD for job in jobs):
        return list(domain.test)
    train = sorted((one for one in domain.domain.split("train") if one.references), key=lambda one: one.id)
    return [*domain.test, *train]


def retrieve(plan: Plan, folder: RunFolder, progress: ProgressReporter) -> tuple[dict[str, Retrieved], bool]:
    """Build what is missing and search; returns the results by domain and whether anything was made.

    Args:
        plan: of the study.
        folder: the run folder.
        progress: is told what is done.

    Raises:
        InputError: a domain has fewer passages than a prompt is to show.
    """
    state = folder.state()
    wanted = {domain.name: _stage_fingerprint(plan, domain) for domain in plan.domains}
    rows = folder.retrievals()
    stale = [
        domain for domain in plan.domains if not _is_current(plan, domain, state.get(_state_key(domain)), folder, rows)
    ]
    if stale:
        kept = [row for row in rows if row.domain in wanted and row.domain not in {d.name for d in stale}]
        rows = kept + _search_all(plan, stale, folder, progress)
        order = {domain.name: position for position, domain in enumerate(plan.domains)}
        rows.sort(key=lambda row: (order[row.domain], row.question))
        folder.write_retrievals(rows)
        others = {key: value for key, value in state.items() if not key.startswith("retrieval/")}
        folder.write_state({**others, **{_state_key(domain): wanted[domain.name] for domain in plan.domains}})
    else:
        progress.log("retrieval: nothing to do")
    for domain in plan.domains:
        _keep_word_weights(domain, folder)
    return {domain.name: _retrieved(plan, domain, folder, rows) for domain in plan.domains}, bool(stale)


def _state_key(domain: DomainPlan) -> str:
    return f"retrieval/{domain.name}"


def _keep_word_weights(domain: DomainPlan, folder: RunFolder) -> None:
    """Keep what scoring has to know of the corpus, so that it needs the run folder alone."""
    kept = folder.index_folder(domain.name) / "words.json"
    made_from = folder.index_folder(domain.name) / "index.json"
    is_old = not kept.is_file() or kept.stat().st_mtime_ns < made_from.stat().st_mtime_ns
    if is_old or read_json(kept).get("rules") != WORD_RULES:
        folder.write_word_weights(domain.name, WordWeights(document.text for document in domain.domain.documents))


def _stage_fingerprint(plan: Plan, domain: DomainPlan) -> str:
    """Changes with the index and with everything that decides what is searched and judged."""
    questions = [(q.id, q.text, q.gold_documents, q.evidence) for q in needed_questions(plan, domain)]
    settings = plan.spec.retrieval
    reranked = search_fingerprint("dense", settings.reranker, settings.rerank_depth)
    within = [(settings.within, [q.group for q in needed_questions(plan, domain)])] if settings.within else []
    return fingerprint(index_fingerprint(plan, domain), questions, _depth(plan), *reranked, *within)


def _is_current(
    plan: Plan, domain: DomainPlan, made_from: str | None, folder: RunFolder, rows: list[Retrieval]
) -> bool:
    """Whether state, index and retrievals of a domain all are what the plan wants; any of them may lag behind."""
    if made_from != _stage_fingerprint(plan, domain):
        return False
    place = folder.index_folder(domain.name)
    if saved_fingerprint(place) != index_fingerprint(plan, domain) or not is_whole(place):
        return False
    have = {row.question for row in rows if row.domain == domain.name}
    return all(question.id in have for question in needed_questions(plan, domain))


def _retrieved(plan: Plan, domain: DomainPlan, folder: RunFolder, rows: list[Retrieval]) -> Retrieved:
    passages = {passage.id: passage for passage in read_passages(folder.index_folder(domain.name))}
    mine = {row.question: row for row in rows if row.domain == domain.name}
    return Retrieved(index_fingerprint(plan, domain), passages, mine)


@dataclass(frozen=True)
class _Index:
    """A domain's passages with what finds them, and whether they had to be indexed now."""

    domain: DomainPlan
    passages: list[Passage]
    retriever: Retriever
    is_new: bool


def _search_all(plan: Plan, stale: list[DomainPlan], folder: RunFolder, progress: ProgressReporter) -> list[Retrieval]:
    rows: list[Retrieval] = []
    with progress.task("retrieval", 2 * len(stale)) as task:
        embedder = make_embedder(plan.spec.retrieval)
        indexes = []
        for domain in stale:
            indexes.append(_index(plan, domain, folder, embedder, progress))
            task.advance(1, f"indexed {domain.name}")
        # All of them before anything is written: a corpus with too few passages leaves nothing behind.
        for index in indexes:
            _check_depths(plan, len(index.passages))
        for index in indexes:
            _save(plan, index, folder)
            done = "indexed" if index.is_new else "reused"
            progress.log(f"retrieval: {index.domain.name}: {len(index.passages)} passages {done}")
            rows += _search(plan, index, embedder)
            task.advance(1, f"searched {index.domain.name}")
    del embedder
    gc.collect()
    return rows


def _check_depths(plan: Plan, n_passages: int) -> None:
    check_depth(n_passages, plan.spec.retrieval.top_k)
    for name in plan.spec.contexts:
        check_depth(n_passages, parse_context(name).k or 1, f"contexts: {name}: the number of passages")


def _index(plan: Plan, domain: DomainPlan, folder: RunFolder, embedder: Embedder, progress: ProgressReporter) -> _Index:
    """A domain's index: the saved one if it is right and can be read, else a new one."""
    kind, place = retriever_kind(plan.spec.retrieval.retriever), folder.index_folder(domain.name)
    if saved_fingerprint(place) == index_fingerprint(plan, domain):
        try:
            passages = read_passages(place)
            opened = open_retriever(plan.spec.retrieval.retriever, place, passages, embedder)
            return _Index(domain, passages, opened, is_new=False)
        except (OSError, RuntimeError, ValueError, RagstudyError):
            pass  # damaged; it is made anew
    chunk = domain.spec.chunk_tokens or plan.spec.retrieval.chunk_tokens
    settings = plan.spec.retrieval
    passages = cut(
        domain.domain.documents, chunk, settings.chunk_overlap, tokens_of(embedder), chunking=settings.chunking
    )
    if not isinstance(embedder, CachedEmbedder):
        return _Index(domain, passages, kind.build(passages, embedder), is_new=True)
    with progress.task(f"embedding {domain.name}", len(passages)) as task:
        embedder.on_embedded = task.advance
        built = kind.build(passages, embedder)
    embedder.on_embedded = _unheard
    return _Index(domain, passages, built, is_new=True)


def _unheard(_n: int) -> None:
    """Queries are few; nobody waits for them."""


def _save(plan: Plan, index: _Index, folder: RunFolder) -> None:
    if not index.is_new:
        return
    save = retriever_kind(plan.spec.retrieval.retriever).save

    def write(place: Path) -> None:
        if save is not None:
            save(index.retriever, place)

    wanted = index_fingerprint(plan, index.domain)
    save_index(folder.index_folder(index.domain.name), index.passages, wanted, write)


def _search(plan: Plan, index: _Index, embedder: Embedder) -> list[Retrieval]:
    settings, documents = plan.spec.retrieval, by_document(index.passages)
    rows = []
    # Test questions in a batch of their own: which training questions there are must not touch their embeddings.
    every, n_test = needed_questions(plan, index.domain), len(index.domain.test)
    for questions in (every[:n_test], every[n_test:]):
        for asked, passages, retriever in _searched_together(plan, index, questions, embedder):
            found = reranked(retriever, settings, len(passages))
            hits = found.search([question.text for question in asked], min(_depth(plan), len(passages)))
            rows += [_row(index.domain, q, hit, documents) for q, hit in zip(asked, hits, strict=True)]
    return rows


def _searched_together(
    plan: Plan, index: _Index, questions: list[Question], embedder: Embedder
) -> Iterator[tuple[list[Question], list[Passage], Retriever]]:
    """Questions with the passages among which these are looked for: all of the domain, or those of their group."""
    if plan.spec.retrieval.within is None:
        yield questions, index.passages, index.retriever
        return
    of_group: dict[str, list[Question]] = {}
    for question in questions:
        of_group.setdefault(question.group, []).append(question)
    passages: dict[str, list[Passage]] = {}
    for passage in index.passages:
        for group in groups_of(passage.document):
            passages.setdefault(group, []).append(passage)
    kind = retriever_kind(plan.spec.retrieval.retriever)
    for group, asked in of_group.items():
        yield asked, passages[group], kind.build(passages[group], embedder)


def _depth(plan: Plan) -> int:
    return max(depth_needed(plan.spec), LEAST_DEPTH)


def _row(
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
