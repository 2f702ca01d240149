"""What the daemon and the ears say to each other, one message at a time."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from voicectl.live import LiveTurn


class Follow(msgspec.Struct, tag=True, frozen=True):
    """Listen to a recording that grows."""

    call: str
    path: str
    rate: int
    legs: tuple[str, ...]
    """Who speaks on each channel."""
    since: tuple[float, ...]
    """For each leg the second up to which all is told already."""
    turns: tuple[int, ...]
    """For each leg the number of turns that are told."""


class Grown(msgspec.Struct, tag=True, frozen=True):
    """So much of each leg is on disk, and will not change any more."""

    call: str
    readable: tuple[int, ...]
    """Frames."""


class Over(msgspec.Struct, tag=True, frozen=True):
    """No more comes; what is left is to be told and then `Heard`."""

    call: str
    frames: int


class Forget(msgspec.Struct, tag=True, frozen=True):
    """Nobody wants to know any more."""

    call: str


class Ready(msgspec.Struct, tag=True, frozen=True):
    """The model is loaded."""

    model: str


class Alive(msgspec.Struct, tag=True, frozen=True):
    """The ears are there, also when there is nothing to hear."""


class Turn(msgspec.Struct, tag=True, frozen=True):
    """Something was said."""

    call: str
    turn: LiveTurn


class Behind(msgspec.Struct, tag=True, frozen=True):
    """How the listening stands."""

    call: str
    lag: float
    """Seconds of speech that ended so long ago and is not told yet."""
    language: str | None


class Heard(msgspec.Struct, tag=True, frozen=True):
    """All of a call that is over has been told."""

    call: str


class Unable(msgspec.Struct, tag=True, frozen=True):
    """A call cannot be listened to, or none can."""

    call: str | None
    text: str
    hint: str = ""


Order: TypeAlias = Follow | Grown | Over | Forget
Report: TypeAlias = Ready | Alive | Turn | Behind | Heard | Unable
