"""Everything that decides how an arm answers: generator, adapter, retrieval and prompt."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ragstudy.errors import InputError, nearest
from ragstudy.files import read_json, read_yaml
from ragstudy.scoring.measures import better_sign
from ragstudy.specs import EndpointSpec, PromptSpec, RetrievalSpec, load_study, parse_context
from ragstudy.specs.base import Spec
from ragstudy.specs.generators import AnyGenerator
from ragstudy.specs.messages import messages

if TYPE_CHECKING:
    from ragstudy.results import Results
    from ragstudy.specs import GeneratorSpec, StudySpec
    from ragstudy.study.layout import Arm, Layout
    from ragstudy.study.run_folder import RunFolder

RECIPE_FILE = "recipe.yaml"
BEST = "best"


class Recipe(Spec):
    """How an arm answers.

    Attributes:
        study: name of the study that it comes from.
        domain: name of the domain.
        arm: name of the arm.
        generator: that answers, with the arm's adapter where it has one.
        retrieval: how passages are found.
        prompt: instructions.
        examples: questions with answers that stand before every question.
        shows_passages: whether prompts hold passages, as those of the study's headline context do.
    """

    study: str
    domain: str
    arm: str
    generator: AnyGenerator
    retrieval: RetrievalSpec = RetrievalSpec()
    prompt: PromptSpec = PromptSpec()
    examples: tuple[tuple[str, str], ...] = ()
    shows_passages: bool = True


def read_recipe(folder: Path) -> Recipe:
    """The recipe in an exported folder.

    Args:
        folder: that `ragstudy export` wrote.

    Raises:
        InputError: there is none, or it is damaged; every problem is named.
    """
    path = folder / RECIPE_FILE
    if not path.is_file():
        msg = f"{folder}: neither a run nor an exported arm; expected a folder with manifest.json or {RECIPE_FILE}"
        raise InputError(msg)
    try:
        recipe = Recipe.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(messages(str(path), error, Recipe)) from None
    return with_adapter_from(recipe, folder)


def with_adapter_from(recipe: Recipe, folder: Path) -> Recipe:
    """A recipe whose adapter, if it lies in the exported folder, is found from the current folder.

    Args:
        recipe: as it stands in the exported folder.
        folder: the exported folder.
    """
    adapter = getattr(recipe.generator, "adapter", None)
    if not adapter or Path(adapter).is_absolute() or not (folder / adapter).exists():
        return recipe
    return recipe.model_copy(
        update={"generator": recipe.generator.model_copy(update={"adapter": str(folder / adapter)})}
    )


def recipe_of(folder: RunFolder, arm: str = BEST, domain: str | None = None) -> Recipe:
    """The recipe of an arm of a run.

    Args:
        folder: of the run.
        arm: its name; of several trainings the first one is taken, and `arm@2` names another. 'best' is the arm with
            the highest mean on the main measure in the headline context, controls left out; it may be the base.
        domain: that it is asked about; the run's only one by default.

    Raises:
        InputError: the folder holds no run, or there is no such arm or domain.
    """
    folder.check()
    layout, results = folder.known_layout(), folder.results()
    known = [one.name for one in layout.domains]
    if domain is None and len(known) == 1:
        domain = known[0]
    if domain is None:
        msg = f"{folder.path}: the run has several domains; name one with --domain: {', '.join(known)}"
        raise InputError(msg)
    if domain not in known:
        msg = f"--domain {domain}: the run has no such domain{nearest(domain, known)}; known: {', '.join(known)}"
        raise InputError(msg)
    study = load_study(folder.path / "study.yaml")
    found, name = _arm_named(layout, best_arm(results, layout, domain) if arm == BEST else arm, domain)
    spec = next(one for one in study.generators if one.name == found.generator)
    adapted = _with_adapter(spec, folder, found, name, domain)
    return Recipe(
        study=study.name,
        domain=domain,
        arm=name,
        generator=adapted,
        retrieval=_as_measured(study, results.headline_context),
        shows_passages=parse_context(results.headline_context).entry.name != "none",
        prompt=_prompt(study, spec),
        examples=_examples(study, spec, domain),
    )


def best_arm(results: Results, layout: Layout, domain: str) -> str:
    """The arm with the highest mean on the main measure in the headline context, controls left out.

    Args:
        results: of the run.
        layout: of the run.
        domain: name of the domain.

    Raises:
        InputError: no arm has a mean.
    """
    asked = {arm.name for arm in layout.arms_on(domain) if not arm.shuffled and not arm.trained_on}
    means = {
        row.arm: row.mean
        for row in results.arm_means
        if (row.domain, row.contexts) == (domain, results.headline_context)
        and row.measure == results.settings.verdict_measures[0]
        and row.arm in asked
        and not math.isnan(row.mean)
    }
    if not means:
        msg = f"{domain}: no arm has a score, so that none is best; name one with --arm"
        raise InputError(msg)
    sign = better_sign(results.settings.verdict_measures[0])
    return max(means, key=lambda name: sign * means[name])


def _as_measured(study: StudySpec, contexts: str) -> RetrievalSpec:
    """The study's retrieval with as many passages as its headline context shows, and paths that hold from anywhere."""
    shown = parse_context(contexts).k or study.retrieval.top_k
    paths = {"embedder": _from_anywhere(study.retrieval.embedder)}
    if study.retrieval.reranker is not None:
        paths["reranker"] = _from_anywhere(study.retrieval.reranker)
    return study.retrieval.model_copy(update={"top_k": shown, **paths})


def _from_anywhere(name: str) -> str:
    """A path that holds from any folder, where the name is one that is there."""
    return str(Path(name).resolve()) if Path(name).exists() else name


def _arm_named(layout: Layout, name: str, domain: str) -> tuple[Arm, str]:
    """An arm and the name under which its answers are filed, from either of them."""
    arms = layout.arms_on(domain)
    for arm in arms:
        if name == arm.name:
            return arm, arm.generators[0]
        if name in arm.generators:
            return arm, name
    known = [one for arm in arms for one in (arm.name, *arm.generators)]
    msg = f"--arm {name}: no such arm on {domain}{nearest(name, known)}; known: {', '.join(arm.name for arm in arms)}"
    raise InputError(msg)


def _with_adapter(spec: GeneratorSpec, folder: RunFolder, arm: Arm, name: str, domain: str) -> GeneratorSpec:
    keys = ("model", "adapter", "answers")
    paths = {key: _from_anywhere(value) for key in keys if isinstance(value := getattr(spec, key, None), str)}
    spec = spec.model_copy(update=paths)
    if not arm.homes:
        return spec
    home = arm.homes[arm.generators.index(name)]
    adapter = folder.adapter_folder(arm.trained_on or domain, home)
    if not adapter.is_dir():
        msg = f"{adapter}: the adapter of {name} is not there; `ragstudy run` trains it again"
        raise InputError(msg)
    if isinstance(spec, EndpointSpec):
        return spec.model_copy(update={"model": str(read_json(adapter / "record.json")["model"])})
    return spec.model_copy(update={"adapter": str(adapter.resolve())})


def _prompt(study: StudySpec, spec: GeneratorSpec) -> PromptSpec:
    if spec.instruction is None:
        return study.prompt
    return PromptSpec(instruction=spec.instruction, instruction_without_passages=spec.instruction)


def _examples(study: StudySpec, spec: GeneratorSpec, domain: str) -> tuple[tuple[str, str], ...]:
    """The solved questions that stand before every question, as the study chooses them."""
    if not spec.examples:
        return ()
    from ragstudy.corpus import load_domain
    from ragstudy.finetuning.pairs import nested_order

    path = next(one.path for one in study.domains if one.name == domain)
    solved = nested_order(load_domain(Path(path)).split("train"), study.seed)
    return tuple((one.text, one.references[0]) for one in solved[: spec.examples])
