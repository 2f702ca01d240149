"""The other end of `child`: what a process knows of the daemon that has started it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import msgspec

from voicectl import parse
from voicectl_daemon import journal

if TYPE_CHECKING:
    import asyncio

Order = TypeVar("Order")
Report = TypeVar("Report")

_LENGTH = struct.Struct("!i")
"""Before each message, as `multiprocessing.connection` writes it at the daemon's end."""


def begin(
    name: str,
    yields: int = 0,
    ignored: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM),
) -> None:
    """Do what every child does first; `name` stands before what it logs.

    `yields` says how much it gives way, as `nice` does: who carries the sound of a call comes
    first, then who listens to it, then who works on files. It is called before other threads
    begin, for they would not give way with it.
    """
    with suppress(OSError):  # a hardened service may forbid it
        os.nice(yields)
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)  # when to leave is the daemon's to say
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold calls
    journal.begin(name)


class Parent(Generic[Order, Report]):
    """The line to the daemon, for a process that does everything on one loop."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        orders: parse.Decoder[Order],
    ) -> None:
        self._reader, self._writer, self._orders = reader, writer, orders

    @classmethod
    async def at(cls, descriptor: int, orders: parse.Decoder[Order]) -> Self:
        """Return the line whose descriptor is given."""
        import asyncio  # the others have no loop, and begin sooner without

        ends = await asyncio.open_unix_connection(sock=socket.socket(fileno=descriptor))
        return cls(*ends, orders)

    async def order(self) -> Order:
        """Return the next order.

        Raises `asyncio.IncompleteReadError` or `ConnectionError` when the daemon is gone.
        """
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        return self._orders.decode(await self._reader.readexactly(length))

    def tell(self, report: Report) -> None:
        """Send a report; for a daemon that is gone it changes nothing."""
        raw = msgspec.json.encode(report)
        self._writer.write(_LENGTH.pack(len(raw)) + raw)

    @property
    def untold(self) -> int:
        """Bytes that wait for a daemon that does not listen."""
        return self._writer.transport.get_write_buffer_size()

    async def told(self) -> None:
        """Wait until the daemon has taken most of what was told. Raises `ConnectionError`."""
        await self._writer.drain()
