"""What trackers are given, by the trackers themselves; their packages are extras."""

from __future__ import annotations

import importlib.util

import pytest

from ragstudy.cli.main import main
from ragstudy.reporting.trackers import tracked
from ragstudy.study.run_folder import RunFolder


def needs(package):
    absent = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(absent, reason=f"needs the extra {package}: pip install 'ragstudy[{package}]'")


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    return "sk-very-secret"


def everything_under(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_is_tracked(lamps_run, secret):
    found = tracked(RunFolder(lamps_run))
    assert found.parameters["retrieval.top_k"] == "3"
    assert 0 < found.metrics["lamps/base/retrieved/accuracy/mean"] < 1
    assert {path.name for path in found.files} >= {"index.html", "lamps.html", "lamps.md"}
    assert not {"provenance.html", "manifest.json", "study.yaml"} & {path.name for path in found.files}
    assert not [value for value in found.parameters.values() if "/" in value and value.startswith(("/", "."))]
    assert secret not in repr(found)


@needs("mlflow")
def test_mlflow_gets_numbers_and_report_and_no_environment(lamps_run, tmp_path, monkeypatch, capsys, secret):
    # Keeps its runs in a database, which the skinny package alone cannot.
    pytest.importorskip("alembic")
    import mlflow

    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    main(["track", str(lamps_run), "--to", "mlflow"])
    made = mlflow.MlflowClient().get_run(capsys.readouterr().out.strip().splitlines()[-1])
    assert made.data.metrics == pytest.approx(dict(tracked(RunFolder(lamps_run)).metrics))
    assert not {"mlflow.user", "mlflow.source.git.commit", "mlflow.source.name"} & set(made.data.tags)
    assert {item.path for item in mlflow.MlflowClient().list_artifacts(made.info.run_id)} >= {"index.html"}
    assert secret.encode() not in everything_under(tmp_path)


@needs("wandb")
def test_wandb_gets_numbers_and_report_and_no_environment(lamps_run, tmp_path, monkeypatch, capsys, secret):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    main(["track", str(lamps_run), "--to", "wandb"])
    kept = everything_under(tmp_path)
    assert b"lamps/base/retrieved/accuracy/mean" in kept
    assert secret.encode() not in kept


@pytest.mark.parametrize("package", ["mlflow", "wandb"])
def test_a_missing_package_is_named(lamps_run, monkeypatch, capsys, package):
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SystemExit) as stop:
        main(["track", str(lamps_run), "--to", package])
    assert stop.value.code == 2
    assert f"ragstudy[{package}]" in capsys.readouterr().err
