"""What calls leave behind in the media process, which is this one here: nothing."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import psutil

from voicectl import parse
from voicectl.lines import Listen, Live
from voicectl_daemon.media import line
from voicectl_daemon.media.__main__ import Media
from voicectl_daemon.media.audiosocket import HANGUP, IDENTITY, RATES, message
from voicectl_daemon.media.calls import Call
from voicectl_daemon.media.growing import Growing
from voicectl_daemon.media.peer import MOST_WAITING, Peer
from voicectl_daemon.parent import Parent

CALLS = 200
HOUR = 50 * 3600
"""Ticks of the clock of 20 ms."""
SOUND = next(kind for kind, rate in RATES.items() if rate == 8000)
FRAME = message(SOUND, bytes(320))
SECONDS = 60.0
"""After which a report does not come any more."""
_LENGTH = struct.Struct("!i")

Told = TypeVar("Told")


class Here:
    """A media process in this one, to be looked into."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.port = 0

    async def told(self, kind: type[Told]) -> Told:
        """Return the next report of a kind."""
        async with asyncio.timeout(SECONDS):
            while True:
                (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
                raw = await self._reader.readexactly(length)
                report = parse.json(raw, line.Report)
                if isinstance(report, kind):
                    return report

    async def called(self) -> asyncio.StreamWriter:
        """Call, and never listen."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(message(IDENTITY, uuid4().bytes) + FRAME)
        return writer

    async def call(self) -> None:
        """Call, say a little, and hang up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(message(IDENTITY, uuid4().bytes) + FRAME * 10 + message(HANGUP, b""))
        await reader.read()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def here(folder: Path) -> AsyncIterator[Here]:
    """Serve a line that is hung up on at the end, as by a daemon that is gone."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    daemon = await asyncio.open_unix_connection(sock=theirs)
    listen = Listen(name="pbx", port=0, most_calls=CALLS)
    orders = parse.decoder(line.Order)
    parent = Parent[line.Order, line.Report](*daemon, orders)
    begin = line.Begin((listen,), Live(), str(folder))
    serving = asyncio.create_task(Media(parent, begin).run())
    process = Here(reader)
    process.port = (await process.told(line.Listening)).port
    try:
        yield process
    finally:
        writer.close()
        await serving
        daemon[1].close()


def of_calls() -> Iterator[object]:
    """Yield what is there because of calls."""
    gc.collect()
    yield from (each for each in gc.get_objects() if isinstance(each, Peer | Call | Growing))


def test_no_task_no_object_and_no_file_is_left(tmp_path: Path) -> None:
    async def watched() -> None:
        async with here(tmp_path) as process:
            await process.call()
            await process.told(line.Closed)
            gc.collect()  # what tests before left over has sockets, too
            before = len(asyncio.all_tasks()), psutil.Process().num_fds()
            await asyncio.gather(*(process.call() for _ in range(CALLS)))
            for _ in range(CALLS):
                assert (await process.told(line.Closed)).frames == 1600
            assert (len(asyncio.all_tasks()), psutil.Process().num_fds()) == before
            assert list(of_calls()) == []

    asyncio.run(watched())
    assert len(list(tmp_path.glob("*.wav"))) == CALLS + 1


def test_a_call_that_was_looked_at_is_let_go(tmp_path: Path) -> None:
    async def watched() -> None:
        async with here(tmp_path) as process:
            writer = await process.called()
            await process.told(line.Recorded)
            while not (await process.told(line.Pulse)).connections:
                pass
            writer.close()
            await process.told(line.Closed)
            assert list(of_calls()) == []

    asyncio.run(watched())


def test_who_never_reads_is_said_little(tmp_path: Path) -> None:
    async def watched() -> None:
        async with here(tmp_path) as process:
            writer = await process.called()
            await process.told(line.Recorded)
            (peer,) = (each for each in of_calls() if isinstance(each, Peer))
            for _ in range(HOUR):
                peer.tick()
            assert peer._wire is not None
            assert MOST_WAITING <= peer._wire.get_write_buffer_size() < 2 * MOST_WAITING
            writer.write(FRAME)
            peer.hang_up("enough")
            assert (await process.told(line.Closed)).frames >= 160
            assert list(of_calls()) == [peer]
            writer.close()

    asyncio.run(watched())
