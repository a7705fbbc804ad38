"""The answering stage: every generator, every context, every question once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ragstudy.errors import RagstudyError
from ragstudy.files import fingerprint
from ragstudy.finetuning.pairs import nested_order
from ragstudy.records import Answer, Completion, ReplacedValues
from ragstudy.specs import parse_context
from ragstudy.study.execute.passages import Material, passages_at_test
from ragstudy.study.execute.value_replacement import ValueReplacer
from ragstudy.text import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ragstudy.protocols import Generator
    from ragstudy.records import Prompt
    from ragstudy.study.execute.retrieved import Retrieved
    from ragstudy.study.plan.model import DomainPlan, Plan, PromptStyle
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder

Key = tuple[str, str, str, str, str, str]


def key_of(answer: Answer) -> Key:
    """What makes an answer the same answer.

    Args:
        answer: of a run.
    """
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
        declared: the declared generator behind every name under which answers are filed.
        known: answers by their key.
        n_made: answers produced in this session.
        n_shared: answers of this session that another arm or context had got already for the same prompt.
    """

    folder: RunFolder
    declared: Mapping[str, str]
    known: dict[Key, Answer] = field(default_factory=dict)
    n_made: int = 0
    n_shared: int = 0

    def __post_init__(self) -> None:
        self._by_prompt: dict[tuple[str, ...], Answer] = {}
        self._remember(list(self.known.values()))

    @classmethod
    def open(cls, folder: RunFolder, declared: Mapping[str, str]) -> AnswerBook:
        """Read what exists; failed answers are left out, so that they are tried again.

        Args:
            folder: the run folder.
            declared: the declared generator behind every name under which answers are filed.
        """
        every = [*folder.unasked_answers(), *folder.answers()]
        return cls(folder, declared, {key_of(answer): answer for answer in every if answer.stopped != "error"})

    def unasked(self, asked: list[Answer]) -> list[Answer]:
        """Good answers that are not among those asked for.

        Args:
            asked: answers of the plan.
        """
        keys = {key_of(answer) for answer in asked}
        return [answer for key, answer in self.known.items() if key not in keys and answer.stopped != "error"]

    def add(self, answers: list[Answer]) -> None:
        """Keep new answers, on disk at once.

        Args:
            answers: made now.
        """
        self._keep(answers)
        self.n_made += len(answers)

    def share(self, wanted: AnswerSet) -> None:
        """Take over answers that the same weights and settings gave to the same prompts under another name.

        Args:
            wanted: set of answers, of which some may be missing.
        """
        found = [self._by_prompt.get(self._of_prompt(wanted, prompt)) for prompt in wanted.missing(self)]
        shared = [
            replace(answer, generator=wanted.generator, contexts=wanted.contexts)
            for answer in found
            if answer is not None and answer.stopped != "error"
        ]
        self._keep(shared)
        self.n_shared += len(shared)

    def _keep(self, answers: list[Answer]) -> None:
        self.folder.append_answers(answers)
        self.known.update((key_of(answer), answer) for answer in answers)
        self._remember(answers)

    # Two generators that the study declares are two, even if all their settings are equal: such a pair shows the noise.
    def _remember(self, answers: list[Answer]) -> None:
        for answer in answers:
            # An answer of an earlier plan, whose arm is not there any more, belongs to the generator it begins with.
            declared = self.declared.get(answer.generator) or _declared_in(answer.generator, self.declared.values())
            key = (answer.domain, answer.question, answer.digest, answer.fingerprint, declared)
            self._by_prompt[key] = answer

    def _of_prompt(self, wanted: AnswerSet, prompt: Prompt) -> tuple[str, ...]:
        return (wanted.domain.name, prompt.key, prompt.digest, wanted.fingerprint, self.declared[wanted.generator])


def _declared_in(name: str, declared: Iterable[str]) -> str:
    """The declared generator with whose name that of a past arm begins; the name itself if there is none."""
    return max((one for one in declared if name == one or name.startswith(f"{one}+")), key=len, default=name)


@dataclass(frozen=True)
class AnswerSet:
    """One set of answers: a generator in a context on a domain.

    Attributes:
        domain: that is asked about.
        generator: name under which the answers are filed.
        contexts: what the prompts hold.
        fingerprint: of the generator: its settings, weights and adapter.
        prompts: one per test question, in the domain's order.
    """

    domain: DomainPlan
    generator: str
    contexts: str
    fingerprint: str
    prompts: tuple[Prompt, ...]

    def key(self, prompt: Prompt) -> Key:
        """The key of the answer to a prompt.

        Args:
            prompt: of the set.
        """
        return (self.domain.name, self.generator, self.contexts, prompt.key, prompt.digest, self.fingerprint)

    def missing(self, book: AnswerBook) -> list[Prompt]:
        """Prompts without an answer.

        Args:
            book: answers that are known.
        """
        return [prompt for prompt in self.prompts if self.key(prompt) not in book.known]


@dataclass(frozen=True)
class ContextPrompts:
    """The prompts of all test questions of a domain in one context.

    Attributes:
        prompts: one per test question, in the domain's order.
        replaced: the passages in which values were replaced.
    """

    prompts: tuple[Prompt, ...]
    replaced: tuple[ReplacedValues, ...]


def prompts_of(
    plan: Plan, domain: DomainPlan, contexts: str, retrieved: Retrieved, style: PromptStyle
) -> ContextPrompts:
    """The prompts of all test questions; the same for every generator of a style.

    Args:
        plan: of the study.
        domain: that is asked about.
        contexts: name of the test context.
        retrieved: of the domain.
        style: how the prompts are worded.
    """
    context = parse_context(contexts)
    solved = nested_order(domain.domain.split("train"), plan.spec.seed)
    replacer = ValueReplacer(domain.domain.questions)
    prompts, replaced = [], []
    for question in domain.test:
        material = Material(question, context, retrieved, plan.spec.retrieval.top_k, replacer)
        passages = passages_at_test(material)
        prompts.append(style.prompt(question, passages, solved))
        if material.replaced:
            row = ReplacedValues(domain.name, question.id, contexts, material.replaced, tuple(passages))
            replaced.append(row)
    return ContextPrompts(tuple(prompts), tuple(replaced))


def answer_all(
    wanted: AnswerSet, generator: Generator, batch_size: int, book: AnswerBook, progress: ProgressReporter
) -> None:
    """Answer what is missing, longest prompts first, and keep every batch at once.

    What can be shared is shared before. The batches of an interrupted run are those that it would have gone on with,
    so its answers are the same.

    Args:
        wanted: set of answers.
        generator: answers.
        batch_size: prompts given at a time.
        book: keeps the answers.
        progress: is told what is done.

    Raises:
        RuntimeError: the generator gives another number of completions than it was given prompts.
    """
    missing = sorted(wanted.missing(book), key=lambda prompt: (-len(prompt.text), prompt.key))
    title = f"answering {wanted.domain.name} {wanted.generator} ({wanted.contexts})"
    with progress.task(title, len(missing)) as task:
        for start in range(0, len(missing), batch_size):
            batch = missing[start : start + batch_size]
            completions = complete(generator, batch)
            if len(completions) != len(batch):
                msg = f"generator {wanted.generator!r} gave {len(completions)} completions for {len(batch)} prompts"
                raise RuntimeError(msg)
            book.add([_answer(wanted, prompt, c) for prompt, c in zip(batch, completions, strict=True)])
            task.advance(len(batch))


def keep_failed(wanted: AnswerSet, reason: str, book: AnswerBook) -> None:
    """Record that what is missing of a set cannot be answered.

    Args:
        wanted: set of answers.
        reason: why not.
        book: keeps the answers.
    """
    failed = [(prompt, Completion("", "error", 0, len(prompt.passages), reason)) for prompt in wanted.missing(book)]
    book.add([_answer(wanted, prompt, completion) for prompt, completion in failed])


def complete(generator: Generator, batch: list[Prompt]) -> Sequence[Completion]:
    """The completions of a batch; if the generator breaks, each of its prompts has failed for that reason.

    Args:
        generator: answers.
        batch: of prompts.
    """
    try:
        return generator.generate(batch)
    except RagstudyError:
        raise
    except Exception as error:  # noqa: BLE001 - a generator of the user's own may raise anything
        reason = f"{type(error).__name__}: {error}"[:500]
        return [Completion("", "error", 0, len(prompt.passages), reason) for prompt in batch]


def _answer(wanted: AnswerSet, prompt: Prompt, completion: Completion) -> Answer:
    return Answer(
        domain=wanted.domain.name,
        question=prompt.key,
        generator=wanted.generator,
        contexts=wanted.contexts,
        digest=prompt.digest,
        fingerprint=wanted.fingerprint,
        text=storable(completion.text),
        stopped=completion.stopped,
        n_tokens=completion.n_tokens,
        n_passages=completion.n_passages,
        error=storable(completion.error),
        passages=_passages_of(prompt),
        thinking=storable(completion.thinking),
    )


def _passages_of(prompt: Prompt) -> tuple[str, ...]:
    return tuple(passage.id for passage in prompt.passages)


def final_answers(sets: Sequence[AnswerSet], book: AnswerBook) -> list[Answer]:
    """The answers of the plan in its order; answers that the plan no longer asks for are left out.

    Answers of earlier versions, which did not keep them, are given the ids of their prompts' passages.

    Args:
        sets: in the plan's order.
        book: keeps the answers.
    """
    answers = []
    for one in sets:
        for prompt in one.prompts:
            answer = book.known.get(one.key(prompt))
            if answer is not None:
                passages = _passages_of(prompt)
                answers.append(answer if answer.passages == passages else replace(answer, passages=passages))
    return answers


def tally(answers: Sequence[Answer]) -> Mapping[str, int]:
    """How many answers ended in which way.

    Args:
        answers: of a run.
    """
    return Counter(answer.stopped for answer in answers)


def tuned_fingerprint(base: str, training: str) -> str:
    """Changes with a generator and with the adapter that the study trained on it.

    Args:
        base: fingerprint of the generator.
        training: fingerprint of the training.
    """
    return fingerprint(base, training)
