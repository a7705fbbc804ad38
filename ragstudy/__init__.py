"""Does fine-tuning help or hurt behind retrieval?

Examples:
    >>> import ragstudy
    >>> run = ragstudy.run_study(ragstudy.load_study("experiments/quickstart.yaml"))  # doctest: +SKIP
    >>> run.to_pandas()  # one row per comparison, with its verdict  # doctest: +SKIP
    >>> ragstudy.load_run("reports/quickstart").scores()  # doctest: +SKIP
    >>> ragstudy.__version__ >= "0.1"
    True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragstudy.api import Run, check_study, load_run, load_study, query_engine, quick, run_study
    from ragstudy.errors import InputError, RagstudyError, UnavailableError

__version__ = "0.1.0"
__all__ = [
    "InputError",
    "RagstudyError",
    "Run",
    "UnavailableError",
    "__version__",
    "check_study",
    "load_run",
    "load_study",
    "query_engine",
    "quick",
    "run_study",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import the public names when they are first used, so that `import ragstudy` is quick."""
    import importlib

    if name in ("InputError", "RagstudyError", "UnavailableError"):
        return getattr(importlib.import_module("ragstudy.errors"), name)
    if name in __all__:
        return getattr(importlib.import_module("ragstudy.api"), name)
    msg = f"module 'ragstudy' has no attribute {name!r}"
    raise AttributeError(msg)
