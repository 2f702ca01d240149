"""What Asterisk tells of its channels, as what it means for the calls that are heard.

Sound alone does not say that a telephone still rings, or that somebody was put on hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import TypeAlias

import msgspec


class Move(Enum):
    """What happens to a call."""

    RINGS = auto()
    """Somebody is being called for it."""
    ANSWERED = auto()
    UNANSWERED = auto()
    """Whoever was called does not come."""
    HELD = auto()
    RESUMED = auto()
    TRANSFERRED = auto()
    """It is on its way to somebody else, who answers or does not."""


class Channel(msgspec.Struct):
    """Of Asterisk's."""

    id: str


class Bridge(msgspec.Struct):
    """Channels that hear each other."""

    id: str
    channels: list[str]


class Event(msgspec.Struct):
    """Of the many fields of Asterisk's events those that say something about calls."""

    type: str
    channel: Channel | None = None
    eventname: str = ""
    caller: Channel | None = None
    peer: Channel | None = None
    dialstatus: str = ""
    bridge: Bridge | None = None
    transferee: Channel | None = None


Moves: TypeAlias = Iterator[tuple[Channel, Move]]
"""Each with a channel that it happens to."""

SHARED = (Move.HELD, Move.RESUMED)
"""Whoever the channel is bridged with has part in these, too."""
_HOLD = {"ChannelHold": Move.HELD, "ChannelUnhold": Move.RESUMED}


def moves(event: Event) -> Moves:
    """Yield what an event means; nothing for most of them."""
    if event.type == "Dial" and event.caller is not None:
        yield event.caller, _dialled(event.dialstatus)
    elif event.channel is not None and event.type in _HOLD:
        yield event.channel, _HOLD[event.type]
    elif event.type == "BridgeBlindTransfer" and (of := event.transferee or event.channel):
        yield of, Move.TRANSFERRED
    elif event.type == "BridgeAttendedTransfer" and event.transferee is not None:
        yield event.transferee, Move.TRANSFERRED
        yield event.transferee, Move.ANSWERED


def _dialled(status: str) -> Move:
    if status == "ANSWER":
        return Move.ANSWERED
    return Move.RINGS if status in ("", "PROGRESS", "PROCEEDING", "RINGING") else Move.UNANSWERED
