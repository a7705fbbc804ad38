"""ragas' measures that need no language model, called so that nothing is lost or reordered."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from ragstudy.errors import UnavailableError
from ragstudy.scoring.measures import acceptable

if TYPE_CHECKING:
    from ragstudy.records import Question


class RagasStrings:
    """One of ragas' string measures, for the acceptable text where it is highest.

    Args:
        name: 'exact_match', 'rouge_l', 'string_presence' or 'string_similarity'.

    Raises:
        UnavailableError: ragas cannot be imported; the message says the cure.
    """

    def __init__(self, name: str) -> None:
        # No telemetry, whatever the user's environment says.
        os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")
        try:
            from ragas import metrics
            from ragas.dataset_schema import SingleTurnSample
        except ImportError as error:
            msg = (
                f"ragas cannot be imported: {error}. ragas 0.4.3 needs an older langchain-community: "
                "pip install 'ragas==0.4.3' 'langchain-community<0.4.2'"
            )
            raise UnavailableError(msg) from error
        made: dict[str, Any] = {
            "exact_match": metrics.ExactMatch,
            "rouge_l": metrics.RougeScore,
            "string_presence": metrics.StringPresence,
            "string_similarity": metrics.NonLLMStringSimilarity,
        }
        self._sample = SingleTurnSample
        self._metric = made[name]()

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better.

        Raises:
            ValueError: the answer is empty, which ragas does not score.
        """
        if not answer.strip():
            msg = "ragas does not score an empty answer"
            raise ValueError(msg)
        return max(asyncio.run(self._one(answer, text)) for text in acceptable(question))

    async def _one(self, answer: str, text: str) -> float:
        sample = self._sample(response=answer, reference=text)
        return float(await self._metric.single_turn_ascore(sample))
