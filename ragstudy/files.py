"""Atomic, canonical reading and writing of the files of corpora and runs.

Examples:
    >>> canonical({'b': 1, 'a': [1.0, None]})
    '{"b": 1, "a": [1.0, null]}'
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ragstudy.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SCHEMA_VERSION = 2
Record = TypeVar("Record")


def canonical(value: object) -> str:
    """The value as JSON on one line, the same bytes for the same value; dataclasses become objects.

    Args:
        value: records, containers, texts and finite numbers.

    Raises:
        ValueError: the value holds NaN or an infinity.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain, separators=(", ", ": "))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Path):
        return str(value)
    msg = f"cannot write {type(value).__name__} as JSON"
    raise TypeError(msg)


def plain(value: object) -> Any:  # noqa: ANN401 - what JSON holds
    """A record as JSON holds it: dataclasses become objects, tuples lists, and numbers that are not finite null.

    Args:
        value: a record, or a container of records.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_ADAPTERS: dict[type, Any] = {}


def _adapter(kind: type) -> Any:  # noqa: ANN401 - pydantic's adapter of a class
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def read_record(path: Path, kind: type[Record]) -> Record:
    """The record in a JSON file.

    Args:
        path: the file.
        kind: class of the record.

    Raises:
        InputError: the file is missing, is no JSON, or does not hold such a record.
    """
    return _record(read_json(path), kind, str(path))


def read_records(path: Path, kind: type[Record]) -> list[Record]:
    """The records in a file of JSON lines; none if there is no such file.

    Args:
        path: the file.
        kind: class of the records.

    Raises:
        InputError: a line is no JSON or holds no such record; file, line and cure are named.
    """
    if not path.is_file():
        return []
    return [_record(row, kind, f"{path}:{number}") for number, row in read_lines(path)]


def _record(value: object, kind: type[Record], place: str) -> Record:
    from pydantic import ValidationError

    try:
        made: Record = _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        msg = (
            f"{place}: {key or 'the record'}: {first['msg'].lower()}, found {str(first['input'])[:80]!r}; the "
            "file is damaged or of another version: put back a copy of it, or remove it so that it is made anew"
        )
        raise InputError(msg) from None
    return made


def fingerprint(*parts: object) -> str:
    """Sha256 of the canonical JSON of the parts, first 16 hex digits.

    Args:
        parts: values that decide something.
    """
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:16]


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Args:
        path: the file.
        text: content of the file.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Args:
        path: the file.
        content: of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON, whole or not at all.

    Args:
        path: the file.
        value: records, containers, texts and finite numbers.
    """
    plain = json.loads(canonical(value))
    write_text(path, json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def write_lines(path: Path, rows: Iterable[object]) -> None:
    """Write rows as JSON lines, whole or not at all.

    Args:
        path: the file.
        rows: one line each.
    """
    write_text(path, "".join(f"{canonical(row)}\n" for row in rows))


def append_lines(path: Path, rows: Iterable[object]) -> None:
    """Append rows as JSON lines, flushed to disk; a kill leaves at most one torn last line.

    Args:
        path: the file.
        rows: one line each.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as lines:
        lines.writelines(f"{canonical(row)}\n" for row in rows)
        lines.flush()
        os.fsync(lines.fileno())


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """The content of a YAML file.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing or not YAML; a line that begins with a tab is named.
    """
    import yaml

    written = ""
    try:
        written = path.read_text(encoding="utf-8")
        return yaml.safe_load(written)
    except FileNotFoundError:
        msg = f"{path}: no such file"
    except (yaml.YAMLError, ValueError) as error:
        msg = f"{path}: not readable as YAML: {' '.join(str(error).split())}"
        tabbed = next((n for n, line in enumerate(written.splitlines(), 1) if line.lstrip(" ").startswith("\t")), None)
        if tabbed:
            msg = f"{path}:{tabbed}: begins with a tab, which YAML does not allow; indent with spaces"
    raise InputError(msg)


def parse_json(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """What a JSON text holds.

    Args:
        text: the JSON.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or holds half of a character, which no file could be written
            with.
    """
    try:
        value = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        msg = f"it holds half of a character, \\u{ord(half):04x} without its other half: write the whole one or none"
        raise ValueError(msg) from None
    except RecursionError:
        msg = "it is nested too deeply"
        raise ValueError(msg) from None
    return value


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """The content of a JSON file.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing or not JSON.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        msg = f"{path}: no such file"
        raise InputError(msg) from None
    except ValueError as error:
        msg = f"{path}: not readable as JSON: {error}"
        raise InputError(msg) from None


def object_in(path: Path) -> dict[str, Any]:
    """The JSON object in a file that need not be there or be whole, such as one beside a model's weights; else empty.

    Args:
        path: the file.
    """
    try:
        found = parse_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON-lines file with their line numbers; empty lines are passed over.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing, or a line is not a JSON object.
    """
    if not path.is_file():
        msg = f"{path}: no such file"
        raise InputError(msg)
    with path.open(encoding="utf-8-sig") as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _object(path, number, line)
        except UnicodeDecodeError as error:
            msg = f"{path}: not readable as UTF-8 text: {error}"
            raise InputError(msg) from None


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = parse_json(line)
    except ValueError as error:
        msg = f"{path}:{number}: not readable as JSON: {error}"
        raise InputError(msg) from None
    if not isinstance(value, dict):
        msg = f"{path}:{number}: expected a JSON object, found {type(value).__name__}"
        raise InputError(msg)
    return value


def drop_torn_line(path: Path) -> bool:
    """Cut a last line that a kill left unfinished; returns whether there was one.

    Args:
        path: the file.
    """
    if not path.is_file():
        return False
    content = path.read_bytes()
    if not content or content.endswith(b"\n"):
        return False
    write_text(path, content[: content.rfind(b"\n") + 1].decode())
    return True


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """Sha256 over names (relative to root) and contents, first 16 hex digits.

    Args:
        paths: of the files.
        root: folder that names start from.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{path.stat().st_size}\0{hash_file(path)}\0".encode())
    return digest.hexdigest()[:16]


def hash_file(path: Path) -> str:
    """Sha256 of a file, 64 hex digits.

    Args:
        path: the file.
    """
    about = path.stat()
    return _hash_file(path, about.st_size, about.st_mtime_ns)


def cache_folder() -> Path:
    """The user's folder for what is made once and used by every run: `RAGSTUDY_CACHE`, or where the system has it."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("RAGSTUDY_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("ragstudy")


@cache
def _hash_file(path: Path, _size: int, _changed: int) -> str:
    """Sha256 of a file; read once in a process as long as its size and time of change stay."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def known_keys(row: Mapping[str, object], known: Iterable[str], place: str) -> list[str]:
    """A message for every key of a row that is not known.

    Args:
        row: whose keys are checked.
        known: names of the keys that there may be.
        place: names the row in messages.
    """
    from ragstudy.errors import nearest

    known = list(known)
    return [f"{place}: unknown key {key!r}{nearest(str(key), known)}" for key in row if key not in known]
