"""A model of the hub that cannot be had is said at once; what is cached or behind a proxy is left to the client."""

from __future__ import annotations

import time

import pytest

from ragstudy.errors import UnavailableError
from ragstudy.generation.locate import model_folder


@pytest.fixture(autouse=True)
def hub(monkeypatch):
    """A hub at a port where nothing listens, and no proxy."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("urllib.request.getproxies", dict)


def test_a_hub_that_does_not_answer_is_said_at_once():
    start = time.monotonic()
    with pytest.raises(UnavailableError, match=r"'owner/name': is not in the cache, and http://127\.0\.0\.1:9 cannot"):
        model_folder("owner/name")
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("urllib.request.getproxies", lambda: {"https": "http://127.0.0.1:8"}),
        ("huggingface_hub.constants.HF_HUB_OFFLINE", True),
        ("huggingface_hub.try_to_load_from_cache", lambda *_: "/cache/config.json"),
    ],
)
def test_what_the_client_can_do_better_is_left_to_it(monkeypatch, what, value):
    monkeypatch.setattr(what, value)
    assert model_folder("owner/name") == "owner/name"
