"""What an ability report says of a model beside its scores: speed and perplexity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragstudy.specs import TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ragstudy.study.plan.model import Plan
    from ragstudy.study.run_folder import RunFolder


def model_notes(plan: Plan, folder: RunFolder, seconds: Mapping[str, float]) -> list[str]:
    """Sentences about speed and perplexity of the model that a report asks.

    Args:
        plan: of the report.
        folder: of its run.
        seconds: that the run took now, by stage; speed is told only where answers were made.
    """
    from ragstudy.generation.causal import CausalModel
    from ragstudy.generation.likelihood import perplexity

    spec = next(one for one in plan.spec.generators if isinstance(one, TransformersSpec))
    names = {name for arm in plan.arms if plan.generator(arm.generator).kind == spec.kind for name in arm.generators}
    mine = [answer for answer in folder.answers() if answer.generator in names]
    notes = []
    if seconds.get("answer", 0) > 1:
        took, n_tokens = seconds["answer"], sum(answer.n_tokens for answer in mine)
        notes.append(
            f"{len(mine) / took:.1f} answers and {n_tokens / took:.0f} written tokens a second, over all contexts, on "
            "this machine."
        )
    model = CausalModel(spec)
    perplexities = {
        domain.name: perplexity(model, [document.text for document in domain.domain.documents])
        for domain in plan.domains
    }
    shown = ", ".join(f"{name} {value:.1f}" for name, value in perplexities.items() if value is not None)
    notes.append(f"Perplexity per token on the documents, without an adapter: {shown}.")
    return notes
