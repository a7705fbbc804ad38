"""From the rows of a comparison to findings: what changed, why, and what to try next; no finding without numbers.

Every rule is a function from the evidence about one arm to a finding or None; docs/diagnosis.md says when each speaks.
A finding holds numbers only; `reporting.findings` words it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ragstudy.specs import main_context, parse_context
from ragstudy.study.failure_points import OF_GENERATION, OF_RETRIEVAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = dict[str, Any]
_STICKS = 0.1
_CITES = 0.2
_LONGER = 0.2
_NOTICED = 0.02
_MOST = 0.5


@dataclass(frozen=True)
class Finding:
    """One sentence's worth of evidence.

    Attributes:
        domain: name.
        rule: which rule found it.
        role: 'change', 'cause', 'caution' or 'next'.
        arm: it is about, or ''.
        measure: it is about, or ''.
        numbers: everything its sentence says.
    """

    domain: str
    rule: str
    role: str
    arm: str = ""
    measure: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """The rows about one domain and one measure, for the arm that is explained.

    Attributes:
        domain: name.
        measure: first verdict measure.
        main: context the explanation is about.
        compared: what comparisons.json holds.
        row: comparison of the arm in the main context.
    """

    domain: str
    measure: str
    main: str
    compared: dict[str, Any]
    row: Row

    @property
    def arm(self) -> str:
        """The arm that is explained."""
        return str(self.row["arm"])

    def rows(self, kind: str, **wanted: object) -> list[Row]:
        """Rows of a kind about the domain that have these values."""
        return [
            row
            for row in self.compared.get(kind, [])
            if row["domain"] == self.domain and all(row.get(key) == value for key, value in wanted.items())
        ]

    def one(self, kind: str, **wanted: object) -> Row | None:
        """The first of such rows, about the arm."""
        return next(iter(self.rows(kind, arm=self.arm, **wanted)), None)

    def effect(self, contexts_kind: str) -> Row | None:
        """The arm's comparison in the first context of a kind."""
        found = self.rows("comparisons", arm=self.arm, measure=self.measure)
        return next((row for row in found if parse_context(row["contexts"]).kind == contexts_kind), None)

    def finding(self, rule: str, role: str, **numbers: object) -> Finding:
        """A finding about the arm."""
        return Finding(self.domain, rule, role, self.arm, self.measure, dict(numbers))


def explain(compared: dict[str, Any], contexts: Sequence[str]) -> list[dict[str, Any]]:
    """Findings for every domain, in the order in which they are told.

    Args:
        compared: what comparisons.json will hold, diagnoses included.
        contexts: of the study.
    """
    main = main_context(contexts)
    measure = compared["settings"]["verdict_measures"][0]
    found: list[Finding] = []
    for about in compared["domains"]:
        name = about["domain"]
        rows = [
            row
            for row in compared["comparisons"]
            if row["domain"] == name and row["contexts"] == main and row["measure"] == measure and "verdict" in row
        ]
        told = [row for row in rows if row["difference"] is not None and not row["sham"] and not row["trained_on"]]
        tuned = [row for row in told if row["size"]]
        if not tuned:
            continue
        focus = _focus(tuned)
        evidence = Evidence(name, measure, main, compared, focus)
        found.append(_change(evidence, tuned))
        if focus["verdict"] in ("helps", "hurts"):
            found += [finding for rule in _CAUSES if (finding := rule(evidence)) is not None]
        found += [finding for rule in _CAUTIONS if (finding := rule(evidence)) is not None]
        found += _next(evidence, told)
    return [asdict(one) for one in found]


def _focus(rows: list[Row]) -> Row:
    """The arm to explain: the one that hurts most, else that helps most, else with the largest difference."""
    for verdict in ("hurts", "helps"):
        called = [row for row in rows if row["verdict"] == verdict]
        if called:
            return max(called, key=lambda row: abs(row["difference"]))
    return max(rows, key=lambda row: abs(row["difference"]))


def _effect(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in ("difference", "low", "high")}


def _change(at: Evidence, rows: list[Row]) -> Finding:
    verdicts = [row["verdict"] for row in rows]
    return at.finding(
        "effect",
        "change",
        contexts=at.main,
        verdict=at.row["verdict"],
        base=at.row["base"],
        base_mean=at.row["base_mean"],
        tuned_mean=at.row["tuned_mean"],
        n_arms=len(rows),
        n_hurts=verdicts.count("hurts"),
        n_helps=verdicts.count("helps"),
        n_level=verdicts.count("no meaningful difference"),
        **_effect(at.row),
    )


def _is_below(found: dict[str, Any] | None) -> bool:
    return found is not None and found["high"] is not None and found["high"] < 0


def _is_above(found: dict[str, Any] | None) -> bool:
    return found is not None and found["low"] is not None and found["low"] > 0


def _weights(at: Evidence) -> Finding | None:
    """With changed passages the tuned arm follows them less often than the base."""
    mine = at.one("context_use")
    if mine is None or not _is_below(mine.get("follows_difference")):
        return None
    base = next(iter(at.rows("context_use", arm=at.row["base"], contexts=mine["contexts"])), None)
    if base is None:
        return None
    # Sticking to the true value, which the passages no longer hold, shows that it comes from the weights.
    from_weights = mine["sticks"]["value"] - base["sticks"]["value"] >= _STICKS
    return at.finding(
        "from_weights" if from_weights else "follows_less",
        "cause",
        follows=mine["follows"]["value"],
        base_follows=base["follows"]["value"],
        sticks=mine["sticks"]["value"],
        base_sticks=base["sticks"]["value"],
    )


def _with_gold(at: Evidence) -> Finding | None:
    """Whether the effect is there with the gold passages alone, where neither search nor choice is at stake."""
    row = at.effect("oracle")
    if row is None or row["low"] is None or at.row["verdict"] != "hurts":
        return None
    if _is_below(row):
        return at.finding("reads_worse", "cause", **_effect(row))
    # Level with gold passages alone: what is lost is telling them from others.
    if row["difference"] > at.row["difference"] / 2:
        return at.finding("chooses_worse", "cause", retrieved=at.row["difference"], **_effect(row))
    return None


def _interaction(at: Evidence) -> Finding | None:
    """Passages are worth less, or more, to the tuned arm than to the base."""
    row = at.one("interactions", contexts=at.main, measure=at.measure)
    if row is None or not (_is_below(row) or _is_above(row)):
        return None
    return at.finding(
        "passages_bring", "cause", base_gain=row["base_gain"], tuned_gain=row["tuned_gain"], **_effect(row)
    )


def _failures(at: Evidence) -> Finding | None:
    """The failure point of generation that grew, or shrank, most."""
    row = at.one("failure_points", contexts=at.main)
    if row is None:
        return None
    moved = {point: row["shifts"][point] for point in OF_GENERATION}
    sure = {point: one for point, one in moved.items() if _is_above(one) or _is_below(one)}
    wanted = {point: one for point, one in sure.items() if (one["value"] > 0) == (at.row["difference"] < 0)}
    if not wanted:
        return None
    point = max(wanted, key=lambda name: abs(wanted[name]["value"]))
    shift = wanted[point]
    return at.finding(
        "failure_point", "cause", point=point, difference=shift["value"], low=shift["low"], high=shift["high"]
    )


def _cites(at: Evidence) -> Finding | None:
    """The tuned arm stopped, or began, to name the passage it answers from."""
    row = at.one("drift", contexts=at.main)
    shift = row and row["shifts"]["cites passages"]
    if not row or not shift or shift["value"] is None or abs(shift["value"]) < _CITES:
        return None
    mine = row["forms"]["cites passages"]["value"]
    return at.finding("cites", "cause", cites=mine, base_cites=mine - shift["value"])


def _length(at: Evidence) -> Finding | None:
    """Answers are longer or shorter by a fifth."""
    row = at.one("drift", contexts=at.main)
    shift = row and row["shifts"]["words"]
    if not row or not shift or shift["value"] is None or not (_is_above(shift) or _is_below(shift)):
        return None
    before = row["forms"]["words"]["value"] - shift["value"]
    if before <= 0 or abs(shift["value"]) < _LONGER * before:
        return None
    return at.finding(
        "length",
        "cause",
        words=row["forms"]["words"]["value"],
        base_words=before,
        reference_words=row["reference_words"],
    )


def _declines(at: Evidence) -> Finding | None:
    """It declines less often where no passage answers."""
    found = [row for row in at.rows("drift", arm=at.arm) if parse_context(row["contexts"]).kind == "distractors_only"]
    shift = found[0]["shifts"]["declines"] if found else None
    if shift is None or not _is_below(shift):
        return None
    mine = found[0]["forms"]["declines"]["value"]
    return at.finding("declines_less", "cause", declines=mine, base_declines=mine - shift["value"])


def _hangs_less(at: Evidence) -> Finding | None:
    """Its answers get less unlikely when the gold passages are taken out: they hang less on what was read."""
    row = at.one("sensitivity")
    if row is None or row.get("difference") is None or not _is_below(row):
        return None
    return at.finding("hangs_less", "cause", drop=row["mean"]["value"], base_drop=row["base_mean"], **_effect(row))


def _forgets(at: Evidence) -> Finding | None:
    """The test elsewhere that got worse most, in standard errors."""
    worse = []
    for row in at.rows("forgetting", arm=at.arm):
        if row.get("low") is None or row["measure"] == "log_likelihood":
            continue
        lost = _is_above(row) if row["measure"] == "loss" else _is_below(row)
        width = row["high"] - row["low"]
        # Many tokens make differences certain that nobody would notice.
        if lost and abs(row["difference"]) >= _NOTICED:
            worse.append((abs(row["difference"]) / width if width else 0.0, row))
    if not worse:
        return None
    row = max(worse, key=lambda one: one[0])[1]
    tests = sorted({row["probe"] for _, row in worse})
    means = {"mean": row["mean"]["value"], "base_mean": row["base_mean"]}
    if row["measure"] == "loss":
        means = {"mean": row["perplexity"], "base_mean": row["base_perplexity"]}
    what = "perplexity" if row["measure"] == "loss" else row["measure"]
    return at.finding("forgets", "caution", probe=row["probe"], what=what, tests=tests, **means)


def _sham(at: Evidence) -> Finding | None:
    """The same tuning with shuffled answers does as much: the form of the answers does it, not what they say."""
    against = at.one("against_sham", contexts=at.main, measure=at.measure)
    if against is None or against["low"] is None:
        return None
    sham = next(iter(at.rows("comparisons", arm=against["sham"], contexts=at.main, measure=at.measure)), None)
    if _is_below(against) or _is_above(against):
        return at.finding("sham_differs", "cause", **_effect(against))
    same_side = sham is not None and (_is_below(sham) if at.row["difference"] < 0 else _is_above(sham))
    return at.finding("sham_as_much", "cause", **_effect(sham)) if sham is not None and same_side else None


def _seeds(at: Evidence) -> Finding | None:
    """The spread of the trainings is the larger part of the uncertainty."""
    error, seeds = at.row["standard_error"], at.row["seed_error"]
    if error is None or not seeds or seeds**2 < _MOST * (seeds**2 + error**2):
        return None
    return at.finding(
        "seeds",
        "caution",
        n_seeds=at.row["n_seeds"],
        share=seeds**2 / (seeds**2 + error**2),
        share_seed=at.row["share_seed"],
    )


def _retrieval(at: Evidence) -> Finding | None:
    """Most of the base's failures are made before it reads."""
    row = next(iter(at.rows("failure_points", arm=at.row["base"], contexts=at.main)), None)
    if row is None or row["points"]["right"]["value"] is None:
        return None
    before = sum(row["points"][point]["value"] for point in OF_RETRIEVAL)
    wrong = 1 - row["points"]["right"]["value"]
    if wrong <= 0 or before < _MOST * wrong:
        return None
    return at.finding("retrieval_first", "caution", before=before, wrong=wrong)


def _dose(at: Evidence) -> Finding | None:
    """From which training size on the effect shows."""
    wanted = {"axis": "pairs", "recipe": at.row["recipe"], "trained_on": ""}
    found = at.rows("series", contexts=at.main, measure=at.measure, **wanted)
    if not found or found[0]["smallest_visible"] is None:
        return None
    points = found[0]["points"]
    return at.finding(
        "dose",
        "caution",
        smallest=found[0]["smallest_visible"],
        sizes=[point["at"] for point in points],
        differences=[point["difference"] for point in points],
    )


def _next(at: Evidence, rows: list[Row]) -> list[Finding]:
    """What to try among the arms that were run: the best one, if it is better than leaving the base alone."""
    helping = [row for row in rows if row["verdict"] == "helps"]
    best = max(helping or rows, key=lambda row: row["difference"])
    is_worse = best["high"] is not None and best["high"] < 0
    rule = "best_helps" if helping else "none" if is_worse else "best_is_level"
    numbers = {**_effect(best), "verdict": best["verdict"], "base": best["base"], "tuned": bool(best["size"])}
    return [Finding(at.domain, rule, "next", best["arm"], at.measure, numbers)]


_CAUSES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _weights,
    _with_gold,
    _interaction,
    _failures,
    _cites,
    _length,
    _declines,
    _hangs_less,
    _sham,
)
_CAUTIONS: tuple[Callable[[Evidence], Finding | None], ...] = (_forgets, _dose, _seeds, _retrieval)
