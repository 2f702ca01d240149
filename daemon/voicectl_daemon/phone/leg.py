"""A call of ours as the media process gets it: AudioSocket, like the calls of Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from voicectl_daemon.media.audiosocket import DIGIT, HANGUP, IDENTITY, RATES, message
from voicectl_daemon.media.said import is_key
from voicectl_daemon.phone.pjsip import RATE

MOST_WAITING = 1 << 20
"""Bytes that the media process may leave unread, half a minute, before the call is given up."""
_KIND = next(kind for kind, rate in RATES.items() if rate == RATE)


class Leg(asyncio.Protocol):
    """The connection of one call; for the thread of the loop, but for `hear`."""

    def __init__(self, name: UUID, lost: Callable[[], None]) -> None:
        self._name = name
        self._lost = lost
        self._wire: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self.taken = self._loop.create_future()
        """Done when the media process speaks to it: then somebody listens. False: nobody does."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say which call it is."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101, asyncio promises it
        self._wire = transport
        transport.write(message(IDENTITY, self._name.bytes))

    def data_received(self, data: bytes) -> None:
        """Be glad that somebody is there; what they say is silence."""
        self._is_taken(True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that nobody listens any more."""
        self._is_taken(False)
        self._wire = None
        self._lost()

    def hear(self, frame: bytes) -> None:
        """Pass sound on. For the clock of the telephone."""
        self._loop.call_soon_threadsafe(self.say, frame)

    def say(self, frame: bytes) -> None:
        """Pass sound on."""
        self._pass_on(message(_KIND, frame))

    def press(self, key: str) -> None:
        """Pass on a key."""
        if is_key(key):
            self._pass_on(message(DIGIT, key.encode()))

    def hang_up(self) -> None:
        """Say that it is over."""
        if self._wire is not None and not self._wire.is_closing():
            self._wire.write(message(HANGUP, b""))
            self._wire.close()

    def _pass_on(self, raw: bytes) -> None:
        wire = self._wire
        if wire is None or wire.is_closing():
            return
        wire.write(raw)
        if wire.get_write_buffer_size() > MOST_WAITING:
            wire.abort()

    def _is_taken(self, taken: bool) -> None:
        if not self.taken.done():
            self.taken.set_result(taken)
