"""Joins the line and the books: a call comes in, is followed, and is seen to after.

The media process is a child that may be lost at any moment: it is started anew;
calls that were up on a lost line are over, and their recordings are worked on
like those of all others.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec

from voicectl import parse
from voicectl.config import Config
from voicectl.errors import DiskFull, NotFound, VoicectlError, WorkerDied
from voicectl.events import EventKind
from voicectl.lines import Listen, Live
from voicectl.live import OPENING, CallState, LineStatus, LiveCall
from voicectl.paths import Home
from voicectl.types import DEFAULT_TENANT, Ask, Job, Source
from voicectl_daemon import unforeseen
from voicectl_daemon.child import Child
from voicectl_daemon.live.beside import Beside, Place, places
from voicectl_daemon.live.calls import LiveCalls
from voicectl_daemon.live.hearing import Hearing
from voicectl_daemon.live.phones import Phones, media_line
from voicectl_daemon.live.sessions import Owed, Sessions
from voicectl_daemon.media import line as media
from voicectl_daemon.phone.line import Refused
from voicectl_daemon.rounds import Rounds

LISTEN_SECONDS = 0.5
AGAIN_SECONDS = 1.0
"""Before a child that was lost is started anew."""
SILENT_SECONDS = 10.0
"""How long the media process may say nothing, which tells every second that it is there. Callers
hear nothing meanwhile; when it is ended the telephone system sends them to people."""
STOP_SECONDS = 10.0
HANG_UP_SECONDS = 3.0
LOST = "the service was interrupted"
LEAVES = "the service stops"

log = logging.getLogger(__name__)

HandIn: TypeAlias = Callable[[Ask], Job]
"""Hands in work. Raises `VoicectlError`."""

_media: parse.Decoder[media.Report] = parse.decoder(media.Report)


class Switchboard:
    """A thread for the line, and those that hear; what they hear of goes into `calls`."""

    def __init__(
        self, sessions: Sessions, settings: Config, home: Home, calls: LiveCalls, hearing: Hearing
    ) -> None:
        self.calls = calls
        calls.when_told = self._told
        self._lines: dict[str, LineStatus] = {}
        self._sessions = sessions
        self._settings = settings
        self._folder = Path(settings.live.recordings or home.recordings)
        self._hearing = hearing
        self._beside = Beside(settings.asterisk, self._places, calls.move)
        self._phones = Phones(self._refused)
        self._stopping = threading.Event()
        self._hand_in: HandIn | None = None
        self._line: Child[media.Order, media.Report] | None = None
        self._at_line = threading.Lock()
        self._draining = threading.Event()
        """Set when no more calls are to be taken."""
        self._rounds = Rounds()
        self._handing_in = threading.Lock()
        self._writing = threading.Lock()
        self._unwritten: deque[Callable[[], None]] = deque()
        """Changes of the ledger for which there was no room."""

    def start(self, hand_in: HandIn) -> None:
        """See to what an earlier daemon left, and take calls if the site has a line."""
        self._hand_in = hand_in
        self._sessions.close_all(LOST)
        self._sessions.adopt(self._folder.glob("*.wav"))
        self.see_to_owed()
        self._begin()

    def _begin(self) -> None:
        if self._settings.listen:
            self._rounds.start("line", self._serve_line)
        if any(each.transport == "ari" for each in self._settings.listen):
            alive = partial(self._rounds.came_round, "ari")
            self._rounds.start("ari", partial(self._beside.serve, self._stopping, alive))
        self._phones.change(self._settings.listen)
        if any(each.transport == "sip" for each in self._settings.listen):
            alive = partial(self._rounds.came_round, "phones")
            self._rounds.start("phones", partial(self._phones.serve, self._stopping, alive))
        if any(each.mode != "post-call" for each in self._settings.listen):
            for name, serve in self._hearing.serving.items():
                alive = partial(self._rounds.came_round, name)
                self._rounds.start(name, partial(serve, self._stopping, alive))

    def change(self, listen: tuple[Listen, ...], live: Live) -> None:
        """Take calls on other lines, or otherwise; those that are up go on."""
        before = self._settings
        self._settings = msgspec.structs.replace(before, listen=listen, live=live)
        lines = tuple(map(media_line, listen))
        for each in set(map(media_line, before.listen)) - set(lines):
            self._lines.pop(each.name, None)
        self._to_line(media.Change(lines, live))
        self._hearing.change(self._settings)
        self._begin()

    def drain(self) -> None:
        """Take no more calls; those that are up go on."""
        self._draining.set()
        self._phones.drain()
        self._to_line(media.Drain())
        for each in self._settings.listen:
            self._lines[each.name] = LineStatus(each.name, each.host, 0, LEAVES)

    def hang_up(self) -> None:
        """End the calls that are up, and see to what is owed to them."""
        for call in self.up():
            self._to_line(media.HangUp(call, LEAVES))
        end = time.monotonic() + HANG_UP_SECONDS
        while self.up() and time.monotonic() < end:
            self._stopping.wait(0.05)

    def up(self) -> list[str]:
        """Return the calls that are up."""
        return self._hearing.up()

    @property
    def settled(self) -> bool:
        """True when every line takes calls or was told as one that cannot."""
        return all(each.port or each.trouble != OPENING for each in self.lines())

    def stuck(self) -> list[str]:
        """Return which of its threads have ended, or hang."""
        if self._draining.is_set() or self._stopping.is_set():
            return []
        return self._rounds.stuck()

    def stop(self) -> None:
        """Hang up, and let the children go."""
        self._stopping.set()
        self._rounds.join(STOP_SECONDS)

    def forget(self, recording: Path) -> list[str]:
        """Keep nothing of the call that a recording was of; return its id, if it was one.

        One that could not be removed stays written down, or it would be worked on again.
        """
        found = self._sessions.of(str(recording))
        for call in found:
            self.calls.forget(call)
            self._sessions.hush(call)
            if recording.exists():
                self._sessions.leave_out(call)
            else:
                self._sessions.forget(call)
        return found

    def recordings(self, call: str) -> list[Path]:
        """Return what was recorded on a line of a call of the store."""
        return [Path(each) for each in self._sessions.recordings(call)]

    def owns(self, recording: Path) -> bool:
        """True when a recording is of a call that came in on a line."""
        return bool(self._sessions.of(str(recording)))

    def beginning(self, tenant: str, start: str) -> list[str]:
        """Return the calls on a line, up or over, whose ids begin so; two stand for several."""
        return self._sessions.beginning(tenant, start)

    def became(self, call: str, recording: str) -> list[str]:
        """Return the calls on a line that became a call of the store, the latest first."""
        return self._sessions.became(call, recording)

    @property
    def live(self) -> Live:
        """What is done with calls in progress, as the config says now."""
        return self._settings.live

    def known(self, tenant: str, call: str) -> LiveCall | None:
        """Return how a call on a line stands, or stood at its end."""
        try:
            return self.calls.find(tenant, call).call
        except NotFound:
            return self._sessions.one(call)

    def lines(self) -> list[LineStatus]:
        """Return where calls are taken, or why they are not."""
        return [self._status(each) for each in self._settings.listen]

    def _status(self, line: Listen) -> LineStatus:
        if line.transport == "ari" and self._beside.trouble:
            return LineStatus(line.name, line.host, 0, self._beside.trouble)
        found = self._lines.get(line.name, LineStatus(line.name, line.host, 0, OPENING))
        return (self._phones.status(line.name) or found) if found.port else found

    def _places(self) -> dict[str, Place]:
        return places(self._settings.listen, self._lines)

    def see_to_owed(self) -> None:
        """Hand in the recordings of calls that are over. What cannot be done is tried again.

        Raises `DiskFull`.
        """
        self._catch_up()
        with self._handing_in:  # the sweeper comes by while a call ends
            for call in self._sessions.owed():
                try:
                    job = self._handed_in(call)
                    self._sessions.settle(call.id, job)
                    self.calls.change(call.id, EventKind.CALL_PROGRESS, job=job)
                except VoicectlError as error:
                    told = {"call": call.id}
                    log.warning("a call is not worked on yet: %s", error.text, extra=told)

    def _handed_in(self, call: Owed) -> str | None:
        recipe = self._settings.live.post_call
        if not (recipe and call.recording and self._mode(call.line) != "real-time"):
            return None
        if self._hand_in is None or not Path(call.recording).is_file():
            return None
        source = Source(call.recording, Path(call.recording).name)
        options = {"transcribe": {"channel_names": call.legs}} if call.legs else {}
        ask = Ask((source,), recipe, options=options, command=f"after the call {call.id}")
        return self._hand_in(ask).id

    def _mode(self, line: str) -> str:
        return next((each.mode for each in self._settings.listen if each.name == line), "both")

    # the line

    def _serve_line(self) -> None:
        while not (self._stopping.is_set() or self._draining.is_set()):
            with unforeseen.survived(log, "unexpected at the line"):
                self._listen_to_line()
            self._line_is_lost()
            self._stopping.wait(AGAIN_SECONDS)

    def _listen_to_line(self) -> None:
        """Start a media process, and hear what it tells until it is lost or not needed."""
        child = Child[media.Order, media.Report]("voicectl_daemon.media", _media, [])
        try:
            with self._at_line:
                lines, live = tuple(map(media_line, self._settings.listen)), self._settings.live
                child.send(media.Begin(lines, live, str(self._folder)))
                if self._draining.is_set():
                    child.send(media.Drain())  # it was asked for before there was a child
                self._line = child
            while not self._stopping.is_set():
                self._rounds.came_round("line")
                child.give_up_after(SILENT_SECONDS)
                if (report := child.report(LISTEN_SECONDS)) is not None:
                    with unforeseen.survived(log, "unexpected at a call in progress"):
                        self._from_line(report)
        except WorkerDied as error:
            log.warning("the media process was lost: %s", error.text)
        finally:
            self._line = None
            child.leave()

    def _to_line(self, order: media.Order) -> None:
        """Tell the media process, if there is one: of a lost one nothing is up."""
        with self._at_line, suppress(WorkerDied):
            if self._line is not None:
                self._line.send(order)

    def _line_is_lost(self) -> None:
        """Close what was up: nobody records it any more."""
        for name in self._lines:
            self._phones.bring(name, 0)
        self._lines.clear()
        for call in self.up():
            self._over(call, LOST, failed=True)
        with suppress(VoicectlError):
            self.see_to_owed()

    def _from_line(self, report: media.Report) -> None:
        match report:
            case media.Listening() | media.Deaf():
                self._line_is(report)
            case media.Opened():
                self._opened(report)
            case media.Recorded(call, path, rate):
                self._recorded(call, path, rate)
            case media.Grown():
                self._grown(report)
            case media.Noticed(name, call, text):
                log.warning("the line '%s': %s", name, text, extra={"call": call})
                if call is not None:
                    self.calls.warn(call, text)
            case media.Closed(call, reason, frames):
                self._grown(media.Grown(call, frames, (), ()))
                self._over(call, reason)
                with suppress(DiskFull):  # it is tried again
                    self.see_to_owed()

    def _line_is(self, report: media.Listening | media.Deaf) -> None:
        if isinstance(report, media.Listening):
            self._lines[report.line] = LineStatus(report.line, report.host, report.port)
            if not self._phones.bring(report.line, report.port):
                where = f"{report.host}:{report.port}"
                log.info("the line '%s' takes calls on %s", report.line, where)
        else:
            self._lines[report.line] = LineStatus(report.line, "", 0, report.why)
            log.error("the line '%s' cannot take calls: %s", report.line, report.why)

    def _refused(self, report: Refused) -> None:
        self.calls.failed(report.line, report.code, report.why)

    def _opened(self, report: media.Opened) -> None:
        call = LiveCall(
            id=report.call,
            tenant=DEFAULT_TENANT,
            line=report.line,
            state=CallState.CONNECTED,
            started=datetime.now(UTC),
            channel=report.channel,
            legs=report.legs,
        )
        log.info("a call begins on the line '%s'", call.line, extra={"call": call.id})
        live = self._mode(report.line) != "post-call"
        self._hearing.open(call.id, report.legs, live=live)
        self.calls.begin(call)
        self._write_down(partial(self._sessions.open, call))

    def _recorded(self, call: str, path: str, rate: int) -> None:
        self._write_down(partial(self._sessions.recorded, call, path))
        self.calls.change(call, EventKind.CALL_PROGRESS, recording=path)
        self._hearing.recorded(call, path, rate)

    def _grown(self, report: media.Grown) -> None:
        seconds = self._hearing.grown(report)
        if seconds is not None:
            levels = report.levels
            self.calls.change(report.call, EventKind.CALL_PROGRESS, seconds=seconds, levels=levels)

    def _over(self, call: str, reason: str, *, failed: bool = False) -> None:
        seconds = self._hearing.seconds(call)
        self._write_down(partial(self._sessions.close, call, reason, seconds))
        log.info("a call of %.0f s is over: %s", seconds, reason, extra={"call": call})
        self.calls.end(call, reason, failed=failed)
        self._hearing.over(call)

    def _told(self, call: LiveCall) -> None:
        self._write_down(partial(self._sessions.found, call))

    def _write_down(self, change: Callable[[], None]) -> None:
        """Change the ledger; while there is no room, calls go on and it is done later, in order."""
        with self._writing:
            self._unwritten.append(change)
        try:
            self._catch_up()
        except DiskFull as error:
            log.warning("%s", error.text)

    def _catch_up(self) -> None:
        with self._writing:
            while self._unwritten:
                self._unwritten[0]()
                self._unwritten.popleft()
