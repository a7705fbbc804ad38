"""Causal language models of transformers, the base loaded once and PEFT adapters switched on it."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import fingerprint
from ragstudy.generation.adapters import depends_on_tokens, grows_to, has_virtual_tokens, put_on
from ragstudy.generation.attention import speed_up
from ragstudy.generation.decoding import decode_greedily, end_tokens, pad_token
from ragstudy.generation.locate import (
    adapter_fingerprint,
    fetch_adapter,
    model_folder,
)
from ragstudy.generation.reading import begin, filled_up, reads_cleanly
from ragstudy.generation.thinking import begins_thinking, set_thinking
from ragstudy.generation.weights import in_few_bits
from ragstudy.generation.writing import write
from ragstudy.probes import drops_cleanly, pads_cleanly
from ragstudy.prompting import fit, for_model
from ragstudy.records import Completion
from ragstudy.replies import without_thinking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from peft import PeftConfig, PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from ragstudy.generation.reading import Begun
    from ragstudy.records import Prompt
    from ragstudy.specs import TransformersSpec

# Token ids of a prompt, and how many of its passages are in it.
Fitted = tuple[list[int], int]
logger = logging.getLogger(__name__)

_DEFAULT_CONTEXT = 2048
_TEMPERATURE = 0.7
# Adapters that are kept loaded on a base, the last ones that answered.
_MOST_ADAPTERS = 8
# A message that the chat template must show.
_PROBE = "Which lamp is green?"


class CausalModel:
    """A loaded base model with its tokenizer.

    Args:
        spec: which model, in which precision, where.

    Raises:
        InputError: the folder is missing or holds no safetensors weights.
        UnavailableError: the model is not local and the hub does not give it.
    """

    def __init__(self, spec: TransformersSpec) -> None:
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from ragstudy.hardware import device_of, dtype_of, load_quietly

        load_quietly()
        self.spec = spec
        device = device_of(spec.device)
        located = model_folder(spec.model)
        try:
            self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                located, padding_side="left", trust_remote_code=spec.trust_remote_code
            )
            self.base: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
                located,
                config=_config(located, spec),
                dtype=dtype_of(spec.dtype, device),
                use_safetensors=True,
                trust_remote_code=spec.trust_remote_code,
                **(in_few_bits(spec, device) if spec.is_quantised else {}),
            )
        except (OSError, ValueError, SafetensorError) as error:
            first = (str(error).strip().splitlines() or ["no reason given"])[0]
            msg = (
                f"generator {spec.name!r}: cannot load model {spec.model!r}: {first[:200]} "
                "Give a local folder written by save_pretrained, or a hub id where the hub can be reached"
            )
            raise UnavailableError(msg) from error
        self._grow_for_adapter()
        if spec.longest_text >= self.context:
            msg = (
                f"generator {spec.name!r}: max_new_tokens is {spec.longest_text}, but the model's context has only "
                f"{self.context} tokens for prompt and answer together"
            )
            raise InputError(msg)
        self._decide_how_to_write()
        if not spec.is_quantised:
            self.base.to(device)  # type: ignore[arg-type] # transformers wraps `to`
        self.base.train(mode=False)
        speed_up(self.base, device)
        self._pads: bool | None = None
        self._drops: bool | None = None
        self._reads: bool | None = None
        self._adapted: PeftModel | None = None
        # Of the adapter that is switched on.
        self._config: PeftConfig | None = None
        self._adapters: dict[str, None] = {}

    def _decide_how_to_write(self) -> None:
        """Find what ends an answer, decode greedily, and fix whether the model thinks.

        Raises:
            InputError: the chat template refuses a user message, or leaves it out.
        """
        self.ends = end_tokens(self.base, self.tokenizer)
        if aside := decode_greedily(self.base, self.tokenizer):
            told = ", ".join(f"{key}={value!r}" for key, value in aside.items())
            logger.warning(
                "generator %s: what would make greedy decoding another is not used: %s", self.spec.name, told
            )
        self._pad = pad_token(self.base, self.tokenizer)
        set_thinking(self.tokenizer, thinks=self.spec.thinking_tokens > 0)
        self._begins_thinking = begins_thinking(for_model(_PROBE, self.tokenizer))

    def _grow_for_adapter(self) -> None:
        """Give the base the tokens that its ready adapter was trained with, and their tokenizer.

        Raises:
            InputError: the adapter does not bring the tokenizer.
        """
        folder = Path(self.spec.adapter).expanduser() if self.spec.adapter else None
        if folder is None or not folder.is_dir() or not (n_tokens := grows_to(self.base, str(folder))):
            return
        if not (folder / "tokenizer_config.json").is_file():
            msg = (
                f"adapter {str(folder)!r} was trained with {n_tokens} tokens, more than model {self.spec.model!r} has, "
                "and brings no tokenizer; save the tokenizer into its folder"
            )
            raise InputError(msg)
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.base.resize_token_embeddings(n_tokens, mean_resizing=False)

    @property
    def context(self) -> int:
        """How many tokens the model can read and write together."""
        return int(getattr(self.base.config.get_text_config(), "max_position_embeddings", None) or _DEFAULT_CONTEXT)

    def max_prompt_tokens(self) -> int:
        """How long a prompt may be so that an answer still fits."""
        return self.context - self.spec.longest_text

    def generate(self, prompts: Sequence[Prompt], adapter: str | None = None) -> list[Completion]:
        """Greedy answers, one per prompt, in order.

        A batch that runs out of memory is halved; a prompt that fails alone gives a completion that says why.

        Args:
            prompts: answered as one batch.
            adapter: folder or hub id of a PEFT adapter to switch on, or None for the base.
        """
        if not prompts:
            return []
        fitted = [fit(prompt, self.tokenizer, self.max_prompt_tokens()) for prompt in prompts]
        with self.switched(adapter):
            return self._in_batches(fitted, self._answer)

    @contextmanager
    def switched(self, adapter: str | None) -> Iterator[None]:
        """For a while the model answers with this adapter, or for None as the base, and keeps no gradients.

        Args:
            adapter: folder or hub id of a PEFT adapter, or None.
        """
        import torch

        with torch.inference_mode():
            if adapter is None and self._adapted is not None:
                with self._adapted.disable_adapter():
                    yield
                return
            if adapter is None:
                yield
                return
            self._config = self._switch_on(adapter)
            try:
                yield
            finally:
                self._config = None

    @property
    def active(self) -> Any:  # noqa: ANN401 - a model of transformers or PEFT
        """The model as it is switched."""
        return self._adapted or self.base

    def sample(self, prompts: Sequence[Prompt], n: int, seed: int) -> list[list[str]]:
        """Sampled answers of the base, `n` per prompt, in order; temperature 0.7.

        Args:
            prompts: answered as one batch.
            n: answers per prompt.
            seed: of the draws.
        """
        import torch

        repeated = [prompt for prompt in prompts for _ in range(n)]
        fitted = [fit(prompt, self.tokenizer, self.max_prompt_tokens()) for prompt in repeated]
        self.release_adapters()
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(seed)
            texts = [one.text for one in self._in_batches(fitted, lambda some: self._batch(some, sampled=True))]
        return [texts[start : start + n] for start in range(0, len(texts), n)]

    def _switch_on(self, adapter: str) -> PeftConfig:
        located = fetch_adapter(adapter)
        # By place and content: two places never share a name, and a place whose files have changed is read again.
        name = f"adapter_{fingerprint(located, adapter_fingerprint(located))}"
        if name not in self._adapters:
            self._adapted = put_on(self.base, self._adapted, located, name, self.spec.model)
        assert self._adapted is not None
        self._adapters.pop(name, None)
        self._adapters[name] = None
        self._adapted.set_adapter(name)
        while len(self._adapters) > _MOST_ADAPTERS:
            oldest = next(iter(self._adapters))
            del self._adapters[oldest]
            self._adapted.delete_adapter(oldest)
        self._adapted.eval()
        config: PeftConfig = self._adapted.active_peft_config
        return config

    def release_adapters(self) -> None:
        """Give back the base as it was loaded, without adapters."""
        if self._adapted is not None:
            self.base = self._adapted.unload()
            self._adapted, self._adapters = None, {}

    def _in_batches(self, fitted: list[Fitted], answer: Callable[[list[Fitted]], list[Completion]]) -> list[Completion]:
        """Answers of prompts together, or, of a model that reads what it is filled up with, of each length apart."""
        lengths = {len(ids) for ids, _ in fitted}
        if len(lengths) == 1 or self._can_pad():
            return answer(fitted)
        said: dict[int, Completion] = {}
        for length in sorted(lengths, reverse=True):
            places = [place for place, (ids, _) in enumerate(fitted) if len(ids) == length]
            said.update(zip(places, answer([fitted[place] for place in places]), strict=True))
        return [said[place] for place in range(len(fitted))]

    def _can_pad(self) -> bool:
        if has_virtual_tokens(self._config):
            return False
        if self._pads is None:
            self._pads = pads_cleanly(self.base)
        return self._pads

    def _can_drop(self) -> bool:
        if self._drops is None:
            self._drops = drops_cleanly(self.base)
        return self._drops

    def _can_read(self) -> bool:
        if depends_on_tokens(self._config):
            return False
        if self._reads is None:
            self._reads = self._can_pad() and reads_cleanly(self.base, self._pad, self.max_prompt_tokens())
        return self._reads

    def _answer(self, fitted: list[Fitted]) -> list[Completion]:
        try:
            return self._batch(fitted)
        except RuntimeError as error:
            if len(fitted) == 1:
                return [Completion("", "error", 0, fitted[0][1], f"{type(error).__name__}: {error}"[:500])]
            logger.warning("a batch of %d prompts failed (%s); trying halves", len(fitted), type(error).__name__)
        half = len(fitted) // 2
        return self._answer(fitted[:half]) + self._answer(fitted[half:])

    def _batch(self, fitted: list[Fitted], *, sampled: bool = False) -> list[Completion]:
        order = sorted(range(len(fitted)), key=lambda place: -len(fitted[place][0]))
        prompts = [fitted[place][0] for place in order]
        how = {
            "do_sample": sampled,
            "num_beams": 1,
            "temperature": _TEMPERATURE if sampled else None,
            "top_p": None,
            "top_k": None,
        }
        begun = self._begun(prompts, how)
        may_drop = len(prompts) > 1 and (begun.cache is not None or self._can_drop())
        said = write(self.active, begun, self.ends, self.spec.longest_text, may_drop=may_drop, **how)
        written = dict(zip(order, said, strict=True))
        return [self._completion(written[place], n_passages) for place, (_, n_passages) in enumerate(fitted)]

    def _begun(self, prompts: list[list[int]], how: dict[str, Any]) -> Begun:
        """Prompts read, where this model can be read some rows at a time, or only filled up."""
        most = self.max_prompt_tokens()
        if len(prompts) > 1 and self._can_read():
            return begin(self.active, prompts, self._pad, most, **how)
        return filled_up(prompts, self._pad, most if self._can_pad() else 0, self.base.device)

    def _completion(self, ids: list[int], n_passages: int) -> Completion:
        end = next((position for position, token in enumerate(ids) if token in self.ends), None)
        text = str(self.tokenizer.decode(ids[:end], skip_special_tokens=True)).strip()
        if self.tokenizer.chat_template is None:
            # A model without chat template does not know where an answer ends; a blank line ends it.
            text = text.split("\n\n")[0].strip()
        n_tokens = len(ids) if end is None else end + 1
        text, thinking = without_thinking(text, begins=self._begins_thinking)
        if thinking and not text:
            cut = f"still thinking when its {n_tokens} tokens were used up; raise thinking_tokens, or set it to 0"
            reason = cut if end is None else "the model thought and then wrote no answer"
            return Completion("", "error", n_tokens, n_passages, reason, thinking)
        return Completion(text, "length" if end is None else "end", n_tokens, n_passages, thinking=thinking)


def _config(located: str, spec: TransformersSpec) -> Any:  # noqa: ANN401 - of any model
    """The configuration of a model, without a padding token that its embedding does not have."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(located, trust_remote_code=spec.trust_remote_code)
    text = config.get_text_config()
    if (getattr(text, "pad_token_id", None) or 0) >= getattr(text, "vocab_size", sys.maxsize):
        text.pad_token_id = None
    return config


class CausalGenerator:
    """One arm: a loaded base model, with one adapter or none.

    Args:
        model: shared by all arms of this base.
        adapter: folder or hub id of a PEFT adapter, or None for the base.
    """

    def __init__(self, model: CausalModel, adapter: str | None = None) -> None:
        self._model = model
        self._adapter = adapter

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Greedy answers, one per prompt, in order.

        Args:
            prompts: answered as one batch.
        """
        return self._model.generate(prompts, self._adapter)
