"""The study behind an ability report: one generator in every context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.corpus import load_domain
from ragstudy.errors import InputError
from ragstudy.specs import parse_study

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragstudy.specs import StudySpec

_CONTEXTS = (
    "retrieved",
    "retrieved@1",
    "retrieved@5",
    "oracle",
    "oracle_with_distractors:first",
    "oracle_with_distractors:middle",
    "oracle_with_distractors:last",
    "distractors_only",
    "none",
    "counterfactual",
)


def abilities_study(  # noqa: PLR0913 - what the report asks
    model: str,
    folders: Sequence[Path],
    n_questions: int,
    *,
    top_k: int = 3,
    adapter: str | None = None,
    examples: int = 0,
) -> StudySpec:
    """A study that asks one generator, beside the extractive control, in all contexts; nothing is tuned.

    Args:
        model: local folder, hub id, or `pocket`.
        folders: domains to ask about.
        n_questions: most test questions per domain.
        top_k: passages of the contexts that do not say how many.
        adapter: folder or hub id of a PEFT adapter of the model, or None.
        examples: shown by a second arm of the same model, for what examples gain; none for 0.

    Raises:
        InputError: a domain is wrong or missing.
    """
    if not folders:
        msg = "no domain given; expected at least one folder, e.g. corpora/handbook"
        raise InputError(msg)
    domains = [
        {"path": str(folder), "n_test": min(n_questions, max(1, len(load_domain(folder).split("test"))))}
        for folder in folders
    ]
    name = model.rstrip("/").rsplit("/", maxsplit=1)[-1]
    return parse_study(
        {
            "name": f"abilities-{name}",
            "title": f"What {name} can do before any tuning",
            "domains": domains,
            "retrieval": {"chunk_tokens": 128, "chunk_overlap": 16, "top_k": top_k},
            "generators": [
                {"kind": "transformers", "name": name, "model": model, "adapter": adapter},
                *_with_examples(name, model, adapter, examples),
                {"kind": "extractive", "name": "extractive"},
            ],
            "contexts": list(_CONTEXTS),
        },
        "abilities",
    )


def _with_examples(name: str, model: str, adapter: str | None, n: int) -> list[dict[str, Any]]:
    arm = {"kind": "transformers", "name": f"{name}-{n}-examples", "model": model, "adapter": adapter, "examples": n}
    return [{**arm, "tuned_from": name}] if n else []
