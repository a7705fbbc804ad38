"""A cache of keys and values with room for the tokens that are written, made of groups of rows.

transformers' own is copied whole for every new token. Imports transformers: import it when it is needed, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from ragstudy.generation.attention import WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch


# Columns that are added at a time for what is written.
_ROOM = 64


class RoomyCache(Cache):
    """Keys and values of rows that are read in groups.

    Args:
        n_rows: of all groups.
        width: columns of the prompts.
    """

    def __init__(self, n_rows: int, width: int) -> None:
        super().__init__(layers=[])
        self.layers: list[Any]
        self._n_rows, self._width = n_rows, width

    def take(self, cache: Any, rows: slice, n_shared: int) -> None:  # noqa: ANN401 - a cache of transformers
        """Take over what a group of rows has in a cache of its own, which is empty afterwards.

        Args:
            cache: of the group; columns of the shared beginning first.
            rows: of the group.
            n_shared: columns of the shared beginning; the others come to stand at the end of the prompts.

        Raises:
            NotImplementedError: the cache holds something else than all keys and values.
        """
        if not is_plain(cache):
            msg = f"rows of a {type(cache).__name__} cannot be put together"
            raise NotImplementedError(msg)
        for number, layer in enumerate(cache.layers):
            if number == len(self.layers):
                self.layers.append(_RoomyLayer(layer, self._n_rows, self._width))
            self.layers[number].take(layer, rows, n_shared)
            # What was taken over is given free at once, so that never more than a layer stands twice.
            layer.keys = layer.values = None


class _RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call] # its library leaves it so
    """Keys and values of one layer, (rows, heads, columns, width) each, as the first part of larger tensors."""

    def __init__(self, like: Any, n_rows: int, width: int) -> None:  # noqa: ANN401 - a layer of a cache
        super().__init__()  # type: ignore[no-untyped-call] # its library leaves it so
        self.keys: Any
        self.values: Any
        self.dtype, self.device, self.is_initialized = like.dtype, like.device, True
        stores = [
            one.new_empty((n_rows, one.shape[1], width + _ROOM, one.shape[3])) for one in (like.keys, like.values)
        ]
        for store in stores:
            store[:, :, width:] = 0
        self._show(stores, width)

    def _show(self, stores: list[torch.Tensor], n: int) -> None:
        """Have n columns; attention may look at the rest as well, which is zero."""
        self._stores = stores
        self.keys, self.values = (store[:, :, :n] for store in stores)
        for part, store in zip((self.keys, self.values), stores, strict=True):
            setattr(part, WHOLE, store)

    def take(self, layer: Any, rows: slice, n_shared: int) -> None:  # noqa: ANN401 - a layer of a cache
        for mine, one in ((self.keys, layer.keys), (self.values, layer.values)):
            n_own = one.shape[2] - n_shared
            mine[rows, :, :n_shared] = one[:, :, :n_shared]
            mine[rows, :, n_shared : mine.shape[2] - n_own] = 0
            mine[rows, :, mine.shape[2] - n_own :] = one[:, :, n_shared:]

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *_others: Any,  # noqa: ANN401 - as transformers calls it
        **_named: Any,  # noqa: ANN401 - likewise
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new keys and values behind the others.

        Args:
            key_states: (rows, heads, new columns, width).
            value_states: likewise.
        """
        start = self.get_seq_length()
        stop = start + key_states.shape[2]
        stores = self._stores
        if stop > stores[0].shape[2]:
            stores = [_with_room(store[:, :, :start], stop - start) for store in stores]
        for store, one in zip(stores, (key_states, value_states), strict=True):
            store[:, :, start:stop] = one
        self._show(stores, stop)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep some rows.

        Args:
            indices: of the rows.
        """
        self._show([store[indices] for store in self._stores], self.get_seq_length())


def _with_room(store: torch.Tensor, n: int) -> torch.Tensor:
    """A copy with room for n more columns, and some."""
    import torch

    rows, heads, _, width = store.shape
    return torch.cat([store, store.new_zeros((rows, heads, n + _ROOM, width))], dim=2)


def is_plain(cache: Any) -> bool:  # noqa: ANN401 - a cache of transformers
    """Whether a cache holds the keys and values of all tokens in every layer, and nothing else.

    Args:
        cache: of a model.
    """
    return type(cache) is DynamicCache and all(type(layer) is DynamicLayer for layer in cache.layers)


def repeated(cache: Any, n: int) -> DynamicCache:  # noqa: ANN401 - a cache of transformers
    """A cache of one row for several.

    Args:
        cache: of one row.
        n: rows.

    Raises:
        NotImplementedError: the cache holds something else than all keys and values.
    """
    if not is_plain(cache):
        msg = f"a {type(cache).__name__} cannot be repeated"
        raise NotImplementedError(msg)
    rows: Sequence[Any] = [
        (layer.keys.expand(n, -1, -1, -1), layer.values.expand(n, -1, -1, -1)) for layer in cache.layers
    ]
    return DynamicCache(rows)
