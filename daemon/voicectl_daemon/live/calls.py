"""The calls that are in progress: where each stands, and what was said so far."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from voicectl.errors import NotFound
from voicectl.events import Event, EventKind
from voicectl.live import CallState, LiveAlert, LiveAnalysis, LiveCall, LiveTurn, LiveView
from voicectl.marks import Mark
from voicectl.types import DEFAULT_TENANT
from voicectl_daemon.bus import Bus
from voicectl_daemon.live.signalling import Move

ENDED_KEPT = 50
"""Calls that have just ended and can still be looked at."""
MOVES_KEPT = 200
"""Channels that rang before their sound came, or will never be heard."""


@dataclass(slots=True)
class _Entry:
    call: LiveCall
    turns: dict[str, LiveTurn] = field(default_factory=dict)
    analysis: LiveAnalysis | None = None
    alerts: tuple[LiveAlert, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def open(self) -> CallState:
        """The state of a line at which somebody is."""
        return CallState.CONVERSING if self.turns else CallState.CONNECTED

    def view(self) -> LiveView:
        turns = tuple(sorted(self.turns.values(), key=lambda turn: turn.start))
        return LiveView(self.call, turns, self.analysis, self.alerts, self.marks)

    def standing(self) -> Iterator[Event]:
        """Yield the events that tell all that is known of it."""
        yield _event(EventKind.CALL_CONNECTED, self.call, asdict(self.call))
        for turn in self.view().turns:
            yield _event(EventKind.TRANSCRIPT_TURN, self.call, asdict(turn))
        for alert in self.alerts:
            yield _event(EventKind.CALL_ALERT, self.call, asdict(alert))
        if self.analysis:
            yield _event(EventKind.CALL_ANALYSIS, self.call, asdict(self.analysis))
        if self.marks:
            yield _event(EventKind.CALL_MARKED, self.call, _marked(self.marks))
        if self.call.state.final:
            yield _event(EventKind.CALL_ENDED, self.call, asdict(self.call))


class LiveCalls:
    """Kept in memory, told to whoever listens; methods may be called from any thread."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._lock = threading.RLock()
        self._calls: OrderedDict[str, _Entry] = OrderedDict()
        self._moved: OrderedDict[str, Move] = OrderedDict()
        """By channel what happened to it, and no call is known that it belongs to."""
        self.when_told: Callable[[LiveCall], None] = lambda _: None
        """Hears of each call of which nothing more will be told."""

    def begin(self, call: LiveCall) -> None:
        """Take in a call."""
        with self._lock:
            self._calls[call.id] = _Entry(call)
            self._forget()
            self._tell(EventKind.CALL_CONNECTED, call, **asdict(call))
            if before := self._moved.pop(call.channel, None):
                self._move(self._calls[call.id], before)

    def move(self, channels: Collection[str], move: Move) -> None:
        """Note what happens to the call that came by one of these channels."""
        with self._lock:
            for entry in self._calls.values():
                if entry.call.channel in channels and not entry.call.state.final:
                    self._move(entry, move)
                    return
            self._moved.update(dict.fromkeys(channels, move))
            while len(self._moved) > MOVES_KEPT:
                self._moved.popitem(last=False)

    def _move(self, entry: _Entry, move: Move) -> None:
        before, kind = entry.call.state, EventKind.CALL_PROGRESS
        waits = before in (CallState.RINGING, CallState.TRANSFERRING)
        state = before
        match move:
            case Move.RINGS if before is not CallState.TRANSFERRING:
                state, kind = CallState.RINGING, EventKind.CALL_RINGING
            case Move.TRANSFERRED:
                state, kind = CallState.TRANSFERRING, EventKind.CALL_TRANSFER_REQUESTED
            case Move.HELD:
                state = CallState.ON_HOLD
            case Move.ANSWERED if before is CallState.TRANSFERRING:
                state, kind = entry.open, EventKind.CALL_TRANSFERRED
            case Move.ANSWERED | Move.UNANSWERED if waits:
                state = entry.open
            case Move.RESUMED if before is CallState.ON_HOLD:
                state = entry.open
        if state is not before:
            self.change(entry.call.id, kind, state=state)

    def change(self, call: str, kind: EventKind | None = None, **fields: Any) -> None:
        """Note something about a call, and tell it as an event of that kind."""
        with self._lock:
            entry = self._calls.get(call)
            if entry is None:
                return
            entry.call = replace(entry.call, **fields)
            if kind is not None:
                self._tell(kind, entry.call, **fields)

    def warn(self, call: str, text: str) -> None:
        """Note that something is not as it should be."""
        with self._lock:
            if (entry := self._calls.get(call)) is not None:
                entry.call = replace(entry.call, warnings=(*entry.call.warnings, text))
                self._tell(EventKind.CALL_WARNING, entry.call, text=text)

    def failed(self, line: str, code: int, reason: str) -> None:
        """Tell of a call that was not taken."""
        detail = {"line": line, "code": code, "reason": reason}
        at = datetime.now(UTC)
        self._bus.publish(Event(EventKind.CALL_FAILED, at, DEFAULT_TENANT, detail=detail))

    def said(self, call: str, turn: LiveTurn) -> None:
        """Take in a turn; a partial one never takes the place of a final one."""
        with self._lock:
            entry = self._calls.get(call)
            before = entry.turns.get(turn.id) if entry else None
            if entry is None or (before and before.final and not turn.final):
                return
            if turn.text or before:
                if turn.text:
                    entry.turns[turn.id] = turn
                else:
                    del entry.turns[turn.id]
                self._tell(EventKind.TRANSCRIPT_TURN, entry.call, **asdict(turn))
            if entry.call.state is CallState.CONNECTED and turn.text:
                self.change(call, EventKind.CALL_PROGRESS, state=CallState.CONVERSING)

    def analysed(self, call: str, analysis: LiveAnalysis) -> None:
        """Take in what was found by all that was said so far."""
        with self._lock:
            if (entry := self._calls.get(call)) is not None:
                entry.analysis = analysis
                about = analysis.history[-1].category if analysis.history else None
                entry.call = replace(entry.call, category=about)
                self._tell(EventKind.CALL_ANALYSIS, entry.call, **asdict(analysis))

    def alert(self, call: str, alert: LiveAlert) -> None:
        """Tell that somebody should look at a call."""
        with self._lock:
            if (entry := self._calls.get(call)) is not None:
                entry.alerts = (*entry.alerts, alert)
                self._tell(EventKind.CALL_ALERT, entry.call, **asdict(alert))

    def marked(self, tenant: str, call: str, marks: tuple[Mark, ...]) -> None:
        """Tell what people have noted about a call, whether it is known here or not."""
        told = _marked(marks)
        with self._lock:
            if (entry := self._calls.get(call)) is not None:
                entry.marks = marks
                entry.call = replace(entry.call, marked=told["marked"])
            now = datetime.now(UTC)
            self._bus.publish(Event(EventKind.CALL_MARKED, now, tenant, call=call, detail=told))

    def urgent(self, call: str, kinds: Iterable[str]) -> None:
        """Note of which lists urgent words were said."""
        with self._lock:
            if (entry := self._calls.get(call)) is not None:
                known = dict.fromkeys((*entry.call.urgent, *kinds))
                entry.call = replace(entry.call, urgent=tuple(known))

    def told(self, call: str) -> None:
        """Note that nothing more will be told of a call that is over."""
        self.change(call, EventKind.CALL_PROGRESS, lag=0.0, told=True)
        with self._lock:
            entry = self._calls.get(call)
        if entry is not None:
            self.when_told(entry.call)

    def end(self, call: str, reason: str, *, failed: bool = False) -> None:
        """Note that a call is over."""
        state = CallState.ERROR if failed else CallState.ENDED
        ended = datetime.now(UTC)
        with self._lock:
            self.change(call, state=state, reason=reason, ended=ended, levels=())
            if (entry := self._calls.get(call)) is not None:
                self._tell(EventKind.CALL_ENDED, entry.call, **asdict(entry.call))

    def forget(self, call: str) -> None:
        """Keep nothing of a call that is deleted."""
        with self._lock:
            self._calls.pop(call, None)

    def find(self, tenant: str, call: str) -> LiveView:
        """Return a call and what was said so far; the beginning of its id is enough.

        Raises `NotFound`.
        """
        with self._lock:
            found = [
                entry
                for id_, entry in self._calls.items()
                if id_.startswith(call) and entry.call.tenant == tenant
            ]
            if len(found) != 1:
                raise NotFound(
                    f"there is no one call in progress whose id begins with '{call}'",
                    hint="list them with: voicectl calls live --ended",
                )
            return found[0].view()

    def all(self, tenant: str, *, ended: bool = False) -> list[LiveCall]:
        """Return the calls in progress, the oldest first; with `ended` those just over, too."""
        with self._lock:
            return [
                entry.call
                for entry in self._calls.values()
                if entry.call.tenant == tenant and (ended or not entry.call.state.final)
            ]

    def standing(self, tenant: str, call: str | None) -> list[Event]:
        """Return events that tell a late listener all that others have heard."""
        with self._lock:
            chosen = [self.find(tenant, call).call.id] if call else None
            told: list[Event] = []
            for id_, entry in self._calls.items():
                if entry.call.tenant == tenant and (not chosen or id_ in chosen):
                    told += entry.standing()
            return told

    def _forget(self) -> None:
        over = [id_ for id_, entry in self._calls.items() if entry.call.state.final]
        for id_ in over[: max(0, len(over) - ENDED_KEPT)]:
            del self._calls[id_]

    def _tell(self, kind: EventKind, call: LiveCall, /, **detail: Any) -> None:
        self._bus.publish(_event(kind, call, detail))


def _marked(marks: tuple[Mark, ...]) -> dict[str, Any]:
    kinds = tuple(dict.fromkeys(mark.kind for mark in marks))
    return {"marked": kinds, "marks": [asdict(mark) for mark in marks]}


def _event(kind: EventKind, call: LiveCall, detail: dict[str, Any]) -> Event:
    return Event(kind, datetime.now(UTC), call.tenant, call=call.id, detail=detail)
