"""Tiny random architectures of transformers, for tests that must not hold for Llama alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import transformers as T  # noqa: N812 - short, for a long table

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
DENSE: dict[str, Any] = {**SMALL, "intermediate_size": 64, "num_key_value_heads": 2, "max_position_embeddings": 256}
GPT: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
SLIDING: dict[str, Any] = {**DENSE, "head_dim": 8, "sliding_window": 16}
MAMBA: dict[str, Any] = {"mamba_n_heads": 4, "mamba_n_groups": 1, "mamba_d_state": 8, "mamba_chunk_size": 16}
EXPERTS: dict[str, Any] = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LINEAR: dict[str, Any] = {
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
NO_EXPERTS: dict[str, Any] = {"num_local_experts": 0, "num_experts_per_tok": 0, "shared_intermediate_size": 64}
JAMBA: dict[str, Any] = {"attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 2, "num_experts_per_tok": 1}

# From the number of tokens to the configuration.
CONFIGS: dict[str, Callable[[int], Any]] = {
    "llama": lambda v: T.LlamaConfig(vocab_size=v, **DENSE),
    "diffllama": lambda v: T.DiffLlamaConfig(vocab_size=v, **DENSE),
    "qwen2": lambda v: T.Qwen2Config(vocab_size=v, **DENSE),
    "qwen3": lambda v: T.Qwen3Config(vocab_size=v, head_dim=8, **DENSE),
    "olmo2": lambda v: T.Olmo2Config(vocab_size=v, **DENSE),
    "granite": lambda v: T.GraniteConfig(vocab_size=v, **DENSE),
    "cohere": lambda v: T.CohereConfig(vocab_size=v, **DENSE),
    "starcoder2": lambda v: T.Starcoder2Config(vocab_size=v, **DENSE),
    "gemma": lambda v: T.GemmaConfig(vocab_size=v, head_dim=8, **DENSE),
    "gpt2": lambda v: T.GPT2Config(vocab_size=v, **GPT),
    "bigcode": lambda v: T.GPTBigCodeConfig(vocab_size=v, **GPT),
    "gptj": lambda v: T.GPTJConfig(vocab_size=v, rotary_dim=4, **GPT),
    "codegen": lambda v: T.CodeGenConfig(vocab_size=v, rotary_dim=4, **GPT),
    "gpt_neox": lambda v: T.GPTNeoXConfig(vocab_size=v, intermediate_size=64, max_position_embeddings=256, **SMALL),
    "gpt_neo": lambda v: T.GPTNeoConfig(
        vocab_size=v,
        hidden_size=32,
        num_layers=2,
        attention_types=[[["global", "local"], 1]],
        num_heads=4,
        max_position_embeddings=256,
        window_size=16,
    ),
    "opt": lambda v: T.OPTConfig(
        vocab_size=v, ffn_dim=64, max_position_embeddings=256, word_embed_proj_dim=32, **SMALL
    ),
    "xglm": lambda v: T.XGLMConfig(
        vocab_size=v, d_model=32, ffn_dim=64, num_layers=2, attention_heads=4, max_position_embeddings=256
    ),
    "bloom": lambda v: T.BloomConfig(vocab_size=v, hidden_size=32, n_layer=2, n_head=4),
    "falcon": lambda v: T.FalconConfig(
        vocab_size=v, alibi=False, multi_query=True, max_position_embeddings=256, **SMALL
    ),
    "falcon_alibi": lambda v: T.FalconConfig(
        vocab_size=v, alibi=True, multi_query=False, new_decoder_architecture=False, **SMALL
    ),
    "mpt": lambda v: T.MptConfig(vocab_size=v, d_model=32, n_layers=2, n_heads=4, max_seq_len=256),
    "phi": lambda v: T.PhiConfig(vocab_size=v, intermediate_size=64, max_position_embeddings=256, **SMALL),
    "gemma2": lambda v: T.Gemma2Config(vocab_size=v, **SLIDING),
    "gemma3": lambda v: T.Gemma3TextConfig(
        vocab_size=v, layer_types=["sliding_attention", "full_attention"], **SLIDING
    ),
    "mistral_sliding": lambda v: T.MistralConfig(vocab_size=v, sliding_window=16, **DENSE),
    "mixtral": lambda v: T.MixtralConfig(vocab_size=v, num_local_experts=4, **DENSE),
    "mamba": lambda v: T.MambaConfig(vocab_size=v, hidden_size=32, num_hidden_layers=2, state_size=8),
    "mamba2": lambda v: T.Mamba2Config(
        vocab_size=v,
        hidden_size=32,
        num_hidden_layers=2,
        state_size=8,
        num_heads=4,
        head_dim=16,
        n_groups=1,
        chunk_size=16,
    ),
    "rwkv": lambda v: T.RwkvConfig(vocab_size=v, hidden_size=32, num_hidden_layers=2, attention_hidden_size=32),
    "recurrent_gemma": lambda v: T.RecurrentGemmaConfig(
        vocab_size=v,
        hidden_size=32,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        lru_width=32,
        attention_window_size=64,
    ),
    "falcon_h1": lambda v: T.FalconH1Config(vocab_size=v, mamba_d_ssm=32, mamba_d_head=8, **MAMBA, **DENSE),
    "lfm2": lambda v: T.Lfm2Config(vocab_size=v, layer_types=["conv", "full_attention"], **DENSE),
    "granite_moe_hybrid": lambda v: T.GraniteMoeHybridConfig(
        vocab_size=v, layer_types=["mamba", "attention"], mamba_d_head=16, **MAMBA, **NO_EXPERTS, **DENSE
    ),
    "qwen3_next": lambda v: T.Qwen3NextConfig(
        vocab_size=v,
        head_dim=8,
        layer_types=["linear_attention", "full_attention"],
        shared_expert_intermediate_size=32,
        **EXPERTS,
        **LINEAR,
        **DENSE,
    ),
    "jamba": lambda v: T.JambaConfig(vocab_size=v, mamba_d_state=8, mamba_dt_rank=4, **JAMBA, **DENSE),
}
