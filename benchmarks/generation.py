"""Batched generation against llama-index's query engine with its HuggingFace model, asked question by question.

    python benchmarks/generation.py [pocket-tiny | pocket | pocket-medium]

Both answer the same questions over the same five passages with the embedded model, greedily and with the same
longest answer, in one process; the ratio is what counts, not the seconds. Needs the extra `bench`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.corpus import load_domain
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.locate import model_folder
from ragstudy.prompting import for_model, make_prompt
from ragstudy.retrieval.dense import DenseRetriever
from ragstudy.retrieval.embedder import SentenceEmbedder
from ragstudy.retrieval.minilm import HUB_ID, verified_folder
from ragstudy.retrieval.passages import cut
from ragstudy.specs import TransformersSpec

if TYPE_CHECKING:
    from ragstudy.records import Document, Question

_N_QUESTIONS = 192
_TOP_K = 5
_NEW_TOKENS = 48


def ours(documents: tuple[Document, ...], questions: list[Question], name: str) -> float:
    """Seconds for retrieval and answers, the models loaded before."""
    embedder = SentenceEmbedder(HUB_ID)
    index = DenseRetriever.build(cut(documents, 128, 16, embedder.tokens()), embedder)
    model = CausalModel(TransformersSpec(kind="transformers", name="pocket", model=name, max_new_tokens=_NEW_TOKENS))
    started = time.perf_counter()
    hits = index.search([question.text for question in questions], _TOP_K)
    prompts = [
        make_prompt(q.id, q.text, [passage for passage, _ in hit]) for q, hit in zip(questions, hits, strict=True)
    ]
    prompts.sort(key=lambda prompt: -len(prompt.text))
    for start in range(0, len(prompts), 32):
        model.generate(prompts[start : start + 32])
    return time.perf_counter() - started


def hugging_face_llm(folder: str, tokenizer: Any, new_tokens: int) -> Any:  # noqa: ANN401 - of llama-index
    """llama-index's own model of transformers, in float32 as it loads one."""
    from llama_index.llms.huggingface import HuggingFaceLLM
    from transformers import AutoModelForCausalLM

    return HuggingFaceLLM(
        model=AutoModelForCausalLM.from_pretrained(folder, dtype="float32"),
        tokenizer=tokenizer,
        context_window=2048,
        max_new_tokens=new_tokens,
        generate_kwargs={"do_sample": False},
    )


def query_engine(documents: tuple[Document, ...], questions: list[Question], name: str) -> float:
    """Seconds for the same with llama-index's own query engine, one question after the other."""
    import faiss
    from llama_index.core import Document as Source
    from llama_index.core import PromptTemplate, StorageContext, VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.vector_stores.faiss import FaissVectorStore
    from sentence_transformers import SentenceTransformer
    from transformers import AutoTokenizer

    encoder = SentenceTransformer(str(verified_folder()))

    class MiniLM(BaseEmbedding):
        """The same embedder, as llama-index asks for it."""

        def _get_text_embedding(self, text: str) -> list[float]:
            vector: list[float] = encoder.encode(text, normalize_embeddings=True).tolist()
            return vector

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = encoder.encode(texts, normalize_embeddings=True).tolist()
            return vectors

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    folder = model_folder(name)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    llm = hugging_face_llm(folder, tokenizer, _NEW_TOKENS)
    storage = StorageContext.from_defaults(vector_store=FaissVectorStore(faiss.IndexFlatIP(384)))
    index = VectorStoreIndex.from_documents(
        [Source(text=document.text) for document in documents],
        storage_context=storage,
        embed_model=MiniLM(),
        transformations=[SentenceSplitter(chunk_size=128, chunk_overlap=16)],
    )
    shown = for_model("Answer the question using the passages.\n\n{context_str}\n\nQuestion: {query_str}", tokenizer)
    engine = index.as_query_engine(llm=llm, similarity_top_k=_TOP_K, text_qa_template=PromptTemplate(shown))
    started = time.perf_counter()
    for question in questions:
        engine.query(question.text)
    return time.perf_counter() - started


def main() -> None:
    """Print both times and their ratio."""
    name = sys.argv[1] if len(sys.argv) > 1 else "pocket"
    domain = load_domain(Path(__file__).parents[1] / "corpora" / "handbook")
    questions = list(domain.split("test")[:_N_QUESTIONS])
    engine = query_engine(domain.documents, questions, name)
    batched = ours(domain.documents, questions, name)
    n = len(questions)
    print(f"llama-index query engine, one by one: {engine:.1f} s ({n / engine:.1f} questions a second)")
    print(f"ragstudy, batched:                    {batched:.1f} s ({n / batched:.1f} questions a second)")
    print(f"ratio: {engine / batched:.1f}")


if __name__ == "__main__":
    main()
