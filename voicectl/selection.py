"""Which calls somebody means: by id, by what was said in them, by when, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Which:
    """Calls that fit everything that is given; nothing given means every call."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    calls: tuple[str, ...] = ()
    """Ids, their beginnings, or `last`; each must name exactly one call."""
    text: str | None = None
    """Something that was said, upper and lower case alike."""
    since: str | None = None
    """First seen then or later; ISO 8601, UTC when no zone is given."""
    until: str | None = None
    """First seen before that; written likewise."""
    language: str | None = None
    name: str | None = None
    """Pattern of file names, with `*`, `?` and `[...]`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A call that was meant."""

    id: str
    name: str
    path: str
    """Where the recording lay."""
