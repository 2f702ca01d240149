"""What the ledger knows of calls: files that were written, recordings that were sent."""

from __future__ import annotations

import time
from collections.abc import Iterable

from voicectl.errors import UsageError
from voicectl.results import FileWish
from voicectl.types import Task
from voicectl_daemon.ledger import Ledger, drop
from voicectl_daemon.lite import Connection

UPLOAD = "upload:"
"""Begins the path of a recording that came through the door."""


class Traces:
    """The ledger's pages about calls."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def claim(
        self, tenant: str, claims: Iterable[tuple[str, Iterable[FileWish]]]
    ) -> list[tuple[str, ...] | UsageError]:
        """Return the paths at which files of some calls may be written, and remember them.

        Of each file that is the first path that is free or was written for the
        same call. A call gets all its files or, where one has no such path, none.
        """
        with self._ledger.change() as db:
            return [_claimed(db, tenant, call, wishes) for call, wishes in claims]

    def files(self, call: str) -> list[str]:
        """Return the files that were written for a call."""
        rows = self._ledger.rows("SELECT path FROM file WHERE call=? ORDER BY path", call)
        return [row["path"] for row in rows]

    def uploads(self, call: str) -> list[str]:
        """Return the ids of the recordings of a call that came through the door."""
        rows = self._ledger.rows(
            "SELECT DISTINCT path FROM task WHERE call=? AND path LIKE ?", call, UPLOAD + "%"
        )
        return [row["path"].removeprefix(UPLOAD) for row in rows]

    def uploads_needed(self, since: float) -> set[str]:
        """Return the ids of uploads that still serve a purpose.

        Those of calls are kept with them; what did not succeed may be retried
        when it ended after `since`.
        """
        rows = self._ledger.rows(
            "SELECT path FROM task WHERE path LIKE ? "
            "AND (finished IS NULL OR finished > ? OR state IN ('done','partial') AND NOT skipped)",
            UPLOAD + "%",
            since,
        )
        return {row["path"].removeprefix(UPLOAD) for row in rows}

    def draft_needed(self, call: str, key: str, since: float) -> bool:
        """True while a draft may still become a result.

        What did not succeed may be retried when it ended after `since`.
        """
        return bool(
            self._ledger.rows(
                "SELECT 1 FROM task WHERE call=? AND key=? "
                "AND (finished IS NULL OR finished > ? AND state<>'done') LIMIT 1",
                call,
                key,
                since,
            )
        )

    def last_call(self, tenant: str) -> str | None:
        """Return the call that was worked on, or asked for again, last."""
        rows = self._ledger.rows(
            "SELECT call FROM task WHERE tenant=? AND state IN ('done','partial') "
            "ORDER BY finished DESC, rowid DESC LIMIT 1",
            tenant,
        )
        return rows[0]["call"] if rows else None

    def at_work(self, call: str) -> bool:
        """True while somebody works on the call."""
        return bool(
            self._ledger.rows("SELECT 1 FROM task WHERE call=? AND state='running' LIMIT 1", call)
        )

    def drop(self, call: str) -> list[Task]:
        """Cancel what waits to be done to a call; return what ended by this very call.

        What somebody works on becomes unwanted.
        """
        with self._ledger.change() as db:
            return drop(db, "call", call)

    def forget(self, call: str) -> None:
        """Remove every trace of a call; jobs that held nothing else go with it."""
        with self._ledger.change() as db:
            jobs = [
                (row["job"],)
                for row in db.execute("SELECT DISTINCT job FROM task WHERE call=?", (call,))
            ]
            db.execute("DELETE FROM task WHERE call=?", (call,))
            db.execute("DELETE FROM file WHERE call=?", (call,))
            db.execute("DELETE FROM mark WHERE call=?", (call,))
            db.executemany(
                "DELETE FROM job WHERE id=? AND NOT EXISTS (SELECT 1 FROM task WHERE job=job.id)",
                jobs,
            )
            db.executemany("UPDATE job SET command='' WHERE id=?", jobs)
        self._ledger.compact()


def _claimed(
    db: Connection, tenant: str, call: str, wishes: Iterable[FileWish]
) -> tuple[str, ...] | UsageError:
    try:
        chosen = [_free(db, call, wish) for wish in wishes]
    except UsageError as error:
        return error
    rows = [(path, tenant, call, time.time()) for path in chosen]
    db.executemany("INSERT OR REPLACE INTO file VALUES (?,?,?,?)", rows)
    return tuple(chosen)


def _free(db: Connection, call: str, wish: FileWish) -> str:
    owners = {
        path: row["call"]
        for path in wish.paths
        for row in db.execute("SELECT call FROM file WHERE path=?", (path,))
    }
    taken = set(wish.taken)
    ours = (p for p in wish.paths if owners.get(p) == call or (p not in taken and p not in owners))
    chosen = next(ours, None) or next((p for p in wish.paths if p not in taken), None)
    if chosen is None:
        raise UsageError(
            f"{wish.paths[0]} exists and was not written by voicectl for this recording",
            hint="move it away or choose another --output_dir",
        )
    return chosen
