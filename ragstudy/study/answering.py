"""The answering stage: every generator, every context, every question once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ragstudy.errors import RagstudyError
from ragstudy.files import fingerprint
from ragstudy.finetuning.pairs import nested_order
from ragstudy.records import Answer, Completion
from ragstudy.specs import parse_context
from ragstudy.study.contexts import passages_at_test
from ragstudy.study.counterfactual import Swapper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.protocols import Generator
    from ragstudy.records import Prompt
    from ragstudy.study.plan import DomainPlan, Plan, Style
    from ragstudy.study.retrieve import Retrieved
    from ragstudy.study.store import RunFolder
    from ragstudy.study.watch import Watcher

Key = tuple[str, str, str, str, str, str]


def key_of(answer: Answer) -> Key:
    """What makes an answer the same answer."""
    return (
        answer.domain,
        answer.generator,
        answer.contexts,
        answer.question,
        answer.digest,
        answer.fingerprint,
    )


@dataclass
class AnswerBook:
    """The answers of a run: what exists is not produced again.

    Attributes:
        folder: where answers are kept.
        n_made: answers produced in this session.
        n_shared: answers of this session that another arm or context had got already for the same prompt.
    """

    folder: RunFolder
    known: dict[Key, Answer] = field(default_factory=dict)
    n_made: int = 0
    n_shared: int = 0

    def __post_init__(self) -> None:
        self._by_prompt = {_of_prompt(answer): answer for answer in self.known.values()}

    @classmethod
    def open(cls, folder: RunFolder) -> AnswerBook:
        """Read what exists; failed answers are left out, so that they are tried again."""
        every = [*folder.unasked_answers(), *folder.answers()]
        return cls(folder, {key_of(answer): answer for answer in every if answer.stopped != "error"})

    def unasked(self, asked: list[Answer]) -> list[Answer]:
        """Good answers that are not among those asked for."""
        keys = {key_of(answer) for answer in asked}
        return [answer for key, answer in self.known.items() if key not in keys and answer.stopped != "error"]

    def add(self, answers: list[Answer]) -> None:
        """Keep new answers, on disk at once."""
        self._keep(answers)
        self.n_made += len(answers)

    def share(self, cell: Cell) -> None:
        """Take over answers that the same weights and settings gave to the same prompts under another name."""
        found = [self._by_prompt.get(_of_cell(cell, prompt)) for prompt in cell.missing(self)]
        shared = [
            replace(answer, generator=cell.generator, contexts=cell.contexts)
            for answer in found
            if answer is not None and answer.stopped != "error"
        ]
        self._keep(shared)
        self.n_shared += len(shared)

    def _keep(self, answers: list[Answer]) -> None:
        self.folder.append_answers(answers)
        self.known.update((key_of(answer), answer) for answer in answers)
        self._by_prompt.update((_of_prompt(answer), answer) for answer in answers)


# Two generators that the study declares are two, even if all their settings are equal: such a pair shows the noise.
def _of_prompt(answer: Answer) -> tuple[str, ...]:
    return (answer.domain, answer.question, answer.digest, answer.fingerprint, answer.generator.split("+")[0])


def _of_cell(cell: Cell, prompt: Prompt) -> tuple[str, ...]:
    return (cell.domain.name, prompt.key, prompt.digest, cell.fingerprint, cell.generator.split("+")[0])


@dataclass(frozen=True)
class Cell:
    """One set of answers: a generator in a context on a domain.

    Attributes:
        domain: with its questions.
        generator: name.
        contexts: what the prompts hold.
        fingerprint: of the generator.
        prompts: one per test question, in the domain's order.
    """

    domain: DomainPlan
    generator: str
    contexts: str
    fingerprint: str
    prompts: tuple[Prompt, ...]

    def key(self, prompt: Prompt) -> Key:
        """The key of the answer to a prompt."""
        return (self.domain.name, self.generator, self.contexts, prompt.key, prompt.digest, self.fingerprint)

    def missing(self, book: AnswerBook) -> list[Prompt]:
        """Prompts without an answer."""
        return [prompt for prompt in self.prompts if self.key(prompt) not in book.known]


def test_prompts(
    plan: Plan, domain: DomainPlan, contexts: str, retrieved: Retrieved, style: Style
) -> tuple[Prompt, ...]:
    """The prompts of all test questions; the same for every generator of a style."""
    context = parse_context(contexts)
    solved = nested_order(domain.domain.split("train"), plan.spec.seed)
    swapper = Swapper(domain.domain.questions)
    k = plan.spec.retrieval.top_k
    return tuple(
        style.prompt(question, passages_at_test(context, question, retrieved, k, swapper), solved)
        for question in domain.test
    )


def answer_cell(cell: Cell, generator: Generator, batch_size: int, book: AnswerBook, watcher: Watcher) -> None:
    """Answer what is missing, longest prompts first, and keep every batch at once.

    What can be shared is shared before. The batches of an interrupted run are those that it would have gone on with,
    so its answers are the same.
    """
    missing = sorted(cell.missing(book), key=lambda prompt: (-len(prompt.text), prompt.key))
    title = f"answering {cell.domain.name} {cell.generator} ({cell.contexts})"
    with watcher.task(title, len(missing)) as task:
        for start in range(0, len(missing), batch_size):
            batch = missing[start : start + batch_size]
            completions = complete(generator, batch)
            if len(completions) != len(batch):
                msg = f"generator {cell.generator!r} gave {len(completions)} completions for {len(batch)} prompts"
                raise RuntimeError(msg)
            book.add([_answer(cell, prompt, c) for prompt, c in zip(batch, completions, strict=True)])
            task.advance(len(batch))


def complete(generator: Generator, batch: list[Prompt]) -> Sequence[Completion]:
    """The completions of a batch; if the generator breaks, each of its prompts has failed for that reason."""
    try:
        return generator.generate(batch)
    except RagstudyError:
        raise
    except Exception as error:  # noqa: BLE001 - a generator of the user's own may raise anything
        reason = f"{type(error).__name__}: {error}"[:500]
        return [Completion("", "error", 0, len(prompt.passages), reason) for prompt in batch]


def _answer(cell: Cell, prompt: Prompt, completion: Completion) -> Answer:
    return Answer(
        domain=cell.domain.name,
        question=prompt.key,
        generator=cell.generator,
        contexts=cell.contexts,
        digest=prompt.digest,
        fingerprint=cell.fingerprint,
        text=completion.text,
        stopped=completion.stopped,
        n_tokens=completion.n_tokens,
        n_passages=completion.n_passages,
        error=completion.error,
    )


def final_answers(cells: list[Cell], book: AnswerBook) -> list[Answer]:
    """The answers of the plan in its order; answers that the plan no longer asks for are left out."""
    return [book.known[cell.key(prompt)] for cell in cells for prompt in cell.prompts if cell.key(prompt) in book.known]


def tally(answers: list[Answer]) -> Mapping[str, int]:
    """How many answers ended in which way."""
    return Counter(answer.stopped for answer in answers)


def tuned_fingerprint(base: str, job: str) -> str:
    """Of a generator with an adapter that the study trained."""
    return fingerprint(base, job)
