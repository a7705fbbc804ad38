"""The same as the command line, as functions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ragstudy.records import Answer, Score
    from ragstudy.specs import StudySpec
    from ragstudy.study.plan import Plan
    from ragstudy.study.watch import Watcher


def load_study(path: str | Path, *overrides: str) -> StudySpec:
    """The study in a YAML file, with `key=value` overrides applied.

    Raises:
        InputError: the file is missing or any key or value is wrong; every problem is named.
    """
    from ragstudy import specs

    return specs.load_study(Path(path), overrides)


def check_study(study: StudySpec) -> Plan:
    """The plan of a study: its domains loaded and checked, its arms and jobs laid out; nothing is run.

    Raises:
        InputError: anything it names is missing or wrong; every problem is named.
    """
    from ragstudy.study.plan import make_plan

    return make_plan(study)


def run_study(study: StudySpec, out: str | Path | None = None, watcher: Watcher | None = None) -> Run:
    """Run a study, or go on with one, and write its reports.

    Args:
        study: what to run.
        out: run folder; `reports/<name>` by default.
        watcher: hears what is done; silent by default.

    Raises:
        InputError: anything it names is missing or wrong; every problem is named.
        UnavailableError: a model is not to be had.
    """
    from ragstudy.reporting import refresh_reports
    from ragstudy.study import run
    from ragstudy.study.store import RunFolder

    folder = Path(out) if out is not None else Path("reports") / study.name
    run.run_study(check_study(study), folder, watcher)
    refresh_reports(RunFolder(folder))
    return Run(folder)


def load_run(path: str | Path) -> Run:
    """A finished run.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    from ragstudy.study.store import RunFolder

    RunFolder(Path(path)).check()
    return Run(Path(path))


@dataclass(frozen=True)
class Run:
    """The results of a run, read from its folder.

    Attributes:
        path: of the folder.
    """

    path: Path

    def write_reports(self) -> Path:
        """Write the reports again, from the folder's files alone; returns the path of the HTML page."""
        from ragstudy.reporting import write_reports
        from ragstudy.study.store import RunFolder

        return write_reports(RunFolder(self.path))

    def to_pandas(self) -> pd.DataFrame:
        """One row per comparison: domain, arm, base, contexts, measure, difference, interval, p, verdict."""
        import pandas as pd

        return pd.DataFrame(self.comparisons())

    def comparisons(self) -> list[dict[str, Any]]:
        """The comparisons of comparisons.json."""
        from ragstudy.study.store import RunFolder

        return list(RunFolder(self.path).comparisons()["comparisons"])

    def arms(self) -> list[dict[str, Any]]:
        """The mean of every arm, context and measure, with the number of answers scored and not scored."""
        from ragstudy.study.store import RunFolder

        return list(RunFolder(self.path).comparisons()["arms"])

    def scores(self) -> list[Score]:
        """Every score of every answer."""
        from ragstudy.study.store import RunFolder

        return RunFolder(self.path).scores()

    def claims(self) -> list[dict[str, Any]]:
        """Facts found and claims supported in every answer, with the evidence (`ragstudy.study.evidence`)."""
        from ragstudy.study.evidence import evidence
        from ragstudy.study.store import RunFolder

        return evidence(RunFolder(self.path))

    def failure_points(self) -> list[dict[str, Any]]:
        """The failure point of every answer that has one (docs/diagnosis.md)."""
        from ragstudy.study.store import RunFolder

        return [asdict(row) for row in RunFolder(self.path).failure_points()]

    def forgetting(self) -> list[dict[str, Any]]:
        """What tests elsewhere say of every arm, before and after tuning; empty if the study has none."""
        from ragstudy.study.store import RunFolder

        return list(RunFolder(self.path).comparisons().get("forgetting", []))

    def findings(self) -> list[dict[str, Any]]:
        """What changed, why, and what to try next: a row per finding, with its sentence as `text`."""
        from ragstudy.reporting.findings import sentences
        from ragstudy.study.store import RunFolder

        found = RunFolder(self.path).comparisons().get("findings", [])
        return [{**one, "text": text} for one, text in zip(found, sentences(found), strict=True)]

    def answers(self) -> list[Answer]:
        """Every answer."""
        from ragstudy.study.store import RunFolder

        return RunFolder(self.path).answers()
