"""What people note about calls, in the ledger: small and at once, whatever the store is busy with.

A mark of a call that came in on a line has the id of that line, while the call goes on and after.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from voicectl.errors import NotFound, UsageError
from voicectl.marks import LONGEST, Mark, MarkKind, MarkWish
from voicectl_daemon import ids
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.lite import Row


class Marks:
    """The ledger's pages about them; methods may be called from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.changing = threading.Lock()
        """Held to change marks and tell of it: whoever listens hears of the last change last."""

    def give(self, tenant: str, call: str, who: str, wish: MarkWish, *, on_line: bool) -> Mark:
        """Keep a mark; a call that is flagged already stays flagged by whoever did it first.

        Raises `UsageError` for what makes no sense, `NotFound` when a call that came in on a line
        was deleted just now, `DiskFull`.
        """
        note = wish.note.strip()
        if wish.kind is MarkKind.NOTE and not note:
            raise UsageError("a note without words says nothing")
        if len(note) > LONGEST:
            raise UsageError(f"a note has at most {LONGEST:,} characters")
        row = (ids.fresh(12), tenant, call, time.time(), who, wish.kind, note)
        with self._ledger.change() as db:
            if on_line and not db.execute("SELECT 1 FROM live WHERE id=?", (call,)).fetchone():
                raise NotFound(f"the call {call} was deleted")
            there = db.execute(
                "SELECT * FROM mark WHERE call=? AND kind=? AND kind='flag' AND ?=''",
                (call, wish.kind, note),
            ).fetchone()
            if there is None:
                db.execute(
                    "INSERT INTO mark (id, tenant, call, at, who, kind, note) "
                    "VALUES (?,?,?,?,?,?,?)",
                    row,
                )
                there = db.execute("SELECT * FROM mark WHERE id=?", row[:1]).fetchone()
        return _mark(there)

    def take_back(self, calls: Sequence[str], mark: str) -> Mark:
        """Remove a mark of one of these calls, and return it. Raises `NotFound`."""
        with self._ledger.change() as db:
            row = db.execute(
                f"DELETE FROM mark WHERE id=? AND call IN ({_places(calls)}) RETURNING *",  # noqa: S608, question marks
                (mark, *calls),
            ).fetchone()
        if row is None:
            raise NotFound(
                f"the call {calls[0]} has no mark '{mark}'",
                hint=f"list them with: voicectl calls marks {calls[0]}",
            )
        return _mark(row)

    def of(self, *calls: str) -> tuple[Mark, ...]:
        """Return the marks of calls, the latest last."""
        rows = self._ledger.rows(
            f"SELECT * FROM mark WHERE call IN ({_places(calls)}) ORDER BY at, rowid",  # noqa: S608, question marks
            *calls,
        )
        return tuple(map(_mark, rows))

    def latest(self, tenant: str, limit: int) -> list[Mark]:
        """Return marks of all calls, the latest last."""
        rows = self._ledger.rows(
            "SELECT * FROM (SELECT *, rowid FROM mark WHERE tenant=? "
            "ORDER BY at DESC, rowid DESC LIMIT ?) ORDER BY at, rowid",
            tenant,
            limit,
        )
        return [_mark(row) for row in rows]


def _places(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


def _mark(row: Row) -> Mark:
    at = datetime.fromtimestamp(row["at"], UTC)
    return Mark(row["id"], row["call"], at, row["who"], MarkKind(row["kind"]), row["note"])
