"""What decides what an embedded model becomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a model becomes.

    Attributes:
        name: of the model's folder.
        hidden: width.
        n_layers: number of blocks.
        n_heads: attention heads.
        inner: width of the feed-forward part.
        vocabulary_size: entries of the tokenizer.
        n_tokens: tokens to train on, padding included, before the last ones.
        batch_tokens: tokens of a batch.
        learning_rate: at the peak, of embeddings and norms (AdamW).
        matrix_learning_rate: at the peak, of the blocks' matrices (Muon).
        share_supervised: share of a batch's positions that the loss is computed on; answers come first, the
            rest are drawn from the other positions.
        weight_elsewhere: weight of the loss at positions outside answers.
        seed: of weights and data.
        share_reasoned: of the questions of the last stage, see `Stage`.
        share_examples: of the conversations of the last stage, see `Stage`.
        n_last_tokens: tokens after those, in which the word of a verdict weighs `weight_verdict` and the learning rates
            begin at `share_last_rate` of their peaks.
        weight_verdict: weight of the loss at `yes` or `no` in these; elsewhere 1, as of any other token of an answer,
            which is too little to be learned: it is one of about twenty.
        share_last_rate: of the peak learning rates, falling to zero.
        grown_from: the shipped model that this one begins as, with blocks added; it is trained in the last stage
            only. Empty for a model trained from nothing.
    """

    name: str = "small"
    hidden: int = 256
    n_layers: int = 6
    n_heads: int = 4
    inner: int = 704
    vocabulary_size: int = 6144
    n_tokens: int = 34_000_000
    batch_tokens: int = 3072
    learning_rate: float = 1.4e-3
    matrix_learning_rate: float = 2.0e-3
    share_supervised: float = 0.25
    weight_elsewhere: float = 0.15
    seed: int = 1
    share_reasoned: float = 0.0
    share_examples: float = 0.12
    n_last_tokens: int = 0
    weight_verdict: float = 10.0
    share_last_rate: float = 0.4
    grown_from: str = ""

    @property
    def n_all_tokens(self) -> int:
        """Tokens of the whole training."""
        return self.n_tokens + self.n_last_tokens


MODELS = Path(__file__).parent / "models"
# About 2.5, 6.4 and 11 million parameters, so that size can be an axis of a study. The medium one goes on
# from the small one with a third of its tokens, on the kinds of questions that this one is weak at.
RECIPES = {
    "tiny": Recipe(name="tiny", hidden=160, n_layers=5, n_heads=4, inner=432),
    "small": Recipe(),
    "medium": Recipe(
        name="medium",
        n_layers=12,
        n_tokens=10_000_000,
        learning_rate=0.8e-3,
        matrix_learning_rate=1.2e-3,
        share_reasoned=0.5,
        share_examples=0.3,
        n_last_tokens=2_000_000,
        grown_from="small",
    ),
}
