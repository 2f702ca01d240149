"""What the daemon has to do with its ears: which calls they follow, and what they tell.

The ears are a child that may be lost at any moment: new ones read on from where
the lost ones were.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from voicectl import parse
from voicectl.config import Config
from voicectl.errors import WorkerDied
from voicectl.events import EventKind
from voicectl.lines import Live
from voicectl.live import LiveTurn
from voicectl_daemon import unforeseen
from voicectl_daemon.analysis.analyst import Analyst
from voicectl_daemon.child import Child
from voicectl_daemon.ears import line as ears
from voicectl_daemon.following import Followed
from voicectl_daemon.live.calls import LiveCalls
from voicectl_daemon.media import line as media
from voicectl_daemon.rounds import Serve

LISTEN_SECONDS = 0.5
AGAIN_SECONDS = 1.0
"""Before ears that were lost are started anew."""
SILENT_SECONDS = 30.0
"""How long ears may say nothing, which tell every few seconds that they are there."""
UNABLE_SECONDS = 30.0
"""Before ears that found no model are."""

log = logging.getLogger(__name__)

_reports: parse.Decoder[ears.Report] = parse.decoder(ears.Report)


class Hearing:
    """One thread, for the child; what it hears goes into `calls`, and to whoever analyses them.

    The other methods are called by the thread that knows the line.
    """

    def __init__(self, calls: LiveCalls, analyst: Analyst, live: Live, models: Path) -> None:
        self._calls = calls
        self._analyst = analyst
        self._live = live
        self._models = models
        self._anew = threading.Event()
        """Set when the ears are to be started anew, with other settings."""
        self._following: dict[str, Followed] = {}
        self._telling = threading.Lock()
        """Held to speak to the ears, and to change what they follow."""
        self._ears: Child[ears.Order, ears.Report] | None = None

    @property
    def serving(self) -> dict[str, Serve]:
        """What is to run in threads, by name."""
        return {"ears": self.serve} | self._analyst.serving

    def change(self, settings: Config) -> None:
        """Listen, and read, otherwise."""
        before, self._live = self._live, settings.live
        if before != self._live:
            self._anew.set()
        self._analyst.change(settings)

    def open(self, call: str, legs: tuple[str, ...], *, live: bool) -> None:
        """Take note of a call, of which there is no sound yet."""
        with self._telling:
            self._following[call] = Followed(legs, live=live)

    def recorded(self, call: str, path: str, rate: int) -> None:
        """Follow its recording."""
        followed = self._following[call]
        with self._telling:
            followed.path, followed.rate = path, rate
            if followed.heard_live:
                self._tell(followed.order(call))

    def grown(self, report: media.Grown) -> float | None:
        """Return how many seconds of it there are now; None while it has no recording."""
        followed = self._following[report.call]
        if not followed.rate:
            return None
        followed.frames = max(followed.frames, report.frames)
        with self._telling:
            followed.readable = report.readable or (followed.frames,) * len(followed.legs)
            self._tell(ears.Grown(report.call, followed.readable))
        return followed.seconds

    def seconds(self, call: str) -> float:
        """Return how much sound of a call was taken in."""
        return self._following[call].seconds

    def over(self, call: str) -> None:
        """Hear a call to its end that is over."""
        with self._telling:
            followed = self._following[call]
            followed.over = True
            if followed.heard_live:
                self._tell(ears.Over(call, followed.frames))
                return
            del self._following[call]
        if followed.live:
            self._analyst.over(call)

    def up(self) -> list[str]:
        """Return the calls that are not over."""
        return [call for call, each in list(self._following.items()) if not each.over]

    def serve(self, stopping: threading.Event, alive: Callable[[], None]) -> None:
        """Listen until it is time to stop."""
        while not stopping.is_set():
            with unforeseen.survived(log, "unexpected at the ears"):
                self._listen(stopping, alive)
            stopping.wait(AGAIN_SECONDS)

    def _listen(self, stopping: threading.Event, alive: Callable[[], None]) -> None:
        """Start ears, and hear what they tell until they are lost or others are wanted."""
        self._anew.clear()
        arguments = [str(self._models), msgspec.json.encode(self._live).decode()]
        child = Child[ears.Order, ears.Report]("voicectl_daemon.ears", _reports, arguments)
        try:
            self._attach(child)
            while not (stopping.is_set() or self._anew.is_set()):
                alive()
                child.give_up_after(SILENT_SECONDS)
                if (report := child.report(LISTEN_SECONDS)) is not None:
                    with unforeseen.survived(log, "unexpected at a call in progress"):
                        self._hear(report, stopping)
        except WorkerDied as error:
            log.warning("the ears were lost: %s", error.text)
        finally:
            with self._telling:
                self._ears = None
            child.leave()

    def _attach(self, child: Child[ears.Order, ears.Report]) -> None:
        """Let new ears read on where the lost ones were."""
        with self._telling:
            self._ears = child
            for call, followed in self._following.items():
                if followed.heard_live:
                    self._tell(followed.order(call))
                    self._tell(
                        ears.Over(call, followed.frames)
                        if followed.over
                        else ears.Grown(call, followed.readable)
                    )

    def _tell(self, order: ears.Order) -> None:
        """Tell the ears, if there are any: new ones are told again."""
        if self._ears is not None:
            with suppress(WorkerDied):
                self._ears.send(order)

    def _hear(self, report: ears.Report, stopping: threading.Event) -> None:
        match report:
            case ears.Ready(model):
                log.info("calls are listened to with '%s'", model)
            case ears.Turn(call, turn):
                self._said(call, turn)
            case ears.Behind(call, lag, language):
                self._calls.change(call, EventKind.CALL_PROGRESS, lag=lag, language=language)
            case ears.Heard(call):
                self._give_up(call)
            case ears.Unable(None, text, hint):
                log.error("calls are not listened to: %s\n  hint: %s", text, hint)
                stopping.wait(UNABLE_SECONDS)
            case ears.Unable(str(call), text):
                self._calls.warn(call, f"it is not listened to any more: {text}")
                self._give_up(call)

    def _give_up(self, call: str) -> None:
        """Ask the ears no more for a call."""
        with self._telling:
            if (followed := self._following.get(call)) is None:
                return
            followed.given_up = True
            if followed.over:
                del self._following[call]
        if followed.over:
            self._analyst.over(call)

    def _said(self, call: str, turn: LiveTurn) -> None:
        with self._telling:
            followed = self._following.get(call)
            if followed is not None and turn.final:
                followed.since[turn.leg] = turn.end
                followed.turns[turn.leg] += 1
        self._calls.said(call, turn)
        if turn.final:
            self._analyst.said(call, turn)
