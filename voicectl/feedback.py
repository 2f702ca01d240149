"""What people say of what machines made of a call; it stands beside it and changes none of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeAlias

Kind: TypeAlias = Literal["rating", "label", "not label", "text"]
BEST = 5
"""The highest rating; 1 is the lowest."""


@dataclass(frozen=True, slots=True)
class FeedbackWish:
    """What somebody wants to say about a call: a rating, categories, or words."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    rating: int | None = None
    """1 to `BEST`."""
    labels: tuple[str, ...] = ()
    """Categories that the call is about."""
    not_labels: tuple[str, ...] = ()
    """Categories that it is not about."""
    scheme: str | None = None
    """Name or title of the scheme; None where the categories tell it."""
    segment: int | None = None
    """Id of a segment whose text is wrong."""
    text: str | None = None
    """What is said there."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing that somebody said about a call."""

    id: str
    call: str
    at: datetime
    who: str
    """Name of the account, or its number; `unknown` where the door cannot tell."""
    kind: Kind
    rating: int | None = None
    scheme: str | None = None
    """Title of the scheme."""
    label: str | None = None
    segment: int | None = None
    text: str | None = None
    """What is said there; hidden as soon as the call is masked."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A call as people corrected it, to train or to measure something with."""

    call: str
    language: str | None
    masked: bool
    """True when names and numbers were taken out of the text."""
    text: str
    """All that was said, as the machine heard it, corrected where people did so."""
    labels: tuple[str, ...]
    """What it is about: as the machine found, with the corrections."""
    machine: tuple[str, ...]
    """What the machine found."""
    not_labels: tuple[str, ...]
    rating: float | None
    """The mean."""
    who: tuple[str, ...]
