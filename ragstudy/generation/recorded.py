"""Answers that exist already, such as those of another system, as a generator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ragstudy.corpus.importers.ragchecker import results_of
from ragstudy.errors import InputError
from ragstudy.files import fingerprint, read_lines
from ragstudy.records import Completion
from ragstudy.specs import GeneratorKind, GeneratorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Prompt


class RecordedSpec(GeneratorSpec):
    """Answers that exist already, such as those of another system.

    Attributes:
        answers: file: RAGChecker's JSON, or lines of {"id": question id, "answer": text}.
    """

    kind: Literal["recorded"]
    answers: str
    batch_size: int = Field(default=256, ge=1)


class RecordedGenerator:
    """Gives each question the answer that a file holds for its id, whatever passages it is shown.

    Args:
        path: RAGChecker's JSON (`results` with query_id and response) or lines of {"id", "answer"}.

    Raises:
        InputError: the file is missing or has neither layout.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._answers = read_answers(self._path)

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """The recorded answers; a question that has none gives an error that says so.

        Args:
            prompts: answered as one batch.
        """
        return [self._answer(prompt) for prompt in prompts]

    def _answer(self, prompt: Prompt) -> Completion:
        shown = len(prompt.passages)
        if prompt.key not in self._answers:
            return Completion("", "error", 0, shown, f"{self._path} holds no answer to question {prompt.key!r}")
        text = self._answers[prompt.key]
        return Completion(text, "end", len(text.split()), shown)


def read_answers(path: Path) -> dict[str, str]:
    """Answers by question id.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing or has neither layout.
    """
    if not path.is_file():
        msg = f"{path}: no such file; expected answers as RAGChecker's JSON or as lines of {{id, answer}}"
        raise InputError(msg)
    if path.suffix == ".jsonl":
        rows = [(row.get("id"), row.get("answer"), f"{path}:{number}") for number, row in read_lines(path)]
    else:
        rows = [
            (row.get("query_id"), row.get("response"), f"{path}: result {number}")
            for number, row in enumerate(results_of(path), start=1)
        ]
    problems = [
        f"{place}: expected an id and a text, found {name!r} and {type(text).__name__}"
        for name, text, place in rows
        if name is None or not isinstance(text, str)
    ]
    seen: set[str] = set()
    for name, _, place in rows:
        if str(name) in seen:
            problems.append(f"{place}: question {name!r} has an answer already; expected one answer a question")
        seen.add(str(name))
    if problems:
        raise InputError(problems[:20])
    return {str(name): text for name, text, _ in rows if isinstance(text, str)}


def _problems(spec: RecordedSpec) -> list[str]:
    try:
        read_answers(Path(spec.answers))
    except InputError as error:
        return list(error.problems)
    return []


def _move_paths(spec: RecordedSpec, path: Callable[[str], str], _name: Callable[[str], str]) -> RecordedSpec:
    return spec.model_copy(update={"answers": path(spec.answers)})


KIND = GeneratorKind(
    "recorded",
    RecordedSpec,
    lambda spec: RecordedGenerator(spec.answers),
    problems=_problems,
    move_paths=_move_paths,
    identity=lambda spec: {"answers": fingerprint(sorted(read_answers(Path(spec.answers)).items()))},
)
