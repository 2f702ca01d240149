"""What a peer says on a line, whatever the transport is.

A transport is a parser without sockets: bytes go in, and what they mean comes
out, however the network cuts them. So the same code is fed by a socket, by a
test with one byte at a time, and by a fuzzer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

LONGEST_NAME = 256
"""Characters by which a telephone system may call a channel."""
LEGS = ("caller", "agent")
"""Of a call whose legs come on connections of their own, as a dialplan of ours brings them."""
_OF_SEVERAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{11}[12]")
"""A UUID of version 8, whose last digit is the leg; all others are the call."""


@dataclass(frozen=True, slots=True)
class Called:
    """The peer says which channel this is. Always first."""

    channel: str
    call: str = ""
    """What it shares with the other legs of its call; empty where it is all of the call."""
    leg: int = 0
    """Which of `LEGS` it is, where there are several."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples, signed, 16 bits, little-endian, mono; whole ones only."""

    rate: int
    """Hertz."""
    samples: bytes


@dataclass(frozen=True, slots=True)
class Digit:
    """A key was pressed."""

    key: str


@dataclass(frozen=True, slots=True)
class Left:
    """The peer hangs up."""

    reason: str = "hangup"


@dataclass(frozen=True, slots=True)
class Strange:
    """Something is not as it should be; the call goes on."""

    text: str
    """A sentence for people, without what the peer sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The peer must be told this at once, or the connection cannot go on."""

    raw: bytes


Said: TypeAlias = Called | Sound | Digit | Left | Strange | Answer


class BadPeer(Exception):
    """What came is no call of this transport; the sentence says why."""


class Transport(Protocol):
    """One connection's worth of a transport; begins anew for each."""

    hello: bytes
    """What the peer must hear at once, after it has said which channel it is."""
    farewell: bytes
    """What tells the peer that we hang up."""

    def feed(self, data: bytes, now: float) -> Iterator[Said]:
        """Yield what the bytes mean. `now` is in seconds, on any clock that runs steadily.

        Raises `BadPeer`.
        """

    def rest(self) -> Iterator[Said]:
        """Yield what was held back; the peer says no more."""

    def frame(self) -> bytes:
        """Return 20 ms of silence for a peer that wants to be spoken to; empty for all others."""


def joined(heard: Iterator[Said]) -> Iterator[Said]:
    """Yield the same with sound that follows on sound in one piece. Raises `BadPeer` as they do.

    A peer that sends a sample at a time costs little more than others then.
    """
    rate, pieces = 0, list[bytes]()
    try:
        for said in heard:
            if isinstance(said, Sound) and said.rate == rate:
                pieces.append(said.samples)
                continue
            if pieces:
                yield Sound(rate, b"".join(pieces))
            rate, pieces = (said.rate, [said.samples]) if isinstance(said, Sound) else (0, [])
            if not isinstance(said, Sound):
                yield said
    except BadPeer:
        if pieces:
            yield Sound(rate, b"".join(pieces))
        raise
    if pieces:
        yield Sound(rate, b"".join(pieces))


def named(channel: str) -> Called:
    """Return which leg of which call a channel says by its name that it is, if it says so."""
    if _OF_SEVERAL.fullmatch(channel):
        return Called(channel, channel[:-1], int(channel[-1]) - 1)
    return Called(channel)


def printable(name: str) -> str:
    """Return a name that a peer gave as one that is safe to show."""
    short = name[:LONGEST_NAME]
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in short)


def is_key(digit: str) -> bool:
    """True for what is on the keys of telephones."""
    return len(digit) == 1 and digit in "0123456789*#ABCD"
