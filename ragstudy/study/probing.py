"""What tuning costs elsewhere, and how far answers hang on their passages: measured on the loaded model itself."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.files import fingerprint
from ragstudy.generation.harness import harness_values
from ragstudy.generation.likelihood import likelihoods, text_losses
from ragstudy.prompting import answer_ids, fit, make_prompt, token_ids
from ragstudy.records import Probed, Prompt
from ragstudy.retrieval.relevance import covered
from ragstudy.specs import SENSITIVITY, main_context, parse_context
from ragstudy.study.by_arm import compare_by_seed, means_with_intervals, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ragstudy.generation.causal import CausalGenerator, CausalModel
    from ragstudy.generation.likelihood import Likelihood
    from ragstudy.records import Answer, Passage
    from ragstudy.study.plan import Arm, DomainPlan, Plan
    from ragstudy.study.probe_items import Item
    from ragstudy.study.store import RunFolder
    from ragstudy.study.watch import Watcher

# Raised whenever a probe gives other values than before.
_VERSION = 1
# Kinds of contexts whose gold passages may be taken out.
_WITH_GOLD = ("retrieved", "oracle_with_distractors", "oracle")
_BATCH = 32
_SHARES = frozenset({"accuracy", "accuracy_normalised", "adherence"})


Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class ModelAt:
    """A model with one adapter or none.

    Attributes:
        make: gives the loaded model.
        adapter: folder of the adapter, or None.
    """

    make: Callable[[], CausalModel]
    adapter: str | None

    def generator(self) -> CausalGenerator:
        """What answers prompts."""
        from ragstudy.generation.causal import CausalGenerator

        return CausalGenerator(self.make(), self.adapter)

    def question_ids(self, text: str) -> list[int]:
        """Token ids of a user message, up to where the answer begins."""
        return token_ids(text, self.make().tokenizer)

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt, cut as it is cut when it is answered."""
        model = self.make()
        return fit(prompt, model.tokenizer, model.max_prompt_tokens())[0]

    def answer_ids(self, text: str) -> list[int]:
        """Token ids of an answer as it follows a user message."""
        return answer_ids(text, self.make().tokenizer)

    def plain_ids(self, text: str) -> list[int]:
        """Token ids of plain text."""
        ids: list[int] = self.make().tokenizer.encode(text, add_special_tokens=False, verbose=False)
        return ids

    def likelihoods(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Likelihood]:
        """Of continuations after their beginnings."""
        return likelihoods(self.make(), pairs, self.adapter)


def _perplexity(model: ModelAt, items: Sequence[Item]) -> dict[str, list[float | None]]:
    losses = text_losses(model.make(), [item.text for item in items], model.adapter)
    return {"loss": [loss / n if n else None for loss, n in losses]}


def _multiple_choice(model: ModelAt, items: Sequence[Item]) -> dict[str, list[float | None]]:
    """The likeliest choice, by its whole likelihood and by that per character (as lm-evaluation-harness's acc_norm)."""
    pairs = [(model.question_ids(item.text), model.answer_ids(text)) for item in items for text in item.choices]
    found = iter(model.likelihoods(pairs))
    plain: list[float | None] = []
    normalised: list[float | None] = []
    for item in items:
        logs = [next(found).log for _ in item.choices]
        by_length = [log / len(text) for log, text in zip(logs, item.choices, strict=True)]
        plain.append(float(int(np.argmax(logs)) == item.answer))
        normalised.append(float(int(np.argmax(by_length)) == item.answer))
    return {"accuracy": plain, "accuracy_normalised": normalised}


def _cloze(model: ModelAt, items: Sequence[Item]) -> dict[str, list[float | None]]:
    """Whether the likeliest continuation is the wanted one, token by token (as LAMBADA), and how likely it is."""
    pairs = [(model.plain_ids(item.text), model.plain_ids(f" {item.choices[0]}")) for item in items]
    found = model.likelihoods(pairs)
    return {"accuracy": [float(one.is_greedy) for one in found], "log_likelihood": [one.log for one in found]}


def _instructions(model: ModelAt, items: Sequence[Item]) -> dict[str, list[float | None]]:
    prompts = [Prompt(item.id, item.text, item.text, (), item.text, item.id) for item in items]
    texts: list[str] = []
    for start in range(0, len(prompts), _BATCH):
        texts += [one.text for one in model.make().generate(prompts[start : start + _BATCH], model.adapter)]
    return {"adherence": [float(bool(re.search(i.expect, t))) for i, t in zip(items, texts, strict=True)]}


_KINDS: dict[str, Callable[[ModelAt, Sequence[Item]], dict[str, list[float | None]]]] = {
    "perplexity": _perplexity,
    "multiple_choice": _multiple_choice,
    "cloze": _cloze,
    "instructions": _instructions,
}


class Probes:
    """The probes of a study.

    Args:
        plan: with `forgetting` and `sensitivity`.
        folder: of the run; values are kept in probes.jsonl as soon as they exist.
        watcher: hears what is done.
    """

    def __init__(self, plan: Plan, folder: RunFolder, watcher: Watcher) -> None:
        self._plan, self._folder, self._watcher = plan, folder, watcher
        self._known = self._read()
        self._current: set[Key] = set()
        self.n_made = 0

    def _read(self) -> dict[Key, list[Probed]]:
        found: dict[Key, list[Probed]] = {}
        for one in self._folder.probes():
            found.setdefault((one.probe, one.fingerprint, one.domain, one.generator), []).append(one)
        return found

    def _is_known(self, key: Key) -> bool:
        """Whether a probe is done; it then counts as part of this run."""
        self._current.add(key)
        return key in self._known

    def _keep(self, key: Key, rows: list[Probed]) -> None:
        self._known[key] = rows
        self._folder.append_probes(rows)
        self.n_made += len(rows)

    def forgetting(self, generator: str, domain: str, print_of_it: str, model: ModelAt) -> None:
        """Put a generator through every test that it has not been through.

        Args:
            generator: name.
            domain: where it was trained; '' for a base.
            print_of_it: its fingerprint.
            model: makes the model with the generator's adapter.
        """
        for spec in self._plan.spec.forgetting:
            items = self._plan.probe_items[spec.name]
            own = (spec.task, spec.n) if spec.kind == "lm_eval" else ()
            wanted = fingerprint(_VERSION, print_of_it, spec.kind, items, *own)
            key = (spec.name, wanted, domain, generator)
            if self._is_known(key):
                continue
            with self._watcher.task(f"probing {generator} {domain} ({spec.name})".replace("  ", " "), 1) as task:
                if spec.kind == "lm_eval":
                    found: Mapping[str, Mapping[str, float | None]] = harness_values(
                        model.make(), spec.task, spec.n, model.adapter
                    )
                else:
                    ids = [item.id for item in items]
                    made = _KINDS[spec.kind](model, items)
                    found = {measure: dict(zip(ids, values, strict=True)) for measure, values in made.items()}
                rows = [
                    Probed(spec.name, measure, domain, generator, item, value, wanted)
                    for measure, values in found.items()
                    for item, value in values.items()
                    if value is not None
                ]
                self._keep(key, rows)
                task.advance(1)

    def sensitivity(  # noqa: PLR0913 - a generator with its answers
        self,
        generator: str,
        domain: DomainPlan,
        print_of_it: str,
        prompts: Sequence[Prompt],
        answers: Mapping[str, Answer],
        model: ModelAt,
    ) -> None:
        """How much less likely each of a generator's answers gets without the gold passages among those shown.

        Args:
            generator: name.
            domain: of the questions.
            print_of_it: the generator's fingerprint.
            prompts: of the context in question.
            answers: to these, by question id.
            model: makes the model with the generator's adapter.
        """
        there = [(prompt, answers[prompt.key]) for prompt in prompts if prompt.key in answers]
        shown = [(_shown(prompt, answer.n_passages), answer) for prompt, answer in there if answer.text]
        told = [
            (prompt, rest, answer)
            for prompt, answer in shown
            if answer.stopped != "error" and (rest := _without_gold(domain, prompt)) is not None
        ]
        wanted = fingerprint(_VERSION, print_of_it, [(p.digest, rest.digest, a.text) for p, rest, a in told])
        key = (SENSITIVITY, wanted, domain.name, generator)
        if not told or self._is_known(key):
            return
        with self._watcher.task(f"taking gold passages from {domain.name} {generator}", 2 * len(told)) as task:
            found = []
            for prompts_now in ([p for p, _, _ in told], [rest for _, rest, _ in told]):
                pairs = [
                    (model.prompt_ids(prompt), model.answer_ids(answer.text))
                    for prompt, (_, _, answer) in zip(prompts_now, told, strict=True)
                ]
                found.append(model.likelihoods(pairs))
                task.advance(len(told))
            rows = [
                Probed(
                    SENSITIVITY,
                    "drop",
                    domain.name,
                    generator,
                    prompt.key,
                    (with_gold.log - without.log) / max(1, with_gold.n_tokens),
                    wanted,
                )
                for (prompt, _, _), with_gold, without in zip(told, *found, strict=True)
            ]
            self._keep(key, rows)

    @property
    def context(self) -> str | None:
        """The context whose gold passages are taken out, if the study asks for that and has one."""
        main = main_context(self._plan.contexts)
        return main if self._plan.spec.sensitivity and parse_context(main).kind in _WITH_GOLD else None

    def finish(self) -> None:
        """Drop what belongs to generators or tests that are no longer as they were."""
        if set(self._known) != self._current:
            self._known = {key: self._known[key] for key in self._current}
            self._folder.write_probes(self.known())

    def known(self) -> list[Probed]:
        """Everything that the run measured."""
        return [row for key in sorted(self._known) for row in self._known[key]]


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


def compare_probes(plan: Plan, probed: Sequence[Probed]) -> dict[str, list[dict[str, Any]]]:
    """`forgetting` and `sensitivity` of every arm, tuned arms beside their bases.

    Returns:
        Rows with `domain` (of the training, or of the questions), `arm`, `probe`, `measure`, `mean` with its interval,
        and of tuned arms `base_mean`, `difference`, `low`, `high` (items are the clusters; seeds count as in every
        comparison), `n`; of losses also `perplexity` and `base_perplexity`.
    """
    values: dict[tuple[str, str, str, str], dict[str, float]] = {}
    for one in probed:
        values.setdefault((one.probe, one.measure, one.domain, one.generator), {})[one.item] = one.value
    made: dict[str, list[dict[str, Any]]] = {"forgetting": [], "sensitivity": []}
    kinds = dict.fromkeys((one.probe, one.measure) for one in probed)
    for domain in plan.domains:
        for probe, measure in kinds:
            is_own = probe != SENSITIVITY
            for arm in plan.arms_on(domain):
                if is_own and arm.trained_on:
                    continue
                row = _row(plan, domain, arm, (probe, measure), values)
                if row is not None:
                    made["forgetting" if is_own else "sensitivity"].append(row)
    return made


def _row(
    plan: Plan,
    domain: DomainPlan,
    arm: Arm,
    kind: tuple[str, str],
    values: Mapping[tuple[str, str, str, str], Mapping[str, float]],
) -> dict[str, Any] | None:
    def of(one: Arm) -> list[Mapping[str, float]]:
        home = domain.name if one.size or kind[0] == SENSITIVITY else ""
        return [values.get((*kind, home, name), {}) for name in one.generators]

    mine = of(arm)
    base = next((one for one in plan.arms if one.name == arm.base), None)
    before = of(base)[0] if base else {}
    items = sorted(set(mine[0]).intersection(*mine[1:], before or mine[0]))
    if len(items) < 2:  # noqa: PLR2004 - a spread needs two
        return None
    settings = plan.spec.statistics
    scores = np.asarray([[seed[item] for seed in mine] for item in items])
    clusters = [domain.by_id[item].group if kind[0] == SENSITIVITY else item for item in items]
    bounds = (0.0, 1.0) if kind[1] in _SHARES else (-math.inf, math.inf)
    (mean,) = means_with_intervals(scores.mean(axis=1, keepdims=True), clusters, settings, bounds)
    row: dict[str, Any] = {
        "domain": domain.name,
        "arm": arm.name,
        "probe": kind[0],
        "measure": kind[1],
        "n": len(items),
        "mean": mean,
    }
    if kind[1] == "loss" and mean["value"] is not None:
        row["perplexity"] = math.exp(mean["value"])
    if base is None or not before:
        return row
    differences = scores - np.asarray([before[item] for item in items])[:, None]
    (compared,) = compare_by_seed([differences], clusters, settings)
    base_mean = math.fsum(before[item] for item in items) / len(items)
    row |= {"base": base.name, "base_mean": base_mean, "difference": compared.difference}
    row |= {"low": plain(compared.low), "high": plain(compared.high)}
    if kind[1] == "loss":
        row["base_perplexity"] = math.exp(base_mean)
    return row
