"""What sites write besides recipes (schemes, forms, word lists): read strictly, whole, in TOML."""

from __future__ import annotations

from importlib.resources import files
from typing import TypeVar

import msgspec

from voicectl import registry
from voicectl.errors import UsageError

LARGEST = 1024 * 1024
"""Bytes of a file."""

T = TypeVar("T")


def read(text: bytes, kind: type[T], name: str) -> T:
    """Return what the file `name` says. Raises `UsageError` that names the key."""
    if len(text) > LARGEST:
        raise UsageError(f"{name} is larger than {LARGEST // 1024} KiB")
    try:
        return msgspec.toml.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name} is not TOML: {error}") from error


def shipped(folder: str, name: str) -> bytes:
    """Return a file that voicectl ships, by its name without `.toml`. Raises `UnknownName`."""
    place = files("voicectl_recipes").joinpath(folder)
    known = sorted(each.name.removesuffix(".toml") for each in place.iterdir())
    if name not in known:
        raise registry.unknown(folder.removesuffix("s"), name, known, these="shipped")
    return place.joinpath(f"{name}.toml").read_bytes()
