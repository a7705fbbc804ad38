"""ragas' measures that need no language model, called so that nothing is lost or reordered."""

from __future__ import annotations

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
            from ragas.metrics import collections
        except ImportError as error:
            msg = (
                f"ragas cannot be imported: {error}. ragas 0.4.3 needs an older langchain-community: "
                "pip install 'ragas==0.4.3' 'langchain-community<0.4.2'"
            )
            raise UnavailableError(msg) from error
        made: dict[str, Any] = {
            "exact_match": collections.ExactMatch,
            "rouge_l": collections.RougeScore,
            "string_presence": collections.StringPresence,
            "string_similarity": collections.NonLLMStringSimilarity,
        }
        self._metric = made[name]()

    def score(self, question: Question, answer: str) -> float:
        """In [0, 1], more is better.

        Raises:
            ValueError: the answer is empty, which ragas does not score.
        """
        if not answer.strip():
            msg = "ragas does not score an empty answer"
            raise ValueError(msg)
        texts = acceptable(question)
        return max(float(self._metric.score(reference=text, response=answer).value) for text in texts)
