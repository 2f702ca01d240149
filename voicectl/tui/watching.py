"""Two threads that keep the board: one hears the news, one asks.

Either goes on by itself when the daemon was away, was restarted, or is slow.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeAlias

import msgspec

from voicectl.errors import DaemonUnreachable, NotFound, VoicectlError
from voicectl.feedback import BEST, FeedbackWish
from voicectl.marks import Mark, Marked, MarkKind, MarkWish
from voicectl.tui.board import Asked, Board, House
from voicectl.tui.source import Source

ASK_SECONDS = 2.0
"""Between two questions how the daemon is."""
AGAIN_SECONDS = 1.0
"""Before the news are listened to anew."""
MOST_JOBS = 100
MOST_HITS = 200

Errand: TypeAlias = Callable[[Source], None]


class Watcher:
    """Fills a board from a source until it is stopped."""

    def __init__(self, open_source: Callable[[], Source], board: Board) -> None:
        """`open_source` is called once for each thread."""
        self.board = board
        self._open = open_source
        self._stopping = threading.Event()
        self._errands: queue.Queue[Errand] = queue.Queue()
        self._sources: list[Source] = []
        self._wanted: set[str] = set()
        """Calls whose records were asked for."""
        self._not_before: dict[str, float] = {}
        """When what came of a call may be asked for again; seconds of the monotonic clock."""

    def start(self) -> None:
        """Begin; returns at once."""
        for name, work in (("news", self._hear), ("errands", self._ask)):
            source = self._open()
            self._sources.append(source)
            # Nobody waits for a thread that waits for a daemon.
            threading.Thread(target=work, args=(source,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Let the threads go; returns at once."""
        self._stopping.set()
        for source in self._sources:
            source.close()

    # what may be asked for

    def search(self, text: str) -> None:
        """Have the store searched; the board gets the answer."""
        self.board.searched(Asked(text))

        def errand(source: Source) -> None:
            try:
                answer = Asked(text, tuple(source.search(text, MOST_HITS)))
            except VoicectlError as error:
                answer = Asked(text, problem=error.text)
            self.board.searched(answer)

        self._errands.put(errand)

    def tasks(self, job: str) -> None:
        """Have the recordings of a job listed."""
        self._errands.put(lambda source: self.board.list_tasks(job, source.tasks(job)))

    def record(self, call: str) -> None:
        """Have a call of the store fetched, by its id there."""

        def errand(source: Source) -> None:
            self.board.keep(call, source.call(call))
            self.board.list_marks(call, source.marks(call))

        self._once(call, errand)

    def outcome(self, call: str, job: str) -> None:
        """Have fetched what the job that works on a call after it has found, when it is done."""
        if self.board.is_running(job) or time.monotonic() < self._not_before.get(call, 0.0):
            return
        self._not_before[call] = time.monotonic() + ASK_SECONDS

        def errand(source: Source) -> None:
            tasks = source.tasks(job)
            if not all(task.state.final for task in tasks):
                return
            kept = [task for task in tasks if task.state.kept and task.call is not None]
            if kept:
                self.board.keep(call, source.call(str(kept[0].call), kept[0].key))
            else:
                self.board.give_up(call)
            self._not_before[call] = math.inf

        self._errands.put(errand)

    def mark(self, call: str, wish: MarkWish) -> None:
        """Keep what somebody notes about a call."""

        def errand(source: Source) -> None:
            given = source.mark(call, wish)
            self.board.say(_kept(given))
            self.board.list_marks(call, source.marks(call))

        self._asked(errand, "It is not kept")

    def unmark(self, call: str, marks: Iterable[Mark]) -> None:
        """Take marks of a call back."""

        def errand(source: Source) -> None:
            for mark in marks:
                source.unmark(call, mark.id)
            self.board.say(f"{call} is not flagged any more.")
            self.board.list_marks(call, source.marks(call))

        self._asked(errand, "It is kept")

    def unmask(self, call: str) -> None:
        """Have a call shown unmasked, if this account may see it so."""

        def errand(source: Source) -> None:
            source.unmask(call, "screen")
            self.board.mask(call, off=True)

        self._asked(errand, "It stays masked")

    def listen(self, call: str) -> None:
        """Have a call played, if this account may hear it."""

        def errand(source: Source) -> None:
            source.unmask(call, "sound")
            self.board.let_hear(call)

        self._asked(errand, "Nothing is heard")

    def _asked(self, errand: Errand, otherwise: str) -> None:
        """Do what somebody asked for, and tell why it cannot be done."""

        def asked(source: Source) -> None:
            try:
                errand(source)
            except VoicectlError as error:
                hint = f" ({error.hint})" if error.hint else ""
                self.board.say(f"{otherwise}: {error.text}{hint}.")

        self._errands.put(asked)

    def rate(self, call: str, wish: FeedbackWish) -> None:
        """Keep what somebody thinks of a call of the store."""

        def errand(source: Source) -> None:
            (given, *_) = source.give_feedback(call, wish)
            self.board.say(f"{given.rating} of {BEST} is kept for {call}.")

        self._asked(errand, "It is not kept")

    def _once(self, call: str, errand: Errand) -> None:
        """Ask for something once; again only when it could not be told."""
        if call in self._wanted:
            return
        self._wanted.add(call)

        def asked(source: Source) -> None:
            try:
                errand(source)
            except DaemonUnreachable:
                self._wanted.discard(call)
                raise

        self._errands.put(asked)

    # the threads

    def _hear(self, source: Source) -> None:
        while not self._stopping.is_set():
            # Whoever asks tells of a daemon that is away.
            with suppress(VoicectlError, msgspec.MsgspecError):
                for together in source.live_news():
                    self.board.take(together)
                    if self._stopping.is_set():
                        return
            self._stopping.wait(AGAIN_SECONDS)

    def _ask(self, source: Source) -> None:
        due = 0.0
        while not self._stopping.is_set():
            if time.monotonic() >= due:
                self._try(source, self._look)
                due = time.monotonic() + ASK_SECONDS
            with suppress(queue.Empty):
                self._try(source, self._errands.get(timeout=0.1))

    def _try(self, source: Source, errand: Errand) -> None:
        self.board.asked_since = time.monotonic()
        try:
            errand(source)
        except DaemonUnreachable as error:
            self.board.lose(error)
        except NotFound:
            pass  # it was deleted meanwhile
        except (VoicectlError, msgspec.MsgspecError) as error:
            self.board.lose(
                error
                if isinstance(error, VoicectlError)
                else VoicectlError("the daemon is of another version than this monitor")
            )
        finally:
            self.board.asked_since = None

    def _look(self, source: Source) -> None:
        asked = time.monotonic()
        house = House(source.status(), tuple(source.lines()), tuple(source.jobs(MOST_JOBS)))
        self.board.confirm(source.live(ended=True), asked)
        self.board.inform(house)


def _kept(given: Marked) -> str:
    mark, told = given.mark, ", ".join(given.webhooks)
    if mark.kind is MarkKind.FLAG:
        return f"{mark.call} is flagged."
    if mark.kind is MarkKind.NOTE:
        return f"The note is kept for {mark.call}."
    if told:
        return f"{mark.call} is escalated; told: {told}."
    return f"{mark.call} is escalated, but nobody is told: no webhook has call.escalated."
