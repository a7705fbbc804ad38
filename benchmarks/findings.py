"""How often a finding speaks although what it says is not so, over many simulated studies whose verdict it explains.

    python benchmarks/findings.py [--studies 1000] [--only NAME ...]

Scores come from the model of `ragstudy/statistics/simulation.py`, which the analysis does not assume;
answers, failure points and tests elsewhere are drawn alike for all arms. They go through the analysis that every real
study gets. A finding is counted among the studies whose explained arm has a verdict.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.records import Answer, Fact, ModelTestValue, Question
from ragstudy.results import DomainSummary, ReportedSettings, Results
from ragstudy.specs import PASSAGE_ABLATION
from ragstudy.statistics import AnalysisSettings
from ragstudy.statistics.simulation import Design, claims_made, shift_of
from ragstudy.study.analyse.answer_style import answer_style
from ragstudy.study.analyse.best import against_best
from ragstudy.study.analyse.compare import (
    Comparer,
    against_shuffled,
    between_contexts,
    comparison_rows,
    interactions,
)
from ragstudy.study.analyse.context_use import context_use
from ragstudy.study.analyse.failure_points import OF_GENERATION, OF_RETRIEVAL, failure_shares
from ragstudy.study.analyse.findings import find
from ragstudy.study.analyse.model_tests import model_test_means
from ragstudy.study.analyse.series import series_of
from ragstudy.study.analyse.tables import DomainData
from ragstudy.study.layout import Arm, DomainLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.records import FailurePoint

MEASURES = ("accuracy", "completeness")
COMPARED = ("retrieved", "none", "oracle")
CHANGED, WITHOUT_GOLD = "counterfactual", "distractors_only"
TRUE_VALUE, NEW_VALUE = "amber", "cobalt"
MARGIN = 0.03
OF_SCORES = ("chooses_worse", "passages_bring", "shuffled_differs")


@dataclass(frozen=True)
class Planted:
    """A study whose true effects are set.

    Attributes:
        effects: of every arm, by context; `retrieved` explains, the others may differ.
        controls: of the same trainings on shuffled labels, by context; none by default.
        n_seeds: trainings of every recipe.
        training: standard deviation between them, on the logit scale.
        tells_causes: whether answers, failure points and tests elsewhere are drawn too.
        per_document: questions of each of 150 documents.
    """

    effects: Sequence[Mapping[str, float]]
    controls: Sequence[Mapping[str, float]] = ()
    n_seeds: int = 1
    training: float = 0.0
    tells_causes: bool = False
    per_document: int = 2

    def arms(self) -> list[Arm]:
        """The base, tuned arms and their controls."""
        tuned = [_recipe(f"m+recipe{number}", self.n_seeds) for number in range(len(self.effects))]
        controls = [_recipe(f"m+recipe{number}", self.n_seeds, shuffled=True) for number in range(len(self.controls))]
        return [Arm("m", "m", ("m",)), *tuned, *controls]


def _recipe(series: str, n_seeds: int, *, shuffled: bool = False) -> Arm:
    name = f"{series}-200-shuffled" if shuffled else f"{series}-200"
    generators = tuple(f"{name}@{seed}" for seed in range(n_seeds))
    return Arm(
        name,
        "m",
        generators,
        base="m",
        format="closed_book",
        size=200,
        series=f"{series}-shuffled" if shuffled else series,
        training=name,
        n_epochs=3,
        shuffled=shuffled,
        homes=generators,
    )


class SimulatedScores:
    """Scores of every arm, context and measure, in place of those of a run.

    Args:
        planted: the study.
        seed: decides everything.
    """

    def __init__(self, planted: Planted, seed: int) -> None:
        self._rng = rng = np.random.default_rng(seed)
        design = Design((0.0,), per_document=planted.per_document, training=planted.training)
        self.groups = design.groups()
        n, m = len(self.groups), design.n_documents
        n_claims = rng.integers(1, design.n_claims + 1, n)
        difficulty = design.document * rng.normal(size=m)[self.groups] + design.question * rng.normal(size=n)

        def drawn(logit: NDArray[np.float64]) -> NDArray[np.float64]:
            return claims_made(design, rng, logit, n_claims)

        self._of: dict[tuple[str, str], NDArray[np.float64]] = {}
        arms = planted.arms()
        for context in COMPARED:
            self._of["m", context] = drawn(difficulty)[:, :, None]
        for arm, effects in zip(arms[1:], [*planted.effects, *planted.controls], strict=True):
            own = design.model_document * rng.normal(size=m)[self.groups] + design.model_question * rng.normal(size=n)
            trainings = planted.training * rng.normal(size=planted.n_seeds)
            for context in COMPARED:
                middle = difficulty + _shift(planted.training, effects[context]) + own
                self._of[arm.name, context] = np.stack([drawn(middle + one) for one in trainings], axis=2)

    def of_arm(self, _: DomainData, arm: Arm, contexts: str, measure: str) -> NDArray[np.float64]:
        """(n questions, n seeds) scores of an arm."""
        return self._of[arm.name, contexts][:, MEASURES.index(measure)]

    def check_same_questions(self, *_: object) -> None:
        """All are asked the same."""


_SHIFTS: dict[tuple[float, float], float] = {}


def _shift(training: float, effect: float) -> float:
    if (training, effect) not in _SHIFTS:
        _SHIFTS[training, effect] = shift_of(Design((effect,), training=training), effect)
    return _SHIFTS[training, effect]


def analysed(planted: Planted, seed: int, n_resamples: int = 1000) -> Results:
    """The results of one study, without findings.

    Args:
        planted: its true effects.
        seed: decides everything.
        n_resamples: draws of bootstrap and sign flips.
    """
    scores = SimulatedScores(planted, seed)
    settings = AnalysisSettings(n_resamples=n_resamples, seed=seed, margin=MARGIN)
    fact = (Fact("f", (TRUE_VALUE,)),)
    questions = tuple(
        Question(f"q{number}", "Which colour?", (f"It is {TRUE_VALUE}.",), fact, group=f"d{group}")
        for number, group in enumerate(scores.groups)
    )
    arms = tuple(planted.arms())
    layout = DomainLayout("d", "", "", 150, 200, 0, tuple(one.id for one in questions), {})
    domain = DomainData(layout, questions, arms, {arm.name: arm for arm in arms})
    comparers = [Comparer(domain, scores, COMPARED, MEASURES, MEASURES, settings, dict.fromkeys(MEASURES, 1.0))]  # type: ignore[arg-type]
    rows = comparison_rows(comparers, {})
    results = Results(
        schema_version=1,
        comparing_version=1,
        study="s",
        headline_context="retrieved",
        settings=ReportedSettings(**asdict(settings), level=settings.level, verdict_measures=list(MEASURES)),
        domains=[DomainSummary("d", "", 150, 200, len(questions), 150, 0, {})],
        retrieval=[],
        arm_means=[],
        comparisons=rows,
        interactions=interactions(comparers),
        between_contexts=between_contexts(comparers, "retrieved"),
        against_shuffled=against_shuffled(comparers),
        against_best=against_best(comparers[0], "retrieved", "accuracy"),
        series=series_of(rows),
        corrections=[],
        context_use=[],
        failure_points=[],
        answer_style=[],
        forgetting=[],
        passage_ablation=[],
        findings=[],
    )
    return (
        _with_causes(results, domain, settings, np.random.default_rng([seed, 1])) if planted.tells_causes else results
    )


def _with_causes(results: Results, domain: DomainData, settings: AnalysisSettings, rng: np.random.Generator) -> Results:
    """The same with everything else that findings look at, drawn alike for all arms."""
    generators = [name for arm in domain.arms for name in arm.generators]
    forgetting, ablation = model_test_means([domain], list(_tests(domain, generators, rng)), settings)
    values = {question.id: {"f": NEW_VALUE} for question in domain.questions}
    styles = [answer_style(domain, one, _answers(domain, one, rng), settings) for one in ("retrieved", WITHOUT_GOLD)]
    return replace(
        results,
        context_use=context_use(domain, CHANGED, values, _answers(domain, CHANGED, rng), settings),
        failure_points=failure_shares(domain, "retrieved", _points(domain, generators, rng), settings),
        answer_style=[row for rows in styles for row in rows],
        forgetting=forgetting,
        passage_ablation=ablation,
    )


def _answers(domain: DomainData, contexts: str, rng: np.random.Generator) -> Callable[[str, Question], Answer | None]:
    """Answers of one context: most follow a changed passage, name passages, and decline where no passage answers."""
    texts: dict[tuple[str, str], str] = {}
    difficulty = rng.normal(size=len(domain.questions))
    for name in (name for arm in domain.arms for name in arm.generators):
        noise = difficulty + rng.normal(size=(3, len(difficulty)))
        for question, draws, n_words in zip(domain.questions, noise.T, rng.poisson(6, len(difficulty)), strict=True):
            value = NEW_VALUE if contexts == CHANGED and draws[0] < 0.8 else TRUE_VALUE  # noqa: PLR2004
            said = "I do not know." if contexts == WITHOUT_GOLD and draws[1] < 0 else f"It is {value}"
            texts[name, question.id] = f"{said}{' so' * n_words}{' [1]' if draws[2] < 0 else ''}"

    def answer_of(name: str, question: Question) -> Answer:
        return Answer("d", question.id, name, contexts, "", "", texts[name, question.id], "end", 5, 3)

    return answer_of


def _points(
    domain: DomainData, generators: Sequence[str], rng: np.random.Generator
) -> dict[tuple[str, str], FailurePoint]:
    """Failure points; as many before reading as after."""
    before, after = (list(one) for one in (OF_RETRIEVAL, OF_GENERATION))
    points: list[FailurePoint] = ["right", *before, *after]
    chances = [0.5, *[0.25 / len(before)] * len(before), *[0.25 / len(after)] * len(after)]
    drawn = rng.choice(len(points), p=chances, size=(len(generators), len(domain.questions)))
    return {
        (name, question.id): points[drawn[row, column]]
        for row, name in enumerate(generators)
        for column, question in enumerate(domain.questions)
    }


def _tests(domain: DomainData, generators: Sequence[str], rng: np.random.Generator) -> list[ModelTestValue]:
    """A multiple-choice test elsewhere of 200 items, and what answers lose without the gold passages."""
    items, questions = [str(number) for number in range(200)], [question.id for question in domain.questions]
    easy, depends = rng.random(len(items)), rng.gamma(2, size=len(questions))
    made = []
    for name in generators:
        home = "" if name == "m" else "d"
        right = rng.random(len(items)) < easy
        made += [
            ModelTestValue("choices", "accuracy", home, name, *pair, "")
            for pair in zip(items, right * 1.0, strict=True)
        ]
        lost = depends * rng.gamma(4, 0.25, size=len(questions))
        made += [
            ModelTestValue(PASSAGE_ABLATION, "drop", "d", name, *pair, "") for pair in zip(questions, lost, strict=True)
        ]
    return made


def causes(n_studies: int) -> None:
    """Causes of a loss that is the same in every context and with shuffled labels, while nothing else changes."""
    everywhere = dict.fromkeys(COMPARED, -0.15)
    nothing_else = (
        *("from_weights", "follows_less", *OF_SCORES, "failure_point", "cites", "length", "declines_less"),
        *("depends_less", "forgets", "retrieval_first"),
    )
    print("| studies of 300 questions | verdicts | false findings |\n|---|---|---|")
    for name, planted in {
        "1 arm and its control": Planted([everywhere], [everywhere], tells_causes=True),
        "4 arms and their controls": Planted([everywhere] * 4, [everywhere] * 4, tells_causes=True),
        "4 arms and their controls, 3 trainings": Planted([everywhere] * 4, [everywhere] * 4, 3, 0.15),
    }.items():
        n, fired = _fired(planted, n_studies)
        rules = [rule for rule in nothing_else if planted.tells_causes or rule in OF_SCORES]
        told = ", ".join(f"`{rule}` {fired[rule] / n:.3f}" for rule in rules)
        print(f"| {name} | {n / n_studies:.3f} | {told} |", flush=True)


def reading(n_studies: int) -> None:
    """A loss with retrieved passages that is none with the gold ones, and one that differs from its control."""
    print("| design | verdicts | finding | false |\n|---|---|---|---|")
    lost = dict.fromkeys(COMPARED, -0.15)
    at_margin = dict.fromkeys(COMPARED, -0.15 + MARGIN)
    for name, rule, planted in (
        ("no loss with gold passages", "reads_worse", Planted([{**lost, "oracle": 0.0}] * 4)),
        ("the control loses .03 less", "shuffled_as_much", Planted([lost], [at_margin], per_document=6)),
        ("4 arms, controls lose .03 less", "shuffled_as_much", Planted([lost] * 4, [at_margin] * 4, per_document=6)),
    ):
        n, fired = _fired(planted, n_studies)
        print(f"| {name} | {n / n_studies:.3f} | `{rule}` | {fired[rule] / n:.3f} |", flush=True)


def _fired(planted: Planted, n_studies: int) -> tuple[int, Counter[str]]:
    """How many studies have a verdict to explain, and which findings spoke in these."""
    fired: Counter[str] = Counter()
    n = 0
    for number in range(n_studies):
        findings = find(analysed(planted, number))
        if findings[0].numbers["verdict"] in ("helps", "hurts"):
            n += 1
            fired.update({one.rule for one in findings})
    return n, fired


def advice(n_studies: int) -> None:
    """The arm that is advised: whether its interval holds its effect, what to expect, and whether the best is named."""
    print("| true effects | interval holds | told | expected | true | best ones named |\n|---|---|---|---|---|---|")
    for true in ((0.1,) * 6, (0.0,) * 6, (0.0, 0.0, 0.05, 0.05, 0.1, 0.1), (-0.1, 0.0, 0.12)):
        planted = Planted([dict.fromkeys(COMPARED, effect) for effect in true])
        held, told, expected, meant, kept = [], [], [], [], []
        for number in range(n_studies):
            last = find(analysed(planted, number))[-1]
            numbers = last.numbers
            recipes = {f"m+recipe{place}-200": effect for place, effect in enumerate(true)}
            mine = recipes[last.arm]
            held.append(numbers["low"] <= mine <= numbers["high"])  # type: ignore[operator]
            told.append(numbers["difference"])
            expected.append(numbers["expected"])
            meant.append(mine)
            best = [name for name, effect in recipes.items() if effect == max(true)]
            if last.rule == "best_helps":
                kept.append(set(best) <= {last.arm, *numbers["not_told_from_it"]})  # type: ignore[misc]
        means = [float(np.mean(np.asarray(one, dtype=float))) for one in (held, told, expected, meant, kept)]
        shown = ", ".join(f"{one:+.2f}" for one in true)
        print(
            f"| {shown} | {means[0]:.3f} | {means[1]:+.3f} | {means[2]:+.3f} | {means[3]:+.3f} | {means[4]:.3f} |",
            flush=True,
        )


PARTS: dict[str, Callable[[int], None]] = {one.__name__: one for one in (causes, reading, advice)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each row")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="NAME")
    args = parser.parse_args()
    for name in args.only:
        start = time.perf_counter()
        PARTS[name](args.studies)
        print(f"\n{name}: {time.perf_counter() - start:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
