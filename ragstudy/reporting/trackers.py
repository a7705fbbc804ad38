"""A run's parameters, numbers and report for MLflow or Weights & Biases; nothing is sent that was not asked for.

Neither the environment nor the machine nor the repository is passed on; of paths only the last part is.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ragstudy.errors import UnavailableError
from ragstudy.reporting.two_runs import flat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ragstudy.study.run_folder import RunFolder

TrackerName = Literal["mlflow", "wandb"]
_LONGEST_VALUE = 500
# What MLflow allows in a name.
_NOT_ALLOWED = re.compile(r"[^\w\-. :/]")


@dataclass(frozen=True)
class Tracked:
    """What a tracker is given of a run.

    Attributes:
        name: of the study.
        parameters: key of the study and its value as text.
        metrics: `domain/arm/contexts/measure/what` and its value: mean, and of comparisons difference, low and high.
        files: report and results.
    """

    name: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    files: Sequence[Path]


def tracked(folder: RunFolder) -> Tracked:
    """What a tracker is given of a run.

    Args:
        folder: of the run.

    Raises:
        InputError: the folder holds no run that this version reads.
    """
    folder.check()
    results, manifest = folder.results(), folder.manifest()
    metrics: dict[str, float] = {}
    for mean in results.arm_means:
        metrics[f"{mean.domain}/{mean.arm}/{mean.contexts}/{mean.measure}/mean"] = mean.mean
    for row in results.comparisons:
        of = f"{row.domain}/{row.arm}/{row.contexts}/{row.measure}"
        metrics |= {f"{of}/difference": row.effect.difference, f"{of}/low": row.effect.low}
        metrics[f"{of}/high"] = row.effect.high
    # The page of provenance, the manifest and the study say where and on what the run was made.
    pages = [page for page in sorted(folder.path.glob("*.html")) if page.name != "provenance.html"]
    files = [*pages, *sorted(folder.path.glob("*.md")), folder.path / "comparisons.json"]
    known = {_NOT_ALLOWED.sub("_", name): value for name, value in metrics.items() if not math.isnan(value)}
    parameters = {_NOT_ALLOWED.sub("_", key): _public(value) for key, value in flat(manifest.study).items()}
    return Tracked(manifest.name, parameters, known, files)


def _public(value: str) -> str:
    """A value without the folders that a path leads through, and not too long."""
    is_path = value.startswith(("/", "./", "../", "~")) or Path(value).is_absolute()
    return (Path(value).name if is_path else value)[:_LONGEST_VALUE]


def send(run: Tracked, tracker: TrackerName, project: str) -> str:
    """Give a run to a tracker, as its own settings say where; returns what it calls the run.

    Args:
        run: what it is given.
        tracker: which one.
        project: of W&B, or experiment of MLflow.

    Raises:
        UnavailableError: its package is not installed.
    """
    return _to_mlflow(run, project) if tracker == "mlflow" else _to_wandb(run, project)


def _missing(*, package: str) -> UnavailableError:
    return UnavailableError(f"{package} is not installed; install the extra: pip install 'ragstudy[{package}]'")


def _to_mlflow(run: Tracked, project: str) -> str:
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param
    except ImportError as error:
        raise _missing(package="mlflow") from error
    # The client adds no tags of its own, unlike mlflow.start_run, which notes user, source and repository.
    client = MlflowClient()
    experiment = client.get_experiment_by_name(project)
    number = experiment.experiment_id if experiment else client.create_experiment(project)
    made = client.create_run(number, run_name=run.name)
    name: str = made.info.run_id
    parameters = [Param(key, value) for key, value in run.parameters.items()]
    metrics = [Metric(key, value, made.info.start_time, 0) for key, value in run.metrics.items()]
    # It takes at most 100 parameters and 1000 metrics at once.
    for start in range(0, len(parameters), 100):
        client.log_batch(name, params=parameters[start : start + 100])
    for start in range(0, len(metrics), 1000):
        client.log_batch(name, metrics=metrics[start : start + 1000])
    for path in run.files:
        client.log_artifact(name, str(path))
    client.set_terminated(name)
    return name


def _to_wandb(run: Tracked, project: str) -> str:
    try:
        import wandb
    except ImportError as error:
        raise _missing(package="wandb") from error
    settings = wandb.Settings(
        disable_git=True,
        disable_code=True,
        disable_job_creation=True,
        console="off",
        silent=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
    )
    with wandb.init(project=project, name=run.name, config=dict(run.parameters), settings=settings) as made:
        made.summary.update(dict(run.metrics))
        rows = [[name, value] for name, value in run.metrics.items()]
        made.log({"numbers": wandb.Table(columns=["name", "value"], data=rows)})
        report = wandb.Artifact(f"{run.name}-report", type="report")
        for path in run.files:
            report.add_file(str(path))
        made.log_artifact(report)
        return str(made.id)
