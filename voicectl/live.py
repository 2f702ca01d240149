"""Calls in progress, as they travel from the line to whoever watches.

All are frozen. Offsets are seconds since the call's recording began; times carry a zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from voicectl.marks import Mark, MarkKind


class CallState(StrEnum):
    """Where a call stands; the last two are final."""

    RINGING = "ringing"
    CONNECTED = "connected"
    """The line is open and nobody has spoken yet."""
    CONVERSING = "conversing"
    ON_HOLD = "on_hold"
    TRANSFERRING = "transferring"
    ENDED = "ended"
    ERROR = "error"

    @property
    def final(self) -> bool:
        """True when nothing more will be heard."""
        return self in (CallState.ENDED, CallState.ERROR)


OPENING = "it is being opened"
"""The trouble of a line of which it is not known yet whether it takes calls."""


@dataclass(frozen=True, slots=True)
class LineStatus:
    """Whether calls are taken on a line."""

    name: str
    host: str
    port: int
    """0 when they are not."""
    trouble: str = ""
    """Why they are not."""


@dataclass(frozen=True, slots=True)
class LiveTurn:
    """What one leg said without a pause. A partial one is told again, under the same id."""

    id: str
    """Of this call, such as `0-7`: the leg, and how many turns it had before."""
    leg: int
    start: float
    end: float
    text: str
    final: bool
    """False while it may still change."""
    language: str | None = None
    """ISO 639-1."""
    suspect: str | None = None
    """Why the text may be invented, as of a segment."""
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call in progress, or one that has just ended."""

    id: str
    tenant: str
    line: str
    """Name of the listener that took it."""
    state: CallState
    started: datetime
    channel: str
    """What the telephone system calls it; free of control characters, at most 256 long."""
    legs: tuple[str, ...] = ()
    """Who speaks on each."""
    seconds: float = 0.0
    """Of sound that was taken in."""
    levels: tuple[float, ...] = ()
    """How loud each leg is: root mean square of the last tenth of a second, 0 to 1."""
    lag: float = 0.0
    """Seconds of sound that were taken in and not listened to yet."""
    language: str | None = None
    ended: datetime | None = None
    reason: str | None = None
    """Why it ended: `hangup`, or what went wrong."""
    recording: str = ""
    """Absolute path."""
    told: bool = False
    """True when it is over and nothing more will be told: all turns are, and what was found."""
    job: str | None = None
    """That works on the recording after the call."""
    warnings: tuple[str, ...] = ()
    """One sentence each."""
    category: str | None = None
    """What it seems to be about, by what was said so far: see `LiveAnalysis`."""
    urgent: tuple[str, ...] = ()
    """Of which lists urgent words were said: `weapon`, `suicide`, …"""
    marked: tuple[MarkKind, ...] = ()
    """What people noted about it, each kind once: see `voicectl.marks`."""


@dataclass(frozen=True, slots=True)
class LiveEntity:
    """A name, number, place or the like, where it was said: `turn.text[start:end]`."""

    label: str
    text: str
    turn: str
    """Id of the turn."""
    start: int
    end: int
    score: float
    """0 to 1, as of an entity of a record."""


@dataclass(frozen=True, slots=True)
class LiveLabel:
    """A category of the site's scheme."""

    scheme: str
    name: str
    score: float
    """0 to 1, as of a label of a record."""
    turns: tuple[str, ...]
    """Ids of the turns it rests on, the one that says most first."""


@dataclass(frozen=True, slots=True)
class LiveRisk:
    """An urgent word or phrase, where it was said: `turn.text[start:end]`."""

    kind: str
    text: str
    turn: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LiveTranslation:
    """A turn in the language that a recipe translates to."""

    turn: str
    language: str
    """ISO 639-1."""
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """What a call seemed to be about at some time of it."""

    seconds: float
    """Of the call, up to which it was read."""
    category: str | None
    """None where no category was likely enough."""
    score: float


@dataclass(frozen=True, slots=True)
class LiveAnalysis:
    """What was found in a call, by all that was said so far."""

    seconds: float
    """Up to which it was read."""
    turns: int
    """How many were read."""
    entities: tuple[LiveEntity, ...] = ()
    labels: tuple[LiveLabel, ...] = ()
    """The surest first."""
    risks: tuple[LiveRisk, ...] = ()
    translation: tuple[LiveTranslation, ...] = ()
    history: tuple[Moment, ...] = ()
    """How the surest category moved, the latest last; one for each time that it changed."""
    unable: tuple[str, ...] = ()
    """Steps that could not be taken, and why, one sentence each."""


class AlertKind(StrEnum):
    """Why somebody should look at a call."""

    URGENT = "urgent"
    """Urgent words were said."""
    SILENCE = "silence"
    """Nobody has said anything for long."""
    NO_AGENT = "no_agent"
    """The agent has not said anything yet."""
    LAG = "lag"
    """What is shown is late."""


@dataclass(frozen=True, slots=True)
class LiveAlert:
    """Somebody should look at a call. Given once for each cause."""

    kind: AlertKind
    text: str
    """One sentence without words of the call."""
    seconds: float
    """Of the call, at which it was noticed."""
    turn: str | None = None
    """Id of the turn that is the cause."""
    said: str = ""
    """The urgent words, as they were said."""


@dataclass(frozen=True, slots=True)
class LiveView:
    """A call in progress with what was said so far."""

    call: LiveCall
    turns: tuple[LiveTurn, ...] = ()
    """In order of their start."""
    analysis: LiveAnalysis | None = None
    """The latest; None before there is one."""
    alerts: tuple[LiveAlert, ...] = ()
    """In the order in which they were given."""
    marks: tuple[Mark, ...] = ()
    """What people noted about it, the latest last."""
