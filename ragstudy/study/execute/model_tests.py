"""What tuning costs elsewhere, and how far answers depend on their passages: measured on the loaded model itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.files import fingerprint
from ragstudy.generation.harness import harness_values
from ragstudy.generation.likelihood import text_losses
from ragstudy.prompting import make_prompt, plain_prompt
from ragstudy.records import ModelTestValue
from ragstudy.retrieval.relevance import covered
from ragstudy.specs import PASSAGE_ABLATION, headline_context, parse_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ragstudy.records import Answer, Passage, Prompt
    from ragstudy.specs import ForgettingSpec
    from ragstudy.study.execute.model_session import AdaptedModel
    from ragstudy.study.plan.forgetting_items import Item
    from ragstudy.study.plan.model import DomainPlan, Plan
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder

# Raised whenever a test gives other values than before.
_VERSION = 1
_BATCH = 32

Key = tuple[str, str, str, str]
# A prompt with its gold passages, the same without them, and the answer to the first.
_Ablated = tuple["Prompt", "Prompt", "Answer"]


def _perplexity(model: AdaptedModel, items: Sequence[Item]) -> dict[str, list[float | None]]:
    losses = text_losses(model.make(), [item.text for item in items], model.adapter)
    return {"loss": [loss / n if n else None for loss, n in losses]}


def _multiple_choice(model: AdaptedModel, items: Sequence[Item]) -> dict[str, list[float | None]]:
    """The likeliest choice, by its whole likelihood and by that per character (as lm-evaluation-harness's acc_norm)."""
    pairs = [(model.question_ids(item.text), model.answer_ids(text)) for item in items for text in item.choices]
    likelihoods = iter(model.likelihoods(pairs))
    whole: list[float | None] = []
    normalised: list[float | None] = []
    for item in items:
        logs = [next(likelihoods).log for _ in item.choices]
        by_length = [log / len(text) for log, text in zip(logs, item.choices, strict=True)]
        whole.append(float(int(np.argmax(logs)) == item.answer))
        normalised.append(float(int(np.argmax(by_length)) == item.answer))
    return {"accuracy": whole, "accuracy_normalised": normalised}


def _cloze(model: AdaptedModel, items: Sequence[Item]) -> dict[str, list[float | None]]:
    """Whether the likeliest continuation is the wanted one, token by token (as LAMBADA), and how likely it is."""
    pairs = [(model.plain_ids(item.text), model.plain_ids(f" {item.choices[0]}")) for item in items]
    known = model.likelihoods(pairs)
    return {"accuracy": [float(one.is_greedy) for one in known], "log_likelihood": [one.log for one in known]}


def _instructions(model: AdaptedModel, items: Sequence[Item]) -> dict[str, list[float | None]]:
    prompts = [plain_prompt(item.id, item.text) for item in items]
    texts: list[str] = []
    for start in range(0, len(prompts), _BATCH):
        texts += [one.text for one in model.make().generate(prompts[start : start + _BATCH], model.adapter)]
    return {"adherence": [float(bool(re.search(i.expect, t))) for i, t in zip(items, texts, strict=True)]}


_KINDS: dict[str, Callable[[AdaptedModel, Sequence[Item]], dict[str, list[float | None]]]] = {
    "perplexity": _perplexity,
    "multiple_choice": _multiple_choice,
    "cloze": _cloze,
    "instructions": _instructions,
}


class ModelTests:
    """The tests of a study's models that ask no test question.

    Args:
        plan: with `forgetting` and `passage_ablation`.
        folder: of the run; values are kept in model_tests.jsonl as soon as they exist.
        progress: is told what is done.
    """

    def __init__(self, plan: Plan, folder: RunFolder, progress: ProgressReporter) -> None:
        self._plan, self._folder, self._progress = plan, folder, progress
        self._known: dict[Key, list[ModelTestValue]] = {}
        for row in folder.model_tests():
            self._known.setdefault((row.test, row.fingerprint, row.domain, row.generator), []).append(row)
        self._current: set[Key] = set()
        self.n_made = 0

    def _is_known(self, key: Key) -> bool:
        """Whether a test is done, under this name or another; it then counts as part of this run."""
        self._current.add(key)
        if key not in self._known:
            same = next((known for known in self._known if known[:3] == key[:3]), None)
            if same is not None:
                rows = [replace(row, generator=key[3]) for row in self._known[same]]
                self._known[key] = rows
                self._folder.append_model_tests(rows)
        return key in self._known

    def _keep(self, key: Key, rows: list[ModelTestValue]) -> None:
        self._known[key] = rows
        self._folder.append_model_tests(rows)
        self.n_made += len(rows)

    def forgetting(self, generator: str, domain: str, generator_print: str, model: AdaptedModel) -> None:
        """Put a generator through every test that it has not been through.

        Args:
            generator: name of the generator.
            domain: where it was trained; '' for a base.
            generator_print: fingerprint of the generator.
            model: makes the model with the generator's adapter.
        """
        for spec in self._plan.spec.forgetting:
            items = self._plan.forgetting_items[spec.name]
            own = (spec.task, spec.n) if spec.kind == "lm_eval" else ()
            wanted = fingerprint(_VERSION, generator_print, spec.kind, items, *own)
            key = (spec.name, wanted, domain, generator)
            if self._is_known(key):
                continue
            with self._progress.task(f"testing {generator} {domain} ({spec.name})".replace("  ", " "), 1) as task:
                rows = [
                    ModelTestValue(spec.name, measure, domain, generator, item, value, wanted)
                    for measure, values in _values(spec, items, model).items()
                    for item, value in values.items()
                    if value is not None
                ]
                self._keep(key, rows)
                task.advance(1)

    def passage_ablation(  # noqa: PLR0913 - a generator with its answers
        self,
        generator: str,
        domain: DomainPlan,
        generator_print: str,
        prompts: Sequence[Prompt],
        answers: Mapping[str, Answer],
        model: AdaptedModel,
    ) -> None:
        """How much less likely each of a generator's answers gets without the gold passages among those shown.

        Args:
            generator: name of the generator.
            domain: that is asked about.
            generator_print: fingerprint of the generator.
            prompts: of the context in question.
            answers: to these prompts, by question id.
            model: makes the model with the generator's adapter.
        """
        ablated = _ablated(domain, prompts, answers)
        told = [(with_gold.digest, without.digest, answer.text) for with_gold, without, answer in ablated]
        wanted = fingerprint(_VERSION, generator_print, told)
        key = (PASSAGE_ABLATION, wanted, domain.name, generator)
        if not ablated or self._is_known(key):
            return
        with self._progress.task(f"taking gold passages from {domain.name} {generator}", 2 * len(ablated)) as task:
            logs = []
            for prompts_now in ([one for one, _, _ in ablated], [rest for _, rest, _ in ablated]):
                pairs = [
                    (model.prompt_ids(prompt), model.answer_ids(answer.text))
                    for prompt, (_, _, answer) in zip(prompts_now, ablated, strict=True)
                ]
                logs.append(model.likelihoods(pairs))
                task.advance(len(ablated))
            drops = [
                (with_gold.log - without.log) / max(1, with_gold.n_tokens)
                for with_gold, without in zip(*logs, strict=True)
            ]
            rows = [
                ModelTestValue(PASSAGE_ABLATION, "drop", domain.name, generator, prompt.key, drop, wanted)
                for (prompt, _, _), drop in zip(ablated, drops, strict=True)
            ]
            self._keep(key, rows)

    @property
    def context(self) -> str | None:
        """The context whose gold passages are taken out, if the study asks for that and has one."""
        name = headline_context(self._plan.contexts)
        return name if self._plan.spec.passage_ablation and parse_context(name).entry.meant_to_answer else None

    def finish(self) -> None:
        """Drop what belongs to generators or tests that are no longer as they were."""
        if set(self._known) != self._current:
            self._known = {key: self._known[key] for key in self._current if key in self._known}
            self._folder.write_model_tests(self.known())

    def known(self) -> list[ModelTestValue]:
        """Everything that the run measured."""
        return [row for key in sorted(self._known) for row in self._known[key]]


def _values(
    spec: ForgettingSpec, items: Sequence[Item], model: AdaptedModel
) -> Mapping[str, Mapping[str, float | None]]:
    """Values by measure and item."""
    if spec.kind == "lm_eval":
        return harness_values(model.make(), spec.task, spec.n, model.adapter)
    ids = [item.id for item in items]
    made = _KINDS[spec.kind](model, items)
    return {measure: dict(zip(ids, values, strict=True)) for measure, values in made.items()}


def _ablated(domain: DomainPlan, prompts: Sequence[Prompt], answers: Mapping[str, Answer]) -> list[_Ablated]:
    """Prompts that showed gold passages, the same without them, and what was answered."""
    made = []
    for prompt in prompts:
        answer = answers.get(prompt.key)
        if answer is None or not answer.text or answer.stopped == "error":
            continue
        shown = _shown(prompt, answer.n_passages)
        rest = _without_gold(domain, shown)
        if rest is not None:
            made.append((shown, rest, answer))
    return made


def _shown(prompt: Prompt, n_passages: int) -> Prompt:
    """The prompt with the passages that fitted when it was answered."""
    if n_passages >= len(prompt.passages):
        return prompt
    return _with(prompt, prompt.passages[:n_passages])


def _with(prompt: Prompt, passages: Sequence[Passage]) -> Prompt:
    words = prompt.instruction
    return make_prompt(prompt.key, prompt.question, passages, words, words, examples=prompt.examples)


def _without_gold(domain: DomainPlan, prompt: Prompt) -> Prompt | None:
    """The prompt without the passages that cover its question's evidence; None if none of them does."""
    question = domain.by_id[prompt.key]
    rest = [passage for passage in prompt.passages if not covered(question, passage)]
    if len(rest) == len(prompt.passages) or not question.answerable:
        return None
    return _with(prompt, rest)
