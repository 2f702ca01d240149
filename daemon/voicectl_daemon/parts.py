"""The parts of a daemon, as the routes see them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from voicectl.config import Redaction
from voicectl.paths import Home
from voicectl.types import DEFAULT_TENANT
from voicectl_daemon.books import Books
from voicectl_daemon.changes import Changes
from voicectl_daemon.errands import Errands
from voicectl_daemon.live.cdr import DetailRecords
from voicectl_daemon.live.switchboard import Switchboard
from voicectl_daemon.marks import Marks
from voicectl_daemon.meanings import Meanings
from voicectl_daemon.uploads import Uploads
from voicectl_daemon.vitals import Vitals
from voicectl_daemon.webhooks.told import Webhooks
from voicectl_daemon.words import SiteWords
from voicectl_daemon.work.foreman import Foreman
from voicectl_daemon.work.planner import Planner
from voicectl_recipes.load import Shelf


class Presence:
    """Who is at the door."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._last = time.monotonic()

    def enter(self) -> None:
        """Note that somebody came in."""
        with self._lock:
            self._inside += 1

    def leave(self) -> None:
        """Note that somebody left."""
        with self._lock:
            self._inside -= 1
            self._last = time.monotonic()

    def empty_for(self) -> float:
        """Return for how many seconds nobody has been here; 0 while somebody is."""
        with self._lock:
            return 0.0 if self._inside else time.monotonic() - self._last


@dataclass(slots=True)
class Parts:
    """What the daemon is made of."""

    home: Home
    books: Books
    uploads: Uploads
    foreman: Foreman
    planner: Planner
    meanings: Meanings
    words: SiteWords
    shelf: Shelf
    errands: Errands
    switchboard: Switchboard
    records: DetailRecords
    vitals: Vitals
    webhooks: Webhooks
    marks: Marks
    on_demand: bool
    changes: Changes
    redaction: Redaction = Redaction()
    leave: threading.Event = field(default_factory=threading.Event)
    """Set when the daemon stops."""
    unwanted: threading.Event = field(default_factory=threading.Event)
    """Set when it is asked to stop, and has calls to wait for."""
    presence: Presence = field(default_factory=Presence)
    started: float = field(default_factory=time.monotonic)

    def close_door(self) -> None:
        """Begin to leave: whoever comes now starts the next daemon, which waits for the lock."""
        self.home.socket.unlink(missing_ok=True)
        self.leave.set()


def _parts(connection: HTTPConnection) -> Parts:
    found: Parts = connection.app.state.parts
    return found


def _tenant() -> str:
    """Return the tenant of whoever knocks: at the Unix socket that is the site itself."""
    return DEFAULT_TENANT


House = Annotated[Parts, Depends(_parts)]
Tenant = Annotated[str, Depends(_tenant)]
