"""A causal language model of transformers as a partner in talk: what a judge without a server asks."""

from __future__ import annotations

from functools import cache, partial
from itertools import takewhile
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import fingerprint, read_json
from ragstudy.generation.locate import locate_model, model_fingerprint
from ragstudy.hardware import device_of, dtype_of
from ragstudy.prompting import answer_ids, plain_prompt, token_ids
from ragstudy.protocols import ChatSource
from ragstudy.specs import TransformersSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.generation.causal import CausalModel


class CausalChat:
    """Replies of a causal language model (`ragstudy.protocols.ChatModel`); one at a time, whoever asks.

    Args:
        model: the base as it is loaded, without an adapter.
    """

    def __init__(self, model: CausalModel) -> None:
        self._model, self._lock = model, Lock()

    def reply(self, text: str) -> tuple[str, bool]:
        """What it says greedily, and whether that was cut at its longest, for which the model was loaded.

        Args:
            text: of the message.

        Raises:
            ValueError: the model gives none; the message says why.
        """
        self._ids(text, self._model.max_prompt_tokens())
        with self._lock:
            (said,) = self._model.generate([plain_prompt("judge", text)])
        if said.stopped == "error":
            raise ValueError(said.error)
        return said.text, said.stopped == "length"

    def weigh(self, text: str, among: Sequence[str]) -> list[float]:
        """How likely each of some replies is, given that it is one of them.

        Args:
            text: of the message.
            among: the replies; of each the first token counts in which they differ.

        Returns:
            Natural logarithms of probabilities that sum to 1.

        Raises:
            UnavailableError: the tokenizer does not tell the replies apart by one token.
            ValueError: the request is longer than the model can read.
        """
        import torch

        model = self._model
        written = [answer_ids(reply, model.tokenizer) for reply in among]
        # Some tokenizers begin each text with a blank of its own.
        shared = [same[0] for same in takewhile(lambda ids: len(set(ids)) == 1, zip(*written, strict=False))]
        tokens = [ids[len(shared)] for ids in written if len(ids) > len(shared)]
        if len(set(tokens)) < len(among):
            every = ", ".join(among)
            msg = f"model {model.spec.model!r}: its tokenizer does not tell {every} apart by one token"
            raise UnavailableError(msg)
        ids = torch.tensor([[*self._ids(text, model.context - len(shared) - 1), *shared]], device=model.base.device)
        with self._lock, model.switched(None):
            logits = model.base(input_ids=ids).logits[0, -1].float()
        logs: list[float] = logits[tokens].log_softmax(dim=-1).tolist()
        return logs

    def _ids(self, text: str, most: int) -> list[int]:
        """Tokens of a request; what was cut would be judged by rules or references that are not there."""
        ids = token_ids(text, self._model.tokenizer)
        if len(ids) > most:
            msg = f"the request has {len(ids)} tokens, and judge model {self._model.spec.model!r} reads {most}"
            raise ValueError(msg)
        return ids


@cache
def chat_source(model: str, longest: int) -> ChatSource:
    """The chat model of a name; loaded when it is first asked, and once for all that ask.

    Args:
        model: as a generator names one.
        longest: most tokens of a reply.

    Raises:
        InputError: the named folder or file is missing or holds no weights, or its context holds no such reply.
        UnavailableError: the named model is not to be had.
    """
    context = _context(locate_model(model))
    if context is not None and longest >= context:
        msg = f"judge model {model!r}: max_new_tokens is {longest}, and its context has {context} tokens in all"
        raise InputError(msg)
    precision = dtype_of("auto", device_of("auto"))
    identity = fingerprint(model_fingerprint(model), str(precision))
    return ChatSource(identity, _Once(partial(_load, model, longest)))


def _context(located: str) -> int | None:
    """How many tokens a model in a folder can read and write together, as far as its configuration says it."""
    path = Path(located) / "config.json"
    config = read_json(path) if path.is_file() else {}
    text = config.get("text_config", config)
    found = text.get("max_position_embeddings") if isinstance(text, dict) else None
    return found if isinstance(found, int) else None


class _Once:
    """Loads a model when it is first called, whichever thread calls first; two at a time would load it wrongly."""

    def __init__(self, load: Callable[[], CausalChat]) -> None:
        self._load, self._lock = load, Lock()
        self._loaded: CausalChat | None = None

    def __call__(self) -> CausalChat:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded


def _load(model: str, longest: int) -> CausalChat:
    from ragstudy.generation.causal import CausalModel

    return CausalChat(
        CausalModel(TransformersSpec(kind="transformers", name="judge", model=model, max_new_tokens=longest))
    )
