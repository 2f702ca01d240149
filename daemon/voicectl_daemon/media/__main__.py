"""The media process: takes calls in, records them, and tells the daemon how far it is.

    python -m voicectl_daemon.media DESCRIPTOR

It leaves when the daemon does, and hangs up as it goes: the telephone system
then sends the callers on to people.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from pathlib import Path

from voicectl import parse
from voicectl.lines import Listen, Live
from voicectl_daemon import parent
from voicectl_daemon.media import line
from voicectl_daemon.media.calls import Board
from voicectl_daemon.media.clock import Clock
from voicectl_daemon.media.growing import FLUSH_SECONDS
from voicectl_daemon.media.peer import Peer
from voicectl_daemon.parent import Parent

LOOK_SECONDS = 1.0
BACKLOG = 512
"""Callers that may knock at once."""
FAREWELL_SECONDS = 0.2
MOST_UNTOLD = 1 << 20
"""Bytes that may wait for a daemon that does not listen."""
_orders: parse.Decoder[line.Order] = parse.decoder(line.Order)

log = logging.getLogger(__name__)


class Media:
    """Everything this process does, on one loop."""

    def __init__(self, daemon: Parent[line.Order, line.Report], begin: line.Begin) -> None:
        """Make ready for what the daemon wants; nobody is listened to yet."""
        self._daemon = daemon
        self._peers: set[Peer] = set()
        self._servers: dict[Listen, asyncio.Server] = {}
        self._clock = Clock(self._tick)
        self._board = Board(Path(begin.folder), self.tell)
        self._begin = begin
        self._live = begin.live

    async def run(self) -> None:
        """Serve until the daemon leaves."""
        await self._listen(self._begin.listen, self._begin.live)
        tasks = [
            asyncio.create_task(each) for each in (self._clock.run(), self._flush(), self._look())
        ]
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await self._obey(await self._daemon.order())
        finally:
            for task in tasks:
                task.cancel()
            await self._leave()

    def tell(self, report: line.Report) -> None:
        """Send a report; for a daemon that is gone it changes nothing.

        One that does not listen is told less, and the rest when it does: sound goes to disk
        meanwhile, and how far that is the next report tells.
        """
        if self._daemon.untold > MOST_UNTOLD and isinstance(report, line.Grown | line.Pulse):
            return
        self._daemon.tell(report)

    async def _obey(self, order: line.Order) -> None:
        if isinstance(order, line.Expect):
            self._board.expect(order)
        elif isinstance(order, line.HangUp):
            for peer in [peer for peer in self._peers if peer.call == order.call]:
                peer.hang_up(order.why)
        elif isinstance(order, line.Drain):
            await self._listen((), self._live)
        elif isinstance(order, line.Change):
            await self._listen(order.listen, order.live)

    async def _listen(self, lines: tuple[Listen, ...], live: Live) -> None:
        """Take calls on these lines and no others; one that stays as it is stays open."""
        self._live = live
        for settings in self._servers.keys() - set(lines):
            self._servers.pop(settings).close()
        for settings in lines:
            if settings not in self._servers:
                await self._open(settings)

    async def _open(self, settings: Listen) -> None:
        def peer() -> Peer:
            return Peer(settings, self._live, self._board, self._peers)  # with what counts then

        try:
            server = await asyncio.get_running_loop().create_server(
                peer, settings.host, settings.port, backlog=BACKLOG
            )
        except OSError as error:
            self.tell(line.Deaf(settings.name, error.strerror or str(error)))
            return
        self._servers[settings] = server
        host, port = server.sockets[0].getsockname()[:2]
        self.tell(line.Listening(settings.name, host, port))

    def _tick(self) -> None:
        for peer in tuple(self._peers):
            peer.tick()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._board.flush()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._look_once(time.monotonic())

    def _look_once(self, now: float) -> None:
        # Not in the loop above, which would hold the last peer that it saw, long after its call.
        for peer in tuple(self._peers):
            peer.look(now)
        self._board.look(now)
        self.tell(line.Pulse(len(self._peers), round(self._clock.asked(), 4)))

    async def _leave(self) -> None:
        for server in self._servers.values():
            server.close()
        for peer in tuple(self._peers):
            peer.hang_up("the service stops")
        await asyncio.sleep(FAREWELL_SECONDS)
        await self._board.flush()
        with contextlib.suppress(ConnectionError):
            await self._daemon.told()


async def serve(descriptor: int) -> None:
    """Serve the line whose descriptor is given."""
    daemon = await Parent[line.Order, line.Report].at(descriptor, _orders)
    begin = await daemon.order()
    if not isinstance(begin, line.Begin):
        raise TypeError("the daemon does not say what to do")
    await Media(daemon, begin).run()


def main() -> None:
    """Serve the line whose descriptor is the first argument."""
    parent.begin("media")
    asyncio.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
