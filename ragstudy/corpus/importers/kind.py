"""What is known of an importer, from which its command and its Python call follow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ragstudy.corpus.importers.imported import Imported


@dataclass(frozen=True)
class Option:
    """One thing that a user says to an importer.

    Attributes:
        name: keyword of the reader; on the command line `--name` with hyphens, unless `flag` says otherwise.
        about: one line for help.
        type: of the value: Path, str, int or float.
        default: value where nothing is given.
        many: whether several values may be given; they become a tuple.
        required: whether a value must be given.
        is_argument: whether it stands without its name on the command line.
        is_share: whether it is a share between 0 and 1.
        flag: name on the command line, where it is another one.
    """

    name: str
    about: str
    type: type[Path | str | int | float] = str
    default: object = None
    many: bool = False
    required: bool = False
    is_argument: bool = False
    is_share: bool = False
    flag: str = ""


TEST_SHARE = Option(
    "test_share", "Share of the questions that become the test split.", float, default=0.25, is_share=True
)
SEED = Option("seed", "Decides which of them are drawn.", int, default=1)


@dataclass(frozen=True)
class ImporterKind:
    """An importer.

    Attributes:
        name: of the importer, and of its command.
        about: what it reads, in a sentence.
        read: from the name of the domain, as `name`, and the options to the domain with what was left out.
        options: that the reader takes.
        source: where the texts come from, for the domain's SOURCE.md.
        licence: of the texts, or ''.
        examples: commands, one each.
        needs_out: whether the folder of the domain must be named; it is corpora/NAME otherwise.
    """

    name: str
    about: str
    read: Callable[..., Imported]
    options: tuple[Option, ...]
    source: str
    licence: str = ""
    examples: tuple[str, ...] = ()
    needs_out: bool = False

    def given(self, values: Mapping[str, object]) -> dict[str, Any]:
        """The options as the reader takes them: paths made of texts, several values made tuples, defaults filled in.

        Args:
            values: by name of the option.

        Raises:
            InputError: an option is unknown or missing; every problem is named.
        """
        known = {option.name: option for option in self.options}
        problems = [
            f"importer {self.name}: {name!r} is no option{nearest(name, known)}" for name in values if name not in known
        ]
        problems += [
            f"importer {self.name}: {option.name!r} is missing; {option.about}"
            for option in self.options
            if option.required and not values.get(option.name)
        ]
        if problems:
            raise InputError(problems)
        return {option.name: _value(option, values.get(option.name)) for option in self.options}


def _value(option: Option, value: Any) -> object:  # noqa: ANN401 - whatever a caller gives
    if option.many:
        several = () if value is None else (value,) if isinstance(value, str | Path | int) else tuple(value)
        return tuple(option.type(one) for one in several)
    if value is None:
        return option.default
    return option.type(value)
