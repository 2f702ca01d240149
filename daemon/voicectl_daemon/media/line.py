"""What the daemon and the media process say to each other, one message at a time.

Sound never passes here: it goes to disk, where whoever listens reads it.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from voicectl.lines import Listen, Live


class Begin(msgspec.Struct, tag=True, frozen=True):
    """Take calls. Always first, and once."""

    listen: tuple[Listen, ...]
    live: Live
    folder: str
    """Of the recordings."""


class Expect(msgspec.Struct, tag=True, frozen=True):
    """A channel that will call is a leg of one call; without this each channel is a call."""

    channel: str
    call: str
    leg: int
    legs: tuple[str, ...]
    """Who speaks on each leg of the call."""


class HangUp(msgspec.Struct, tag=True, frozen=True):
    """End a call."""

    call: str
    why: str = "hung up here"


class Drain(msgspec.Struct, tag=True, frozen=True):
    """Take no more calls; those that are up go on."""


class Change(msgspec.Struct, tag=True, frozen=True):
    """Take calls so from now on; those that are up go on as they began."""

    listen: tuple[Listen, ...]
    live: Live


class Listening(msgspec.Struct, tag=True, frozen=True):
    """Calls are taken here."""

    line: str
    host: str
    port: int


class Deaf(msgspec.Struct, tag=True, frozen=True):
    """They cannot be taken here."""

    line: str
    why: str


class Opened(msgspec.Struct, tag=True, frozen=True):
    """A call has begun."""

    call: str
    line: str
    channel: str
    legs: tuple[str, ...]
    peer: str
    """Address that called."""


class Recorded(msgspec.Struct, tag=True, frozen=True):
    """The first sound of a call has come, and goes into this file."""

    call: str
    path: str
    rate: int


class Grown(msgspec.Struct, tag=True, frozen=True):
    """So much of a recording is on disk now."""

    call: str
    frames: int
    levels: tuple[float, ...]
    """Root mean square of each leg since the last time, 0 to 1."""
    readable: tuple[int, ...]
    """Of each leg, the frames in which nothing will change any more."""


class Pressed(msgspec.Struct, tag=True, frozen=True):
    """A key was pressed."""

    call: str
    leg: int
    key: str


class Noticed(msgspec.Struct, tag=True, frozen=True):
    """Something is not as it should be."""

    line: str
    call: str | None
    text: str


class Closed(msgspec.Struct, tag=True, frozen=True):
    """A call is over, and its recording complete."""

    call: str
    reason: str
    frames: int


class Pulse(msgspec.Struct, tag=True, frozen=True):
    """The process is alive; told every second."""

    connections: int
    lateness: float
    """Seconds that the latest frame since the last pulse left too late."""


Order: TypeAlias = Begin | Expect | HangUp | Drain | Change
Report: TypeAlias = (
    Listening | Deaf | Opened | Recorded | Grown | Pressed | Noticed | Closed | Pulse
)
