"""The tokenizer of the embedded models: byte-level BPE learned on fresh worlds and ordinary words."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from ragstudy.fiction.names import KINDS_OF_NAMES, Names, Pool
from ragstudy.pocket.curriculum import Stage, conversations
from ragstudy.pocket.salad import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedTokenizerFast

PAD, USER, ASSISTANT, END = "<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
_ZIPF_SCALE = 40_000
_N_NAME_ROUNDS, _N_NAMES = 100, 200


def learn_tokenizer(vocabulary_size: int, n_conversations: int, seed: int) -> PreTrainedTokenizerFast:
    """A tokenizer with chat template.

    Args:
        vocabulary_size: number of entries, special ones included.
        n_conversations: how many pretraining conversations it is learned on.
        seed: of those conversations.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[PAD, USER, ASSISTANT, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_texts(n_conversations, seed), trainer)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # its library leaves it so
        tokenizer_object=bpe, pad_token=PAD, eos_token=END, clean_up_tokenization_spaces=False, padding_side="left"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _texts(n_conversations: int, seed: int) -> Iterator[str]:
    rng = Random(seed)
    for talk in islice(conversations(Stage(5, 80, 4), rng), n_conversations):
        yield talk.opening
        yield from (f"{turn.question} {turn.answer}" for turn in talk.turns)
    # Many names, so that each syllable becomes a token before any pieces of two syllables do.
    for _ in range(_N_NAME_ROUNDS):
        names = Names(rng, Pool.PRETRAINING)
        yield " ".join(names.draw(kind) for kind in KINDS_OF_NAMES for _ in range(_N_NAMES))
    # Ordinary words by Zipf's law, so that real text is not cut to pieces.
    for rank, word in enumerate(words()):
        for _ in range(max(1, _ZIPF_SCALE // (rank + 100))):
            yield f" {word} {word.capitalize()}" if rank % 3 == 0 else f" {word}"
