"""Calls that came in on a line, in the ledger: what is owed to each survives us."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voicectl.live import CallState, LiveCall
from voicectl.types import DEFAULT_TENANT
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.lite import Row

_NAME = re.compile(r"(?P<began>\d{8}-\d{6})-(?P<line>.+)-(?P<id>[0-9a-z]{10})\.wav")
"""Of a recording; see `voicectl_daemon.media.calls`."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A call that is over, and on whose recording nobody works yet."""

    id: str
    tenant: str
    line: str
    legs: tuple[str, ...]
    recording: str


@dataclass(frozen=True, slots=True)
class Over:
    """A call that is over, as the store is to know it."""

    call: LiveCall
    became: str | None
    """Id of the call that its recording is in the store."""
    settled: bool
    """True when nothing of it will be different, but what was found in it."""


class Sessions:
    """The ledger's pages about calls on a line; methods may be called from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(self, call: LiveCall) -> None:
        """Write down that a call has begun."""
        with self._ledger.change() as db:
            db.execute(
                "INSERT INTO live (id, tenant, line, channel, legs, started) VALUES (?,?,?,?,?,?)",
                (
                    call.id, call.tenant, call.line, call.channel, json.dumps(call.legs),
                    call.started.timestamp(),
                ),
            )  # fmt: skip

    def adopt(self, recordings: Iterable[Path]) -> None:
        """Take in recordings of calls of which there was no room to write anything down."""
        with self._ledger.change() as db:
            for path in recordings:
                if not (named := _NAME.fullmatch(path.name)):
                    continue
                began = datetime.strptime(named["began"], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
                db.execute(
                    "INSERT OR IGNORE INTO live (id, tenant, line, channel, legs, started, ended, "
                    "recording) VALUES (?,?,?,'','[]',?,?,?)",
                    (
                        named["id"], DEFAULT_TENANT, named["line"], began.timestamp(), time.time(),
                        str(path),
                    ),
                )  # fmt: skip

    def recorded(self, call: str, path: str) -> None:
        """Write down where its sound goes."""
        with self._ledger.change() as db:
            db.execute("UPDATE live SET recording=? WHERE id=?", (path, call))

    def close(self, call: str, reason: str, seconds: float) -> None:
        """Write down that it is over."""
        with self._ledger.change() as db:
            db.execute(
                "UPDATE live SET ended=?, reason=?, seconds=? WHERE id=? AND ended IS NULL",
                (time.time(), reason, seconds, call),
            )

    def found(self, call: LiveCall) -> None:
        """Write down what it was about, when all was said."""
        with self._ledger.change() as db:
            db.execute(
                "UPDATE live SET category=?, urgent=?, kept=0 WHERE id=?",
                (call.category, json.dumps(call.urgent), call.id),
            )

    def close_all(self, reason: str) -> list[str]:
        """Close what an earlier daemon left open; return the ids."""
        with self._ledger.change() as db:
            rows = db.execute("SELECT id FROM live WHERE ended IS NULL").fetchall()
            db.execute(
                "UPDATE live SET ended=?, reason=? WHERE ended IS NULL", (time.time(), reason)
            )
        return [row["id"] for row in rows]

    def owed(self) -> list[Owed]:
        """Return the calls whose recordings are to be worked on, the oldest first."""
        rows = self._ledger.rows(
            "SELECT * FROM live WHERE ended IS NOT NULL AND NOT settled ORDER BY started"
        )
        return [
            Owed(row["id"], row["tenant"], row["line"], _legs(row), row["recording"])
            for row in rows
        ]

    def settle(self, call: str, job: str | None) -> None:
        """Write down that nothing more is owed to it."""
        with self._ledger.change() as db:
            db.execute("UPDATE live SET settled=1, job=?, kept=0 WHERE id=?", (job, call))

    def unkept(self) -> list[Over]:
        """Return the calls that are over and of which the store does not know all, oldest first."""
        rows = self._ledger.rows(
            "SELECT live.*, (SELECT call FROM task WHERE job=live.job AND call IS NOT NULL) became "
            "FROM live WHERE ended IS NOT NULL AND NOT kept ORDER BY started"
        )
        return [Over(_call(row), row["became"], bool(row["settled"])) for row in rows]

    def keep(self, calls: Iterable[LiveCall]) -> None:
        """Write down that the store has calls, unless more was found in them meanwhile."""
        with self._ledger.change() as db:
            db.executemany(
                "UPDATE live SET kept=1 WHERE id=? AND category IS ? AND urgent=?",
                [(call.id, call.category, json.dumps(call.urgent)) for call in calls],
            )

    def leave_out(self, call: str) -> None:
        """Write down that the store shall not have a call."""
        with self._ledger.change() as db:
            db.execute("UPDATE live SET kept=1 WHERE id=?", (call,))

    def of(self, recording: str) -> list[str]:
        """Return the calls that a recording is of: one, or none when it did not come on a line."""
        rows = self._ledger.rows("SELECT id FROM live WHERE recording=?", recording)
        return [row["id"] for row in rows]

    def recordings(self, call: str) -> list[str]:
        """Return the recordings that became a call of the store: equal ones are one call."""
        rows = self._ledger.rows(
            "SELECT DISTINCT recording FROM live "
            "WHERE recording<>'' AND job IN (SELECT job FROM task WHERE call=?)",
            call,
        )
        return [row["recording"] for row in rows]

    def forget(self, call: str) -> None:
        """Remove what is written down of a call, also what was noted a moment ago."""
        with self._ledger.change() as db:
            db.execute("DELETE FROM live WHERE id=?", (call,))
            db.execute("DELETE FROM mark WHERE call=?", (call,))

    def hush(self, call: str) -> None:
        """Tell nobody any more about a call, and keep nothing that was noted about it."""
        with self._ledger.change() as db:
            db.execute("DELETE FROM delivery WHERE call=?", (call,))
            db.execute("DELETE FROM mark WHERE call=?", (call,))

    def beginning(self, tenant: str, start: str) -> list[str]:
        """Return the calls whose ids begin so; two stand for several."""
        rows = self._ledger.rows(
            "SELECT id FROM live WHERE tenant=? AND substr(id, 1, ?)=? LIMIT 2",
            tenant,
            len(start),
            start,
        )
        return [row["id"] for row in rows]

    def became(self, call: str, recording: str) -> list[str]:
        """Return the calls that became one of the store, which `recording` is of; the latest first.

        Equal recordings are one call there.
        """
        rows = self._ledger.rows(
            "SELECT id FROM live WHERE recording=? OR job IN (SELECT job FROM task WHERE call=?) "
            "ORDER BY started DESC",
            recording,
            call,
        )
        return [row["id"] for row in rows]

    def one(self, call: str) -> LiveCall | None:
        """Return a call that came in on a line; None where none has that id."""
        rows = self._ledger.rows("SELECT * FROM live WHERE id=?", call)
        return _call(rows[0]) if rows else None

    def latest(self, tenant: str, limit: int) -> list[LiveCall]:
        """Return calls that came in on a line, the newest first."""
        rows = self._ledger.rows(
            "SELECT * FROM live WHERE tenant=? ORDER BY started DESC LIMIT ?", tenant, limit
        )
        return [_call(row) for row in rows]


def _legs(row: Row) -> tuple[str, ...]:
    return tuple(json.loads(row["legs"]))


def _call(row: Row) -> LiveCall:
    ended = row["ended"]
    return LiveCall(
        id=row["id"],
        tenant=row["tenant"],
        line=row["line"],
        state=CallState.CONNECTED if ended is None else CallState.ENDED,
        started=datetime.fromtimestamp(row["started"], UTC),
        channel=row["channel"],
        legs=_legs(row),
        seconds=row["seconds"],
        ended=None if ended is None else datetime.fromtimestamp(ended, UTC),
        reason=row["reason"],
        recording=row["recording"],
        job=row["job"],
        category=row["category"],
        urgent=tuple(json.loads(row["urgent"])),
    )
