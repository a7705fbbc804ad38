"""Two runs over the same questions: what differs in the studies, and by how much their answers do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstudy.errors import InputError, nearest
from ragstudy.reporting.run_files import read_run
from ragstudy.statistics import AnalysisSettings, Comparison, compare_blocks
from ragstudy.statistics.by_seed import block_by_seed
from ragstudy.study.analyse.tables import ScoreTable, domains_of, training_by_training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ragstudy.reporting.run_files import RunFiles
    from ragstudy.study.analyse.tables import DomainData
    from ragstudy.study.layout import Arm
    from ragstudy.study.run_folder import RunFolder


@dataclass(frozen=True)
class CellOfTwo:
    """An arm in one context on one measure under both runs.

    Attributes:
        domain: name of the domain.
        arm: name of the arm in the first run.
        second_arm: its name in the second run.
        contexts: name of the test context.
        measure: name of the measure.
        first_mean: mean under the first run over the questions that both have a score for.
        second_mean: mean under the second run over these.
        effect: second minus first; the cells of all domains are one family.
        to_right: ids of questions that were wrong under the first run and are right under the second.
        to_wrong: the other way round.
    """

    domain: str
    arm: str
    second_arm: str
    contexts: str
    measure: str
    first_mean: float
    second_mean: float
    effect: Comparison
    to_right: tuple[str, ...]
    to_wrong: tuple[str, ...]


@dataclass(frozen=True)
class RunsCompared:
    """What comparing two runs found.

    Attributes:
        cells: every arm, context and measure that both runs have.
        settings: of the studies: key, value in the first and in the second.
        notes: what was left out, a sentence each.
        confidence: with which the intervals of all cells hold together.
    """

    cells: list[CellOfTwo]
    settings: list[tuple[str, str, str]]
    notes: list[str]
    confidence: float


@dataclass
class _Shared:
    """What both runs asked in a domain."""

    domain: str
    first: DomainData
    second: DomainData
    questions: list[str]
    rows: list[tuple[Arm, Arm, str, str]] = field(default_factory=list)
    scores: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def compare_runs(first: RunFolder, second: RunFolder, names: Mapping[str, str] | None = None) -> RunsCompared:
    """Compare two runs, question by question.

    Args:
        first: folder of the run that is compared with.
        second: folder of the run that is compared.
        names: for arms of the first run their names in the second, where they differ.

    Raises:
        InputError: a folder holds no run, or they have no question, arm or measure in common; every reason is named.
    """
    one, two = read_run(first), read_run(second)
    shared, notes = _shared_questions(one, two)
    measures = [name for name in one.verdict_measures if name in two.verdict_measures]
    contexts = [name for name in one.layout.contexts if name in two.layout.contexts]
    problems = []
    if not shared:
        problems.append(f"{second.path}: asks no question that {first.path} asks; expected the same domain and texts")
    if not measures:
        problems.append(f"{second.path}: measures {two.verdict_measures}, not {one.verdict_measures}")
    if not contexts:
        problems.append(f"{second.path}: has prompts {list(two.layout.contexts)}, not {list(one.layout.contexts)}")
    problems += _unknown_arms(one, two, names or {})
    notes += _only_in_one("prompts", one.layout.contexts, two.layout.contexts)
    notes += _only_in_one("measures", one.verdict_measures, two.verdict_measures)
    tables = ScoreTable(one.scores), ScoreTable(two.scores)
    for domain in shared:
        _fill(domain, tables, contexts, measures, names or {})
    if shared and not any(domain.rows for domain in shared):
        arms = [sorted(arm.name for arm in files.layout.arms) for files in (one, two)]
        problems.append(f"{second.path}: has arms {arms[1]}, none of {arms[0]}; name a pair with --arm FIRST=SECOND")
    if problems:
        raise InputError(problems)
    notes += [f"{one.domain}: not in the second run: {', '.join(one.left_out)}" for one in shared if one.left_out]
    if any(arm.homes and len(arm.generators) == 1 for domain in shared for arm, *_ in domain.rows):
        notes.append("of arms with one training it is not known how far other trainings of them would differ")
    settings = AnalysisSettings(
        one.results.settings.confidence, margin=one.results.settings.margin, seed=one.results.settings.seed
    )
    cells = _cells([domain for domain in shared if domain.rows], settings, one, two)
    return RunsCompared(cells, differing(one.manifest.study, two.manifest.study), notes, settings.confidence)


def _unknown_arms(one: RunFiles, two: RunFiles, names: Mapping[str, str]) -> list[str]:
    """A problem for every name of an arm that its run does not have."""
    problems = []
    for files, wanted, which in ((one, list(names), "first"), (two, list(names.values()), "second")):
        known = [arm.name for arm in files.layout.arms]
        problems += [
            f"--arm {name}: the {which} run has no such arm{nearest(name, known)}"
            for name in wanted
            if name not in known
        ]
    return problems


def _only_in_one(what: str, first: Sequence[str], second: Sequence[str]) -> list[str]:
    """A note where only one run has some of a kind."""
    return [
        f"{what} of only the {which} run are left out: {', '.join(left)}"
        for which, left in (
            ("first", [name for name in first if name not in second]),
            ("second", [name for name in second if name not in first]),
        )
        if left
    ]


def _shared_questions(one: RunFiles, two: RunFiles) -> tuple[list[_Shared], list[str]]:
    """The domains of both with the questions that are the same in both."""
    firsts = {domain.name: domain for domain in domains_of(one.layout, one.questions)}
    seconds = {domain.name: domain for domain in domains_of(two.layout, two.questions)}
    shared, notes = [], []
    for name in sorted({*firsts, *seconds}):
        if name not in firsts or name not in seconds:
            notes.append(f"{name}: only in the {'first' if name in firsts else 'second'} run")
            continue
        asked = {question.id: question for question in seconds[name].questions}
        same = [question.id for question in firsts[name].questions if asked.get(question.id) == question]
        n_left_out = len({question.id for question in firsts[name].questions} | set(asked)) - len(same)
        if n_left_out:
            notes.append(f"{name}: {n_left_out} questions are left out, which only one run asks or which differ")
        if same:
            shared.append(_Shared(name, firsts[name], seconds[name], same))
    return shared, notes


def _places(domain: DomainData, names: Sequence[str]) -> list[int]:
    """Where some questions stand among those of a run."""
    places = {question.id: place for place, question in enumerate(domain.questions)}
    return [places[name] for name in names]


def _fill(
    domain: _Shared,
    tables: tuple[ScoreTable, ScoreTable],
    contexts: Sequence[str],
    measures: Sequence[str],
    names: Mapping[str, str],
) -> None:
    """Find the cells of a domain that both runs have scores for."""
    seconds = {arm.name: arm for arm in domain.second.arms}
    # The second run may ask them in another order.
    rows = [_places(data, domain.questions) for data in (domain.first, domain.second)]
    for arm in domain.first.arms:
        other = seconds.get(names.get(arm.name, arm.name))
        if other is None:
            domain.left_out.append(arm.name)
            continue
        for context in contexts:
            for measure in measures:
                before = tables[0].of_arm(domain.first, arm, context, measure)[rows[0]]
                after = tables[1].of_arm(domain.second, other, context, measure)[rows[1]]
                if not np.isnan(training_by_training(after, before)).all():
                    domain.rows.append((arm, other, context, measure))
                    domain.scores.append((before, after))


def _cells(shared: Sequence[_Shared], settings: AnalysisSettings, one: RunFiles, two: RunFiles) -> list[CellOfTwo]:
    blocks = []
    for domain in shared:
        groups = {question.id: question.group for question in domain.first.questions}
        differences = [_paired(after, before) for before, after in domain.scores]
        asked = [groups[name] for name in domain.questions]
        blocks.append(block_by_seed(differences, asked, ranks=["secondary"] * len(differences)))
    cells = []
    for domain, found in zip(shared, compare_blocks(blocks, settings), strict=True):
        for row, (before, after), effect in zip(domain.rows, domain.scores, found, strict=True):
            arm, other, contexts, measure = row
            both = ~np.isnan(before).any(axis=1) & ~np.isnan(after).any(axis=1)
            means = float(before[both].mean()), float(after[both].mean())
            turned = _turned(domain, (arm, other), contexts, (one, two))
            cells.append(CellOfTwo(domain.domain, arm.name, other.name, contexts, measure, *means, effect, *turned))
    return cells


def _paired(after: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n questions, n seeds) differences; of unequally many trainings only as many as both have, so that they vary."""
    if 1 in (after.shape[1], before.shape[1]):
        return after - before
    n = min(after.shape[1], before.shape[1])
    return after[:, :n] - before[:, :n]


def _turned(
    domain: _Shared, arms: tuple[Arm, Arm], contexts: str, runs: tuple[RunFiles, RunFiles]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Questions whose answers all turned right, or all turned wrong, by their failure points."""
    turned: tuple[list[str], list[str]] = ([], [])
    for question in domain.questions:
        before, after = (
            {run.points.get((domain.domain, name, contexts, question)) for name in arm.generators}
            for run, arm in zip(runs, arms, strict=True)
        )
        if None in before | after:
            continue
        if "right" not in before and after == {"right"}:
            turned[0].append(question)
        if before == {"right"} and "right" not in after:
            turned[1].append(question)
    return tuple(turned[0]), tuple(turned[1])


def changed_effects(first: RunFolder, second: RunFolder) -> dict[tuple[str, str, str, str], Comparison]:
    """By how much the differences between arms and their bases changed from one run to another.

    Args:
        first: folder of the earlier run.
        second: folder of the later run.

    Returns:
        (tuned - base) of the second run minus that of the first over the questions that both ask, each change by
        itself, by domain, arm, contexts and measure.

    Raises:
        InputError: a folder holds no run that this version reads.
    """
    one, two = read_run(first), read_run(second)
    tables = ScoreTable(one.scores), ScoreTable(two.scores)
    found: dict[tuple[str, str, str, str], Comparison] = {}
    keys, others = (
        {(row.domain, row.arm, row.base, row.contexts, row.measure) for row in run.results.comparisons if row.decision}
        for run in (one, two)
    )
    keys &= others
    settings = AnalysisSettings(one.results.settings.confidence, margin=one.results.settings.margin)
    for domain in _shared_questions(one, two)[0]:
        mine = sorted(key for key in keys if key[0] == domain.domain)
        columns = [_change(domain, tables, key) for key in mine]
        if columns:
            groups = {question.id: question.group for question in domain.first.questions}
            block = block_by_seed(columns, [groups[name] for name in domain.questions])
            [effects] = compare_blocks([block], settings)
            found |= {(key[0], key[1], key[3], key[4]): effect for key, effect in zip(mine, effects, strict=True)}
    return found


def _change(
    domain: _Shared, tables: tuple[ScoreTable, ScoreTable], key: tuple[str, str, str, str, str]
) -> NDArray[np.float64]:
    """(n questions, n seeds) difference of an arm to its base in the second run minus that in the first."""
    _, arm, base, contexts, measure = key
    differences = []
    for data, table in zip((domain.first, domain.second), tables, strict=True):
        rows = _places(data, domain.questions)
        scores = [table.of_arm(data, data.by_name[name], contexts, measure)[rows] for name in (arm, base)]
        differences.append(training_by_training(*scores))
    return _paired(differences[1], differences[0])


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Keys of two nested mappings with different values: key, first value, second value; '' where there is none.

    Args:
        first: a study.
        second: another one.

    Examples:
        >>> differing({'a': {'b': 1}, 'c': [1]}, {'a': {'b': 2}, 'c': [1]})
        [('a.b', '1', '2')]
    """
    one, two = flat(first), flat(second)
    rows = [(key, one.get(key, ""), two.get(key, "")) for key in dict.fromkeys([*one, *two])]
    return [row for row in rows if row[1] != row[2]]


def flat(value: Any, key: str = "") -> dict[str, str]:  # noqa: ANN401 - parsed YAML
    """The values of nested mappings and lists as text, by the path of their keys.

    Args:
        value: parsed YAML.
        key: path to it.

    Examples:
        >>> flat({'a': {'b': 1}, 'c': [{'name': 'x', 'd': 2}]})
        {'a.b': '1', 'c.x.name': 'x', 'c.x.d': '2'}
    """
    if isinstance(value, dict):
        items = [(str(name), part) for name, part in value.items()]
    elif isinstance(value, list):
        # A named part keeps its name when others come before it.
        names = [str(part.get("name") or "") if isinstance(part, dict) else "" for part in value]
        unique = [name if name and names.count(name) == 1 else str(number) for number, name in enumerate(names)]
        items = list(zip(unique, value, strict=True))
    else:
        return {key: str(value)}
    found: dict[str, str] = {}
    for name, part in items:
        found |= flat(part, f"{key}.{name}" if key else name)
    return found
