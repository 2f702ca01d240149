"""What sites write besides recipes (schemes, forms, word lists): read strictly, whole, in TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import msgspec

from voicectl import parse, registry
from voicectl.errors import UsageError
from voicectl.handwritten import content

LARGEST = 1024 * 1024
"""Bytes of a file."""
SHIPPED = Path(__file__).parent

T = TypeVar("T")


def read(text: bytes, kind: type[T], name: str) -> T:
    """Return what the file `name` says. Raises `UsageError` that names the key."""
    if len(text) > LARGEST:
        raise UsageError(f"{name} is larger than {LARGEST // 1024} KiB")
    try:
        return parse.toml(text, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name} is not TOML: {error}") from error


def names(kind: str, folders: Sequence[Path] = ()) -> list[str]:
    """Return the names of all files of a kind; see `named`."""
    return sorted(_known(kind, folders))


def _known(kind: str, folders: Sequence[Path]) -> dict[str, Path]:
    return {
        path.stem: path
        for folder in (SHIPPED, *reversed(folders))
        for path in sorted((folder / kind).glob("*.toml"))
    }


def named(kind: str, name: str | T, form: type[T], folders: Sequence[Path] = ()) -> T:
    """Return what the file `name` of a kind (`schemes`) says; what is read already as it is.

    It is looked for in a folder of that kind in each of the site's `folders`, then among
    what voicectl ships. Raises `UnknownName`, and `UsageError` when it cannot be read.
    """
    if not isinstance(name, str):
        return name
    known = _known(kind, folders)
    if name not in known:
        raise registry.unknown(kind.removesuffix("s"), name, sorted(known), these="known")
    try:
        text = content(known[name], LARGEST)
    except OSError as error:
        raise UsageError(f"{known[name]} cannot be read: {error.strerror}") from error
    return read(text, form, str(known[name]))


class ByName(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a step that name such files."""

    files: ClassVar[Mapping[str, tuple[str, type]]] = {}
    """By option: the kind of file, and what it is read as."""

    def resolved(self, folders: Sequence[Path]) -> Self:
        """Return them with what the files say in place of their names, so that content counts."""
        said = {
            option: named(kind, getattr(self, option), form, folders)
            for option, (kind, form) in self.files.items()
        }
        return msgspec.structs.replace(self, **said)
