"""What the monitor knows: threads write it down, and whoever draws reads it.

Nothing here waits for a terminal, so that one which stands still keeps nobody waiting.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec

from voicectl import parse
from voicectl.errors import VoicectlError
from voicectl.events import Event, EventKind
from voicectl.live import LineStatus, LiveAlert, LiveAnalysis, LiveCall, LiveTurn
from voicectl.marks import Mark
from voicectl.results import Hit
from voicectl.types import CallRecord, Job, Status, Task

_CHANGES = (
    EventKind.CALL_PROGRESS, EventKind.CALL_RINGING, EventKind.CALL_TRANSFER_REQUESTED,
    EventKind.CALL_TRANSFERRED, EventKind.CALL_WARNING, EventKind.CALL_MARKED, EventKind.CALL_ENDED,
)  # fmt: skip
_FIELDS = frozenset(each.name for each in fields(LiveCall))


@dataclass(frozen=True, slots=True)
class House:
    """How the daemon is, as it last said."""

    status: Status
    lines: tuple[LineStatus, ...]
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A search, and what came of it."""

    text: str
    hits: tuple[Hit, ...] | None = None
    """None while nobody has answered."""
    problem: str = ""


@dataclass(slots=True)
class _Entry:
    call: LiveCall
    seen: float
    """When the news first told of it; seconds of the monotonic clock."""
    turns: dict[str, LiveTurn] = field(default_factory=dict)
    analysis: LiveAnalysis | None = None
    alerts: list[LiveAlert] = field(default_factory=list)
    marks: tuple[Mark, ...] = ()


class Board:
    """Its methods may be called from any thread, and return at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, _Entry] = {}
        self._records: dict[str, CallRecord] = {}
        self._tasks: dict[str, tuple[Task, ...]] = {}
        self._rung: set[tuple[str, LiveAlert]] = set()
        self.bells = 0
        """Counts alerts."""
        self._given_up: set[str] = set()
        self._marks: dict[str, tuple[Mark, ...]] = {}
        """Of calls of the store, as far as they were asked for."""
        self.audible: deque[str] = deque()
        """Calls that may be played now; each is taken once."""
        self.playing: str | None = None
        """The call that is played here."""
        self._shown: set[str] = set()
        """Calls that somebody sees unmasked."""
        self.house: House | None = None
        """None before the daemon has said anything."""
        self.away: VoicectlError | None = None
        """Why the daemon does not answer; None while it does."""
        self.asked_since: float | None = None
        """Since when an answer is waited for; seconds of the monotonic clock."""
        self.search = Asked("")
        self.words: deque[str] = deque()
        """Sentences for whoever asked for something; each is shown once."""
        self.version = 0
        """Counts what was written down."""

    # what happens

    def take(self, events: Iterable[Event]) -> None:
        """Write down what has happened."""
        with self._lock:
            for event in events:
                self._apply(event)
            self.version += 1

    def _apply(self, event: Event) -> None:
        detail = event.detail or {}
        call = event.call or ""
        if event.kind is EventKind.CALL_CONNECTED:
            # Who comes late is told all of it again, so what was known before is not kept.
            self._calls[call] = _Entry(parse.plain(detail, LiveCall), time.monotonic())
            return
        entry = self._calls.get(call)
        if entry is None:
            return
        if event.kind is EventKind.TRANSCRIPT_TURN:
            _say(entry, parse.plain(detail, LiveTurn))
        elif event.kind is EventKind.CALL_ANALYSIS:
            entry.analysis = parse.plain(detail, LiveAnalysis)
        elif event.kind is EventKind.CALL_ALERT:
            self._alarm(entry, parse.plain(detail, LiveAlert))
        elif event.kind in _CHANGES:
            if event.kind is EventKind.CALL_MARKED:
                entry.marks = parse.plain(detail["marks"], tuple[Mark, ...])
            entry.call = _changed(entry.call, event)

    def _alarm(self, entry: _Entry, alert: LiveAlert) -> None:
        """Note an alert; one that is told again to who comes late rings no more."""
        entry.alerts.append(alert)
        if (entry.call.id, alert) not in self._rung:
            self._rung.add((entry.call.id, alert))
            self.bells += 1

    def confirm(self, there: Iterable[LiveCall], asked: float) -> None:
        """Forget calls that the daemon did not know when it was asked, at that monotonic time."""
        known = {call.id: call for call in there}
        with self._lock:
            for id_, entry in list(self._calls.items()):
                if id_ not in known and entry.seen < asked:
                    del self._calls[id_]
            for id_, call in known.items():
                self._calls.setdefault(id_, _Entry(call, asked))
            self.version += 1

    # what was asked for

    def inform(self, house: House) -> None:
        """Write down how the daemon is: it answers."""
        with self._lock:
            self.house, self.away, self.asked_since = house, None, None
            self.version += 1

    def lose(self, error: VoicectlError) -> None:
        """Write down that the daemon does not answer."""
        with self._lock:
            self.away, self.asked_since = error, None
            self.version += 1

    def keep(self, live: str, record: CallRecord) -> None:
        """Write down what is known of a call after it, under the id it had while it went on."""
        with self._lock:
            self._records[live] = record
            self.version += 1

    def give_up(self, live: str) -> None:
        """Write down that the work on a call after it is over, and nothing of it was kept."""
        with self._lock:
            self._given_up.add(live)
            self.version += 1

    def list_marks(self, call: str, marks: Iterable[Mark]) -> None:
        """Write down what people noted about a call of the store."""
        with self._lock:
            self._marks[call] = tuple(marks)
            self.version += 1

    def mask(self, call: str, *, off: bool) -> None:
        """Hide the names and numbers of a call, or show them to somebody who may see them."""
        with self._lock:
            self._shown = self._shown | {call} if off else self._shown - {call}
            self.version += 1

    def let_hear(self, call: str) -> None:
        """Write down that a call may be played."""
        with self._lock:
            self.audible.append(call)
            self.version += 1

    def play(self, call: str | None) -> None:
        """Write down which call is played here."""
        with self._lock:
            self.playing = call
            self.version += 1

    def list_tasks(self, job: str, tasks: Iterable[Task]) -> None:
        """Write down the recordings of a job."""
        with self._lock:
            self._tasks[job] = tuple(tasks)
            self.version += 1

    def say(self, sentence: str) -> None:
        """Have a sentence shown."""
        with self._lock:
            self.words.append(sentence)
            self.version += 1

    def searched(self, asked: Asked) -> None:
        """Write down a search, or its answer; an answer to an earlier one is left aside."""
        with self._lock:
            answered = asked.hits is not None or bool(asked.problem)
            if not answered or asked.text == self.search.text:
                self.search = asked
                self.version += 1

    # what is drawn

    def calls(self) -> list[LiveCall]:
        """Return those in progress, the oldest first, then those over, the latest first."""
        with self._lock:
            known = [entry.call for entry in self._calls.values()]
        up = [call for call in known if not call.state.final]
        over = [call for call in known if call.state.final]
        up.sort(key=lambda call: call.started)
        over.sort(key=lambda call: call.ended or call.started, reverse=True)
        return [*up, *over]

    def call(self, call: str | None) -> LiveCall | None:
        """Return one call; None when it is not known any more."""
        with self._lock:
            entry = self._calls.get(call or "")
            return entry.call if entry else None

    def turns(self, call: str) -> tuple[LiveTurn, ...]:
        """Return what was said in a call, in the order in which it began."""
        with self._lock:
            entry = self._calls.get(call)
            turns = list(entry.turns.values()) if entry else []
        return tuple(sorted(turns, key=lambda turn: (turn.start, turn.leg)))

    def analysis(self, call: str) -> LiveAnalysis | None:
        """Return what was found in a call so far."""
        with self._lock:
            entry = self._calls.get(call)
            return entry.analysis if entry else None

    def alerts(self, call: str) -> tuple[LiveAlert, ...]:
        """Return why somebody should look at a call, the latest last."""
        with self._lock:
            entry = self._calls.get(call)
            return tuple(entry.alerts) if entry else ()

    def marks(self, call: str) -> tuple[Mark, ...]:
        """Return what people noted about a call, the latest last."""
        with self._lock:
            entry = self._calls.get(call)
            return entry.marks if entry else self._marks.get(call, ())

    def is_shown(self, call: str) -> bool:
        """Return whether somebody sees a call unmasked."""
        with self._lock:
            return call in self._shown

    def record(self, call: str) -> CallRecord | None:
        """Return what is known of a call after it; None while nothing is."""
        with self._lock:
            return self._records.get(call)

    def is_running(self, job: str) -> bool:
        """Return whether a job was not finished when the daemon last told."""
        jobs = self.house.jobs if self.house else ()
        return any(each.id == job and each.state != "finished" for each in jobs)

    def is_given_up(self, call: str) -> bool:
        """Return whether nothing more will be known of a call."""
        with self._lock:
            return call in self._given_up

    def tasks(self, job: str) -> tuple[Task, ...]:
        """Return the recordings of a job, as far as they were asked for."""
        with self._lock:
            return self._tasks.get(job, ())


def _say(entry: _Entry, turn: LiveTurn) -> None:
    """Take in a turn; one without text takes it back."""
    if turn.text:
        entry.turns[turn.id] = turn
    else:
        entry.turns.pop(turn.id, None)


def _changed(call: LiveCall, event: Event) -> LiveCall:
    """Return the call with what an event says of it; what a newer daemon adds is left aside."""
    detail: dict[str, Any] = event.detail or {}
    if event.kind is EventKind.CALL_WARNING:
        detail = {"warnings": (*call.warnings, str(detail.get("text", "")))}
    known = {name: value for name, value in detail.items() if name in _FIELDS}
    return parse.plain({**msgspec.to_builtins(call), **known}, LiveCall)
