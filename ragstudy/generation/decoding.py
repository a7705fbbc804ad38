"""How a model writes: greedily, whatever the files beside its weights say, up to any of its end tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragstudy.files import object_in
from ragstudy.probes import n_tokens

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Settings of a generation_config.json that leave greedy decoding as it is: which tokens are which, how to sample,
# which a study sets itself, and what else comes back beside the text.
_HARMLESS = frozenset(
    {
        "_from_model_config",
        "assistant_confidence_threshold",
        "bos_token_id",
        "cache_implementation",
        "decoder_start_token_id",
        "do_sample",
        "eos_token_id",
        "epsilon_cutoff",
        "eta_cutoff",
        "is_assistant",
        "length_penalty",
        "max_length",
        "max_new_tokens",
        "min_p",
        "output_attentions",
        "output_hidden_states",
        "output_logits",
        "output_scores",
        "pad_token_id",
        "return_dict_in_generate",
        "temperature",
        "top_k",
        "top_p",
        "transformers_version",
        "typical_p",
        "use_cache",
    }
)
# Values that say the same as leaving the setting out.
_NEUTRAL: dict[str, object] = {
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "diversity_penalty": 0.0,
    "num_beams": 1,
    "num_beam_groups": 1,
    "num_return_sequences": 1,
    "min_length": 0,
    "min_new_tokens": 0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "early_stopping": False,
}


def not_greedy(settings: dict[str, Any]) -> dict[str, Any]:
    """Those settings of a generation_config.json that would change what greedy decoding writes.

    Args:
        settings: content of the file.
    """
    return {
        key: value
        for key, value in settings.items()
        if key not in _HARMLESS and value is not None and value != [] and value != _NEUTRAL.get(key)
    }


def not_greedy_in(folder: Path) -> dict[str, Any]:
    """Those settings beside the weights of a local model that would change what greedy decoding writes.

    Args:
        folder: of the model.
    """
    return not_greedy(object_in(folder / "generation_config.json"))


def decode_greedily(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Have a model write greedily, and give the settings that were put aside for it.

    Args:
        model: as loaded.
        tokenizer: of the model.
    """
    from transformers import GenerationConfig

    given: Any = model.generation_config
    aside = not_greedy(given.to_diff_dict()) if given is not None else {}
    ends = sorted(end_tokens(model, tokenizer))
    pad = pad_token(model, tokenizer)
    model.generation_config = GenerationConfig(eos_token_id=ends or None, pad_token_id=pad)  # type: ignore[no-untyped-call] # its library leaves it so
    return aside


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Every token that ends an answer: those that tokenizer, configuration and generation settings name, which may
    contradict one another, and the one that the chat template puts after an answer.

    Args:
        model: as loaded, with its own generation settings.
        tokenizer: of the model.
    """
    named: list[Any] = [
        getattr(model.generation_config, "eos_token_id", None),
        getattr(model.config.get_text_config(), "eos_token_id", None),
        tokenizer.eos_token_id,
        _after_an_answer(tokenizer),
    ]
    ids = [one for found in named for one in (found if isinstance(found, list) else [found])]
    return {int(one) for one in ids if one is not None}


def _after_an_answer(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The special token that the chat template puts right after an answer, if it puts one."""
    from jinja2 import TemplateError

    if tokenizer.chat_template is None:
        return None
    said = "QZ"
    chat: Any = [{"role": "user", "content": "A?"}, {"role": "assistant", "content": said}]
    try:
        text = str(tokenizer.apply_chat_template(chat, tokenize=False))
    except (TemplateError, TypeError, ValueError):
        return None
    rest = text.rpartition(said)[2].lstrip()
    for number, token in tokenizer.added_tokens_decoder.items():
        if token.special and rest.startswith(str(token.content)):
            return int(number)
    return None


def pad_token(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """A token to fill rows up with, which is never looked at: the model's own where it has one, else any.

    Args:
        model: as loaded.
        tokenizer: of the model.
    """
    for found in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if found is not None and 0 <= int(found) < n_tokens(model):
            return int(found)
    return 0
