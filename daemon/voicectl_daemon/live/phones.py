"""Keeps a telephone of our own for each line that is one, each a child that may be lost."""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec

from voicectl import parse
from voicectl.errors import ConfigError, WorkerDied
from voicectl.handwritten import password
from voicectl.lines import Listen
from voicectl.live import OPENING, LineStatus
from voicectl.sip import EXTRA, LIBRARY, Sip
from voicectl_daemon import unforeseen
from voicectl_daemon.child import Child
from voicectl_daemon.media.line import Deaf, Drain, Listening
from voicectl_daemon.phone import line as phone

WAIT_SECONDS = 0.2
AGAIN_SECONDS = 1.0
"""Before a telephone that was lost is started anew..."""
MUTE_SECONDS = 5.0
"""...and one that could not take calls."""
SILENT_SECONDS = 10.0
"""One that says nothing for so long is ended; it gives a sign of life every three."""

log = logging.getLogger(__name__)

_reports: parse.Decoder[phone.Report] = parse.decoder(phone.Report)


def media_line(line: Listen) -> Listen:
    """Return a line as the media process sees it: calls of a telephone come from this machine."""
    if line.transport != "sip":
        return line
    here = "127.0.0.1"
    return msgspec.structs.replace(
        line, transport="audiosocket", host=here, port=0, allow=(here,), most_calls=2 * line.holds,
        sip=None,
    )  # fmt: skip


class Phone:
    """One telephone; used by one thread, but for `bring`, `drain` and `status`."""

    def __init__(self, line: Listen, refused: Callable[[phone.Refused], None]) -> None:
        self.line = line
        self.status = LineStatus(line.name, line.host, 0, OPENING)
        self.leaving = False
        """True when it takes no more calls and is gone with the last one."""
        self._refused = refused
        self._child: Child[phone.Order, phone.Report] | None = None
        self._lock = threading.Lock()
        self._media = 0
        self._again = 0.0

    @property
    def over(self) -> bool:
        """True when it was to leave and is gone."""
        return self.leaving and self._child is None

    def bring(self, port: int) -> None:
        """Have calls brought to the media process at this port; 0 when it takes none."""
        with self._lock:
            self._media = port
            self._tell(phone.Bring(port))

    def drain(self) -> None:
        """Take no more calls."""
        with self._lock:
            self.leaving = True
            self._tell(Drain())

    def look(self) -> None:
        """Start it when it is time to, and hear what it tells."""
        if self._child is None:
            if not self.leaving and time.monotonic() >= self._again:
                self._start()
            return
        try:
            while (report := self._child.report(WAIT_SECONDS)) is not None:
                self._heard(report)
            self._child.give_up_after(SILENT_SECONDS)
        except WorkerDied as error:
            self._is_lost(error)

    def end(self) -> None:
        """Hang up, and let the process go."""
        if self._child is not None:
            self._child.leave()

    def _start(self) -> None:
        self._again = time.monotonic() + MUTE_SECONDS
        if importlib.util.find_spec(LIBRARY) is None:
            remedy = f"{sys.executable} -m pip install '{EXTRA}'"
            self._is_mute(f"it needs what is not installed: {remedy}")
            return
        try:
            secret = password((self.line.sip or Sip()).password_file, "[listen.sip]")
            child = Child[phone.Order, phone.Report]("voicectl_daemon.phone", _reports, [])
            with self._lock:
                child.send(phone.Begin(self.line, secret))
                child.send(phone.Bring(self._media))
                if self.leaving:
                    child.send(Drain())  # it was asked for before there was a child
                self._child = child
        except (ConfigError, WorkerDied) as error:
            self._is_mute(error.text)

    def _tell(self, order: phone.Order) -> None:
        with suppress(WorkerDied):  # it is started anew, and told then
            if self._child is not None:
                self._child.send(order)

    def _heard(self, report: phone.Report) -> None:
        if isinstance(report, Listening):
            if self.status.port != report.port:  # an account is registered again and again
                log.info("the line '%s' answers on %s:%d", report.line, report.host, report.port)
            self.status = LineStatus(report.line, report.host, report.port)
        elif isinstance(report, Deaf):
            self._is_mute(report.why)
        elif isinstance(report, phone.Refused):
            log.warning(
                "the line '%s' refused a call (%d): %s", report.line, report.code, report.why
            )
            self._refused(report)

    def _is_mute(self, why: str) -> None:
        if self.status.trouble != why:
            log.error("the line '%s' cannot take calls: %s", self.line.name, why)
        self.status = LineStatus(self.line.name, self.line.host, 0, why)

    def _is_lost(self, error: WorkerDied) -> None:
        self._child = None
        answered = bool(self.status.port)
        self._again = time.monotonic() + (AGAIN_SECONDS if answered else MUTE_SECONDS)
        if self.leaving:
            return
        if answered:
            log.warning("the telephone of the line '%s' was lost: %s", self.line.name, error.text)
            self.status = LineStatus(self.line.name, self.line.host, 0, OPENING)
        elif self.status.trouble == OPENING:
            self._is_mute(error.text)


class Phones:
    """All of them; methods may be called from any thread."""

    def __init__(self, refused: Callable[[phone.Refused], None]) -> None:
        self._refused = refused
        self._all: list[Phone] = []
        self._media: dict[str, int] = {}
        """Where the media process takes the calls of a line."""
        self._lock = threading.Lock()

    def change(self, listen: tuple[Listen, ...]) -> None:
        """Have a telephone for each of these lines; one that stays as it is goes on."""
        wanted = {each for each in listen if each.transport == "sip"}
        with self._lock:
            here = {each.line for each in self._all if not each.leaving}
            for each in self._all:
                if each.line not in wanted:
                    each.drain()
            for line in wanted - here:
                new = Phone(line, self._refused)
                new.bring(self._media.get(line.name, 0))
                self._all.append(new)

    def bring(self, name: str, port: int) -> bool:
        """Have the calls of a line brought to the media process there; 0 when it takes none.

        Return whether the line has a telephone.
        """
        with self._lock:
            self._media[name] = port
            named = [each for each in self._all if each.line.name == name]
            for each in named:
                each.bring(port)
            return bool(named)

    def drain(self) -> None:
        """Take no more calls."""
        for each in self._now():
            each.drain()

    def status(self, name: str) -> LineStatus | None:
        """Return whether a line takes calls; None when it is no telephone."""
        for each in self._now():
            if each.line.name == name and not each.leaving:
                return each.status
        return None

    def serve(self, stopping: threading.Event, alive: Callable[[], None]) -> None:
        """Keep them until it is told to stop."""
        while not stopping.is_set():
            alive()
            for each in self._now():
                with unforeseen.survived(log, "unexpected at a telephone"):
                    each.look()
            with self._lock:
                self._all = [each for each in self._all if not each.over]
            stopping.wait(WAIT_SECONDS)
        for each in self._now():
            each.end()

    def _now(self) -> tuple[Phone, ...]:
        with self._lock:
            return tuple(self._all)
