"""ragas' measures that need a language model, asked through our judge: its retries, budget and cache hold for them.

ragas' own runner drops rows that fail and loses their order, so its measures are called one answer at a time.
`FactualCorrectness` is used in precision mode only: ragas 0.4.3 counts true positives over the answer's claims and
false negatives over the reference's, so its recall and F1 mix two kinds of claims. Completeness comes from
`claims.completeness` instead.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TypeVar

from ragstudy.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from ragstudy.protocols import Embedder
    from ragstudy.records import Case
    from ragstudy.replies import Reply
    from ragstudy.scoring.judges.client import Judge

    Model = TypeVar("Model", bound=BaseModel)

CURE = (
    "ragas cannot be imported: {error}. ragas 0.4.3 needs an older langchain-community: "
    "pip install 'ragas==0.4.3' 'langchain-community<0.4.2'"
)
# What each takes of a case, under the names of ragas.
_TAKES: dict[str, tuple[str, ...]] = {
    "answer_accuracy": ("user_input", "response", "reference"),
    "answer_correctness": ("user_input", "response", "reference"),
    "factual_correctness": ("response", "reference"),
    "faithfulness": ("user_input", "response", "retrieved_contexts"),
    "context_recall": ("user_input", "retrieved_contexts", "reference"),
    "context_precision": ("user_input", "retrieved_contexts", "reference"),
}
NAMES = tuple(_TAKES)
# About how many requests one answer takes; of context_precision, one per passage.
N_CALLS = {
    "answer_accuracy": 2,
    "answer_correctness": 3,
    "factual_correctness": 2,
    "faithfulness": 2,
    "context_recall": 1,
    "context_precision": 5,
}


def load_collections() -> Any:  # noqa: ANN401 - an untyped package
    """The module ragas.metrics.collections, with its telemetry off.

    Raises:
        UnavailableError: it cannot be imported; the message says the cure.
    """
    # No telemetry, whatever the user's environment says.
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    try:
        from ragas.metrics import collections
    except ImportError as error:
        raise UnavailableError(CURE.format(error=error)) from error
    return collections


class RagasJudge:
    """One of ragas' measures.

    Args:
        name: of `NAMES`.
        embedder: makes the embeddings that answer_correctness compares.

    Raises:
        UnavailableError: ragas cannot be imported.
    """

    def __init__(self, name: str, embedder: Callable[[], Embedder]) -> None:
        self._name = name
        self._takes = _TAKES[name]
        self._embedder = embedder
        self._collections = load_collections()
        self.needs_passages = "retrieved_contexts" in self._takes

    def score(self, judge: Judge, case: Case, repeat: int = 0) -> float:
        """In [0, 1], more is better; of several references, the one where it is highest counts.

        Args:
            judge: that is asked.
            case: answer with question and passages.
            repeat: number of an independent repetition.

        Raises:
            ValueError: something it takes is empty, or the judge could not be asked or its reply not be used.
        """
        metric = self._metric(judge, repeat)
        references = case.question.references if "reference" in self._takes else ("",)
        if not references:
            msg = "the question has no reference"
            raise ValueError(msg)
        return max(self._value(metric, case, reference) for reference in references)

    def _value(self, metric: Any, case: Case, reference: str) -> float:  # noqa: ANN401 - an untyped package
        every = {
            "user_input": case.question.text,
            "response": case.answer.strip(),
            "reference": reference,
            "retrieved_contexts": list(case.passages or ()),
        }
        given = {name: every[name] for name in self._takes}
        for name, content in given.items():
            if not content:
                msg = f"ragas needs {name}, which is empty"
                raise ValueError(msg)
        value = float(metric.score(**given).value)
        if value != value:  # noqa: PLR0124 - ragas gives NaN where it finds nothing to count
            msg = f"ragas {self._name} found nothing to count"
            raise ValueError(msg)
        return value

    def _metric(self, judge: Judge, repeat: int) -> Any:  # noqa: ANN401 - an untyped package
        llm = _llm(judge, repeat)
        made: dict[str, Callable[[], Any]] = {
            "answer_accuracy": lambda: self._collections.AnswerAccuracy(llm=llm, max_retries=1),
            "answer_correctness": lambda: self._collections.AnswerCorrectness(
                llm=llm, embeddings=own_embeddings(self._embedder)
            ),
            "factual_correctness": lambda: self._collections.FactualCorrectness(llm=llm, mode="precision"),
            "faithfulness": lambda: self._collections.Faithfulness(llm=llm),
            "context_recall": lambda: self._collections.ContextRecall(llm=llm),
            "context_precision": lambda: self._collections.ContextPrecisionWithReference(llm=llm),
        }
        return made[self._name]()


def _llm(judge: Judge, repeat: int) -> Any:  # noqa: ANN401 - an untyped package
    """The judge as ragas sees it."""
    from ragas.llms.base import InstructorBaseRagasLLM

    class JudgeLLM(InstructorBaseRagasLLM):
        def generate(self, prompt: str, response_model: type[Model]) -> Model:
            schema = json.dumps(response_model.model_json_schema())
            text = f"{prompt}\n\nReply with one JSON object of this schema and nothing else:\n{schema}"

            def checked(reply: Reply) -> Model:
                start, end = reply.text.find("{"), reply.text.rfind("}")
                return response_model.model_validate_json(reply.text[start : end + 1])

            return judge.ask([{"role": "user", "content": text}], checked, repeat=repeat)

        async def agenerate(self, prompt: str, response_model: type[Model]) -> Model:
            return self.generate(prompt, response_model)

    return JudgeLLM()


def own_embeddings(embedder: Callable[[], Embedder]) -> Any:  # noqa: ANN401 - an untyped package
    """An embedder as ragas sees it.

    Args:
        embedder: loads the embedder.
    """
    from ragas.embeddings.base import BaseRagasEmbedding

    class OwnEmbeddings(BaseRagasEmbedding):
        def embed_text(self, text: str, **_options: object) -> list[float]:
            return [float(x) for x in embedder().embed([text])[0]]

        async def aembed_text(self, text: str, **_options: object) -> list[float]:
            return self.embed_text(text)

    return OwnEmbeddings()
