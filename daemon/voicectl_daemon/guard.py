"""Watches over a daemon from its start to its end: sweeps, tells systemd, drains, leaves."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import contextmanager
from types import FrameType

import uvicorn

from voicectl.config import Config
from voicectl.errors import VoicectlError
from voicectl_daemon import unforeseen
from voicectl_daemon.parts import Parts
from voicectl_daemon.supervised import Supervised

TICK_SECONDS = 0.25
FAREWELL_SECONDS = 0.05
"""How long listeners have to hear that there will be no more."""
SWEEP_SECONDS = 10.0
"""How often forgotten work is looked for."""
LOOP_SECONDS = 5.0
"""How long the loop of the door may take to come round."""

log = logging.getLogger(__name__)


class Told:
    """What this process was asked for by signals, also before it could do anything about it."""

    _TO_LEAVE = (signal.SIGTERM, signal.SIGINT)

    def __init__(self, *, on_demand: bool) -> None:
        self.to_leave = False
        self.at_once = False
        """True when it was told a second time."""
        self.to_reload = threading.Event()
        for number in self._TO_LEAVE:
            signal.signal(number, self._leave)
        if not on_demand:  # at a terminal it means that this was closed
            at_terminal = sys.stderr.isatty()
            signal.signal(signal.SIGHUP, self._leave if at_terminal else self._reload)

    def heed_no_more(self) -> None:
        """From here on all is put away, and the interpreter itself takes a moment to leave."""
        for number in (*self._TO_LEAVE, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def _reload(self, _number: int, _frame: FrameType | None) -> None:
        self.to_reload.set()

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        self.at_once = self.to_leave
        self.to_leave = True


class Server(uvicorn.Server):
    """Serves the door; locks it and hangs up on listeners when it is time to leave."""

    def __init__(self, settings: uvicorn.Config, parts: Parts) -> None:
        super().__init__(settings)
        self._parts = parts
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `Told`: the door stays open while calls are waited for."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the door."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more visitors, end the event streams, let the others finish."""
        self._parts.close_door()
        self._parts.books.bus.close()
        await asyncio.sleep(FAREWELL_SECONDS)
        await super().shutdown(sockets)

    def comes_round(self) -> bool:
        """Whether the loop does what it is asked for. For another thread."""
        if self._loop is None:
            return False
        asked = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop)
        try:
            asked.result(LOOP_SECONDS)
        except TookTooLong:
            return False
        return True


class Guard:
    """One thread that sees to it that the daemon does its work, and leaves when it shall."""

    def __init__(
        self, parts: Parts, server: Server, told: Told, supervised: Supervised, settings: Config
    ) -> None:
        self._parts = parts
        self._server = server
        self._told = told
        self._supervised = supervised
        self._settings = settings.daemon
        self._ready = False
        self._swept = self._beaten = time.monotonic()
        self._rounds = 0

    def run(self) -> None:
        """Serve until it is time to leave, and begin that."""
        try:
            while not (self._parts.leave.wait(TICK_SECONDS) or self._asked_to_leave):
                if self._nothing_left():
                    break
            self._supervised.stopping()
            self._drain()
        finally:
            self._parts.close_door()
            self._server.should_exit = True

    @property
    def _asked_to_leave(self) -> bool:
        return self._told.to_leave or self._parts.unwanted.is_set()

    @property
    def _told_twice(self) -> bool:
        both = self._told.to_leave and self._parts.unwanted.is_set()
        return self._told.at_once or self._parts.leave.is_set() or both

    def _nothing_left(self) -> bool:
        """Do what is due; True when a daemon that was started on demand may leave."""
        with unforeseen.survived(log, "unexpected while sweeping"):
            self._report()
            if self._ready and self._told.to_reload.is_set():
                self._reload()
            self._parts.foreman.let_go()
            self._parts.meanings.let_go()
            if time.monotonic() - self._swept > SWEEP_SECONDS:
                self._swept = time.monotonic()
                self._sweep()
            return self._parts.on_demand and self._idle()
        return False

    def _reload(self) -> None:
        """Read the config anew, and keep to it as far as that can be done on the way."""
        self._told.to_reload.clear()
        self._supervised.reloading()
        try:
            self._parts.changes.take(self._parts)
        except VoicectlError as error:
            log.error("%s", error.text)  # noqa: TRY400, no bug of ours
        finally:
            self._supervised.ready()

    def _sweep(self) -> None:
        parts = self._parts
        parts.foreman.sweep()
        parts.planner.wake()
        parts.uploads.tidy(parts.books.traces)
        parts.books.drafts.tidy(parts.books.traces)
        parts.books.store.mend()
        parts.switchboard.see_to_owed()
        parts.records.write()

    def _idle(self) -> bool:
        if self._parts.presence.empty_for() < self._settings.linger_seconds:
            return False
        counts = self._parts.books.ledger.counts()
        return not any(counts.get(state) for state in ("new", "queued", "running"))

    def _report(self) -> None:
        """Tell systemd how the daemon is; that it is ready when calls and visitors can come."""
        if not self._ready:
            self._ready = self._server.started and self._parts.switchboard.settled
            if not self._ready:
                return
            self._supervised.ready()
            log.info("ready on %s", self._parts.home.socket)
        self._supervised.status(self._standing())
        self._beat()

    def _standing(self) -> str:
        lines, up = self._parts.switchboard.lines(), len(self._parts.switchboard.up())
        if not lines:
            return "ready"
        opened = sum(line.port > 0 for line in lines)
        return f"{up} calls up, {opened} of {len(lines)} lines open"

    def _beat(self) -> None:
        """Give a sign of life, if every part has given one since the last."""
        due = self._supervised.beat_seconds
        if due is None or time.monotonic() - self._beaten < due:
            return
        rounds = self._parts.vitals.rounds
        if rounds > self._rounds and self._server.comes_round():
            self._supervised.beat()
            self._rounds, self._beaten = rounds, time.monotonic()

    def _drain(self) -> None:
        """Take no more calls, wait for those that are up, and hang up on the rest."""
        board = self._parts.switchboard
        board.drain()
        end = time.monotonic() + self._settings.drain_seconds
        if up := board.up():
            log.info(
                "%d calls are up: waiting up to %g s for their end; told again it hangs up",
                len(up), self._settings.drain_seconds,
            )  # fmt: skip
        while board.up() and time.monotonic() < end and not self._told_twice:
            self._supervised.status(f"stopping, {len(board.up())} calls up")
            time.sleep(TICK_SECONDS)
            self._beat()
        board.hang_up()
