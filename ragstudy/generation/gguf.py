"""GGUF files, as llama.cpp, Ollama and LM Studio use them, converted once into folders that transformers reads.

The weights are dequantised and saved as safetensors in the user's cache, under the sha256 of the file. transformers
does not take over how a GGUF tokenizer splits text before it merges bytes, so that is set here and then checked; a
file that splits in a way not known here is refused, because its prompts would be read in other tokens than the model
was trained on.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from contextlib import nullcontext, redirect_stderr
from dataclasses import asdict, dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import hash_file, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from transformers import PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# Raised whenever the same file is converted to something else than before.
CONVERTER_VERSION = 1
_MAGIC = b"GGUF"
# How text is cut before byte pairs are merged, by the name in `tokenizer.ggml.pre`: expressions one after the other,
# None for GPT-2's (llama.cpp, src/llama-vocab.cpp; tokenizer.json of the models).
_LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
_OTHERS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = (rf"{_LETTERS}|\p{{N}}{{1,3}}|{_OTHERS}",)
_QWEN2 = (rf"{_LETTERS}|\p{{N}}|{_OTHERS}",)
_DIGITS_FIRST = (r"\p{N}", None)
_SPLITS: dict[str, tuple[str | None, ...]] = {
    "gpt-2": (None,),
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "qwen2": _QWEN2,
    "deepseek-r1-qwen": _QWEN2,
    "smollm": _DIGITS_FIRST,
    "starcoder": _DIGITS_FIRST,
    "refact": _DIGITS_FIRST,
}
# Tokens that these vocabularies hold whole, although merging their bytes does not lead to them.
_TAKES_WHOLE_WORDS = frozenset({"llama-bpe", "llama3", "llama-v3"})
_SPECIAL = ("bos", "eos", "unknown", "padding")


@dataclass(frozen=True)
class GGUFHeader:
    """What a GGUF file says of itself.

    Attributes:
        architecture: name of the architecture, e.g. 'llama'.
        quantisation: name of the number format, e.g. 'Q4_1'.
        context: how many tokens the model reads and writes together.
        n_parameters: parameters of the model.
        licence: as the file names it; '' if it does not.
        splits: name of the way in which its tokenizer cuts text into words; '' where it has none.
        n_files: into how many files the model was split.
    """

    architecture: str
    quantisation: str
    context: int
    n_parameters: int
    licence: str
    splits: str
    n_files: int


def is_gguf(name: str) -> bool:
    """Whether a name is that of a GGUF file: by its ending, or, as Ollama keeps them without one, by how it begins.

    Args:
        name: of a model as a study writes it.
    """
    path = Path(name).expanduser()
    return path.suffix == ".gguf" or (path.is_file() and _begins_with(path) == _MAGIC)


def _begins_with(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(len(_MAGIC))


def check_gguf(path: Path, name: str) -> None:
    """Check that a file can be converted, without converting it.

    Args:
        path: of the file.
        name: how the study calls it.

    Raises:
        InputError: it is missing, no GGUF file, cut short, split into several files, or of a kind that cannot be read.
        UnavailableError: the package gguf is not installed.
    """
    header = read_header(path, name)
    if header.n_files > 1:
        msg = f"model {name!r}: one of {header.n_files} files of a split model; join them with llama-gguf-split --merge"
        raise InputError(msg)
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    known = sorted(set(GGUF_SUPPORTED_ARCHITECTURES) - {"general", "tokenizer"})
    if header.architecture not in known:
        msg = (
            f"model {name!r}: transformers cannot read GGUF files of the architecture {header.architecture!r}; it "
            f"reads {', '.join(known)}. Serve the file with llama.cpp and use kind: endpoint"
        )
        raise InputError(msg)
    if header.splits and header.splits not in _SPLITS:
        msg = (
            f"model {name!r}: its tokenizer cuts text into words in the way {header.splits!r}, which is not known here "
            f"(known: {', '.join(_SPLITS)}), so that it would read other tokens than it was trained on. Serve the file "
            "with llama.cpp and use kind: endpoint, or give the model's safetensors"
        )
        raise InputError(msg)


def read_header(path: Path, name: str) -> GGUFHeader:
    """What a GGUF file says of itself.

    Args:
        path: of the file.
        name: how the study calls it.

    Raises:
        InputError: it is missing, no GGUF file, or cut short.
        UnavailableError: the package gguf is not installed.
    """
    if not path.is_file():
        msg = f"model {name!r}: no such file; expected a GGUF file, a model folder or a hub id like 'owner/name'"
        raise InputError(msg)
    start = _begins_with(path)
    if start != _MAGIC:
        msg = f"model {name!r}: not a GGUF file: it begins with {start!r} instead of {_MAGIC!r}; fetch it again"
        raise InputError(msg)
    about = path.stat()
    try:
        return _header(path, about.st_size, about.st_mtime_ns)
    except ImportError as error:
        msg = f"model {name!r}: reading GGUF files needs the package gguf: pip install 'ragstudy[gguf]'"
        raise UnavailableError(msg) from error
    except (ValueError, IndexError, KeyError, UnicodeDecodeError, OverflowError, MemoryError) as error:
        msg = f"model {name!r}: damaged or cut short ({type(error).__name__}: {str(error)[:120]}); fetch the file again"
        raise InputError(msg) from error


@cache
def _header(path: Path, _size: int, _changed: int) -> GGUFHeader:
    from gguf import GGUFReader, LlamaFileType

    reader = GGUFReader(path)

    def field(key: str, default: Any) -> Any:  # noqa: ANN401 - numbers, texts and lists
        found = reader.get_field(key)
        return default if found is None else found.contents()

    architecture = str(field("general.architecture", ""))
    file_type = field("general.file_type", None)
    is_named = file_type in {one.value for one in LlamaFileType}
    quantisation = LlamaFileType(file_type).name.removeprefix("MOSTLY_").removeprefix("ALL_") if is_named else "unknown"
    by_bytes = field("tokenizer.ggml.model", "") == "gpt2"
    return GGUFHeader(
        architecture=architecture,
        quantisation=quantisation,
        context=int(field(f"{architecture}.context_length", 0)),
        n_parameters=sum(int(tensor.n_elements) for tensor in reader.tensors),
        licence=str(field("general.license", "")),
        splits=str(field("tokenizer.ggml.pre", "gpt-2")) if by_bytes else "",
        n_files=int(field("split.count", 1)),
    )


def converted_folder(path: Path, name: str, models: Path) -> Path:
    """The folder with the converted model; it is made now if it is not there.

    Args:
        path: of the GGUF file.
        name: how the study calls it.
        models: folder that keeps converted models.

    Raises:
        InputError: the file cannot be converted.
        UnavailableError: the package gguf is not installed, or the cache cannot be written.
    """
    from filelock import FileLock

    place = _place(path, models)
    if is_converted(path, models):
        return place
    check_gguf(path, name)
    try:
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / f".{place.name}.lock"):
            if not is_converted(path, models):
                logger.warning("converting %s to safetensors in %s, once", path.name, place)
                _convert(path, name, place)
    except OSError as error:
        msg = f"model {name!r}: cannot be converted into {place}: {error.strerror or error}; set RAGSTUDY_CACHE"
        raise UnavailableError(msg) from error
    return place


def is_converted(path: Path, models: Path) -> bool:
    """Whether a file has been converted before.

    Args:
        path: of the GGUF file.
        models: folder that keeps converted models.
    """
    return path.is_file() and (_place(path, models) / "source.json").is_file()


def _place(path: Path, models: Path) -> Path:
    return models / f"gguf-{hash_file(path)[:16]}-{CONVERTER_VERSION}"


def converted_from(folder: Path) -> GGUFHeader | None:
    """What the GGUF file said of itself that a folder was converted from; None for any other folder.

    Args:
        folder: of a model.
    """
    source = folder / "source.json"
    return GGUFHeader(**read_json(source)) if source.is_file() else None


def _convert(path: Path, name: str, place: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from ragstudy.hardware import load_quietly

    load_quietly()
    header = read_header(path, name)
    unfinished = place.with_name(f"{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        # Bars are for terminals; elsewhere they are a screen of broken lines.
        with nullcontext() if sys.stderr.isatty() else redirect_stderr(StringIO()):
            model = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, quantization_config=GgufConfig(dequantize=True), dtype=_dtype(header)
            )
            tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    except (ValueError, RuntimeError, KeyError, NotImplementedError) as error:
        msg = f"model {name!r}: transformers cannot convert it: {str(error).splitlines()[0][:200]}"
        raise InputError(msg) from error
    if header.splits:
        _set_splits(tokenizer, header.splits)
    _check_tokens(tokenizer, path, name)
    model.save_pretrained(str(unfinished))
    tokenizer.save_pretrained(str(unfinished))
    write_json(unfinished / "source.json", asdict(header))
    shutil.rmtree(place, ignore_errors=True)
    unfinished.rename(place)


def _dtype(header: GGUFHeader) -> torch.dtype:
    """The precision to save in: the file's own, and bfloat16 of everything quantised."""
    import torch

    return {"F32": torch.float32, "F16": torch.float16}.get(header.quantisation, torch.bfloat16)


def _set_splits(tokenizer: PreTrainedTokenizerBase, way: str) -> None:
    """Have a byte-level tokenizer cut text into words as the file says, before it merges."""
    from tokenizers import Regex, Tokenizer, pre_tokenizers

    steps: list[pre_tokenizers.PreTokenizer] = [
        pre_tokenizers.Split(Regex(expression), behavior="isolated")
        for expression in _SPLITS[way]
        if expression is not None
    ]
    splits_like_gpt2 = _SPLITS[way][-1] is None
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=splits_like_gpt2))
    inner: Any = tokenizer
    parts = json.loads(inner.backend_tokenizer.to_str())
    parts["model"]["ignore_merges"] = way in _TAKES_WHOLE_WORDS
    changed = Tokenizer.from_str(json.dumps(parts))
    changed.pre_tokenizer = pre_tokenizers.Sequence(steps)
    inner._tokenizer = changed  # noqa: SLF001 - transformers has no public way to set it


def _check_tokens(tokenizer: PreTrainedTokenizerBase, path: Path, name: str) -> None:
    """Check that every token and every special token is the one of the file.

    Raises:
        InputError: they differ.
    """
    for what, here, there in _differences(tokenizer, path):
        msg = (
            f"model {name!r}: its tokenizer is not read rightly: {what} is {here!r}, in the file {there!r}. Serve the "
            "file with llama.cpp and use kind: endpoint, or give the model's safetensors"
        )
        raise InputError(msg)


def _differences(tokenizer: PreTrainedTokenizerBase, path: Path) -> Iterator[tuple[str, object, object]]:
    from gguf import GGUFReader

    reader = GGUFReader(path)
    tokens: Any = reader.fields["tokenizer.ggml.tokens"].contents()
    here: Any = tokenizer.convert_ids_to_tokens(list(range(min(len(tokens), len(tokenizer)))))
    if len(tokens) != len(here):
        yield "the number of tokens", len(here), len(tokens)
    for number, (one, other) in enumerate(zip(here, tokens, strict=False)):
        if one != other:
            yield f"token {number}", one, other
    for kind, found in zip(
        _SPECIAL, (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id, None), strict=True
    ):
        there = reader.get_field(f"tokenizer.ggml.{kind}_token_id")
        if there is not None and found is not None and int(there.contents()) != found:
            yield f"the id of {kind}", found, int(there.contents())
    template = reader.get_field("tokenizer.chat_template")
    if template is not None and template.contents() != tokenizer.chat_template:
        yield "the chat template", tokenizer.chat_template, template.contents()
