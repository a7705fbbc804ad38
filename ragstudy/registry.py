"""Entries by name, one registry per kind of thing: built-in ones, installed ones, and objects of the user's own.

A built-in entry is one line in the table of its kind and one file that holds it. A package can install entries under
the entry point group of the kind (`ragstudy.generators`, `ragstudy.measures`, ...), and a study can name any object as
`package.module:object`. All three take the same way: a name is looked up here and gives an entry.

Examples:
    >>> split_object_name("my_package.my_module:MyThing")
    ('my_package.my_module', 'MyThing')
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ragstudy.errors import InputError, nearest
from ragstudy.files import hash_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Entry = TypeVar("Entry")
_OBJECT_NAME = re.compile(r"^([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)$")


def is_object_name(name: str) -> bool:
    """Whether a name has the form `package.module:object`.

    Args:
        name: as it is written in a study.
    """
    return _OBJECT_NAME.match(name) is not None


def split_object_name(name: str) -> tuple[str, str]:
    """Module and attribute of `package.module:object`.

    Args:
        name: as it is written in a study.

    Raises:
        ValueError: it has another form.
    """
    match = _OBJECT_NAME.match(name)
    if match is None:
        msg = f"{name!r} is no package.module:object"
        raise ValueError(msg)
    return match[1], match[2]


def import_object(name: str, place: str) -> Any:  # noqa: ANN401 - the user's own
    """The object that a study names.

    Args:
        name: `package.module:object`.
        place: named in messages, e.g. `generator 'mine'`.

    Raises:
        InputError: the module cannot be imported, or holds no such object.
    """
    module, attribute = split_object_name(name)
    where = f"{place}: object {name!r}"
    try:
        return getattr(importlib.import_module(module), attribute)
    except AttributeError as error:
        msg = f"{where}: {error}; check the name after the colon"
        raise InputError(msg) from error
    except ImportError as error:
        msg = f"{where}: cannot import {module!r}: {error}; is its folder on PYTHONPATH?"
        raise InputError(msg) from error
    except Exception as error:
        msg = f"{where}: importing {module!r} failed: {type(error).__name__}: {error}"
        raise InputError(msg) from error


def make_object(name: str, place: str, methods: Iterable[str], options: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - the user's own
    """Import an object and call it with options.

    Args:
        name: `package.module:object`.
        place: named in messages.
        methods: the result must have at least one of these.
        options: keyword arguments.

    Raises:
        InputError: the object is not found, cannot be called so, or gives something without these methods.
    """
    maker, where = import_object(name, place), f"{place}: object {name!r}"
    try:
        made = maker(**(options or {}))
    except TypeError as error:
        msg = f"{where}: {error}; check its options"
        raise InputError(msg) from error
    wanted = list(methods)
    if not any(callable(getattr(made, method, None)) for method in wanted):
        msg = f"{where}: has no method {' or '.join(map(repr, wanted))}; see ragstudy.protocols"
        raise InputError(msg)
    return made


@cache
def source_fingerprint(name: str) -> str:
    """Changes with the code of `package.module:object`, so that what it made is made anew.

    Every Python file of the module's top-level package counts, of ragstudy's own modules and of a module without a
    package its one file; '' where there is no source.

    Args:
        name: `package.module:object`.
    """
    module, _ = split_object_name(name)
    top = module.partition(".")[0]
    looked_at = module if top == "ragstudy" else top
    try:
        found = importlib.util.find_spec(looked_at)
    except (ImportError, ValueError):
        return ""
    if found is None:
        return ""
    folders = [Path(folder) for folder in found.submodule_search_locations or ()]
    if folders and looked_at == top:
        return hash_files([path for folder in folders for path in folder.rglob("*.py")], folders[0])
    origin = Path(found.origin or "")
    return hash_files([origin], origin.parent) if origin.suffix == ".py" else ""


@cache
def _installed(group: str) -> dict[str, str]:
    """Object names of the entries that packages have installed, by entry name."""
    return {point.name: point.value for point in entry_points(group=group)}


@dataclass(frozen=True)
class Registry(Generic[Entry]):
    """The entries of one kind.

    Attributes:
        kind: what an entry is, for messages, e.g. 'kind of generator'.
        group: entry point group under which packages install entries.
        entry_type: class of an entry.
        built_in: object names of the entries that come with ragstudy, by entry name.
    """

    kind: str
    group: str
    entry_type: type[Entry]
    built_in: Mapping[str, str]

    def find(self, name: str) -> Entry | None:
        """The entry of a name; None if no entry is called so and the name names no entry of the user's own.

        Args:
            name: of a built-in or installed entry, or `package.module:object`.

        Raises:
            InputError: an installed or named object cannot be imported, or an installed one is no entry.
        """
        if name in self.built_in:
            return self._entry(import_object(self.built_in[name], self.kind))
        installed = _installed(self.group)
        if name in installed:
            entry = self._entry(import_object(installed[name], f"{self.group}: {name!r}"))
            if entry is None:
                msg = f"{self.group}: {name!r}: {installed[name]} is no {self.entry_type.__name__}"
                raise InputError(msg)
            return entry
        return self._entry(import_object(name, self.kind)) if is_object_name(name) else None

    def get(self, name: str, place: str) -> Entry:
        """The entry of a name.

        Args:
            name: of a built-in or installed entry, or `package.module:object`.
            place: named in the message.

        Raises:
            InputError: there is none; the nearest name is named.
        """
        entry = self.find(name)
        if entry is None:
            msg = f"{place}: {name!r} is no {self.kind}{nearest(name, self.names())}"
            raise InputError(msg)
        return entry

    def names(self) -> list[str]:
        """Names of the built-in and the installed entries."""
        return [*self.built_in, *sorted(_installed(self.group))]

    def _entry(self, found: object) -> Entry | None:
        return found if isinstance(found, self.entry_type) else None
