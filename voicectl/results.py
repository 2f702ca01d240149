"""What a client takes home of calls: lists, hits, tables, records and where files may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from voicectl.types import CallRecord, Problem


@dataclass(frozen=True, slots=True)
class FileWish:
    """Where somebody would like to write one file for a call."""

    paths: tuple[str, ...]
    """In order of preference; at least one."""
    taken: tuple[str, ...]
    """Those that exist."""

    def __post_init__(self) -> None:
        """Refuse a file that may be nowhere. Raises `ValueError`."""
        if not self.paths:
            raise ValueError("a file needs a path")


@dataclass(frozen=True, slots=True)
class ResultWish:
    """One result that somebody wants."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    call: str
    """Its whole id."""
    key: str | None = None
    """A task's own, for that very result; None for the latest."""
    files: tuple[FileWish, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenResult:
    """One result as it is given: a record, or why there is none."""

    record: CallRecord | None = None
    files: tuple[str, ...] = ()
    """For each file that was wished for the first of its paths that may be written.

    A file that exists may be overwritten only when voicectl wrote it for the same call.
    """
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call in a list."""

    id: str
    name: str
    seconds: float
    created: datetime
    language: str | None
    model: str | None
    speakers: tuple[str, ...]
    segments: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One segment that a search found."""

    call: str
    name: str
    segment: int
    start: float
    end: float
    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to a question in SQL."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool = False
    """True when there were more rows than asked for."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a call that was deleted."""

    call: str
    removed: tuple[str, ...]
    """Files that are gone."""
    left: tuple[str, ...]
    """Files that the daemon may not remove; whoever asked should."""


@dataclass(frozen=True, slots=True)
class RecipeWish:
    """A recipe that somebody would like to use."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    recipe: str
    """The name of one; with `written` only what it is called."""
    written: str | None = None
    """A recipe of the client's own, in TOML."""
    options: dict[str, dict[str, Any]] | None = None
    """Options of the steps, by the name of the stage; they win over the recipe's."""


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """One recipe in a list."""

    name: str
    title: str
    steps: tuple[str, ...]
    """Names of the stages, in order; empty when it cannot be used."""
    own: bool
    """True for one of the site, False for one that voicectl ships."""
    problem: Problem | None = None
    """Why it cannot be used here."""
    others: tuple[Problem, ...] = ()
    """What else is wrong with it."""


class ScheduleState(StrEnum):
    """How the last run of a schedule went."""

    WAITING = "waiting"
    """There was none yet."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    BROKEN_OFF = "broken off"
    """The daemon left meanwhile; the next one that serves runs it again."""


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One schedule of the config in a list."""

    name: str
    cron: str
    timezone: str | None
    """None: that of the machine."""
    recipe: str
    paths: tuple[str, ...]
    output: str
    next: datetime | None
    """None while the daemon does not keep to schedules: it was started on demand."""
    state: ScheduleState = ScheduleState.WAITING
    started: datetime | None = None
    """Of the last run, as the rest."""
    ended: datetime | None = None
    status: int | None = None
    """What the shell would have been told."""
    said: str = ""
    """What was wrong."""
    job: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """One webhook of the config in a list, and how it is doing."""

    name: str
    to: str
    """Scheme, host and port; a path may be a secret."""
    events: tuple[str, ...]
    waiting: int = 0
    """Events that are to be sent, for the first time or again."""
    dead: int = 0
    """Events that were given up."""
    dropped: int = 0
    """Events that were given up and of which nothing is kept: there were too many."""
    failures: int = 0
    """Attempts that failed since the last one that did not."""
    disabled: bool = False
    """True when the receiver answered 410, gone: nothing is sent until somebody says retry."""
    delivered: datetime | None = None
    """The last event that arrived."""
    failed: datetime | None = None
    """The last attempt that failed."""
    problem: str = ""
    """Why it did."""


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """An event that a webhook could not be told."""

    id: str
    """As in `webhook-id`."""
    webhook: str
    kind: str
    call: str | None
    """The call in progress that it is about."""
    created: datetime
    attempts: int
    problem: str
    """Why the last attempt failed."""


@dataclass(frozen=True, slots=True)
class Pinged:
    """What became of a ping."""

    delivered: bool
    text: str
    """One sentence."""
    hint: str
    """What to do about it."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What is different in a config that was read anew, such as `[live] language`."""

    now: tuple[str, ...]
    """Counts from now on."""
    later: tuple[str, ...]
    """Counts after a restart."""
