"""What people who watch calls note about them while they go on, or later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

LONGEST = 2_000
"""Characters of a note."""


class MarkKind(StrEnum):
    """What is noted."""

    FLAG = "flag"
    """Somebody should look at the call again."""
    NOTE = "note"
    ESCALATION = "escalation"
    """Somebody had others told at once: see the webhook event `call.escalated`."""


@dataclass(frozen=True, slots=True)
class MarkWish:
    """What somebody wants to note about a call."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    kind: MarkKind
    note: str = ""
    """Why, or what there is to say; a note has one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that somebody noted about a call."""

    id: str
    call: str
    """Id it had on its line; in the store, where it came on none."""
    at: datetime
    who: str
    """Name of the account, or its number; `unknown` where the door cannot tell."""
    kind: MarkKind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark that is kept now, and who is told of it."""

    mark: Mark
    webhooks: tuple[str, ...] = ()
    """Names of those that an escalation goes to."""
