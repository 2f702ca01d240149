"""What is different in a config, in the words of its file; never what it says there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

import msgspec


def differences(before: msgspec.Struct, after: msgspec.Struct, section: str = "") -> Iterator[str]:
    """Yield each key that is different, such as `[live] language` or `[[listen]] pbx is new`."""
    for name in after.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        inner = f"{section}.{name}".lstrip(".")
        if old == new:
            continue
        if isinstance(old, msgspec.Struct) and isinstance(new, msgspec.Struct):
            yield from differences(old, new, inner)
        elif _are_tables(old) and _are_tables(new):
            yield from _tables(f"[[{inner}]]", old, new)
        else:
            yield f"[{section}] {name}" if section else name


def _are_tables(value: object) -> TypeGuard[tuple[msgspec.Struct, ...]]:
    return isinstance(value, tuple) and all(isinstance(each, msgspec.Struct) for each in value)


def _tables(
    title: str, before: tuple[msgspec.Struct, ...], after: tuple[msgspec.Struct, ...]
) -> Iterator[str]:
    old = {getattr(each, "name", ""): each for each in before}
    new = {getattr(each, "name", ""): each for each in after}
    for name in old.keys() - new.keys():
        yield f"{title} {name} is gone"
    for name, each in new.items():
        if name not in old:
            yield f"{title} {name} is new"
        elif each != old[name]:
            yield f"{title} {name} is different"
    if list(old) != list(new) and old == new:
        yield f"{title} are in another order"
