"""Replies that are sent in pieces."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ragstudy.replies import NoAnswerError, NoReplyError, joined, reply_of
from ragstudy.specs import EndpointSpec

SPEC = EndpointSpec(kind="endpoint", name="m", model="m")


def piece(finish=None, index=0, usage=None, **delta):
    choice = SimpleNamespace(index=index, delta=SimpleNamespace(**delta), finish_reason=finish)
    return SimpleNamespace(choices=[choice], usage=usage)


def reply(*pieces):
    return reply_of(joined(pieces), SPEC)


def test_pieces_are_one_reply_with_its_thinking_and_its_counts():
    usage = SimpleNamespace(prompt_tokens=7, completion_tokens=3)
    found = reply(
        piece(role="assistant", content=None),
        piece(reasoning_content="Red or "),
        piece(reasoning_content="green?"),
        piece(content="Gre"),
        piece(content="wrong", index=1),
        piece(content="en.", finish="stop"),
        SimpleNamespace(choices=[], usage=usage),
    )
    assert (found.text, found.thinking, found.was_cut) == ("Green.", "Red or green?", False)
    assert (found.n_prompt_tokens, found.n_reply_tokens) == (7, 3)
    assert reply(piece(content="<think>Red?</think> Green"), piece(finish="length")).was_cut


@pytest.mark.parametrize("pieces", [(), (piece(content="Gre"),), (SimpleNamespace(error="busy"),)])
def test_a_stream_that_ends_too_early_is_no_reply(pieces):
    with pytest.raises(NoReplyError, match="ended before the reply did"):
        reply(*pieces)


def test_a_refusal_in_pieces_is_one():
    with pytest.raises(NoAnswerError, match="refused: no"):
        reply(piece(refusal="no"), piece(finish="stop"))
