"""One connection of a telephone system."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterator

from voicectl.lines import Listen, Live
from voicectl_daemon.media import line, transports
from voicectl_daemon.media.calls import Board, Call
from voicectl_daemon.media.said import (
    Answer,
    BadPeer,
    Called,
    Digit,
    Left,
    Said,
    Sound,
    Strange,
    Transport,
    joined,
)

MOST_WAITING = 64 * 1024
"""Bytes that a peer may leave unread before it is spoken to no more."""
MOST_AT_ONCE = 16 * 1024
"""Bytes that are taken in before the others have their turn: half a second, or a flood."""


class Peer(asyncio.BufferedProtocol):
    """Understands what comes, and answers by the clock."""

    def __init__(self, settings: Listen, live: Live, board: Board, peers: set[Peer]) -> None:
        self._settings = settings
        self._live = live
        self._board = board
        self._peers = peers
        self._transport: Transport | None = None
        self._wire: asyncio.Transport | None = None
        self._call: Call | None = None
        self._leg = 0
        self._reason = "hangup"
        self._address = ""
        self._began = self._heard = time.monotonic()
        self._coming = bytearray(MOST_AT_ONCE)

    @property
    def call(self) -> str | None:
        """The id of its call, once it said which it is."""
        return self._call.id if self._call else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look at who it is before a word is listened to."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101, asyncio promises it
        self._wire = transport
        self._address = str(transport.get_extra_info("peername")[0])
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._settings.welcomes(self._address):
            self._refuse(f"{self._address} is not among those that may call")
        elif sum(peer.is_of(self._settings) for peer in self._peers) >= self._settings.holds:
            self._refuse(f"there are {self._settings.holds} connections already")
        else:
            self._peers.add(self)

    def is_of(self, settings: Listen) -> bool:
        """True when it came in on that line."""
        return self._settings is settings

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return where to put what it says."""
        return self._coming

    def buffer_updated(self, nbytes: int) -> None:
        """Take in what it says."""
        data = bytes(self._coming[:nbytes])
        self._heard = time.monotonic()
        try:
            if self._transport is None:
                self._transport = transports.made(self._settings, data)
            self._take(self._transport.feed(data, self._heard))
        except BadPeer as error:
            self._refuse(str(error))

    def eof_received(self) -> bool:
        """Close at once: a half-open connection freezes the telephone system."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take in what was held back, and leave the call."""
        self._peers.discard(self)
        if isinstance(exc, ConnectionError):
            self._read_on()
        if self._transport is not None and self._call is not None:
            self._take(self._transport.rest())
        # Asterisk does not read our silence to its end when it hangs up, so that the kernel
        # resets the connection: that is how most calls end.
        lost = exc is not None and not isinstance(exc, ConnectionError)
        if lost and self._reason == "hangup":
            self._reason = "connection lost"
        if self._call is not None:
            self._board.leave(self._call, self._leg, self._reason)
            self._call = None

    def _read_on(self) -> None:
        """Take in what came before the reset, if it was noticed while something was written."""
        wire = self._wire.get_extra_info("socket").fileno() if self._wire else -1
        with contextlib.suppress(OSError, BadPeer):
            while self._transport is not None and (data := os.read(wire, MOST_AT_ONCE)):
                self._take(self._transport.feed(data, time.monotonic()))

    def tick(self) -> None:
        """Say 20 ms of silence to a peer that wants to be spoken to and listens."""
        if self._call is None or self._wire is None or self._transport is None:
            return
        if self._wire.get_write_buffer_size() < MOST_WAITING:
            self._wire.write(self._transport.frame())

    def look(self, now: float) -> None:
        """Hang up on a peer that says nothing for too long.

        A leg may: telephones send nothing while they are on hold, or nobody speaks.
        """
        heard = max(self._heard, self._call.heard) if self._call else self._heard
        if self._call is None and now - self._began > self._live.setup_seconds:
            self._refuse("it did not say which call it is")
        elif now - heard > self._live.idle_seconds:
            self.hang_up("silent line")

    def hang_up(self, reason: str) -> None:
        """End the connection."""
        self._reason = reason
        if self._wire is None or self._wire.is_closing():
            return
        if self._transport is not None and self._call is not None:
            self._wire.write(self._transport.farewell)
        if self._wire.get_write_buffer_size() < MOST_WAITING:
            self._wire.close()
        else:
            self._wire.abort()  # it would never read the rest

    def _take(self, heard: Iterator[Said]) -> None:
        for said in joined(heard):
            if isinstance(said, Called):
                self._begin(said)
            elif isinstance(said, Answer):
                self._answer(said.raw)
            elif self._call is not None:
                self._pass_on(self._call, said)

    def _pass_on(self, call: Call, said: Said) -> None:
        if isinstance(said, Sound):
            call.hear(self._leg, said)
        elif isinstance(said, Digit):
            self._board.tell(line.Pressed(call.id, self._leg, said.key))
        elif isinstance(said, Strange):
            self._board.tell(line.Noticed(self._settings.name, call.id, said.text))
        elif isinstance(said, Left):
            self.hang_up(said.reason)

    def _answer(self, raw: bytes) -> None:
        if self._wire is None or self._wire.is_closing():
            return
        self._wire.write(raw)
        if self._wire.get_write_buffer_size() >= MOST_WAITING:
            self.hang_up("it asks and does not read the answers")

    def _begin(self, called: Called) -> None:
        settings = self._settings
        found = self._board.connect(settings.name, called, settings.speaker, self._address)
        self._call, self._leg = found
        if self._wire is not None and self._transport is not None:
            self._wire.write(self._transport.hello)

    def _refuse(self, why: str) -> None:
        self._board.tell(
            line.Noticed(self._settings.name, None, f"hung up on {self._address}: {why}")
        )
        self.hang_up(why)
