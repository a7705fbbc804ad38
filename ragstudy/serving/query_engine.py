"""An arm as a query engine of llama-index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llama_index.core.query_engine import CustomQueryEngine

    from ragstudy.serving.answerer import Answerer


def query_engine(answerer: Answerer) -> CustomQueryEngine:
    """What answers questions as llama-index asks them; a response's source nodes are the passages that were shown.

    Args:
        answerer: that answers.
    """
    from llama_index.core.base.response.schema import Response
    from llama_index.core.query_engine import CustomQueryEngine
    from llama_index.core.schema import NodeWithScore, TextNode

    class ArmQueryEngine(CustomQueryEngine):
        """Asks an arm of a study."""

        def custom_query(self, query_str: str) -> Any:  # noqa: ANN401 - a response of llama-index
            """The answer to a question with its sources.

            Args:
                query_str: the question.
            """
            said = answerer.answer(query_str)
            nodes = []
            for passage, score in said.sources:
                about = {"document": passage.document, "title": passage.title}
                node = TextNode(id_=passage.id, text=passage.text, metadata=about)
                nodes.append(NodeWithScore(node=node, score=score))
            return Response(response=said.text, source_nodes=nodes, metadata={"was_cut": said.was_cut})

    return ArmQueryEngine()
