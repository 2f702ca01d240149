"""Backends of a step that are tried in turn, as a recipe names them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from msgspec import Meta

Backend = Annotated[str, Meta(pattern=r"^[a-z0-9_-]+(:.+)?$", max_length=4096)]
"""A name, with a model after a colon where it needs one."""


class Writer(NamedTuple):
    """One of them."""

    name: str
    model: str


def in_turn(backend: Backend | tuple[Backend, ...]) -> tuple[Writer, ...]:
    """Return the backends of an option, the first choice first."""
    several = (backend,) if isinstance(backend, str) else backend
    return tuple(Writer(*(each.split(":", 1) + ["auto"])[:2]) for each in several)
