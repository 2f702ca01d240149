"""Calls found by what they mean, with the words that are alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Indexed:
    """How far reading calls for their meaning has come."""

    done: int
    """Calls that were read now."""
    left: int
    """Calls that are still to be read."""


@dataclass(frozen=True, slots=True)
class Near:
    """A segment that is near to a text."""

    call: str
    name: str
    segment: int
    start: float
    end: float
    speaker: str | None
    text: str
    score: float
    """Cosine, -1 to 1; above 0.5 it mostly means the same."""


@dataclass(frozen=True, slots=True)
class Similar:
    """A call that is near to another one."""

    call: str
    name: str
    created: datetime
    score: float
    """Cosine, -1 to 1, of the calls without what all calls have in common."""
    mine: int | None
    """The segment of the first call that is most like one of this call; None for none."""
    theirs: int | None
    start: float | None
    """Of that segment of this call."""
    mine_text: str | None
    theirs_text: str | None
