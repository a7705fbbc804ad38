"""Objects of the user's own, named `package.module:object` in a study."""

from __future__ import annotations

import importlib
import re
from typing import Any

from ragstudy.errors import InputError

_NAME = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")


def is_plugin(name: str) -> bool:
    """Whether a name has the form `package.module:object`."""
    return _NAME.match(name) is not None


def make_plugin(name: str, place: str, method: str, options: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - the user's own
    """Import an object and call it with options.

    Args:
        name: `package.module:object`.
        place: named in messages, e.g. `generator 'mine'`.
        method: that the result must have.
        options: keyword arguments.

    Raises:
        InputError: the module or the object in it is not found, cannot be called so, or has no such method.
    """
    module, _, attribute = name.partition(":")
    where = f"{place}: object {name!r}"
    try:
        made = getattr(importlib.import_module(module), attribute)(**(options or {}))
    except ImportError as error:
        msg = f"{where}: cannot import {module!r}: {error}; is its folder on PYTHONPATH?"
        raise InputError(msg) from error
    except AttributeError as error:
        msg = f"{where}: {error}; check the name after the colon"
        raise InputError(msg) from error
    except TypeError as error:
        msg = f"{where}: {error}; check its options"
        raise InputError(msg) from error
    if not callable(getattr(made, method, None)):
        msg = f"{where}: has no method {method!r}; see ragstudy.protocols"
        raise InputError(msg)
    return made
