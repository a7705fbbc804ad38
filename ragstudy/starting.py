"""A domain and a study file from a folder of documents and a table of questions, ready to run.

Examples:
    >>> text = study_text('faq', '../corpora/faq', n_train=40, n_test=60, models=Models())
    >>> text.splitlines()[0]
    '# faq: 40 training and 60 test questions. Change what you like and run it again.'
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.domains import import_domain
from ragstudy.errors import InputError
from ragstudy.files import write_text
from ragstudy.generation.packaged import SMALLEST

if TYPE_CHECKING:
    from ragstudy.corpus.importers.imported import Imported

DEFAULT_MODEL = SMALLEST
_MOST_TEST, _MOST_TRAIN = 300, 200
# Without training all but a few questions are for testing; a domain needs some of either kind.
_SHARE_WITHOUT_TRAINING = 0.9
_STUDY = """\
# {name}: {n_train} training and {n_test} test questions. Change what you like and run it again.
name: {name}
domains:
  - {{path: {domain}, n_test: {most_test}}}
# `sections` keeps what stands under a heading together and tells the heading in each passage.
retrieval: {{chunk_tokens: 128, chunk_overlap: 16, chunking: sections, top_k: 5}}
generators:
{generators}
  # Copies the most similar sentences: a floor.
  - {{kind: extractive, name: extractive}}
{finetuning}# With and without passages; docs/contexts.md has more.
contexts: [retrieved, none]
"""
_FINETUNING = """\
finetuning:
  # `closed_book`: question-answer pairs alone; `retrieved`: with their passages. Three trainings of each, so that the
  # verdict is about tuning and not about one adapter.
  - base: base
    formats: [closed_book, retrieved]
    sizes: [{n_pairs}]
    seeds: [1, 2, 3]
    epochs: 2
    learning_rate: 2.0e-4
"""


@dataclass(frozen=True)
class Models:
    """The models of a study.

    Attributes:
        base: model to compare with: a name, a folder, a GGUF file, or `URL#MODEL` of a server.
        tuned: its fine-tuned version: an adapter's folder, a model, or `URL#MODEL`; None tunes the base on the training
            questions.
    """

    base: str = DEFAULT_MODEL
    tuned: str | None = None


@dataclass(frozen=True)
class Started:
    """What was made.

    Attributes:
        imported: the domain, with notes of what was found and guessed.
        domain: its folder.
        study: the study file.
        is_new: whether the study file was written now.
    """

    imported: Imported
    domain: Path
    study: Path
    is_new: bool = True


def init(  # noqa: PLR0913 - what a person says to begin
    name: str,
    docs: str | Path,
    qa: str | Path,
    models: Models | None = None,
    root: str | Path = ".",
    *,
    again: bool = False,
    **columns: str | None,
) -> Started:
    """Make `corpora/NAME` of a folder of documents and a table of questions, and `experiments/NAME.yaml`.

    Args:
        name: of the domain and the study.
        docs: folder of documents.
        qa: table of questions.
        models: of the study; the model of `make install` by default, tuned on the training questions.
        root: folder that corpora and experiments lie in.
        again: import anew what was imported before; the study file stays as it is.
        columns: of the table, where the guess is wrong: question, answer, id, gold, group, split.

    Raises:
        InputError: anything is missing or wrong, or the study file is there already; nothing is written then.
    """
    models = models or Models()
    problems = [
        f"{one}: no such file or folder of a model" for one in (models.base, models.tuned) if one and _is_gone(one)
    ]
    if problems:
        raise InputError(problems)
    study, domain = Path(root) / "experiments" / f"{name}.yaml", Path(root) / "corpora" / name
    if study.exists() and not again:
        msg = f"{study}: is there already; --again imports the documents anew and leaves it as it is; or name another"
        raise InputError(msg)
    if again and not study.exists():
        msg = f"{study}: is not there, so nothing was begun that could be imported again; leave out --again"
        raise InputError(msg)
    share = {} if models.tuned is None else {"test_share": _SHARE_WITHOUT_TRAINING}
    imported = import_domain("folder", domain, again=again, docs=docs, questions=qa, **share, **columns)
    if study.exists():
        return Started(imported, domain, study, is_new=False)
    n_train, n_test = (len(imported.domain.split(split)) for split in ("train", "test"))
    text = study_text(name, f"../corpora/{name}", n_train=n_train, n_test=n_test, models=models)
    write_text(study, text)
    return Started(imported, domain, study)


def start_in(
    out: str | Path, docs: str | Path, qa: str | Path, models: Models | None = None, **columns: str | None
) -> tuple[Path, Started | None]:
    """The study file below a folder for one question and all that it takes; made unless it is there.

    Args:
        out: the folder, whose name is that of the study.
        docs: folder of documents.
        qa: table of questions.
        models: of the study.
        columns: of the table, where the guess is wrong.

    Returns:
        The study file, and what was made with it; None where it was there already.

    Raises:
        InputError: anything is missing or wrong; nothing is written then.
    """
    folder = Path(out)
    study = folder / "experiments" / f"{folder.name}.yaml"
    return study, None if study.exists() else init(folder.name, docs, qa, models, folder, again=False, **columns)


def study_text(name: str, domain: str, *, n_train: int, n_test: int, models: Models) -> str:
    """A study file with comments, for what there is.

    Args:
        name: of the study.
        domain: path of the domain from the study file.
        n_train: training questions of the domain.
        n_test: test questions of the domain.
        models: of the study.
    """
    generators = [_generator("base", models.base, "")]
    if models.tuned is not None:
        generators.append(_tuned(models.base, models.tuned))
    tunes = _FINETUNING.format(n_pairs=min(n_train, _MOST_TRAIN)) if models.tuned is None else ""
    return _STUDY.format(
        name=name,
        domain=domain,
        n_train=n_train,
        n_test=n_test,
        most_test=min(n_test, _MOST_TEST),
        generators="\n".join(generators),
        finetuning=tunes,
    )


def _tuned(base: str, tuned: str) -> str:
    of = ", tuned_from: base"
    if (Path(tuned).expanduser() / "adapter_config.json").is_file():
        return _generator("tuned", base, f", adapter: {_path(tuned)!r}{of}")
    return _generator("tuned", tuned, of)


def _generator(name: str, model: str, more: str) -> str:
    url, at, there = model.rpartition("#")
    if at and url.startswith(("http://", "https://")):
        return f"  - {{kind: endpoint, name: {name}, url: {url!r}, model: {there!r}, key_variable: null{more}}}"
    return f"  - {{kind: transformers, name: {name}, model: {_path(model)!r}, max_new_tokens: 64{more}}}"


def _is_gone(model: str) -> bool:
    """Whether a name can only be a path, and nothing is there; `owner/name` may be of the hub."""
    is_path = model.startswith((".", "/", "~")) or model.count("/") > 1 or model.lower().endswith(".gguf")
    return is_path and not model.startswith(("http://", "https://")) and not Path(model).expanduser().exists()


def _path(model: str) -> str:
    """A folder or file as a path that holds wherever the study file lies; any other name as it is."""
    there = Path(model).expanduser()
    return str(there.resolve()) if there.exists() else model
