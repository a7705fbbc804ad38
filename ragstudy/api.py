"""The same as the command line, as functions.

Examples:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = Path(folder) / 'study.yaml'
    ...     _ = study.write_text('{name: s, domains: [faq], generators: [{kind: extractive, name: copy}]}')
    ...     load_study(study, 'retrieval.top_k=3').retrieval.top_k
    3
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from llama_index.core.query_engine import CustomQueryEngine

    from ragstudy.records import Answer, Diagnosed, Evidence, Score
    from ragstudy.results import ArmMean, ComparisonRow, Finding, ModelTestMean, Results
    from ragstudy.specs import StudySpec
    from ragstudy.starting import Models
    from ragstudy.study.plan.model import Plan
    from ragstudy.study.progress import ProgressReporter
    from ragstudy.study.run_folder import RunFolder


def load_study(path: str | Path, *overrides: str) -> StudySpec:
    """The study in a YAML file, with `key=value` overrides applied.

    Args:
        path: the file.
        overrides: `key=value` each.

    Raises:
        InputError: the file is missing or any key or value is wrong; every problem is named.
    """
    from ragstudy import specs

    return specs.load_study(Path(path), overrides)


def check_study(study: StudySpec) -> Plan:
    """The plan of a study: its domains loaded and checked, its arms and jobs laid out; nothing is run.

    Args:
        study: to plan.

    Raises:
        InputError: anything it names is missing or wrong; every problem is named.
    """
    from ragstudy.study.plan.make import make_plan

    return make_plan(study)


def run_study(study: StudySpec, out: str | Path | None = None, progress: ProgressReporter | None = None) -> Run:
    """Run a study, or go on with one, and write its reports.

    Args:
        study: what to run.
        out: run folder; `reports/<name>` by default.
        progress: is told what is done; nothing is reported by default.

    Raises:
        InputError: anything it names is missing or wrong; every problem is named.
        UnavailableError: a model is not to be had.
    """
    from ragstudy.reporting import refresh_reports
    from ragstudy.study import run
    from ragstudy.study.run_folder import RunFolder

    folder = Path(out) if out is not None else Path("reports") / study.name
    run.run_study(check_study(study), folder, progress)
    refresh_reports(RunFolder(folder))
    return Run(folder)


def quick(
    docs: str | Path,
    qa: str | Path,
    models: Models | None = None,
    out: str | Path = "quick",
    progress: ProgressReporter | None = None,
    **columns: str | None,
) -> Run:
    """From a folder of documents, a table of questions and models to a verdict; goes on with what is there.

    `quick("wiki", "qa.csv", Models("smollm2-135m-instruct", "adapters/wiki")).to_pandas()`

    Args:
        docs: folder of documents, in many formats.
        qa: table of questions with reference answers.
        models: base and tuned; the model of `make install` by default, tuned on half of the questions.
        out: folder for all that is made: domain, study file and report.
        progress: is told what is done; nothing is reported by default.
        columns: of the table, where the guess is wrong: question, answer, id, gold, group, split.

    Raises:
        InputError: anything is missing or wrong; every problem is named.
        UnavailableError: a model is not to be had.
    """
    from ragstudy.starting import start_in

    study, _ = start_in(out, docs, qa, models, **columns)
    return run_study(load_study(study), Path(out) / "report", progress)


def query_engine(path: str | Path, arm: str = "best", domain: str | None = None) -> CustomQueryEngine:
    """An arm of a run, or one that was exported, as a query engine of llama-index.

    Args:
        path: of the run folder, or of a folder that `ragstudy export` wrote.
        arm: its name; 'best' for the one with the highest mean on the main measure.
        domain: that it is asked about; the run's only one by default.

    Raises:
        InputError: there is no such run, arm or domain.
    """
    from ragstudy.serving import Answerer
    from ragstudy.serving.query_engine import query_engine

    return query_engine(Answerer.open(Path(path), arm, domain))


def _place_of(row: Evidence) -> tuple[str, str, str, str]:
    return (row.domain, row.question, row.generator, row.contexts)


def load_run(path: str | Path) -> Run:
    """A finished run.

    Args:
        path: of its folder.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    from ragstudy.study.run_folder import RunFolder

    RunFolder(Path(path)).check()
    return Run(Path(path))


@dataclass(frozen=True)
class Run:
    """The results of a run, read from its folder.

    Attributes:
        path: of the folder.
    """

    path: Path

    @property
    def _folder(self) -> RunFolder:
        from ragstudy.study.run_folder import RunFolder

        return RunFolder(self.path)

    def write_reports(self) -> Path:
        """Write the reports again, from the folder's files alone; returns the path of the HTML page."""
        from ragstudy.reporting import write_reports

        return write_reports(self._folder)

    def results(self) -> Results:
        """Everything that the analysis found, as typed records.

        Raises:
            InputError: nothing was analysed yet, or another version of ragstudy did.
        """
        return self._folder.results()

    def to_pandas(self, table: str = "comparisons") -> pd.DataFrame:
        """A table of the run as a data frame; nested values of a row become columns of their own.

        Args:
            table: one of `TABLES`, by default one row per comparison: domain, arm, base, contexts, measure, difference,
                interval, p, verdict.

        Raises:
            InputError: there is no such table.
        """
        import pandas as pd

        from ragstudy.errors import InputError, nearest
        from ragstudy.files import plain
        from ragstudy.results import table_row

        if table not in TABLES:
            msg = f"table {table!r}: there is no such table{nearest(table, TABLES)}"
            raise InputError(msg)
        return pd.DataFrame([plain(table_row(row)) for row in getattr(self, table)()])

    def comparisons(self) -> list[ComparisonRow]:
        """Every arm against its base."""
        return self.results().comparisons

    def arms(self) -> list[ArmMean]:
        """The mean of every arm, context and measure, with the number of answers scored and not scored."""
        return self.results().arm_means

    def scores(self) -> list[Score]:
        """Every score of every answer."""
        return self._folder.scores()

    def claims(self) -> list[Evidence]:
        """Facts found and claims supported in every answer, with the evidence."""
        from ragstudy.study.analyse.evidence import evidence

        self._folder.check()
        read = {(*_place_of(row), row.side, row.claim): row for row in self._folder.claims()}
        # What a language model said of the words was kept when the run was scored.
        return [read.get((*_place_of(row), row.side, row.claim), row) for row in evidence(self._folder)]

    def failure_points(self) -> list[Diagnosed]:
        """The failure point of every answer that has one (docs/diagnosis.md)."""
        return self._folder.failure_points()

    def forgetting(self) -> list[ModelTestMean]:
        """What tests elsewhere say of every arm, before and after tuning; empty if the study has none."""
        return self.results().forgetting

    def findings(self) -> list[Finding]:
        """What changed, why, and what to try next, each with its sentence and its numbers."""
        return self.results().findings

    def answers(self) -> list[Answer]:
        """Every answer."""
        return self._folder.answers()


TABLES = ("comparisons", "arms", "scores", "answers", "claims", "failure_points", "forgetting", "findings")
