"""JSON, TOML and plain values, into values of a type: the one place that asks msgspec to.

msgspec looks a class over when it meets it first, and keeps what it found before it is done
with it. Another thread that reads a value of that class in between takes a half-made note for a
whole one, and the process ends with a segmentation fault (msgspec 0.22, eight threads that read
their first `CallRecord`: 2 of 30 processes). So classes are looked over by one thread at a time,
and nothing is read with a class before that is over.
"""

from __future__ import annotations

import threading
from typing import Any, TypeAlias, TypeVar, overload

import msgspec

T = TypeVar("T")
Decoder: TypeAlias = msgspec.json.Decoder[T]

_looking = threading.RLock()
_known: dict[Any, msgspec.json.Decoder[Any]] = {}


@overload
def decoder(kind: type[T]) -> Decoder[T]: ...
@overload  # a union is no type for mypy
def decoder(kind: Any) -> Decoder[Any]: ...
def decoder(kind: Any) -> Decoder[Any]:
    """Return what reads JSON as a type; the same one each time."""
    found = _known.get(kind)
    if found is None:
        with _looking:
            # Whoever had to wait here finds it made.
            found = _known.get(kind) or _known.setdefault(kind, msgspec.json.Decoder(kind))
    return found


def json(content: bytes | bytearray | str, kind: type[T]) -> T:
    """Return what JSON says, as a type. Raises `msgspec.DecodeError`."""
    return decoder(kind).decode(content)


def plain(told: object, kind: type[T]) -> T:
    """Return dictionaries, lists, texts and numbers as a type. Raises `msgspec.ValidationError`."""
    decoder(kind)
    return msgspec.convert(told, kind)


def toml(text: bytes | str, kind: type[T]) -> T:
    """Return what TOML says, as a type. Raises `msgspec.DecodeError`."""
    return plain(msgspec.toml.decode(text), kind)
